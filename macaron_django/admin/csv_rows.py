"""Items ↔ rows of CSV that no spreadsheet mistakes for formulas, and that give back what they were made of.

In goes an item's JSON with its schema; out come cells, and back. A text stands in its cell as it is, everything else
as its JSON; an empty cell is a property that isn't set. A text that could be taken for something else (an empty one,
``null``, one that begins with a quotation mark) stands as JSON, too; one that a spreadsheet would compute gets a
``'`` before it. Apart from the exchange itself because it knows neither tables nor requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from macaron_django.schemas.conversions import UNSET
from macaron_django.schemas.json_text import JSONTextError, dump_json, exact_json

if TYPE_CHECKING:
    from macaron_django.spec import Schema

__all__ = ["CellError", "cells_of", "columns", "json_of"]

# OWASP, "CSV Injection": what makes spreadsheets compute; the apostrophe because it is what undoes it here.
_COMPUTED: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'", *"\uff1d\uff0b\uff0d\uff20")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_WORDS: Final = {"true": True, "false": False}


class CellError(ValueError):
    """A cell that holds no value; ``column`` is its property."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def columns(schema: Schema, hidden: Sequence[str] = ()) -> list[str]:
    """The names of the properties in schema order; the last one, ``*``, holds those that the schema doesn't name."""
    names = [name for name in schema.properties if name not in hidden]
    return names if schema.additional_properties is False else [*names, rest_of(schema)]


def rest_of(schema: Schema) -> str:
    """The column of additional properties: ``*``, with as many stars as make it no property's name."""
    name = "*"
    while name in schema.properties:
        name += "*"
    return name


def cells_of(schema: Schema, json: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """The cells of an item, in the order of ``names``."""
    rest = rest_of(schema)
    others = {name: value for name, value in json.items() if name not in schema.properties}
    values = [(others or UNSET) if name == rest else json.get(name, UNSET) for name in names]
    return [_cell(value, is_text=_is_text(schema, name)) for name, value in zip(names, values, strict=True)]


def json_of(schema: Schema, names: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """The item of a row; CellError names the column that is wrong."""
    rest = rest_of(schema)
    json: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        try:
            value = _value(cell, is_text=_is_text(schema, name))
        except JSONTextError as error:
            raise CellError(name, f"the cell is no JSON: {error}") from error
        if name == rest and value is not UNSET:
            if not isinstance(value, dict):
                raise CellError(name, "the cell is no JSON object")
            json |= value
        elif value is not UNSET:
            json[name] = value
    return json


def safe_text(text: str) -> str:
    """``text`` as no spreadsheet computes it."""
    return f"'{text}" if text.startswith(_COMPUTED) and not _NUMBER.fullmatch(text) else text


def plain_text(cell: str) -> str:
    """What ``safe_text`` was given."""
    return cell.removeprefix("'")


def _is_text(schema: Schema, name: str) -> bool:
    return name in schema.properties and schema.properties[name].schema.types == ("string",)


def _cell(value: Any, *, is_text: bool) -> str:
    if value is UNSET:
        return ""
    if is_text and isinstance(value, str) and value not in ("", "null") and not value.startswith('"'):
        return safe_text(value)
    return safe_text(dump_json(value).decode())


def _value(cell: str, *, is_text: bool) -> Any:
    if not cell:
        return UNSET
    text = plain_text(cell)
    if is_text and text != "null" and not (text.startswith('"') and cell == text):
        return text
    if text.lower() in _WORDS:  # spreadsheets write TRUE
        return _WORDS[text.lower()]
    return exact_json(text)
