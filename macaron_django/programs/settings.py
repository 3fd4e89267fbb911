"""The Django settings for a program that has no settings module.

In the program's processes, ``DJANGO_SETTINGS_MODULE`` names this module.
"""

from __future__ import annotations

import os
from pathlib import Path

from macaron_django.conf.pym_config_files import environment_name, find_pym_config, read_pym_config
from macaron_django.programs.made_settings import FOLDER, made_settings

__all__: list[str] = []

_folder = Path(os.environ.get(FOLDER) or Path.cwd())
_file = find_pym_config(_folder, environment_name())
globals().update(made_settings(_folder, None if _file is None else read_pym_config(_file)))
