"""The asynchronous methods of the query set. As in Django, each method runs its synchronous counterpart in a thread.

botocore has no asynchronous client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from itertools import islice
from typing import Any, Final, TypeAlias

from asgiref.sync import sync_to_async

__all__ = ["AsyncMethods"]

#: The number of rows that a thread passes to the event loop at once.
_CHUNK: Final = 100

_Twin: TypeAlias = Callable[..., Coroutine[Any, Any, Any]]


def _twin(name: str) -> _Twin:
    async def twin(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await sync_to_async(getattr(self, name))(*args, **kwargs)

    twin.__name__ = twin.__qualname__ = f"a{name}"
    twin.__doc__ = f"Does what ``{name}()`` does, without blocking the event loop."
    return twin


class AsyncMethods:
    """``aget()``, ``acount()``, ``async for row in rows`` and other asynchronous methods."""

    abulk_create: _Twin = _twin("bulk_create")
    abulk_update: _Twin = _twin("bulk_update")
    acontains: _Twin = _twin("contains")
    acount: _Twin = _twin("count")
    acreate: _Twin = _twin("create")
    adelete: _Twin = _twin("delete")
    aearliest: _Twin = _twin("earliest")
    aexists: _Twin = _twin("exists")
    aexplain: _Twin = _twin("explain")
    afirst: _Twin = _twin("first")
    aget: _Twin = _twin("get")
    aget_or_create: _Twin = _twin("get_or_create")
    ain_bulk: _Twin = _twin("in_bulk")
    alast: _Twin = _twin("last")
    alatest: _Twin = _twin("latest")
    apage: _Twin = _twin("page")
    aupdate: _Twin = _twin("update")
    aupdate_or_create: _Twin = _twin("update_or_create")
    aaggregate: _Twin = _twin("aggregate")

    def __aiter__(self) -> AsyncIterator[Any]:
        async def rows() -> AsyncIterator[Any]:
            await sync_to_async(self._fetch_all)()  # type: ignore[attr-defined]
            for row in self._result_cache or ():  # type: ignore[attr-defined]
                yield row

        return rows()

    async def aiterator(self, chunk_size: int = _CHUNK) -> AsyncIterator[Any]:
        """Does what ``iterator()`` does, without blocking the event loop. Only one page is in memory at a time."""
        remaining: Iterator[Any] = self.iterator()  # type: ignore[attr-defined]
        while chunk := await sync_to_async(_taken)(remaining, chunk_size):
            for row in chunk:
                yield row


def _taken(remaining: Iterator[Any], size: int) -> list[Any]:
    return list(islice(remaining, size))
