"""Dumps a table into a file that has a line for each item. Parallel scans read the table in segments.

An interrupted dump can be continued.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.dynamodb.items.item_operations import ResultPage
from macaron_django.dynamodb.items.persistence import Persistence
from macaron_django.dynamodb.transfer.item_lines import Form, from_dynamodb_json, line_of, to_dynamodb_json

__all__ = ["DumpState", "dump_items", "flushed"]


@dataclass
class DumpState:
    """The progress of a dump.

    ``positions`` has an entry for each segment: {} before the first page, then the last key that was read, and finally
    None at the end of the segment.
    """

    table: str
    form: Form
    compressed: bool
    positions: list[AttributeMap | None] = field(default_factory=list)
    items: int = 0
    size: int = 0  # bytes of the file up to the last complete page

    @classmethod
    def begin(cls, persistence: Persistence, form: Form, segments: int, *, compressed: bool) -> DumpState:
        return cls(persistence.table_name, form, compressed, [{} for _ in range(segments)])

    @classmethod
    def read(cls, path: Path) -> DumpState:
        """Returns the state that ``write`` has written. Raises ValueError or KeyError for any other file."""
        told: Mapping[str, Any] = json.loads(path.read_bytes())
        positions = [None if key is None else from_dynamodb_json(key) for key in told["positions"]]
        return cls(told["table"], told["form"], told["compressed"], positions, told["items"], told["size"])

    def write(self, path: Path) -> None:
        """Replaces the file at ``path`` in one step, so that it is complete even if the process crashes."""
        positions = [None if key is None else to_dynamodb_json(key) for key in self.positions]
        new = path.with_name(f"{path.name}.new")
        new.write_text(json.dumps({**self.__dict__, "positions": positions}), "utf-8")
        new.replace(path)


def dump_items(
    persistence: Persistence, sink: BinaryIO, state: DumpState, *, consistent: bool = False
) -> Iterator[DumpState]:
    """Writes the items that come after the positions in ``state``. Yields the new state after each page.

    Each page is a separate gzip member, so that a file that is cut off after any page is still valid.
    """
    for segment, page in _pages(persistence, state.positions, consistent=consistent):
        text = b"".join(line_of(persistence, item, state.form) for item in page.items)
        if state.compressed and text:
            text = gzip.compress(text, compresslevel=6, mtime=0)
        sink.write(text)
        state.positions[segment] = page.last_key
        state.items += len(page.items)
        state.size += len(text)
        yield state


def flushed(sink: BinaryIO) -> None:
    """Waits until the written bytes are on the disk. Call this before ``DumpState.write``, because the state's ``size``
    counts these bytes.
    """
    sink.flush()
    os.fsync(sink.fileno())


def _pages(
    persistence: Persistence, positions: list[AttributeMap | None], *, consistent: bool
) -> Iterator[tuple[int, ResultPage]]:
    """Yields the pages of all segments as they arrive. One page of each segment is read in advance."""
    total = len(positions)

    def read(segment: int, start: AttributeMap | None) -> ResultPage:
        return persistence.scan(start=start or None, consistent=consistent, segment=segment, total_segments=total)

    with ThreadPoolExecutor(total, thread_name_prefix="dump") as threads:
        reading: dict[Future[ResultPage], int] = {
            threads.submit(read, segment, start): segment
            for segment, start in enumerate(positions)
            if start is not None
        }
        while reading:
            done, _ = wait(reading, return_when=FIRST_COMPLETED)
            for future in done:
                segment, page = reading.pop(future), future.result()
                if page.last_key is not None:
                    reading[threads.submit(read, segment, page.last_key)] = segment
                yield segment, page
