"""A read-only mapping that makes each value when it is first looked at: known keys and a factory go in.

It lets ``Document.schemas`` list two thousand names without normalising two thousand schemas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

__all__ = ["LazyMapping"]

Value = TypeVar("Value")


class LazyMapping(Mapping[str, Value], Generic[Value]):
    """
    >>> squares = LazyMapping(["2", "3"], lambda key: int(key) ** 2)
    >>> list(squares), squares["3"]
    (['2', '3'], 9)
    """

    __slots__ = ("_factory", "_keys", "_values")

    def __init__(self, keys: Iterable[str], factory: Callable[[str], Value]) -> None:
        self._keys = dict.fromkeys(keys)
        self._factory = factory
        self._values: dict[str, Value] = {}

    def __getitem__(self, key: str) -> Value:
        try:
            return self._values[key]
        except KeyError:
            if key not in self._keys:
                raise
            return self._values.setdefault(key, self._factory(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __repr__(self) -> str:
        return f"<LazyMapping of {', '.join(self._keys)}>"
