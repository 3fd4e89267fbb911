"""Findings: what is wrong with a spec, where, and what to do about it.

The reader and the checks collect findings; ``manage.py check`` and other commands show them. Only a text that can't be
read as an OpenAPI document raises an exception: ``SpecError``, with its findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

__all__ = ["Finding", "Location", "SpecError", "explained_by", "finding", "spec_error", "unique"]

Level = Literal["error", "warning"]
Mark = tuple[int, int]


class Location:
    """A place in a spec: file, JSON pointer, line and column. Lines and columns count from 1.

    The line and column are found at first access, because that requires reading the text again.

    >>> str(Location("apis/x.yaml", "#/paths", 12, 5))
    'apis/x.yaml:12:5'
    """

    file: str
    pointer: str

    __slots__ = ("_find", "_mark", "file", "pointer")

    def __init__(
        self,
        file: str,
        pointer: str = "#",
        line: int | None = None,
        column: int | None = None,
        *,
        find: Callable[[str], Mark | None] | None = None,
    ) -> None:
        self.file = file
        self.pointer = pointer
        self._mark: Mark | None = None if line is None else (line, column or 1)
        self._find = find

    def _resolve(self) -> Mark | None:
        find = self._find  # read once, because another thread may change it
        if self._mark is None and find is not None:
            self._mark, self._find = find(self.pointer), None
        return self._mark

    @property
    def line(self) -> int | None:
        """The line number, which counts from 1; None if it is unknown."""
        mark = self._resolve()
        return mark[0] if mark else None

    @property
    def column(self) -> int | None:
        """The column number, which counts from 1; None if it is unknown."""
        mark = self._resolve()
        return mark[1] if mark else None

    def __str__(self) -> str:
        mark = self._resolve()
        return f"{self.file}:{mark[0]}:{mark[1]}" if mark else self.file

    def __repr__(self) -> str:
        return f"Location({self.file!r}, {self.pointer!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Location):
            return NotImplemented
        return (self.file, self.pointer) == (other.file, other.pointer)

    def __hash__(self) -> int:
        return hash((self.file, self.pointer))


class Finding(NamedTuple):
    """A fault: its stable ID (``E…`` for errors, ``W…`` for warnings), what is wrong, where, and the remedy.

    An ID never changes its meaning; ``docs/reference/checks.md`` lists all of them.

    >>> print(Finding("E010", "error", "Nothing is there.", "Correct it.", Location("x.yaml", "#/a", 3, 1)))
    x.yaml:3:1: E010 Nothing is there.
    """

    id: str
    level: Level
    message: str
    hint: str
    location: Location

    def __str__(self) -> str:
        return f"{self.location}: {self.id} {self.message}"


def finding(id_: str, location: Location, message: str, hint: str) -> Finding:
    """Returns a finding with the level that its ID implies."""
    return Finding(id_, "error" if id_.startswith("E") else "warning", message, hint, location)


def explained_by(*ids: str) -> str:
    """Returns a sentence that names the command with which users can look up these IDs.

    >>> explained_by("E010")
    '`manage.py explaincheck E010` explains it.'
    """
    return f"`manage.py explaincheck {' '.join(ids)}` explains {'it' if len(ids) == 1 else 'them'}."


def unique(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Returns the findings without duplicates, because several checks may find the same fault."""
    return tuple({(found.id, found.location, found.message): found for found in findings}.values())


class SpecError(Exception):
    """The text can't be read as an OpenAPI document; ``findings`` say why, in order."""

    findings: tuple[Finding, ...]

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def spec_error(
    id_: str, file: str, message: str, hint: str, line: int | None = None, column: int | None = None
) -> SpecError:
    """Returns an error with one finding, about a whole file or about a line and column in it."""
    return SpecError([finding(id_, Location(file, "#", line, column), message, hint)])
