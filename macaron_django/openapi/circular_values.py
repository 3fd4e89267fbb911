"""Computes values that depend on one another, for schemas that may refer to themselves.

Following each path through such schemas would take time that grows exponentially with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

__all__ = ["circular_values"]

Node = TypeVar("Node", bound=Hashable)
Value = TypeVar("Value")

#: How often a value may change. A value that only grows or only shrinks changes less often; no others are expected.
_MOST_CHANGES = 20


def circular_values(
    start: Node,
    below: Callable[[Node], Iterable[Node]],
    judge: Callable[[Node, Mapping[Node, Value]], Value],
    initially: Value,
) -> dict[Node, Value]:
    """Returns the value of each node that ``start`` leads to.

    ``below`` returns the nodes on which a node's value depends. ``judge`` returns a node's value, given the values of
    the nodes below it. Each value begins as ``initially``, and is computed again when one below it has changed.

    >>> below = {"a": ["b", "c"], "b": ["a"], "c": []}
    >>> circular_values("a", below.get, lambda node, of: max([node, *map(of.get, below[node])]), "")
    {'c': 'c', 'b': 'c', 'a': 'c'}
    """
    above: dict[Node, list[Node]] = {}
    needed: dict[Node, Iterable[Node]] = {}
    order: list[Node] = []
    todo: list[tuple[Node, bool]] = [(start, False)]
    while todo:  # nodes come after those below them, so that only values in circles are computed again
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
