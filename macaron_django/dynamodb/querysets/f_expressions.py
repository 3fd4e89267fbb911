"""Computes F() expressions for one item, and finds the kind of their values (number, text …) before a call is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import add, mod, mul, pow, sub, truediv  # noqa: A004 (Django's operators by their names)
from typing import Any, Final, Literal, TypeAlias

from django.db.models import F, Value
from django.db.models.expressions import Combinable, CombinedExpression

from macaron_django.exceptions import UnsupportedQuery
from macaron_django.openapi import Schema

__all__ = ["Kind", "computed", "kind_of_expression", "kind_of_schema"]

#: The kinds of values. None means that the kind isn't known without the item.
Kind: TypeAlias = Literal["number", "text", "bytes", "boolean", "moment", "day", "duration", "list", "object"] | None

_OPERATIONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    Combinable.ADD: add,
    Combinable.SUB: sub,
    Combinable.MUL: mul,
    Combinable.DIV: truediv,
    Combinable.MOD: mod,
    Combinable.POW: pow,
}
#: The kind of an operator's result for two kinds of operands. Other combinations have no meaning.
_RESULTS: Final[Mapping[tuple[Kind, str, Kind], Kind]] = {
    **{("number", operator, "number"): "number" for operator in _OPERATIONS},
    **{(kind, Combinable.ADD, kind): kind for kind in ("text", "bytes", "list")},
    **{("duration", operator, "duration"): "duration" for operator in (Combinable.ADD, Combinable.SUB)},
    **{("duration", operator, "number"): "duration" for operator in (Combinable.MUL, Combinable.DIV)},
    ("number", Combinable.MUL, "duration"): "duration",
    ("duration", Combinable.DIV, "duration"): "number",
    **{
        (kind, operator, "duration"): kind
        for kind in ("moment", "day")
        for operator in (Combinable.ADD, Combinable.SUB)
    },
    **{("duration", Combinable.ADD, kind): kind for kind in ("moment", "day")},
    **{(kind, Combinable.SUB, kind): "duration" for kind in ("moment", "day")},
}
_FORMATS: Final[Mapping[str | None, Kind]] = {
    "date-time": "moment",
    "date": "day",
    "duration": "duration",
    "byte": "bytes",
    "binary": "bytes",
    "decimal": "number",
}
_TYPES: Final[Mapping[str, Kind]] = {
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
}
_VALUES: Final[tuple[tuple[type | tuple[type, ...], Kind], ...]] = (
    (bool, "boolean"),  # before int: a bool is an int, too
    ((int, float, Decimal), "number"),
    (str, "text"),
    ((bytes, bytearray), "bytes"),
    (datetime, "moment"),  # before date: a datetime is a date, too
    (date, "day"),
    (timedelta, "duration"),
    ((list, tuple), "list"),
    (Mapping, "object"),
)


def kind_of_schema(schema: Schema) -> Kind:
    """Returns the kind of a property's values; None if they can be of several kinds."""
    kinds = {_FORMATS.get(schema.format, "text") if type_ == "string" else _TYPES.get(type_) for type_ in schema.types}
    return kinds.pop() if len(kinds) == 1 else None


def kind_of_expression(expression: Any, kind_of_name: Callable[[F], Kind]) -> Kind:
    """Returns the kind of an expression's value. Raises UnsupportedQuery for an expression without meaning, such as
    text plus a number.

    >>> kind_of_expression(F("visits") + 1, lambda name: "number")
    'number'
    """
    if isinstance(expression, F):
        return kind_of_name(expression)
    if isinstance(expression, Value):
        return next((kind for types, kind in _VALUES if isinstance(expression.value, types)), None)
    if not isinstance(expression, CombinedExpression) or expression.connector not in _OPERATIONS:
        raise UnsupportedQuery(
            f"DynamoDB can't compute {expression!r}: update() accepts only values and arithmetic on F() expressions."
        )
    left, right = (kind_of_expression(side, kind_of_name) for side in (expression.lhs, expression.rhs))
    if left is None or right is None:
        return None
    if (left, expression.connector, right) not in _RESULTS:
        raise UnsupportedQuery(f"{expression} has no meaning: {left} {expression.connector} {right}.")
    return _RESULTS[left, expression.connector, right]


def computed(expression: Any, value_of_name: Callable[[F], Any]) -> Any:
    """Returns the value of an expression. As in SQL, the value is None if a part of the expression is None. Raises
    UnsupportedQuery if the expression can't be computed.
    """
    if isinstance(expression, F):
        return value_of_name(expression)
    if isinstance(expression, Value):
        return expression.value
    left, right = (computed(side, value_of_name) for side in (expression.lhs, expression.rhs))
    if left is None or right is None:
        return None
    if {type(left), type(right)} == {float, Decimal}:
        left, right = (Decimal(repr(side)) if isinstance(side, float) else side for side in (left, right))
    try:
        return _OPERATIONS[expression.connector](left, right)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise UnsupportedQuery(f"{expression} can't be computed from {left!r} and {right!r}: {error}.") from error
