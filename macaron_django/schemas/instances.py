"""An instance in, the reason why it is no JSON value (or is nested too deeply) out; iteratively.

jsonschema-rs recurses natively, takes NaN for null, and doesn't look at what its schema says nothing about.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from .violations import Violation, pointer_to

__all__ = ["JSON_ONLY", "MAX_DEPTH", "holds_json_only", "is_large", "is_plain", "json_only", "too_deep"]

#: Levels of arrays and objects that an instance may have: what orjson writes, well below what the stack holds.
MAX_DEPTH = 254
JSON_ONLY = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
# jsonschema-rs collects all errors, each with a copy of its instance, before it hands out the first: at 10 µs and
# 1.5 KB each, five million wrong numbers in a 10 MB body would take a minute and gigabytes.
_MANY_MEMBERS = 20_000
_LARGE = 1_000_000
_SCALARS = frozenset({str, int, bool, type(None)})


def is_plain(instance: Any) -> bool:
    """Whether ``instance`` is JSON of allowed depth for certain."""
    try:
        # What orjson writes is JSON of allowed depth, apart from NaN, which it writes as null.
        return orjson.dumps(instance, None, JSON_ONLY).rfind(b"null") < 0 or holds_json_only(instance)
    except TypeError:
        return False


def holds_json_only(instance: Any) -> bool:
    """Whether an instance of allowed depth holds nothing but values of JSON's own types, and no NaN."""
    todo = [instance]
    while todo:
        value = todo.pop()
        kind = type(value)
        if kind is dict:
            todo += value.values()
        elif kind is list:
            todo += value
        elif not (kind in _SCALARS or (kind is float and math.isfinite(value))):
            return False
    return True


def is_large(instance: Any) -> bool:
    try:
        text = orjson.dumps(instance, option=JSON_ONLY)
    except TypeError:
        text = str(instance).encode("utf-8", "replace")  # numbers beyond 64 bits
    return len(text) > _LARGE or text.count(b",") > _MANY_MEMBERS


def json_only(instance: Any) -> tuple[Violation | None, Any]:
    """The first reason why ``instance`` is no JSON value, and the instance in JSON's own types."""
    root: list[Any] = [None]
    todo: list[tuple[Any, Any, Any, int, Any]] = [(instance, root, 0, 0, None)]
    while todo:
        value, holder, key, depth, trail = todo.pop()
        kind = type(value)
        message = None
        if kind is dict or isinstance(value, Mapping):
            message = _mapping_problem(value, depth)
            if message is None:
                holder[key] = copied = dict.fromkeys(map(str, value))
                todo.extend((member, copied, str(name), depth + 1, (trail, name)) for name, member in value.items())
        elif kind is list or isinstance(value, (list, tuple)):
            if depth >= MAX_DEPTH:
                message = _TOO_DEEP
            else:
                holder[key] = listed = list(value)
                todo.extend((item, listed, index, depth + 1, (trail, index)) for index, item in enumerate(value))
        else:
            message = _scalar_problem(value)
            holder[key] = str(value) if isinstance(value, str) else value
        if message is not None:
            pointer = "" if message is _TOO_DEEP else pointer_to(_path(trail))
            return Violation(message, pointer, "", "depth" if message is _TOO_DEEP else "type"), None
    return None, root[0]


def too_deep(name: str) -> Violation:
    """What is wrong with a property whose value Python's stack can't follow to its end, or that has none."""
    return Violation(f"{_TOO_DEEP}, or holds itself", pointer_to([name]), "", "depth")


_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels"


def _path(trail: Any) -> Iterable[str | int]:
    path: list[str | int] = []
    while trail is not None:
        trail, step = trail
        path.append(step)
    return reversed(path)


def _mapping_problem(value: Mapping[Any, Any], depth: int) -> str | None:
    if depth >= MAX_DEPTH:
        return _TOO_DEEP
    for name in value:
        if not isinstance(name, str):
            return f"has a property name that is no string but {type(name).__name__}"
        if not _is_text(name):
            return "has a property name with a lone surrogate, which no Unicode text holds"
    return None


def _scalar_problem(value: Any) -> str | None:
    if isinstance(value, str):
        return None if _is_text(value) else "holds a lone surrogate, which no Unicode text does"
    if value is None or isinstance(value, (bool, int)):
        return None
    if isinstance(value, (float, Decimal)):
        return None if math.isfinite(value) else "is not a finite number"
    return f"is no JSON value but {type(value).__name__}"


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
