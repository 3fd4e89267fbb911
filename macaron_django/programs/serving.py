"""Serves a program with Django's development server. Detects whether a WSGI server or a Celery worker runs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management import call_command

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["is_task_worker", "loaded_by_server", "serve"]

_SERVERS = frozenset({"gunicorn", "gunicornc", "granian", "uwsgi", "uvicorn", "waitress-serve", "waitress"})


def _command() -> str:
    """Returns the name of the command that this process runs, even if it was started with ``python -m``."""
    path = Path(sys.argv[0] if sys.argv else "")
    return path.parent.name if path.stem == "__main__" else path.stem


def loaded_by_server() -> bool:
    """Returns whether this process is a server, such as gunicorn, that imports the program's WSGI application."""
    return _command() in _SERVERS


def is_task_worker() -> bool:
    """Returns whether a Celery worker runs this process."""
    return "celery" in _command().lower()


def serve(application: WSGIApplication, port: int) -> None:
    """Serves an application until the process is interrupted. Listens to ``port`` on every network interface."""
    from macaron_django.management.commands.runserver import Command as Runserver  # needs loaded apps

    class ProgramServer(Runserver):
        def get_handler(self, *_args: Any, **_options: Any) -> Any:
            return application

    call_command(ProgramServer(), f"0.0.0.0:{port}", use_reloader=False)
