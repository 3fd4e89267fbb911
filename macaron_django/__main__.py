"""Runs the only command that doesn't need a project: ``python -m macaron_django startproject NAME``."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence

__all__ = ["main"]

_COMMANDS = ("startproject",)
_USAGE = """\
usage: {program} startproject NAME [--spec FILE] [--dynamodb | --orm]

Starts a project that serves an OpenAPI file: `{program} startproject --help` shows the options.
In a project, `python manage.py help` lists the commands of this package.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command that the arguments name. Exits with status 2 if the command is missing or unknown."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    program = "python -m macaron_django" if sys.argv[0].endswith("__main__.py") else "macaron_django"
    usage = _USAGE.format(program=program)
    if given[:1] in (["-h"], ["--help"], ["help"]):
        sys.stdout.write(usage)
        return
    if given[:1] == ["--version"]:
        from macaron_django.version import __version__

        sys.stdout.write(f"{__version__}\n")
        return
    if not given or given[0] not in _COMMANDS:
        close = difflib.get_close_matches(given[0], _COMMANDS, 1) if given else []
        problem = (
            f"There is no command {given[0]!r}{f': did you mean {close[0]}?' if close else '.'}\n" if given else ""
        )
        sys.stderr.write(f"{problem}{usage}")
        sys.exit(2)
    try:
        _run(program, given)
    except KeyboardInterrupt:  # while modules are imported; later, the command itself handles it
        sys.stderr.write("\nInterrupted.\n")
        sys.exit(130)


def _run(program: str, given: Sequence[str]) -> None:
    import django
    from django.conf import settings

    # DJANGO_SETTINGS_MODULE may name the settings of another project. These settings must not be loaded.
    settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"])
    django.setup()
    from macaron_django.management.project_starter import StartProject

    StartProject().run_from_argv([program, *given])


if __name__ == "__main__":
    main()
