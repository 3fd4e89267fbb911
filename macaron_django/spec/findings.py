"""What is wrong with a spec, and where: a place and a fault go in, a ``Finding`` comes out.

A finding is a value, never an exception: reading gathers them, checks and commands show them. Only a text
that can't be read as an OpenAPI document at all raises, as ``SpecError``, and that carries its findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

__all__ = ["CATALOGUE", "Finding", "Location", "SpecError", "finding", "unique"]

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
        find = self._find  # once: another thread may be here, too
        if self._mark is None and find is not None:
            self._mark, self._find = find(self.pointer), None
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


class Finding(NamedTuple):
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


#: Every ID that reading a spec can give, and what it is about. An ID keeps its meaning for ever.
CATALOGUE = {
    "E001": "The file is missing, unreadable, or no regular file.",
    "E002": "The file is larger than the limit.",
    "E003": "The file is not text in UTF-8 (or UTF-16 or UTF-32 with a byte order mark).",
    "E004": "The file is neither YAML nor JSON.",
    "E005": "The document is nested too deeply, too large once aliases are expanded, or spread over too many files.",
    "E006": "The file is not an OpenAPI document.",
    "E007": "The version is none of 2.0, 3.0, 3.1 and 3.2.",
    "E010": "A reference leads to nothing.",
    "E011": "A reference leads to a file that can't be read.",
    "E012": "A reference leaves the folder of the document.",
    "E013": "A reference leads to a host that isn't allowed.",
    "E014": "References go round in a circle and never reach anything.",
    "E015": "A reference leads to something of the wrong kind.",
    "E020": "Two operations have the same route and method.",
    "E021": "A path has a template variable that no parameter describes.",
    "E022": "A path doesn't begin with a slash.",
    "E023": "Something is not the kind of value that OpenAPI expects there.",
    "E024": "Two parameters of an operation have the same name and place.",
    "E025": "A parameter has no name or no valid place.",
    "E026": "An operation has two bodies, or a body and form fields.",
    "E027": "A security requirement names a scheme that isn't declared.",
    "E028": "A `security` is no list of security requirements; nobody is let in.",
    "E030": "A keyword of a schema has a value that it can't have.",
    "E031": "A mapping has the same key twice.",
    "E032": "A schema is nested too deeply.",
    "E040": "x-persist is neither a dotted path nor a mapping.",
    "E041": "x-persist has a key that means nothing.",
    "E042": "A key of the table is no property of the schema.",
    "E043": "A property can't be a key: its type is none of string, number and binary.",
    "E044": "An index is incomplete, or one of its keys is no property that can be a key.",
    "E045": "A table has more indexes than DynamoDB allows.",
    "E046": "The ttl or version property is missing, or of a type that it can't have.",
    "E047": "A value of x-persist is none of those allowed.",
    "E048": "A schema has both x-persist and x-model.",
    "E049": "A dotted path isn't one.",
    "E050": "x-generated names no generator, or one that doesn't fit the property.",
    "E051": "An x- attribute has a value of the wrong type.",
    "E052": "x-persist can't be used on this schema.",
    "W001": "A YAML merge key (<<), which YAML 1.2 doesn't have.",
    "W002": "Control characters in JSON.",
    "W003": "Keywords beside a $ref, which this version ignores.",
    "W004": "A number that JSON can't hold.",
    "W005": "A YAML tag.",
    "W006": "A number too large to be read, taken for text.",
    "W010": "A broken reference in a component that nothing uses.",
    "W011": "A component that nothing uses.",
    "W012": "A description, or another field that the specification requires, is missing.",
    "W013": "A field that OpenAPI doesn't have.",
    "W014": "A schema applies itself to the same instance, by a circle through oneOf or anyOf.",
    "W015": "A nullable schema whose enum lacks null.",
    "W016": "A body on a method for which a body means nothing.",
    "W017": "A path parameter that isn't in the path.",
    "W018": "A value of a discriminator leads to no schema.",
    "W019": "nullable, which OpenAPI 3.1 and later ignore.",
    "W020": "Two operations have the same operationId.",
    "W021": "A schema in another dialect of JSON Schema.",
    "W022": "x-persist, x-model or x-generated where it has no effect.",
    "W023": "A security requirement without a list of scopes.",
    "W024": "A path that no request can have: it holds a query or a fragment.",
    "W025": "A reference where OpenAPI has none.",
    "W026": "A $dynamicRef whose anchor is defined in several schemas.",
    "W030": "An annotation of a schema has a value that it can't have.",
    "W031": "A keyword as another version of OpenAPI spells it, or null: what is meant is clear.",
    "W040": "An x- attribute that looks like a misspelled one of this package's.",
}


def finding(id_: str, location: Location, message: str, hint: str) -> Finding:
    """A finding whose level is that of its ID."""
    return Finding(id_, "error" if id_.startswith("E") else "warning", message, hint, location)


def unique(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once, where several checks came by the same fault."""
    return tuple({(found.id, found.location, found.message): found for found in findings}.values())


class SpecError(Exception):
    """The text can't be read as an OpenAPI document; ``findings`` say why, in order."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
