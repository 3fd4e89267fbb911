"""The result of parsing YAML or JSON: a tree of plain values with string keys, or an error with its line and column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from macaron_django.openapi.findings import SpecError, spec_error
from macaron_django.openapi.reading.limits import Limits, depth_error

__all__ = ["DuplicateKey", "Parsed", "plain", "syntax_error"]

_SURROGATE = re.compile("[\ud800-\udfff]")


class DuplicateKey:
    """A key that occurs twice in a mapping. The tree has only the later value."""

    key: str
    line: int
    column: int

    __slots__ = ("column", "key", "line")

    def __init__(self, key: str, line: int, column: int) -> None:
        self.key, self.line, self.column = key, line, column


class Parsed(NamedTuple):
    """A parsed tree, and facts about its text that the checks need, such as duplicate keys."""

    tree: Any
    duplicates: tuple[DuplicateKey, ...] = ()
    notes: tuple[str, ...] = ()  # "merge-key", "control-character"
    is_shared: bool = False  # the tree has the same value at several places, because of aliases


def syntax_error(name: str, problem: str, line: int | None, column: int | None) -> SpecError:
    """Returns the error E004, for a document that is neither YAML nor JSON."""
    message = f"{name} is neither YAML nor JSON: {problem}."
    return spec_error("E004", name, message, "Correct the syntax there.", line, column)


def plain(value: Any, name: str, limits: Limits) -> Any:
    """Returns a copy of a tree, with string keys and without lone surrogates.

    Raises ``SpecError`` (E005) if the tree exceeds a limit.
    """
    root: list[Any] = [None]
    todo: list[tuple[Any, Any, Any, int]] = [(value, root, 0, 0)]
    nodes = 0
    while todo:
        source, target, key, depth = todo.pop()
        nodes += 1
        if depth > limits.max_depth:
            raise depth_error(name, limits)
        if nodes > limits.max_nodes:
            raise spec_error("E005", name, f"{name} has more than {limits.max_nodes} values.", "Split the document.")
        if isinstance(source, Mapping):
            copy: dict[str, Any] = dict.fromkeys(map(_key, source))
            target[key] = copy
            todo += [(item, copy, _key(name_), depth + 1) for name_, item in source.items()]
        elif isinstance(source, list | tuple):
            items: list[Any] = [None] * len(source)
            target[key] = items
            todo += [(item, items, index, depth + 1) for index, item in enumerate(source)]
        else:
            target[key] = _SURROGATE.sub("\ufffd", source) if isinstance(source, str) else source
    return root[0]


def _key(key: Any) -> str:
    if isinstance(key, str):
        return _SURROGATE.sub("\ufffd", key)
    if key is None:
        return "null"
    return str(key).lower() if isinstance(key, bool) else str(key)
