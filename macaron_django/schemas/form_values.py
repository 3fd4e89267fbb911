"""What an HTML form's fields sent → JSON values: the browsable API's forms speak HTML, schemas speak JSON.

In: a DRF field, its schema, and what ``field.get_value(form)`` found. Out: the JSON value, or DRF's ``empty``
for what was left blank. Apart from ``text_values`` because HTML's controls have spellings of their own: a box
that isn't ticked sends nothing, ``datetime-local`` knows no offset, an optional text left blank is "".
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.utils import timezone
from rest_framework.fields import empty
from rest_framework.utils.html import is_html_input

from macaron_django.schemas.text_values import array_items, schema_types, value_of_text
from macaron_django.spec import Schema

__all__ = ["form_value", "local_moment"]

_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?")
_CLOCK = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?")


def form_value(field: Any, schema: Schema | None, value: Any) -> Any:
    """The JSON value of what a form sent for ``field``; DRF's ``empty`` where that is nothing."""
    if is_html_input(value):
        filled = any(text for _, texts in value.lists() for text in texts)
        return field.json_of_form(value) if filled or field.required else empty
    if isinstance(value, list):
        items = array_items(schema) if schema is not None else None
        child = getattr(field, "child", field)
        return [element for element in (form_value(child, items, one) for one in value) if element is not empty]
    if not isinstance(value, str) or schema is None:
        return value
    if value == "" and not field.required and not field.allow_null:
        return empty
    return _text_value(schema, value)


def _text_value(schema: Schema, text: str) -> Any:
    format_ = schema.resolved.format
    if format_ == "date-time" and _LOCAL.fullmatch(text):
        return _with_offset(text)
    if format_ == "time" and _CLOCK.fullmatch(text):
        return f"{text if text.count(':') == 2 else text + ':00'}Z"
    if text == "on" and "boolean" in schema_types(schema):
        return True
    return value_of_text(schema, text)


def local_moment(value: Any) -> Any:
    """A date-time as a form shows it: in the current time zone, because ``datetime-local`` drops the offset."""
    if not isinstance(value, str):
        return value
    try:
        moment = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:  # typed wrongly, or a spelling of RFC 3339 that isn't Python's
        return value if _LOCAL.fullmatch(value) else None
    return timezone.localtime(moment).isoformat() if timezone.is_aware(moment) else value


def _with_offset(text: str) -> str:
    """RFC 3339 wants seconds and an offset: the current time zone's."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    return moment.isoformat().replace("+00:00", "Z")
