"""``manage.py loaditems``: lines of JSON into the table of a persisted schema."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.dynamodb import Persistence
from macaron_django.dynamodb.item_lines import LineError
from macaron_django.dynamodb.loading import Line, LoadState, load_items, read_lines, try_items
from macaron_django.exceptions import PyMacaronException
from macaron_django.management.persisted_schemas import persistence_named
from macaron_django.management.progress_bars import ProgressBar

__all__ = ["Command"]

#: Faulty lines that a dry run names.
_NAMED = 20


class Command(BaseCommand):
    help = (
        "Puts items into the table of a persisted schema, from lines of JSON as dumpitems and AWS's exports to S3 "
        "write them, compressed by gzip or not."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("schema", metavar="API.SCHEMA", help="Whose items: myserver.Profile.")
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="Files of lines, in their order.")
        parser.add_argument(
            "--on-conflict",
            choices=["fail", "skip", "replace"],
            default="fail",
            help="Where another item has the key: stop (the default; the same item is no conflict), leave it, or "
            "replace it.",
        )
        parser.add_argument(
            "--format", choices=["dynamodb", "plain"], help="The form of the lines; each line shows it by itself."
        )
        parser.add_argument("--dry-run", action="store_true", help="Name every line that is wrong and write nothing.")
        parser.add_argument("--skip-lines", type=int, default=0, metavar="N", help="Go on after so many lines.")
        parser.add_argument("--workers", type=int, default=8, help="Calls at the same time (default: 8).")

    def handle(self, *_arguments: str, **options: Any) -> None:
        if options["workers"] < 1 or options["skip_lines"] < 0:
            raise CommandError("--workers is 1 or more, --skip-lines 0 or more.")
        persistence = persistence_named(options["schema"])
        bar = ProgressBar(sys.stderr)
        self._last = LoadState()
        try:
            size = sum(path.stat().st_size for path in options["files"])
            lines = islice(read_lines(options["files"]), options["skip_lines"], None)
            if options["dry_run"]:
                self._try(persistence, lines, options, bar, size)
                return
            for state in load_items(
                persistence, lines, options["on_conflict"], form=options["format"], workers=options["workers"]
            ):
                self._last = state
                bar.update(state.lines, state.read / size if size else None)
        except KeyboardInterrupt as error:
            bar.clear()
            raise CommandError(f"Interrupted: {self._so_far(options)}", returncode=130) from error
        except (ImproperlyConfigured, PyMacaronException, LineError, OSError) as error:
            bar.clear()
            raise CommandError(f"{error}\n{self._so_far(options)}") from error
        bar.clear()
        kept = f"; {self._last.present:,} were there already" if self._last.present else ""
        self.stdout.write(
            f"{persistence.table_name}: {bar.summary(self._last.lines)}, {self._last.written:,} written{kept}",
            self.style.SUCCESS,
        )

    def _so_far(self, options: dict[str, Any]) -> str:
        if not self._last.lines:
            return "No line before it was loaded."
        done = options["skip_lines"] + self._last.lines
        return f"{self._last.lines:,} lines were loaded: go on with --skip-lines {done}."

    def _try(
        self, persistence: Persistence, lines: Iterable[Line], options: dict[str, Any], bar: ProgressBar, size: int
    ) -> None:
        state, faulty = LoadState(), 0
        for state, error in try_items(persistence, lines, form=options["format"]):
            if error is not None:
                faulty += 1
                if faulty <= _NAMED:
                    bar.clear()
                    self.stderr.write(str(error))
            bar.update(state.lines, state.read / size if size else None)
        bar.clear()
        self.stdout.write(
            f"{persistence.table_name}: {state.lines:,} lines; {state.written:,} are new, {state.present:,} have "
            f"keys that are taken, {faulty:,} are wrong. Nothing was written."
        )
        if faulty:
            raise CommandError(f"{faulty:,} of {state.lines:,} lines can't be loaded.")
