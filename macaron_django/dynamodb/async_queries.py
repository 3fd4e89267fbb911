"""The async twins of the query set's methods, as Django has them: each runs its method in a thread.

In go the same arguments; out come awaitables and asynchronous iterators. Apart from the query set because nothing is
decided here. botocore has no asynchronous client, so a thread is what there is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from itertools import islice
from typing import Any, Final

from asgiref.sync import sync_to_async

__all__ = ["AsyncQueries"]

#: Rows fetched by one hand-over between threads.
_CHUNK: Final = 100


def _twin(name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def twin(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await sync_to_async(getattr(self, name))(*args, **kwargs)

    twin.__name__ = twin.__qualname__ = f"a{name}"
    twin.__doc__ = f"As ``{name}()``, to be awaited."
    return twin


class AsyncQueries:
    """``aget()``, ``acount()``, ``async for row in rows`` and the others."""

    abulk_create = _twin("bulk_create")
    abulk_update = _twin("bulk_update")
    acontains = _twin("contains")
    acount = _twin("count")
    acreate = _twin("create")
    adelete = _twin("delete")
    aearliest = _twin("earliest")
    aexists = _twin("exists")
    aexplain = _twin("explain")
    afirst = _twin("first")
    aget = _twin("get")
    aget_or_create = _twin("get_or_create")
    ain_bulk = _twin("in_bulk")
    alast = _twin("last")
    alatest = _twin("latest")
    apage = _twin("page")
    aupdate = _twin("update")
    aupdate_or_create = _twin("update_or_create")
    aaggregate = _twin("aggregate")

    def __aiter__(self) -> AsyncIterator[Any]:
        async def rows() -> AsyncIterator[Any]:
            await sync_to_async(self._fetch_all)()  # type: ignore[attr-defined]
            for row in self._result_cache or ():  # type: ignore[attr-defined]
                yield row

        return rows()

    async def aiterator(self, chunk_size: int = _CHUNK) -> AsyncIterator[Any]:
        """As ``iterator()``: the memory of one page, and the event loop is never blocked."""
        remaining: Iterator[Any] = self.iterator()  # type: ignore[attr-defined]
        while chunk := await sync_to_async(_taken)(remaining, chunk_size):
            for row in chunk:
                yield row


def _taken(remaining: Iterator[Any], size: int) -> list[Any]:
    return list(islice(remaining, size))
