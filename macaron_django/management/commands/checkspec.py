"""``manage.py checkspec FILE…``: what an OpenAPI file holds, and what is wrong with it."""

from __future__ import annotations

import contextlib
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from macaron_django.conf import settings
from macaron_django.discovery import discover
from macaron_django.management.report_formats import as_github, as_json, as_text, printable
from macaron_django.management.spec_reports import Report, report_on
from macaron_django.management.terminals import printing
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

        parser.add_argument(
            "--root",
            metavar="FOLDER",
            help="The folder below which references may read files (default: the one above the file's own); for "
            "specs that the project serves, MACARON['SPEC_ROOTS'] says it.",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        levels = {"error"} if options["fail_level"] == "error" else {"error", "warning"}
        limits, hosts, code = Limits(max_bytes=settings.MAX_SPEC_SIZE), settings.SPEC_HOSTS, 0
        roots = {_plain(api.path): api.root for api in discover()}
        with printing(self):
            for number, file in enumerate(options["files"], 1):
                with self._progress(number, options["files"]):
                    root = options["root"] or roots.get(_plain(file))
                    report = report_on(file, limits=limits, allow_hosts=hosts, root=root)
                self._show(report, options["format"], levels)
                code = max(code, 2 if not report.readable else 1 if report.failures(levels) else 0)
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

    @contextlib.contextmanager
    def _progress(self, number: int, files: list[str]) -> Iterator[None]:
        """On a terminal, say which of several files is being read, and wipe that away."""
        if len(files) == 1 or not self.stderr.isatty():
            yield
            return
        self.stderr.write(f"{number}/{len(files)} {printable(files[number - 1])[-70:]} …", style_func=str, ending="")
        self.stderr.flush()
        try:
            yield
        finally:
            self.stderr.write("\r\x1b[K", style_func=str, ending="")
            self.stderr.flush()


def _plain(path: str | Path) -> str:
    """A path to compare: absolute, without ``..``. Links stay: one that goes round would be an exception."""
    return os.path.normpath(Path(path).absolute())
