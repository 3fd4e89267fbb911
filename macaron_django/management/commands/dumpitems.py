"""``manage.py dumpitems``: the items of a persisted schema, as lines of JSON."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.dynamodb import Persistence
from macaron_django.dynamodb.dumping import DumpState, dump_items, flushed
from macaron_django.dynamodb.tables import item_estimate
from macaron_django.exceptions import PyMacaronException
from macaron_django.management.persisted_schemas import persistence_named
from macaron_django.management.progress_bars import ProgressBar
from macaron_django.management.terminals import printing

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Writes the items of a persisted schema into a file, a line of JSON each. In DynamoDB's own form nothing is "
        "lost; a name that ends in .gz has them compressed. After Ctrl-C, --resume goes on."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("schema", metavar="API.SCHEMA", help="Whose items: myserver.Profile.")
        parser.add_argument("file", nargs="?", default="-", help="Where to; standard output where none is named.")
        parser.add_argument(
            "--format",
            choices=["dynamodb", "plain"],
            default="dynamodb",
            help='{"Item": {"id": {"S": "7"}}}, as AWS\'s exports have it (the default), or {"id": "7"}. Plain lines '
            "show sets and binary as JSON does, and only the schema says what they were.",
        )
        parser.add_argument("--segments", type=int, default=4, help="Parallel Scans (default: 4).")
        parser.add_argument("--consistent", action="store_true", help="Read what was last written, at twice the price.")
        parser.add_argument("--resume", action="store_true", help="Go on with a file that was interrupted.")

    def handle(self, *_arguments: str, **options: Any) -> None:
        if options["segments"] < 1:
            raise CommandError("--segments is 1 or more.")
        persistence = persistence_named(options["schema"])
        bar = ProgressBar(sys.stderr)
        with printing(self):
            try:
                if options["file"] == "-":
                    state = self._to_stdout(persistence, options, bar)
                else:
                    state = self._to_file(persistence, Path(options["file"]), options, bar)
            except (ImproperlyConfigured, PyMacaronException, OSError) as error:
                if isinstance(error, BrokenPipeError):
                    raise
                bar.clear()
                raise CommandError(f"{error}{_go_on(options['file'])}") from error
        bar.clear()
        self.stderr.write(f"{state.table}: {bar.summary(state.items)}", self.style.SUCCESS)

    def _to_stdout(self, persistence: Persistence, options: dict[str, Any], bar: ProgressBar) -> DumpState:
        if options["resume"]:
            raise CommandError("What went to standard output can't be resumed: name a file.")
        sink = getattr(self.stdout._out, "buffer", None)
        state = DumpState.begin(persistence, options["format"], options["segments"], compressed=False)
        self._dump(persistence, sink or _Text(self.stdout), state, options, bar)
        return state

    def _to_file(self, persistence: Persistence, path: Path, options: dict[str, Any], bar: ProgressBar) -> DumpState:
        progress = path.with_name(f"{path.name}.progress")
        state = self._state(persistence, path, progress, options)
        with path.open("r+b" if options["resume"] else "wb") as sink, _remembering(state, sink, progress):
            sink.truncate(state.size)
            sink.seek(state.size)
            self._dump(persistence, sink, state, options, bar, progress)
        progress.unlink(missing_ok=True)
        return state

    def _state(self, persistence: Persistence, path: Path, progress: Path, options: dict[str, Any]) -> DumpState:
        if not options["resume"]:
            if progress.exists():
                raise CommandError(f"{path} was interrupted: go on with --resume, or remove it and {progress}.")
            if path.exists():
                raise CommandError(f"{path} is there already: remove it, or name another file.")
            return DumpState.begin(persistence, options["format"], options["segments"], compressed=path.suffix == ".gz")
        try:
            state = DumpState.read(progress)
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(f"There is nothing to resume: {progress} can't be read ({error}).") from error
        if state.table != persistence.table_name:
            raise CommandError(f"{path} was begun for table {state.table}, not for {persistence.table_name}.")
        if not path.exists() or path.stat().st_size < state.size:
            raise CommandError(f"{path} is shorter than {progress} says: remove both and start again.")
        return state

    def _dump(
        self,
        persistence: Persistence,
        sink: Any,
        state: DumpState,
        options: dict[str, Any],
        bar: ProgressBar,
        progress: Path | None = None,
    ) -> None:
        estimate = item_estimate(persistence.table)
        written = time.monotonic()
        for now in dump_items(persistence, sink, state, consistent=options["consistent"]):
            bar.update(now.items, now.items / estimate if estimate else None)
            if progress is not None and time.monotonic() - written > 1:
                flushed(sink)
                now.write(progress)
                written = time.monotonic()


@contextmanager
def _remembering(state: DumpState, sink: BinaryIO, progress: Path) -> Iterator[None]:
    """Write down how far it got, whatever ends the dump."""
    try:
        yield
    except BaseException as error:
        flushed(sink)
        state.write(progress)
        if isinstance(error, KeyboardInterrupt):
            raise CommandError(f"Interrupted after {state.items:,} items.{_go_on(progress)}", returncode=130) from error
        raise


def _go_on(file: object) -> str:
    return "" if file == "-" else " Go on with --resume."


class _Text:
    """Standard output that takes text only, as in tests."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: bytes) -> None:
        self._stream.write(text.decode(), ending="")
