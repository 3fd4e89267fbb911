"""``manage.py loaditems`` loads items from lines of JSON into the table of a persisted schema."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.dynamodb import Persistence
from macaron_django.dynamodb.transfer.item_lines import LineError
from macaron_django.dynamodb.transfer.load import Line, LoadState, load_items, read_lines, try_items
from macaron_django.exceptions import PyMacaronException
from macaron_django.management.named_apis import persistence_named
from macaron_django.management.terminals import progress_bar

__all__ = ["Command"]

#: The most faulty lines that a dry run lists.
_NAMED = 20


class Command(BaseCommand):
    help = (
        "Loads items into the table of a persisted schema. Each line of the files is one item as JSON, in the format "
        "of dumpitems or of AWS's exports to S3. They can be gzipped."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("schema", metavar="API.SCHEMA", help="The schema, such as myserver.Profile.")
        parser.add_argument(
            "files", nargs="+", type=Path, metavar="FILE", help="The files, in the order in which to load them."
        )
        parser.add_argument(
            "--on-conflict",
            choices=["fail", "skip", "replace"],
            default="fail",
            help="What to do if a stored item with the same key differs: fail (the default), skip the line, or replace "
            "the stored item.",
        )
        parser.add_argument(
            "--format", choices=["dynamodb", "plain"], help="The format of the lines (default: detected for each line)."
        )
        parser.add_argument("--dry-run", action="store_true", help="Report faulty lines and write nothing.")
        parser.add_argument(
            "--skip-lines",
            type=int,
            default=0,
            metavar="N",
            help="Skip the first N lines, to continue an interrupted load.",
        )
        parser.add_argument("--workers", type=int, default=8, help="The number of parallel calls (default: 8).")

    def handle(self, *_arguments: str, **options: Any) -> None:
        if options["workers"] < 1 or options["skip_lines"] < 0:
            raise CommandError("--workers must be 1 or more, and --skip-lines 0 or more.")
        persistence = persistence_named(options["schema"])
        self._last = LoadState()
        try:
            size = sum(path.stat().st_size for path in options["files"])
            lines = islice(read_lines(options["files"]), options["skip_lines"], None)
            with progress_bar(size, "B") as bar:
                if options["dry_run"]:
                    self._try(persistence, lines, options, bar)
                    return
                for state in load_items(
                    persistence, lines, options["on_conflict"], form=options["format"], workers=options["workers"]
                ):
                    self._last = state
                    _show(bar, state)
        except KeyboardInterrupt as error:
            raise CommandError(f"Interrupted: {self._so_far(options)}", returncode=130) from error
        except (ImproperlyConfigured, PyMacaronException, LineError, OSError) as error:
            raise CommandError(f"{error}\n{self._so_far(options)}") from error
        kept = f"; {self._last.present:,} already existed" if self._last.present else ""
        self.stdout.write(
            f"{persistence.table_name}: {self._last.lines:,} items, {self._last.written:,} written{kept}",
            self.style.SUCCESS,
        )

    def _so_far(self, options: dict[str, Any]) -> str:
        if not self._last.lines:
            return "No line was loaded."
        done = options["skip_lines"] + self._last.lines
        return f"{self._last.lines:,} lines were loaded: continue with --skip-lines {done}."

    def _try(self, persistence: Persistence, lines: Iterable[Line], options: dict[str, Any], bar: Any) -> None:
        state, faulty = LoadState(), 0
        for state, error in try_items(persistence, lines, form=options["format"]):
            if error is not None:
                faulty += 1
                if faulty <= _NAMED:
                    bar.clear()
                    self.stderr.write(str(error))
            _show(bar, state)
        bar.close()
        self.stdout.write(
            f"{persistence.table_name}: {state.lines:,} lines; {state.written:,} are new, {state.present:,} have "
            f"keys that are taken, {faulty:,} are wrong. Nothing was written."
        )
        if faulty:
            raise CommandError(f"{faulty:,} of {state.lines:,} lines can't be loaded.")


def _show(bar: Any, state: LoadState) -> None:
    bar.set_postfix_str(f"{state.lines:,} lines", refresh=False)
    bar.update(state.read - bar.n)
