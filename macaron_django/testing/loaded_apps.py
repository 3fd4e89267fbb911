"""The pytest plugin that ``manage.py acceptance`` adds: loads the project's apps before any test module is imported.

pytest-django does this, too, but acceptance tests work without it.
"""

from __future__ import annotations

import os

import django
from django.conf import ENVIRONMENT_VARIABLE

__all__: list[str] = []

if os.environ.get(ENVIRONMENT_VARIABLE):
    django.setup()
