"""Reads the catalogue of checks and findings for ``manage.py explaincheck``.

The catalogue is a page of the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ["CheckEntry", "check_entries"]

_ENTRY = re.compile(r"^### ([EW]\d{3})\n+(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


class CheckEntry(NamedTuple):
    """An entry of the catalogue: an ID such as ``E010``, with its cause, examples and remedy in Markdown."""

    id: str
    markdown: str

    @property
    def level(self) -> str:
        return "error" if self.id.startswith("E") else "warning"

    @property
    def cause(self) -> str:
        """Returns the cause of a finding with this ID, on one line."""
        return _LINK.sub(r"\1", " ".join(self.markdown.partition("\n\n")[0].split()))

    def lines(self) -> Iterator[str]:
        """Yields the lines of the entry, formatted for a terminal.

        Links are shown without their targets, and examples are indented.
        """
        in_example = False
        for line in self.markdown.splitlines():
            if line.startswith("```"):
                in_example = not in_example
            elif in_example:
                yield f"    {line}".rstrip()
            else:
                yield _LINK.sub(r"\1", line).replace("**", "")


@cache
def check_entries() -> dict[str, CheckEntry]:
    """Returns all entries by ID, in the order of the page."""
    page = (files("macaron_django.management") / "checks.md").read_text("utf-8")
    return {id_: CheckEntry(id_, markdown.rstrip()) for id_, markdown in _ENTRY.findall(page)}
