"""Computes attributes at first access. Also computes values for schemas that can refer to themselves.

``lazy_attribute`` replaces ``functools.cached_property``. Before Python 3.12, instances share the lock of a
``cached_property``, so the first access takes three to five times as long. ``Frozen`` replaces frozen dataclasses.
Creating an instance of a frozen dataclass takes three times as long, and importing ``dataclasses`` takes longer than
reading a small document.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar, overload

__all__ = ["Frozen", "LazyMapping", "circular_values", "lazy_attribute"]

Node = TypeVar("Node", bound=Hashable)
Value = TypeVar("Value")

#: How often a value may change. Values are expected only to grow or only to shrink, and such values change less often.
_MOST_CHANGES = 20


class Frozen:
    """A value with attributes that can't be set or deleted.

    A subclass's ``__init__`` stores the values in ``__dict__``.
    """

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} of {type(self).__name__} can't be set: its value comes from the document.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name} of {type(self).__name__} can't be deleted: its value comes from the document.")


class lazy_attribute(Generic[Value]):  # noqa: N801 (a decorator, spelled as ``property`` is)
    """Computes an attribute at first access. If several threads compute it at the same time, all get the first value.

    >>> class Circle(Frozen):
    ...     radius = 1
    ...     @lazy_attribute
    ...     def area(self) -> float:
    ...         return 3.14 * self.radius ** 2
    >>> Circle().area
    3.14
    """

    make: Callable[[Any], Value]
    name: str

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self.make, self.name, self.__doc__ = make, make.__name__, make.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> lazy_attribute[Value]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: Any, owner: type) -> lazy_attribute[Value] | Value:
        if instance is None:
            return self
        value: Value = instance.__dict__.setdefault(self.name, self.make(instance))
        return value


class LazyMapping(Mapping[str, Value], Generic[Value]):
    """A read-only mapping with given keys. Each value is computed at first access.

    For example, ``Document.schemas`` can list two thousand names without normalising two thousand schemas.

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


def circular_values(
    start: Node,
    below: Callable[[Node], Iterable[Node]],
    judge: Callable[[Node, Mapping[Node, Value]], Value],
    initially: Value,
) -> dict[Node, Value]:
    """Returns the values of ``start`` and of all nodes on which it depends, even indirectly.

    ``below`` returns the nodes on which a node's value directly depends. ``judge`` returns a node's value, given the
    values of the nodes below it. Every node starts with the value ``initially``. A node's value is computed again
    when the value of a node below it has changed.

    If schemas refer to one another, the function doesn't follow every path through them. The time for that would grow
    exponentially with the number of schemas.

    >>> below = {"a": ["b", "c"], "b": ["a"], "c": []}
    >>> circular_values("a", below.get, lambda node, of: max([node, *map(of.get, below[node])]), "")
    {'c': 'c', 'b': 'c', 'a': 'c'}
    """
    above: dict[Node, list[Node]] = {}
    needed: dict[Node, Iterable[Node]] = {}
    order: list[Node] = []
    todo: list[tuple[Node, bool]] = [(start, False)]
    while todo:  # nodes follow the nodes below them, so only values in circles are computed again
        node, is_behind = todo.pop()
        if is_behind:
            order.append(node)
        elif node not in above:
            above[node] = []
            needed[node] = below(node)
            todo.append((node, True))
            todo += [(each, False) for each in needed[node]]
    for node in order:
        for each in needed[node]:
            above[each].append(node)
    values = dict.fromkeys(order, initially)
    changes = dict.fromkeys(order, 0)
    waiting = dict.fromkeys(order)
    while waiting:
        node = next(iter(waiting))
        del waiting[node]
        value = judge(node, values)
        if value != values[node] and changes[node] < _MOST_CHANGES:
            values[node] = value
            changes[node] += 1
            waiting |= dict.fromkeys(above[node])
    return values
