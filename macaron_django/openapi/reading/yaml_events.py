"""Reads YAML event by event, to build an exact tree or to find the line and column of each node.

The fast parser (ryaml) returns neither line numbers nor the source text of keys. It expands aliases and refuses
integers of more than 64 bits. This reader is slower and iterative. Here, an alias shares the value of its anchor, but
counts as a copy toward the limits. Scalars are resolved by the YAML 1.2 core schema, so ``no``, ``on`` and dates are
strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from macaron_django.openapi.json_pointers import escape
from macaron_django.openapi.reading.trees import DuplicateKey

__all__ = ["ExactLoader", "TooLargeError", "events", "marks"]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)
# Characters that libyaml refuses. The JSON reader accepts them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


_TEXT_OF_A_NODE = 64


class TooLargeError(ValueError):
    """The document has more nodes or deeper nesting than the limits allow."""


def events(text: str) -> Iterator[Any]:
    """Yields PyYAML's events for a text. Raises ``yaml.YAMLError`` for bad syntax."""
    return yaml.parse(_UNPRINTABLE.sub(" ", text), Loader=_Loader)


def scalar(event: Any) -> Any:
    """Returns the value of a scalar according to the core schema. If the scalar is quoted or has another tag, returns
    its text.
    """
    value, tag = event.value, event.tag
    if tag == _CORE + "str" or (tag in (None, "!") and not event.implicit[0]):
        return value
    if tag and not tag.startswith(_CORE):
        return value
    if event.style and not tag:
        return value
    if _NULL.match(value):
        return None
    if _BOOL.match(value):
        return value[0] in "tT"
    if _INT.match(value) and not _LEADING_ZERO.match(value):
        return int(value, {"0o": 8, "0x": 16}.get(value[:2], 10))
    if _FLOAT.match(value) and not _LEADING_ZERO.match(value):
        return float(
            value.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").lower().replace(".nan", "nan")
        )
    return value


class _Frame:
    """A mapping or list whose children are being read."""

    __slots__ = ("anchor", "key", "merges", "size", "value")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value, self.anchor = value, anchor
        self.key: str | None = None
        self.merges: list[Any] = []
        self.size = 1


class ExactLoader:
    """Reads one document into ``tree``, and lists the ``duplicates`` among its keys.

    ``merged`` says whether the document has a merge key (``<<``), and ``shared`` says whether it has an alias. A long
    text counts as several values. So the limits also apply if aliases repeat a long text.

    Raises ``yaml.YAMLError`` for bad syntax, and ``TooLargeError`` for a document that exceeds a limit.
    """

    def __init__(self, text: str, *, max_depth: int, max_nodes: int) -> None:
        self.duplicates: list[DuplicateKey] = []
        self.merged = False
        self.shared = False
        self.tree: Any = None
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._stack: list[_Frame] = []
        self._max_depth, self._max_nodes, self._nodes = max_depth, max_nodes, 0
        documents = 0
        for event in events(text):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise yaml.YAMLError("more than one document in the file")
            elif isinstance(event, yaml.NodeEvent):
                self._node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._end()

    def _node(self, event: Any) -> None:
        mark: Any = event.start_mark
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            self._begin_entry(frame, event)
            return
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise yaml.MarkedYAMLError(problem=f"unknown alias {event.anchor!r}", problem_mark=mark)
            value, size = self._anchors[event.anchor]
            self.shared = True
            self._place(value, size)
        elif isinstance(event, yaml.ScalarEvent):
            value = scalar(event)
            size = 1 + len(event.value) // _TEXT_OF_A_NODE
            if event.anchor:
                self._anchors[event.anchor] = (value, size)
            self._place(value, size)
        else:
            if len(self._stack) >= self._max_depth:
                raise TooLargeError(f"nested more than {self._max_depth} levels deep")
            self._stack.append(_Frame({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor))

    def _begin_entry(self, frame: _Frame, event: Any) -> None:
        mark, anchor = event.start_mark, event.anchor
        if not isinstance(event, yaml.ScalarEvent):
            repeated = self._anchors.get(anchor) if isinstance(event, yaml.AliasEvent) else None
            if repeated is not None and isinstance(repeated[0], str):
                frame.key = repeated[0]
                return
            raise yaml.MarkedYAMLError(problem="a key that isn't a scalar", problem_mark=mark)
        frame.key = event.value
        if event.anchor:
            self._anchors[event.anchor] = (event.value, 1)
        if event.value in frame.value and not (event.value == "<<" and not event.style):
            self.duplicates.append(DuplicateKey(event.value, mark.line + 1, mark.column + 1))

    def _end(self) -> None:
        frame = self._stack.pop()
        for merge in frame.merges:
            for source in merge if isinstance(merge, list) else [merge]:
                if isinstance(source, dict):
                    for key, value in source.items():
                        frame.value.setdefault(key, value)
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, frame.size)
        self._place(frame.value, frame.size)

    def _place(self, value: Any, size: int) -> None:
        self._nodes += size
        if self._nodes > self._max_nodes:
            raise TooLargeError(f"has more than {self._max_nodes} values once its aliases are expanded")
        if not self._stack:
            self.tree = value
            return
        frame = self._stack[-1]
        frame.size += size
        if isinstance(frame.value, list):
            frame.value.append(value)
            return
        key, frame.key = frame.key, None
        if key == "<<" and isinstance(value, dict | list):
            self.merged = True
            frame.merges.append(value)
        elif key is not None:
            frame.value[key] = value


def marks(text: str) -> dict[str, tuple[int, int]]:
    """Returns the line and column (from 1) of each key and item of a text, by its JSON pointer (``#/a/b``).

    If the text isn't valid YAML, returns the places before the first error, and raises nothing.
    """
    found: dict[str, tuple[int, int]] = {}
    stack: list[list[Any]] = []  # [pointer, next key or index, whether it is a mapping]
    try:
        for event in events(text):
            if isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
                _advance(stack)
                continue
            if not isinstance(event, yaml.NodeEvent):
                continue
            start: Any = event
            mark = (start.start_mark.line + 1, start.start_mark.column + 1)
            pointer = "#"
            if stack:
                top = stack[-1]
                if top[2] and top[1] is None:
                    key = start.value if isinstance(event, yaml.ScalarEvent) else "?"
                    top[1] = escape(key)
                    found[f"{top[0]}/{top[1]}"] = mark
                    if isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
                        continue
                pointer = f"{top[0]}/{top[1]}"
            found.setdefault(pointer, mark)
            if isinstance(event, yaml.CollectionStartEvent):
                is_mapping = isinstance(event, yaml.MappingStartEvent)
                stack.append([pointer, None if is_mapping else 0, is_mapping])
            else:
                _advance(stack)
    except (yaml.YAMLError, IndexError):
        pass
    return found


def _advance(stack: list[list[Any]]) -> None:
    if stack:
        stack[-1][1] = None if stack[-1][2] else stack[-1][1] + 1
