"""``manage.py dumpitems`` writes the items of a persisted schema as lines of JSON."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from macaron_django.dynamodb import Persistence
from macaron_django.dynamodb.tables.syncing import item_estimate
from macaron_django.dynamodb.transfer.dump import DumpState, dump_items, flushed
from macaron_django.exceptions import PyMacaronException
from macaron_django.management.named_apis import persistence_named
from macaron_django.management.terminals import printing, progress_bar

__all__ = ["Command"]


class Command(BaseCommand):
    help = (
        "Writes the items of a persisted schema to a file. Each item is one line of JSON, by default in DynamoDB's own "
        "form, which loses nothing. A file whose name ends in .gz is compressed. After Ctrl-C, --resume continues."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("schema", metavar="API.SCHEMA", help="The schema, such as myserver.Profile.")
        parser.add_argument("file", nargs="?", default="-", help="The file (default: standard output).")
        parser.add_argument(
            "--format",
            choices=["dynamodb", "plain"],
            default="dynamodb",
            help='dynamodb (the default): {"Item": {"id": {"S": "7"}}}, as AWS exports it. plain: {"id": "7"}. In the '
            "plain form, sets are JSON arrays, and binary values are strings, so only the schema shows their types.",
        )
        parser.add_argument("--segments", type=int, default=4, help="The number of parallel Scans (default: 4).")
        parser.add_argument(
            "--consistent", action="store_true", help="Use consistent reads, which cost twice as many read units."
        )
        parser.add_argument("--resume", action="store_true", help="Continue a dump that was interrupted.")

    def handle(self, *_arguments: str, **options: Any) -> None:
        if options["segments"] < 1:
            raise CommandError("--segments must be 1 or more.")
        persistence = persistence_named(options["schema"])
        with printing(self):
            try:
                if options["file"] == "-":
                    state = self._to_stdout(persistence, options)
                else:
                    state = self._to_file(persistence, Path(options["file"]), options)
            except (ImproperlyConfigured, PyMacaronException, OSError) as error:
                if isinstance(error, BrokenPipeError):
                    raise
                raise CommandError(f"{error}{_go_on(options['file'])}") from error
        self.stderr.write(f"{state.table}: {state.items:,} items", self.style.SUCCESS)

    def _to_stdout(self, persistence: Persistence, options: dict[str, Any]) -> DumpState:
        if options["resume"]:
            raise CommandError("A dump to standard output can't be resumed: name a file.")
        sink = getattr(self.stdout._out, "buffer", None)
        state = DumpState.begin(persistence, options["format"], options["segments"], compressed=False)
        self._dump(persistence, sink or _TextStream(self.stdout), state, options)
        return state

    def _to_file(self, persistence: Persistence, path: Path, options: dict[str, Any]) -> DumpState:
        progress = path.with_name(f"{path.name}.progress")
        state = self._state(persistence, path, progress, options)
        with path.open("r+b" if options["resume"] else "wb") as sink, _remembering(state, sink, progress):
            sink.truncate(state.size)
            sink.seek(state.size)
            self._dump(persistence, sink, state, options, progress)
        progress.unlink(missing_ok=True)
        return state

    def _state(self, persistence: Persistence, path: Path, progress: Path, options: dict[str, Any]) -> DumpState:
        if not options["resume"]:
            if progress.exists():
                raise CommandError(
                    f"The dump to {path} was interrupted: continue with --resume, or remove {path} and {progress}."
                )
            if path.exists():
                raise CommandError(f"{path} already exists: remove it, or give another file name.")
            return DumpState.begin(persistence, options["format"], options["segments"], compressed=path.suffix == ".gz")
        try:
            state = DumpState.read(progress)
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(f"There is nothing to resume: {progress} can't be read ({error}).") from error
        if state.table != persistence.table_name:
            raise CommandError(f"{path} was started for table {state.table}, not for {persistence.table_name}.")
        if not path.exists() or path.stat().st_size < state.size:
            raise CommandError(f"{path} is shorter than {progress} says. Remove both files and start again.")
        return state

    def _dump(
        self,
        persistence: Persistence,
        sink: Any,
        state: DumpState,
        options: dict[str, Any],
        progress: Path | None = None,
    ) -> None:
        written = time.monotonic()
        with progress_bar(item_estimate(persistence.table), " items", done=state.items) as bar:
            for now in dump_items(persistence, sink, state, consistent=options["consistent"]):
                bar.update(now.items - bar.n)
                if progress is not None and time.monotonic() - written > 1:
                    flushed(sink)
                    now.write(progress)
                    written = time.monotonic()


@contextmanager
def _remembering(state: DumpState, sink: BinaryIO, progress: Path) -> Iterator[None]:
    """Saves the progress of the dump, even if the dump fails."""
    try:
        yield
    except BaseException as error:
        flushed(sink)
        state.write(progress)
        if isinstance(error, KeyboardInterrupt):
            raise CommandError(f"Interrupted after {state.items:,} items.{_go_on(progress)}", returncode=130) from error
        raise


def _go_on(file: object) -> str:
    return "" if file == "-" else " Continue with --resume."


class _TextStream:
    """Wraps a standard output that accepts only text, as in tests."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: bytes) -> None:
        self._stream.write(text.decode(), ending="")
