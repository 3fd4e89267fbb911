"""``manage.py checkspec FILE…``: what an OpenAPI file holds, and what is wrong with it."""

from __future__ import annotations

import contextlib
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from macaron_django.conf import settings
from macaron_django.management.report_formats import as_github, as_json, as_text, printable
from macaron_django.management.spec_reports import Report, report_on
from macaron_django.spec import Limits

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Reads OpenAPI files (2.0, 3.0, 3.1, 3.2), whether or not the project serves them, builds every serializer "
        "and validator, and tells what is wrong, where, and what to do. Exits with 0 if all is well, 1 after "
        "findings, 2 if a file can't be read as an OpenAPI document."
    )
    requires_system_checks = []  # they would tell of the project's own specs
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="An OpenAPI file, in YAML or JSON.")
        parser.add_argument(
            "--format",
            choices=("text", "json", "github"),
            default="text",
            help="text (the default), json (one object a file, each on a line of its own), or github "
            "(annotations for GitHub Actions).",
        )
        parser.add_argument(
            "--fail-level",
            choices=("error", "warning"),
            default="error",
            help="The least severe findings that make the command exit with 1 (default: error).",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        levels = {"error"} if options["fail_level"] == "error" else {"error", "warning"}
        limits, code = Limits(max_bytes=settings.MAX_SPEC_SIZE), 0
        _write_anything(self.stdout)
        try:
            for number, file in enumerate(options["files"], 1):
                self._tell_progress(number, options["files"])
                report = report_on(file, limits=limits, allow_hosts=settings.SPEC_HOSTS)
                self._tell_progress(None, options["files"])
                self._show(report, options["format"], levels)
                code = max(code, 2 if not report.readable else 1 if report.failures(levels) else 0)
        except KeyboardInterrupt:
            self._tell_progress(None, options["files"])
            self.stderr.write("Interrupted.")
            sys.exit(130)
        except BrokenPipeError:
            _leave_the_pipe()
        if code:
            sys.exit(code)

    def _show(self, report: Report, format_: str, levels: set[str]) -> None:
        if format_ == "json":
            self._write(as_json(report, levels))
        elif format_ == "github":
            self._write(as_github(report, levels))
        else:
            styles = {"error": self.style.ERROR, "warning": self.style.WARNING, "ok": self.style.SUCCESS}
            self._write(as_text(report, levels, styles))

    def _write(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(line)
        self.stdout.flush()

    def _tell_progress(self, number: int | None, files: list[str]) -> None:
        """On a terminal, say which of several files is being read; None wipes that away."""
        if len(files) > 1 and self.stderr.isatty():
            text = "" if number is None else f"{number}/{len(files)} {printable(files[number - 1])[-70:]} …"
            self.stderr.write(f"\r\x1b[K{text}", ending="")
            self.stderr.flush()


def _write_anything(stream: Any) -> None:
    """Show what the terminal's encoding lacks as escapes, instead of failing on it."""
    reconfigure = getattr(getattr(stream, "_out", None), "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _leave_the_pipe() -> NoReturn:
    """Whoever read the output (``| head``) has had enough; Python's own flush at exit mustn't complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
