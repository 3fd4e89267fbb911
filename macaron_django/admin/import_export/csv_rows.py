"""Converts items to rows of CSV, and back without loss. Spreadsheets don't read any cell of these rows as a formula.

If a property allows only strings, a string is written unchanged. All other values are written as JSON. If a property
isn't set, its cell is empty. Some strings could be mistaken for another value: the empty string, ``null``, and strings
that start with a quotation mark. These strings are written as JSON, too. If a spreadsheet would read a cell as a
formula, a ``'`` is added in front. The same applies to each part of a cell that follows a semicolon, a tab or a line
break.

An import also accepts the values that spreadsheets write. A boolean can be TRUE or FALSE, or yes or no in one of four
languages. A number can have a decimal comma.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _

from macaron_django.admin.display.local_texts import local_error
from macaron_django.schemas.values.conversions import UNSET
from macaron_django.schemas.values.json_text import JSONTextError, dump_json, exact_json

if TYPE_CHECKING:
    from macaron_django.openapi import Schema

__all__ = ["CellError", "cells_of", "columns", "json_of"]

# OWASP, "CSV Injection": spreadsheets compute a cell that starts with a character of _FORMULA, even if blanks precede
# it. If the locale's separator isn't the comma, a semicolon, a tab or a line break within a text also begins a cell.
# The apostrophe is the escape character, so it is escaped, too. _BLANK has no separators, so no part of a text is
# scanned twice.
_BLANK: Final = (
    r"[\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]"
)
_FORMULA: Final = rf"'|{_BLANK}*[=+\-@\uff1d\uff0b\uff0d\uff20]"
_COMPUTED: Final = re.compile(rf"^(?=[\t\r\n]|{_FORMULA})|(?<=[;\t\r\n])(?={_FORMULA})")
_ESCAPED: Final = re.compile(rf"^'|(?<=[;\t\r\n])'(?={_FORMULA})")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_WORDS: Final = {"true": True, "false": False}
#: Other texts that the cell of a boolean property can have.
_ANSWERS: Final = {
    **dict.fromkeys(("yes", "y", "1", "vrai", "oui", "wahr", "ja", "verdadero", "sí", "si"), True),
    **dict.fromkeys(("no", "n", "0", "faux", "non", "falsch", "nein", "falso"), False),
}
_DECIMAL_COMMA: Final = re.compile(r"-?\d+,\d+([eE][+-]?\d+)?", re.ASCII)


class CellError(ValueError):
    """Raised for a CSV cell that isn't a valid value. ``column`` is the name of the cell's column."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def columns(schema: Schema, hidden: Sequence[str] = ()) -> list[str]:
    """Returns the names of the columns: the properties in schema order, then ``*`` for all additional properties."""
    names = [name for name in schema.properties if name not in hidden]
    return names if schema.additional_properties is False else [*names, rest_of(schema)]


def rest_of(schema: Schema) -> str:
    """Returns the name of the column for additional properties: ``*``, or more stars if a property is named ``*``."""
    name = "*"
    while name in schema.properties:
        name += "*"
    return name


def cells_of(schema: Schema, json: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Returns the cells of an item, in the order of ``names``."""
    rest = rest_of(schema)
    others = {name: value for name, value in json.items() if name not in schema.properties}
    values = [(others or UNSET) if name == rest else json.get(name, UNSET) for name in names]
    return [_cell(value, is_text=_is_text(schema, name)) for name, value in zip(names, values, strict=True)]


def json_of(schema: Schema, names: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """Converts the cells of a CSV row to an item as JSON. Raises CellError for a cell that isn't valid."""
    rest = rest_of(schema)
    json: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        try:
            value = _value(cell, _types_of(schema, name))
        except JSONTextError as error:
            raise CellError(name, _("The cell isn't valid JSON: %s") % local_error(error)) from error
        if name == rest and value is not UNSET:
            if not isinstance(value, dict):
                raise CellError(name, _("The cell isn't a JSON object."))
            json |= value
        elif value is not UNSET:
            json[name] = value
    return json


def safe_text(text: str) -> str:
    """Returns ``text`` in a form that no spreadsheet reads as a formula."""
    return text if _NUMBER.fullmatch(text) else _COMPUTED.sub("'", text)


def plain_text(cell: str) -> str:
    """Undoes ``safe_text``."""
    return _ESCAPED.sub("", cell)


def _types_of(schema: Schema, name: str) -> frozenset[str]:
    return frozenset(schema.properties[name].schema.types) if name in schema.properties else frozenset()


def _is_text(schema: Schema, name: str) -> bool:
    return _types_of(schema, name) == {"string"}


def _cell(value: Any, *, is_text: bool) -> str:
    if value is UNSET:
        return ""
    if is_text and isinstance(value, str) and value not in ("", "null") and not value.startswith('"'):
        return safe_text(value)
    return safe_text(dump_json(value).decode())


def _value(cell: str, types: frozenset[str]) -> Any:
    if not cell:
        return UNSET
    text = plain_text(cell)
    if types == {"string"} and text != "null" and not cell.startswith('"'):
        return text
    word = text.strip().lower()
    if word in _WORDS:  # spreadsheets write TRUE
        return _WORDS[word]
    wanted = types - {"null"}
    if wanted == {"boolean"} and word in _ANSWERS:
        return _ANSWERS[word]
    if wanted and wanted <= {"integer", "number"} and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    return exact_json(text)
