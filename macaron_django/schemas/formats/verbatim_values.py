"""Values that store their original text, because Python would write them differently.

``2026-01-01T01:00:00.50+01:00`` becomes an instance of a datetime subclass. The instance is written with its original
text. The results of arithmetic are plain datetimes, which are written canonically.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar, cast
from uuid import UUID

__all__ = [
    "VerbatimDatetime",
    "VerbatimDecimal",
    "VerbatimTime",
    "VerbatimTimedelta",
    "VerbatimUUID",
    "remembered_text",
    "with_text",
]

Value = TypeVar("Value")


class _Verbatim:
    """Mixin that includes the original text in pickles and copies."""

    text: str | None = None

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _restored, (type(self), cast("Any", super().__reduce_ex__(protocol))[1], self.text)


class VerbatimDatetime(_Verbatim, dt.datetime):
    """A datetime that stores its original text."""


class VerbatimTime(_Verbatim, dt.time):
    """A ``datetime.time`` that stores its original text."""


class VerbatimTimedelta(_Verbatim, dt.timedelta):
    """A timedelta that stores its original text."""


class VerbatimDecimal(_Verbatim, Decimal):
    """A Decimal that stores its original text."""

    def __copy__(self) -> VerbatimDecimal:
        return self

    def __deepcopy__(self, memo: object) -> VerbatimDecimal:
        return self


class VerbatimUUID(UUID):
    """A UUID that stores its original text."""

    __slots__ = ("text",)
    text: str | None

    def __init__(self, text: str) -> None:
        super().__init__(text)
        object.__setattr__(self, "text", text)  # a UUID's attributes can't be assigned

    def __reduce__(self) -> tuple[Any, ...]:
        return VerbatimUUID, (self.text,)


def _restored(kind: Callable[..., Any], arguments: tuple[Any, ...], text: str | None) -> Any:
    value = kind(*arguments)
    value.text = text
    return value


def with_text(value: Value, text: str) -> Value:
    """Stores the original text in ``value``, and returns ``value``. Its class must have an attribute ``text``."""
    value.text = text  # type: ignore[attr-defined]
    return value


def remembered_text(value: object) -> str | None:
    """Returns the original text that a value stores; None if the value doesn't store a text."""
    return getattr(value, "text", None) or None
