"""Reads the items of a file in any of the export formats. Each item has its line number, and maybe an error."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from json import JSONDecoder
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from django.utils.translation import gettext as _

from macaron_django.admin.display.local_texts import local_error
from macaron_django.admin.import_export.csv_rows import CellError, json_of, plain_text, rest_of
from macaron_django.dynamodb.transfer.item_lines import LineError, from_dynamodb_json
from macaron_django.schemas.values.json_text import JSONTextError, exact_json

if TYPE_CHECKING:
    from macaron_django.dynamodb.codec.attribute_values import AttributeMap
    from macaron_django.openapi import Schema

__all__ = ["FileForm", "FileItem", "form_of", "read_items"]

FileForm: TypeAlias = Literal["csv", "jsonl", "dynamodb"]

#: The most characters of a cell: enough for DynamoDB's largest item as JSON with escapes.
_LARGEST_CELL: Final = 4 * 1024 * 1024
#: Patterns: the start of an item in DynamoDB's own form, the text between two elements of an array, and the line with
#: which Excel names the separator.
_ITEM: Final = re.compile(rb'\{\s*"Item"\s*:\s*\{')
_BETWEEN: Final = re.compile(r"[\s,]*")
_SEPARATOR_LINE: Final = re.compile(r"\"?sep=([,;\t|])\"?\r?\n", re.IGNORECASE)
#: The most unknown columns that an error names.
_LISTED: Final = 20


@dataclass(frozen=True)
class FileItem:
    """An item of a file.

    If the item can't be read, ``error`` is set. Otherwise, ``attributes`` is set if the file is in DynamoDB's own form,
    and ``json`` is set if the file has another format.

    ``partial`` lists the properties for which the file has no column. The import doesn't change these properties. If
    the item can't be read, ``key`` is the part of its key that is known.
    """

    line: int
    json: dict[str, Any] | None = None
    attributes: AttributeMap | None = None
    error: str = ""
    key: str = ""
    partial: frozenset[str] = frozenset()


def form_of(name: str, content: bytes) -> FileForm:
    """Returns the format of a file, recognised by its name and its first characters."""
    if name.lower().endswith(".csv"):
        return "csv"
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] not in (b"{", b"["):
        return "csv"
    start = start.removeprefix(b"[").lstrip()
    return "dynamodb" if _ITEM.match(start) else "jsonl"


def read_items(schema: Schema, content: bytes, form: FileForm, keys: Sequence[str] = ()) -> Iterator[FileItem]:
    """Yields the items of a file in order. If the file can't be read, yields a single item with the error.

    ``keys`` has the names of the key's properties. If an item can't be read, the values of these properties identify
    it.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        yield FileItem(line, error=_("The file is not in UTF-8: save it in that encoding."))
        return
    yield from _csv_items(schema, text, keys) if form == "csv" else _json_items(text, form)


def _json_items(text: str, form: FileForm) -> Iterator[FileItem]:
    lines = _array_elements(text) if text.lstrip().startswith("[") else enumerate(text.split("\n"), 1)
    for number, line in lines:
        if not line.strip():
            continue
        try:
            json = exact_json(line)
            if not isinstance(json, dict):
                yield FileItem(number, error=_("A line must be a JSON object."))
            elif form == "dynamodb":
                yield FileItem(number, attributes=from_dynamodb_json(json.get("Item", json)))
            else:
                yield FileItem(number, json=json)
        except JSONTextError as error:
            yield FileItem(number, error=_("This isn't valid JSON: %s") % local_error(error))
        except LineError as error:
            yield FileItem(number, error=local_error(error))


def _array_elements(text: str) -> Iterator[tuple[int, str]]:
    """Yields (line, text) of each element of a JSON array.

    If the text can't be split at some place, the rest of it is yielded as one element.
    """
    place, line, counted = text.index("[") + 1, 1, 0
    decoder = JSONDecoder(parse_float=str, parse_int=str)  # the values aren't needed, only the end of each element
    while True:
        place = _BETWEEN.match(text, place).end()  # type: ignore[union-attr]  # it also matches the empty text
        line, counted = line + text.count("\n", counted, place), place
        if text[place : place + 1] == "]" and not text[place + 1 :].strip():
            return
        try:
            end = decoder.raw_decode(text, place)[1]
        except (ValueError, RecursionError):
            yield line, text[place:] or "["  # the caller parses it again and reports the error
            return
        yield line, text[place:end]
        place = end


def _csv_items(schema: Schema, text: str, keys: Sequence[str]) -> Iterator[FileItem]:
    csv.field_size_limit(_LARGEST_CELL)
    said = _SEPARATOR_LINE.match(text)
    delimiter = said[1] if said else _delimiter(text)
    rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    if said:
        next(rows)
    try:
        names = [plain_text(name) for name in next(rows, [])]
        wrong = _wrong_header(schema, names)
        if wrong:
            yield FileItem(1, error=wrong)
            return
        absent = frozenset(schema.properties) - set(names)
        line = rows.line_num + 1
        for cells in rows:
            start, line = line, rows.line_num + 1
            if not any(cells):
                continue
            named = " / ".join(cell for name, cell in zip(names, cells, strict=False) if name in keys)
            if len(cells) != len(names):
                error = _("The row has %(found)d cells, but there are %(wanted)d columns.")
                yield FileItem(start, error=error % {"found": len(cells), "wanted": len(names)}, key=named)
                continue
            try:
                yield FileItem(start, json=json_of(schema, names, cells), partial=absent)
            except CellError as cell_error:
                yield FileItem(start, error=f"{cell_error.column}: {cell_error}", key=named)
    except csv.Error as csv_error:
        yield FileItem(rows.line_num, error=_("This isn't valid CSV: %s") % csv_error)


def _delimiter(text: str) -> str:
    """Returns the separator of cells: a comma or a semicolon.

    Spreadsheet programs write semicolons if they write decimal numbers with a comma.
    """
    header = text.partition("\n")[0]
    return ";" if header.count(";") > header.count(",") else ","


def _wrong_header(schema: Schema, names: list[str]) -> str:
    if not names:
        return _("The file is empty.")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        return _("The column %r occurs twice.") % twice
    known = {*schema.properties, rest_of(schema)}
    unknown = [name for name in names if name not in known]
    if unknown:
        listed = ", ".join(map(repr, unknown[:_LISTED])) + (" …" if len(unknown) > _LISTED else "")
        return _("The schema has no property %s; the first line names the columns.") % listed
    return ""
