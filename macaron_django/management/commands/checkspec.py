"""``manage.py checkspec FILE…`` shows the contents of an OpenAPI file, and its errors."""

from __future__ import annotations

import gc
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from macaron_django.conf import settings
from macaron_django.discovery import discover
from macaron_django.management.checkspec_formats import as_github, as_json, as_text
from macaron_django.management.checkspec_reports import SpecReport, report_on
from macaron_django.management.terminals import printable, printing, progress_bar
from macaron_django.openapi import Limits

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Reads OpenAPI files (2.0, 3.0, 3.1, 3.2), and builds every serializer and validator. Shows each error "
        "with its place and its remedy. The project doesn't have to serve the files. Exits with 0 if nothing is "
        "wrong, with 1 if there are findings, and with 2 if a file can't be read as an OpenAPI document."
    )
    requires_system_checks = []  # the system checks are about the project's own specs
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="An OpenAPI file, in YAML or JSON.")
        parser.add_argument(
            "--format",
            choices=("text", "json", "github"),
            default="text",
            help="text (the default), json (one object for each file, on its own line), or github (annotations for "
            "GitHub Actions).",
        )
        parser.add_argument(
            "--fail-level",
            choices=("error", "warning"),
            default="error",
            help="The lowest severity that makes the command exit with 1 (default: error).",
        )
        parser.add_argument(
            "--root",
            metavar="FOLDER",
            help="References can read only files in this folder. If the project serves the file, the "
            "default is MACARON['SPEC_ROOTS']. For other files, the default is the parent of the file's folder.",
        )

    def handle(self, *_arguments: str, **options: Any) -> None:
        levels = {"error"} if options["fail_level"] == "error" else {"error", "warning"}
        limits, hosts, code = Limits(max_bytes=settings.MAX_SPEC_SIZE), settings.SPEC_HOSTS, 0
        ends_process = getattr(self, "_called_from_command_line", False)
        roots = {_plain(api.path): api.root for api in discover()}
        with printing(self), progress_bar(len(options["files"]), " files") as bar:
            for number, file in enumerate(options["files"], 1):
                if ends_process and number == len(options["files"]):
                    gc.disable()  # the process ends after this file: to look for garbage would take a tenth of the time
                bar.set_postfix_str(printable(file)[-70:])
                root = options["root"] or roots.get(_plain(file))
                report = report_on(file, limits=limits, allow_hosts=hosts, root=root)
                bar.update()
                bar.clear()
                self._show(report, options["format"], levels)
                code = max(code, 2 if not report.readable else 1 if report.failures(levels) else 0)
        if ends_process:
            gc.freeze()  # otherwise Python frees every object at exit, which would take a fifth of the time
        if code:
            sys.exit(code)

    def _show(self, report: SpecReport, format_: str, levels: set[str]) -> None:
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


def _plain(path: str | Path) -> str:
    """Returns the absolute path without ``..``.

    Doesn't follow symbolic links, because a link that points to itself would raise an error.
    """
    return os.path.normpath(Path(path).absolute())
