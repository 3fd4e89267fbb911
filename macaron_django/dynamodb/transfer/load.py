"""Loads lines into a table, with several calls at once. Every line is written, skipped or named in an error.

The reported progress ends before the first line that isn't done, so an interrupted load can continue there.
"""

from __future__ import annotations

import gzip
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeAlias, cast

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, same_items
from macaron_django.dynamodb.items.persistence import Persistence
from macaron_django.dynamodb.items.write_conditions import describe_key
from macaron_django.dynamodb.transfer.item_lines import Form, LineError, item_in
from macaron_django.exceptions import ItemExists, PyMacaronException

__all__ = ["Line", "LoadState", "OnConflict", "load_items", "read_lines", "try_items"]

OnConflict: TypeAlias = Literal["skip", "replace", "fail"]

#: The number of items that a thread writes at once: the limit of BatchWriteItem.
_CHUNK: Final = 25


@dataclass(frozen=True)
class Line:
    """A line to load. ``place`` is the file and the line number. ``read`` is the number of bytes that have been read
    from the files so far, before decompression.
    """

    place: str
    text: bytes
    read: int


@dataclass(frozen=True)
class LoadState:
    """The progress of a load. The first ``lines`` lines are done: ``written`` items were written, and ``present`` items
    were skipped because they already exist.
    """

    lines: int = 0
    written: int = 0
    present: int = 0
    read: int = 0

    def after(self, chunk: Sequence[Line], written: int, present: int) -> LoadState:
        """Returns a state that also counts the lines of ``chunk`` as done."""
        return LoadState(self.lines + len(chunk), self.written + written, self.present + present, chunk[-1].read)


def read_lines(paths: Iterable[Path]) -> Iterator[Line]:
    """Yields the lines of the files, except empty lines. The files can be compressed with gzip.

    Raises LineError if a compressed file is truncated or damaged.
    """
    before = 0
    for path in paths:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            lines = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if compressed else file
            number = 0
            try:
                for number, text in enumerate(lines, 1):
                    if text.strip():
                        yield Line(f"{path}:{number}", text, before + file.tell())
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise LineError(f"{path}:{number + 1}: the compressed file is damaged or truncated: {error}") from error
            before += file.tell()


def load_items(
    persistence: Persistence,
    lines: Iterable[Line],
    on_conflict: OnConflict = "fail",
    *,
    form: Form | None = None,
    workers: int = 8,
) -> Iterator[LoadState]:
    """Writes the items of ``lines``, and yields the progress repeatedly.

    If an item with the same key exists, ``skip`` leaves the new item out, and ``replace`` overwrites the existing item.
    ``fail`` raises an error if the new item differs from the existing item. Raises LineError if a line is wrong or its
    item can't be written. All earlier lines are then done.
    """
    write = _WRITERS[on_conflict]
    state = LoadState()
    running: deque[tuple[Sequence[Line], Future[int]]] = deque()
    threads = ThreadPoolExecutor(workers, thread_name_prefix="load")
    try:
        error: LineError | None = None
        for chunk, items, error in _chunks(persistence, lines, form):
            if items:
                running.append((chunk, threads.submit(write, persistence, chunk, items)))
            while running and (len(running) > 2 * workers or error is not None):
                state = _finished(state, *running.popleft())
                yield state
            if error is not None:
                raise error
        while running:
            state = _finished(state, *running.popleft())
            yield state
    finally:
        threads.shutdown(cancel_futures=True)


def try_items(
    persistence: Persistence, lines: Iterable[Line], *, form: Form | None = None
) -> Iterator[tuple[LoadState, LineError | None]]:
    """Checks the lines without writing.

    Yields (progress, error) for each wrong line, and (progress, None) after each chunk of lines.

    In the progress, ``written`` is the number of new items, and ``present`` is the number of items that already exist.
    """
    state = LoadState()
    remaining = iter(lines)
    while chunk := list(islice(remaining, 100)):
        items = []
        for line in chunk:
            try:
                items.append(_item_of(persistence, line, form))
            except LineError as error:  # noqa: PERF203 (each line may be wrong)
                yield state, error
        keys = [persistence.key_in(item) for item in items]
        present = sum(item is not None for item in persistence.batch_get(keys, projection=()))
        state = state.after(chunk, len(items) - present, present)
        yield state, None


def _chunks(
    persistence: Persistence, lines: Iterable[Line], form: Form | None
) -> Iterator[tuple[list[Line], list[AttributeMap], LineError | None]]:
    """Yields chunks of lines with their items. The first line that is wrong ends the iteration, and its error is in the
    last tuple.
    """
    chunk: list[Line] = []
    items: list[AttributeMap] = []
    try:
        for line in lines:
            items.append(_item_of(persistence, line, form))
            chunk.append(line)
            if len(chunk) == _CHUNK:
                yield chunk, items, None
                chunk, items = [], []
    except LineError as error:
        yield chunk, items, error
    else:
        yield chunk, items, None


def _item_of(persistence: Persistence, line: Line, form: Form | None) -> AttributeMap:
    try:
        return item_in(persistence, line.text, form)
    except LineError as error:
        raise LineError(f"{line.place}: {error}") from error


def _finished(state: LoadState, chunk: Sequence[Line], future: Future[int]) -> LoadState:
    try:
        written = future.result()
    except PyMacaronException as error:
        raise LineError(f"{chunk[0].place} and the {len(chunk) - 1} lines after it: {error}") from error
    return state.after(chunk, written, len(chunk) - written)


def _replacing(persistence: Persistence, chunk: Sequence[Line], items: Sequence[AttributeMap]) -> int:
    # BatchWriteItem accepts each key only once. If several items have the same key, the last one is stored.
    persistence.batch_write(puts={persistence._identity(item): item for item in items}.values())
    return len(items)


def _putting(persistence: Persistence, chunk: Sequence[Line], items: Sequence[AttributeMap], *, skip: bool) -> int:
    written = 0
    for line, item in zip(chunk, items, strict=True):
        try:
            persistence.put_item(item, condition="absent")
        except ItemExists:  # noqa: PERF203 (each key may be taken)
            if skip:
                continue
            key = persistence.key_in(item)
            stored = persistence.get_item(key, consistent=True)
            # An equal item isn't a conflict, so that an interrupted load can be repeated.
            if stored is None or not same_items(stored, item):
                raise LineError(f"{line.place}: another item already has {describe_key(key)}") from None
        else:
            written += 1
    return written


_WRITERS: Final[Mapping[OnConflict, Callable[..., int]]] = {
    "skip": partial(_putting, skip=True),
    "replace": _replacing,
    "fail": partial(_putting, skip=False),
}
