"""Reads a program's options. Without these options, environment variables are used."""

from __future__ import annotations

import argparse
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings

from macaron_django.programs.made_settings import are_made, ensure_settings, program_folder
from macaron_django.programs.serving import loaded_by_server

__all__ = ["get_port", "letsgo"]

DEFAULT_PORT = 80


def get_port() -> int:
    """Returns the port from the environment variable ``PORT``. If ``PORT`` isn't set, returns the port from
    ``PYM_SERVER_PORT``, or 80 if that isn't set, either.
    """
    for name in ("PORT", "PYM_SERVER_PORT"):
        if given := os.environ.get(name):
            try:
                return int(given)
            except ValueError:
                raise SystemExit(f"The environment variable {name} is {given!r}: it must be a number.") from None
    return DEFAULT_PORT


def letsgo(name: str, callback: Callable[..., object] | None = None) -> None:
    """Starts a program. Call ``letsgo(__name__, callback=start)`` in the last line of the program's module.

    If the module is run as a program, ``letsgo`` reads ``--port``, ``--env`` and ``--debug``, and calls ``start(port,
    debug)``. If a WSGI server imports the module to get its ``app``, ``letsgo`` calls ``start(port)`` or ``start(port,
    False)``. If any other code imports the module, ``letsgo`` does nothing.
    """
    if callback is None:
        raise TypeError("letsgo needs a callback: letsgo(__name__, callback=start).")
    if name == "__main__":
        options = _options()
        if options.env:
            os.environ["PYM_ENV"] = options.env
        _prepare(callback, options.debug)
        callback(options.port if options.port is not None else get_port(), options.debug)
    elif loaded_by_server():
        _prepare(callback, debug=False)
        arguments: tuple[Any, ...] = (get_port(),)
        try:
            inspect.signature(callback).bind(*arguments)
        except TypeError:
            arguments = (*arguments, False)
        callback(*arguments)


def _folder_of(callback: Callable[..., object]) -> Path:
    """Returns the program's folder: the folder of the file that defines ``callback``."""
    try:
        return Path(inspect.getfile(callback)).absolute().parent
    except TypeError:  # a callable object
        return program_folder()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serves the APIs of this program.")
    parser.add_argument("--port", type=int, help="The port to listen on (default: $PORT, $PYM_SERVER_PORT, or 80).")
    parser.add_argument("--env", help="The environment: sets PYM_ENV, and reads pym-config.ENV.yaml if it exists.")
    parser.add_argument(
        "--debug",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="Turn Django's DEBUG on, and keep items in the embedded engine.",
    )
    return parser.parse_args()


def _prepare(callback: Callable[..., object], debug: bool) -> None:
    ensure_settings(_folder_of(callback))
    if are_made():
        django_settings.DEBUG = debug
