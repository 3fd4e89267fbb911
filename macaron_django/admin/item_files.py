"""A file of items, in any of the formats of an export, read: each item with the line it stands on, or what is wrong.

In go bytes; out come ``Entry``s. Apart from the import, which compares them with the table.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from django.utils.translation import gettext as _

from macaron_django.admin.csv_rows import CellError, json_of, plain_text, rest_of
from macaron_django.dynamodb.item_lines import LineError, from_dynamodb_json
from macaron_django.schemas.json_text import JSONTextError, exact_json

if TYPE_CHECKING:
    from macaron_django.dynamodb.attribute_values import AttributeMap
    from macaron_django.spec import Schema

__all__ = ["Entry", "FileForm", "form_of", "read_entries"]

FileForm: TypeAlias = Literal["csv", "jsonl", "dynamodb"]

#: Characters of one cell: DynamoDB's largest item, and what escaping adds.
_LARGEST_CELL: Final = 4 * 1024 * 1024


@dataclass(frozen=True)
class Entry:
    """An item of a file: its ``json`` or, of DynamoDB's own form, its attributes; or else the ``error``.

    ``partial``: properties that the file has no column for stay as they are.
    """

    line: int
    json: dict[str, Any] | None = None
    attributes: AttributeMap | None = None
    error: str = ""
    partial: frozenset[str] = frozenset()


def form_of(name: str, content: bytes) -> FileForm:
    """The format, by the file's name and its beginning."""
    if name.lower().endswith(".csv"):
        return "csv"
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] not in (b"{", b"["):
        return "csv"
    return "dynamodb" if start.replace(b" ", b"").startswith(b'{"Item":{') else "jsonl"


def read_entries(schema: Schema, content: bytes, form: FileForm) -> Iterator[Entry]:
    """The items of a file, in its order; of a file that can't be read at all, one entry with the error."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        yield Entry(line, error=_("The file is not in UTF-8: save it as that."))
        return
    yield from _csv_entries(schema, text) if form == "csv" else _json_entries(text, form)


def _json_entries(text: str, form: FileForm) -> Iterator[Entry]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            json = exact_json(line)
            if not isinstance(json, dict):
                yield Entry(number, error=_("A line has to be a JSON object."))
            elif form == "dynamodb":
                yield Entry(number, attributes=from_dynamodb_json(json.get("Item", json)))
            else:
                yield Entry(number, json=json)
        except JSONTextError as error:
            yield Entry(number, error=_("This is no JSON: %s") % error)
        except LineError as error:
            yield Entry(number, error=str(error))


def _csv_entries(schema: Schema, text: str) -> Iterator[Entry]:
    csv.field_size_limit(_LARGEST_CELL)
    rows = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        names = [plain_text(name) for name in next(rows, [])]
        wrong = _wrong_header(schema, names)
        if wrong:
            yield Entry(1, error=wrong)
            return
        absent = frozenset(schema.properties) - set(names)
        line = rows.line_num + 1
        for cells in rows:
            start, line = line, rows.line_num + 1
            if not any(cells):
                continue
            if len(cells) != len(names):
                error = _("There are %(found)d cells, and %(wanted)d columns.")
                yield Entry(start, error=error % {"found": len(cells), "wanted": len(names)})
                continue
            try:
                yield Entry(start, json=json_of(schema, names, cells), partial=absent)
            except CellError as cell_error:
                yield Entry(start, error=f"{cell_error.column}: {cell_error}")
    except csv.Error as csv_error:
        yield Entry(rows.line_num, error=_("This is no CSV: %s") % csv_error)


def _delimiter(text: str) -> str:
    """The comma, or the semicolon that spreadsheets write where the comma is part of numbers."""
    header = text.partition("\n")[0]
    return ";" if header.count(";") > header.count(",") else ","


def _wrong_header(schema: Schema, names: list[str]) -> str:
    if not names:
        return _("The file is empty.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return _("There are two columns %r.") % twice
    known = {*schema.properties, rest_of(schema)}
    unknown = [name for name in names if name not in known]
    if unknown:
        return _("The schema has no property %s; the first line names the columns.") % ", ".join(map(repr, unknown))
    return ""
