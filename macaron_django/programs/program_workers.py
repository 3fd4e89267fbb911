"""Provides the Celery application of a program that has no settings module.

The program's ``server.py`` loads the APIs.
"""

from __future__ import annotations

import inspect
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from macaron_django.programs.made_settings import FOLDER, LAYER

__all__ = ["app"]

#: The module of a program, whose function ``start`` loads its APIs.
PROGRAM = "server"


def _load_program() -> None:
    """Calls the program's ``start``, as a run of ``server.py`` does. In a worker, ``start`` only loads the APIs."""
    folder = Path(os.environ.get(FOLDER) or Path.cwd())
    sys.path.insert(0, str(folder))
    if os.environ.get(LAYER) == "1":
        import_module("macaron_django.compat")
    start: Any = getattr(import_module(PROGRAM), "start", None) if (folder / f"{PROGRAM}.py").is_file() else None
    if start is not None:
        arguments = (0, False)
        start(*arguments[: len(inspect.signature(start).parameters)])


_load_program()

from macaron_django.tasks.celery_app import app  # noqa: E402 (with the program's settings)
