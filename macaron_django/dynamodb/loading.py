"""Lines → a table, several calls at once; every line is written, skipped or named in an error.

In go files of lines and what to do where an item is there already; out comes how many lines are done, always counted
from the first one without a gap, so that a load can go on there. Apart from ``item_lines``, which knows one line.
"""

from __future__ import annotations

import gzip
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, TypeAlias, cast

from macaron_django.dynamodb.attribute_values import AttributeMap, same_items
from macaron_django.dynamodb.item_lines import Form, LineError, item_in
from macaron_django.dynamodb.items import describe_key
from macaron_django.exceptions import ItemExists, PyMacaronException

if TYPE_CHECKING:
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["Line", "LoadState", "OnConflict", "load_items", "read_lines", "try_items"]

OnConflict: TypeAlias = Literal["skip", "replace", "fail"]

#: Items of one hand-over to a thread: what BatchWriteItem takes.
_CHUNK: Final = 25


@dataclass(frozen=True)
class Line:
    """``place``: file and line number; ``read``: bytes of the files up to here, as they are on the disk."""

    place: str
    text: bytes
    read: int


@dataclass(frozen=True)
class LoadState:
    """``lines`` done from the start, of which ``written`` are new and ``present`` were left as they are there."""

    lines: int = 0
    written: int = 0
    present: int = 0
    read: int = 0


def read_lines(paths: Iterable[Path]) -> Iterator[Line]:
    """The lines of files, one after the other, compressed by gzip or not; empty ones are left out.

    LineError where a compressed file breaks off.
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
                raise LineError(f"{path}:{number + 1}: the compressed file is damaged or cut off: {error}") from error
            before += file.tell()


def load_items(
    persistence: Persistence,
    lines: Iterable[Line],
    on_conflict: OnConflict = "fail",
    *,
    form: Form | None = None,
    workers: int = 8,
) -> Iterator[LoadState]:
    """Write the items of ``lines`` and yield how far it got, again and again.

    An item whose key is taken is left out (``skip``), written over what is there (``replace``) or, unless it is the
    same item, an error (``fail``). LineError and the package's own errors come after all lines before are done.
    """
    write = {"skip": _skipping, "replace": _replacing, "fail": _failing}[on_conflict]
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
    """What ``load_items`` would meet, writing nothing: how many are there already, and every line that is wrong."""
    state = LoadState()
    remaining = iter(lines)
    while chunk := list(islice(remaining, 100)):
        items = []
        for line in chunk:
            item = _item_or_error(persistence, line, form)
            if isinstance(item, LineError):
                yield state, item
            else:
                items.append(item)
        keys = [persistence.key_in(item) for item in items]
        present = sum(item is not None for item in persistence.batch_get(keys, projection=()))
        state = LoadState(
            state.lines + len(chunk), state.written + len(items) - present, state.present + present, chunk[-1].read
        )
        yield state, None


def _chunks(
    persistence: Persistence, lines: Iterable[Line], form: Form | None
) -> Iterator[tuple[list[Line], list[AttributeMap], LineError | None]]:
    """Lines with their items; the first line that is wrong ends them."""
    chunk: list[Line] = []
    items: list[AttributeMap] = []
    try:
        for line in lines:
            item = _item_or_error(persistence, line, form)
            if isinstance(item, LineError):
                raise item
            chunk.append(line)
            items.append(item)
            if len(chunk) == _CHUNK:
                yield chunk, items, None
                chunk, items = [], []
    except LineError as error:
        yield chunk, items, error
    else:
        yield chunk, items, None


def _item_or_error(persistence: Persistence, line: Line, form: Form | None) -> AttributeMap | LineError:
    try:
        return item_in(persistence, line.text, form)
    except LineError as error:
        return LineError(f"{line.place}: {error}")


def _finished(state: LoadState, chunk: Sequence[Line], future: Future[int]) -> LoadState:
    try:
        written = future.result()
    except PyMacaronException as error:
        raise LineError(f"{chunk[0].place} and the {len(chunk) - 1} lines after it: {error}") from error
    return LoadState(
        state.lines + len(chunk), state.written + written, state.present + len(chunk) - written, chunk[-1].read
    )


def _replacing(persistence: Persistence, chunk: Sequence[Line], items: Sequence[AttributeMap]) -> int:
    # BatchWriteItem takes a key once: of those given twice the last one stays.
    persistence.batch_write(puts={persistence._identity(item): item for item in items}.values())
    return len(items)


def _skipping(persistence: Persistence, chunk: Sequence[Line], items: Sequence[AttributeMap]) -> int:
    return _put_new(persistence, items, lambda _: None)


def _failing(persistence: Persistence, chunk: Sequence[Line], items: Sequence[AttributeMap]) -> int:
    def compare(place: int) -> None:
        key = persistence.key_in(items[place])
        stored = persistence.get_item(key, consistent=True)
        # The same item is no conflict: a load that was interrupted can be repeated.
        if stored is None or not same_items(stored, items[place]):
            raise LineError(f"{chunk[place].place}: there is another item with {describe_key(key)} already")

    return _put_new(persistence, items, compare)


def _put_new(persistence: Persistence, items: Sequence[AttributeMap], taken: Callable[[int], None]) -> int:
    written = 0
    for place, item in enumerate(items):
        if _put(persistence, item):
            written += 1
        else:
            taken(place)
    return written


def _put(persistence: Persistence, item: AttributeMap) -> bool:
    try:
        persistence.put_item(item, condition="absent")
    except ItemExists:
        return False
    return True
