"""Builds the table of all old names, and the documentation page that shows this table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from macaron_django.compat.names import (
    pymacaron,
    pymacaron_async,
    pymacaron_core,
    pymacaron_dynamodb,
    pymacaron_unit,
)
from macaron_django.compat.rows import Absent, Constant, Row

__all__ = ["PACKAGES", "TABLE", "markdown"]

_PARTS = (pymacaron, pymacaron_core, pymacaron_dynamodb, pymacaron_async, pymacaron_unit)

#: Old module → old name → row, with the new name or the reason why there is none.
TABLE: Mapping[str, Mapping[str, Row]] = MappingProxyType(
    {module: names for part in _PARTS for module, names in part.MODULES.items()}
)
PACKAGES = tuple(dict.fromkeys(module.partition(".")[0] for module in TABLE))


def markdown() -> str:
    """Returns the table in Markdown, with a section for each module."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    for module, names in TABLE.items():
        yield f"## {module}\n"
        if not names:
            yield "This package contains only modules.\n"
            continue
        yield "| Old name | Now |"
        yield "|---|---|"
        for name, row in names.items():
            shown = "any other name" if name == "*" else f"`{name}`"
            yield f"| {shown} | {_cell(row)} |"
        yield ""


def _cell(row: Row) -> str:
    if isinstance(row, Absent):
        return row.reason.replace("|", "\\|")
    return f"`{row.value!r}`: {row.note}" if isinstance(row, Constant) else f"`{row}`"
