"""Checks whether an instance is JSON with at most ``MAX_DEPTH`` levels, and finds the reason if it isn't.

jsonschema-rs recurses in native code, treats NaN as null, and doesn't visit values that the schema doesn't describe.
The functions in this module visit all values, without recursion.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from macaron_django.openapi import json_pointers
from macaron_django.schemas.validation.violations import Violation

__all__ = ["JSON_ONLY", "MAX_DEPTH", "holds_json_only", "is_plain", "json_only", "too_deep"]

#: The most levels of arrays and objects in an instance: as many as orjson writes. The stack allows far more.
MAX_DEPTH = 254
JSON_ONLY = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_SCALARS = frozenset({str, int, bool, type(None)})


def is_plain(instance: Any) -> bool:
    """Returns True if ``instance`` is clearly JSON with at most ``MAX_DEPTH`` levels.

    Otherwise returns False, although the instance could still be JSON.
    """
    try:
        # orjson writes only JSON with at most MAX_DEPTH levels. The exception is NaN, which it writes as null.
        return orjson.dumps(instance, None, JSON_ONLY).rfind(b"null") < 0 or holds_json_only(instance)
    except TypeError:
        return False


def holds_json_only(instance: Any) -> bool:
    """Returns whether an instance contains only values of JSON's own types, and no NaN.

    Requires an instance with at most ``MAX_DEPTH`` levels.
    """
    todo = [instance]
    while todo:
        value = todo.pop()
        kind = type(value)
        if kind is dict:
            todo += value.values()
        elif kind is list:
            todo += value
        elif not (
            kind in _SCALARS or (kind is float and math.isfinite(value)) or (kind is Decimal and value.is_finite())
        ):
            return False
    return True


def json_only(instance: Any) -> tuple[Violation | None, Any]:
    """Converts ``instance`` to JSON's own types.

    Returns ``(None, converted)``, with the converted instance. If ``instance`` isn't JSON, or has more than
    ``MAX_DEPTH`` levels, returns ``(violation, None)``, with the first violation.
    """
    root: list[Any] = [instance]
    todo: list[tuple[list[Any] | dict[str, Any], int, Any]] = [(root, 0, None)]
    while todo:
        copy, depth, trail = todo.pop()
        for step, value in copy.items() if isinstance(copy, dict) else enumerate(copy):
            kind = type(value)
            if kind is dict or isinstance(value, Mapping):
                message = _mapping_problem(value, depth)
                inner: Any = None if message else {str(name): member for name, member in value.items()}
            elif kind is list or isinstance(value, (list, tuple)):
                message = _TOO_DEEP if depth >= MAX_DEPTH else None
                inner = None if message else list(value)
            elif kind in _SCALARS and kind is not str:
                continue
            else:
                message = _scalar_problem(value)
                inner = str(value) if isinstance(value, str) else value
            if message is not None:
                return _problem(message, None if copy is root else (trail, step)), None
            copy[step] = inner  # type: ignore[index]
            if isinstance(inner, (dict, list)):
                todo.append((inner, depth + 1, None if copy is root else (trail, step)))
    return None, root[0]


def _problem(message: str, trail: Any) -> Violation:
    pointer = "" if message is _TOO_DEEP else json_pointers.join(_path(trail))
    return Violation(message, pointer, "", "depth" if message is _TOO_DEEP else "type")


def too_deep(name: str) -> Violation:
    """Returns the violation for a property whose value contains itself or is too deep for Python's stack.

    ``name`` is the property's name.
    """
    return Violation(f"{_TOO_DEEP}, or contains itself", json_pointers.join([name]), "", "depth")


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
            return f"has a property name that is not a string: its type is {type(name).__name__}"
        if not _is_text(name):
            return "has a property name with a lone surrogate, which Unicode text can't contain"
    return None


def _scalar_problem(value: Any) -> str | None:
    if isinstance(value, str):
        return None if _is_text(value) else "has a lone surrogate, which Unicode text can't contain"
    if value is None or isinstance(value, (bool, int)):
        return None
    if isinstance(value, (float, Decimal)):
        return None if math.isfinite(value) else "is not a finite number"
    return f"is not a JSON value: its type is {type(value).__name__}"


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
