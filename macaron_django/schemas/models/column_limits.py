"""Checks values against the limits of a Django model's fields: null, length, range, digits and choices.

The form of a text, such as an e-mail address, isn't checked here: the schema's ``format`` and ``pattern`` check it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from django.core.exceptions import ValidationError
from django.core.validators import BaseValidator, DecimalValidator
from django.db.models import Field

from macaron_django.schemas.models.column_values import compared_with

__all__ = ["ColumnLimits", "column_limits"]

#: Checks a value: yields the code and message for each limit that the value exceeds.
ColumnLimits: TypeAlias = Callable[[Any], Iterator[tuple[str, str]]]


def column_limits(field: Field[Any, Any]) -> ColumnLimits | None:
    """Returns the function that checks a field's values. Returns None if the field accepts all values of its type."""
    takes_null = field.null or field.primary_key
    choices = [value for value, _ in field.flatchoices] if field.choices else None
    bounds = () if field.is_relation else field.validators
    validators = [each for each in bounds if isinstance(each, (BaseValidator, DecimalValidator))]
    if takes_null and choices is None and not validators:
        return None

    def broken(value: Any) -> Iterator[tuple[str, str]]:
        if value is None:
            if not takes_null:
                yield "null", str(field.error_messages["null"])
            return
        try:
            held = compared_with(field, value)
        except ValidationError as error:
            yield from _reasons(error)
            return
        if choices is not None and held not in choices:
            yield "invalid_choice", f"isn't one of {', '.join(map(repr, choices[:_SHOWN]))}"
            return
        for validate in validators:
            try:
                validate(held)
            except ValidationError as error:  # noqa: PERF203 (all errors are wanted)
                yield from _reasons(error)

    return broken


#: How many choices an error message lists.
_SHOWN = 20


def _reasons(error: ValidationError) -> Iterator[tuple[str, str]]:
    for each in error.error_list:
        yield str(each.code or "invalid"), " ".join(each.messages)
