"""What is wrong with a spec, and where: a place and a fault go in, a ``Finding`` comes out.

A finding is a value, never an exception: reading gathers them, checks and commands show them. Only a text
that can't be read as an OpenAPI document at all raises, as ``SpecError``, and that carries its findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Location", "SpecError"]

Level = Literal["error", "warning"]
Mark = tuple[int, int]


class Location:
    """A place in a spec: file, JSON pointer, and the line and column (from 1) of the key found there.

    Lines are looked up when first asked for, since that reads the text a second time.

    >>> str(Location("apis/x.yaml", "#/paths", 12, 5))
    'apis/x.yaml:12:5'
    """

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
        if self._mark is None and self._find is not None:
            self._mark, self._find = self._find(self.pointer), None
        return self._mark

    @property
    def line(self) -> int | None:
        mark = self._resolve()
        return mark[0] if mark else None

    @property
    def column(self) -> int | None:
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


@dataclass(frozen=True)
class Finding:
    """One fault: a stable ID (``E…`` error, ``W…`` warning), what is wrong, what to do, and where.

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


class SpecError(Exception):
    """The text can't be read as an OpenAPI document; ``findings`` say why, in order."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
