"""Computes values that depend on one another, for schemas that may refer to themselves.

If each path through such schemas were followed, the time would grow exponentially with the number of schemas.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

__all__ = ["circular_values"]

Node = TypeVar("Node", bound=Hashable)
Value = TypeVar("Value")

#: How often a value may change. Values are expected only to grow or only to shrink, and such values change less often.
_MOST_CHANGES = 20


def circular_values(
    start: Node,
    below: Callable[[Node], Iterable[Node]],
    judge: Callable[[Node, Mapping[Node, Value]], Value],
    initially: Value,
) -> dict[Node, Value]:
    """Returns the values of ``start`` and of all nodes on which it depends, even indirectly.

    ``below`` returns the nodes on which a node's value directly depends. ``judge`` returns a node's value, given the
    values of the nodes below. Each node first has the value ``initially``. A node's value is computed again when the
    value of a node below has changed.

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
