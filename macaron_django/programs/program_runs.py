"""Runs a program with Django's settings: ``python -m macaron_django.compat server.py --port 8080``."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from macaron_django.programs.made_settings import ensure_settings

__all__ = ["run_program"]

_FLASK = (
    "{program} imports Flask, which isn't installed: run `pip install flask`. Or remove Flask from the program, and "
    "call API(None, port=port), without an app."
)


def run_program(command: str, arguments: Sequence[str]) -> None:
    """Runs a program as ``python`` would.

    ``arguments`` begins with the program's path, or with ``-m`` and a module. The program's arguments follow.

    The program's folder becomes the project's folder. If the folder has no settings, they are created. ``command`` is
    the beginning of the usage message. If the program doesn't exist, this process exits with a message.
    """
    parser = argparse.ArgumentParser(
        prog=command,
        usage="%(prog)s (PROGRAM | -m MODULE) [ARGUMENT …]",
        description="Runs a PyMacaron program on Django, without settings.py and manage.py.",
    )
    parser.add_argument("-m", metavar="MODULE", dest="module", help="Run a module, such as gunicorn, instead.")
    parser.add_argument("program", metavar="PROGRAM", nargs="?", help="The program's file, such as server.py.")
    parser.add_argument("rest", metavar="ARGUMENT", nargs=argparse.REMAINDER, help="Arguments for the program.")
    own, rest = _split(list(arguments))
    options = parser.parse_args(own)
    if options.module:
        _run_module(options.module, rest)
    elif options.program is None:
        parser.error("give a program, such as server.py")
    elif not Path(options.program).is_file():
        parser.error(f"there is no program {options.program}")
    else:
        _run_file(Path(options.program), rest)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Returns two lists: the arguments of this runner, up to the program or module, and the program's arguments."""
    if arguments[:1] == ["-m"]:
        return arguments[:2], arguments[2:]
    return arguments[:1], arguments[1:]


def _run_file(program: Path, arguments: list[str]) -> None:
    sys.argv = [str(program), *arguments]
    sys.path[0] = str(program.absolute().parent)
    ensure_settings(program.absolute().parent)
    try:
        runpy.run_path(str(program), run_name="__main__")
    except ModuleNotFoundError as error:
        if error.name != "flask":
            raise
        sys.exit(_FLASK.format(program=program))


def _run_module(module: str, arguments: list[str]) -> None:
    sys.argv = [module, *arguments]
    sys.path[0] = str(Path.cwd())
    ensure_settings(Path.cwd())
    runpy.run_module(module, run_name="__main__", alter_sys=True)
