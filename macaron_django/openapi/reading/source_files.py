"""Represents each file of a document as a tree of nodes. Each node has its place in the file.

A ``SourceFile`` is a parsed text. A ``SourceNode`` is a value in a ``SourceFile``, with the JSON pointer to the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urldefrag, urljoin

from macaron_django.openapi.computed_values import lazy_attribute
from macaron_django.openapi.findings import Location, SpecError
from macaron_django.openapi.json_pointers import MISSING, escape, split, step
from macaron_django.openapi.reading.source import decode
from macaron_django.openapi.reading.trees import Parsed

__all__ = ["SourceFile", "SourceNode", "join_uri"]

#: A text up to this size in bytes is stored until it is searched for identifiers. A longer text is searched at once.
_KEPT = 64 * 1024
#: An escape for an ASCII character in JSON or YAML.
_ESCAPE = re.compile(rb"\\(?:u00|x|U000000)[2-7]")
_IDENTIFIERS = ("$anchor", "$dynamicAnchor", "$id", "$self")
_IDENTIFIER = re.compile(rb"\$(?:id|anchor|dynamicAnchor|self)[\"']?\s*:")


class SourceFile:
    """A parsed text: its tree, its dialect ("2.0", "3.0", "3.1" or "3.2") and the places of its values."""

    name: str
    parsed: Parsed
    dialect: str

    def __init__(
        self, uri: str | None, name: str, place: str | None, parsed: Parsed, dialect: str, raw: bytes | None
    ) -> None:
        """``place`` is the absolute path of the file; None if the text isn't from a file.

        By default, ``uri`` is the URI of that file.
        """
        self.name, self.parsed, self.dialect, self._place = name, parsed, dialect, place
        self.tree: Any = parsed.tree
        if uri is not None:
            self.uri = uri
        self._remote = raw if place is None else None
        self._raw = raw  # stored until it is searched, because routing doesn't need the search
        if raw is not None and len(raw) > _KEPT:
            self._search()

    @lazy_attribute
    def path(self) -> Path | None:
        """The absolute path; None if the text isn't from a file."""
        return None if self._place is None else Path(self._place)

    @lazy_attribute
    def uri(self) -> str:
        """The URI of the file. References are resolved against it, unless the text has another base URI."""
        return self.path.as_uri() if self.path is not None else "mapping:document"

    @lazy_attribute
    def has_ids(self) -> bool:
        """True if the file might have $id, $anchor, $dynamicAnchor or $self as a key.

        Searching the text for these names is faster than visiting the tree.
        """
        self._search()
        return self.has_ids

    @lazy_attribute
    def has_extensions(self) -> bool:
        """True if the file might have x- attributes."""
        self._search()
        return self.has_extensions

    def _search(self) -> None:
        if (raw := self._raw) is not None:
            # The search can't find names in UTF-16 or UTF-32, or names with escapes. So both results are true for
            # such a text.
            is_hidden = b"\0" in raw[:4] or _ESCAPE.search(raw) is not None
            self.has_ids = is_hidden or _IDENTIFIER.search(raw) is not None
            self.has_extensions = is_hidden or b"x-" in raw
            self._raw = None
        elif "has_extensions" not in self.__dict__:  # a mapping was loaded, so there is no text
            keys = _keys(self.tree)
            self.has_ids = not keys.isdisjoint(_IDENTIFIERS)
            self.has_extensions = any(key.startswith("x-") for key in keys)

    def text(self) -> str:
        """Returns the file's text. A file on disk is read again. Raises ``OSError`` or ``SpecError``."""
        if self.path is not None:
            return decode(self.path.read_bytes(), self.name)
        return decode(self._remote or b"", self.name)

    @lazy_attribute
    def _marks(self) -> dict[str, tuple[int, int]]:
        from macaron_django.openapi.reading.yaml_events import marks  # needed only to show a finding

        try:
            return marks(self.text())
        except (OSError, SpecError):
            return {}

    def mark(self, pointer: str) -> tuple[int, int] | None:
        """Returns the line and column of the value at a pointer, or of the nearest enclosing value in the text."""
        while pointer not in self._marks and "/" in pointer:
            pointer = pointer.rpartition("/")[0]
        return self._marks.get(pointer)

    def location(self, pointer: str) -> Location:
        """Returns the location of the value at a pointer. The line and column are found when they are first read."""
        return Location(self.name, pointer, find=self.mark)

    def lookup(self, pointer: str) -> Any:
        """Returns the value at a pointer such as ``#/a/b``. Raises ``KeyError`` if there is none."""
        value = self.tree
        for token in split(pointer):
            value = step(value, token)
            if value is MISSING:
                raise KeyError(pointer)
        return value

    @lazy_attribute
    def identified(self) -> dict[str, str]:
        """Maps absolute URIs to JSON pointers. Each URI identifies a schema with an $id or an anchor.

        The URI for an anchor ends with ``#anchor``.
        """
        found: dict[str, str] = {}
        if not self.has_ids:
            return found
        todo: list[tuple[Any, str, str]] = [(self.tree, "#", self.base)]
        while todo:
            value, pointer, base = todo.pop()
            if isinstance(value, dict):
                if isinstance(value.get("$id"), str) and pointer != "#":
                    base = urldefrag(join_uri(base, value["$id"]))[0]
                    found.setdefault(base, pointer)
                for keyword in ("$anchor", "$dynamicAnchor"):
                    if isinstance(value.get(keyword), str):
                        found.setdefault(f"{base}#{value[keyword]}", pointer)
                todo += [(item, f"{pointer}/{escape(key)}", base) for key, item in value.items()]
            elif isinstance(value, list):
                todo += [(item, f"{pointer}/{index}", base) for index, item in enumerate(value)]
        return found

    @lazy_attribute
    def dynamic_anchors(self) -> Mapping[str, Mapping[str, str]]:
        """Maps the base URI of each resource to the resource's dynamic anchors: a mapping of names to JSON pointers."""
        found: dict[str, dict[str, str]] = {}
        for uri, pointer in self.identified.items():
            base, _, name = uri.partition("#")
            value = self.lookup(pointer) if name else None
            if isinstance(value, dict) and value.get("$dynamicAnchor") == name:
                found.setdefault(base, {})[name] = pointer
        return found

    @lazy_attribute
    def base(self) -> str:
        """The base URI of the whole file: its ``$self`` (OpenAPI 3.2) or ``$id``, otherwise the URI of the file."""
        if isinstance(self.tree, dict):
            for keyword in ("$self", "$id"):
                if isinstance(self.tree.get(keyword), str):
                    return urldefrag(join_uri(self.uri, self.tree[keyword]))[0]
        return self.uri

    def base_at(self, pointer: str) -> str:
        """Returns the base URI for resolving a reference at ``pointer``."""
        if not self.has_ids:
            return self.uri
        base, value = self.base, self.tree
        for token in split(pointer):
            value = step(value, token)
            if isinstance(value, dict) and isinstance(value.get("$id"), str):
                base = urldefrag(join_uri(base, value["$id"]))[0]
        return base


class SourceNode(NamedTuple):
    """A value and its place."""

    file: SourceFile
    pointer: str
    value: Any

    def child(self, *keys: str) -> SourceNode:
        """Returns the node at ``keys`` below this node. The node's value is None if the file has no value there."""
        file, pointer, value = self
        for key in keys:
            value = value.get(key) if type(value) is dict else _item(value, key)
            pointer = f"{pointer}/{escape(key)}"
        return SourceNode(file, pointer, value)

    def children(self) -> Iterator[tuple[str, SourceNode]]:
        """Yields the entries of a mapping with their keys, or the items of a list with their indexes."""
        if isinstance(self.value, dict):
            for key, value in self.value.items():
                yield key, SourceNode(self.file, f"{self.pointer}/{escape(key)}", value)
        elif isinstance(self.value, list):
            for index, value in enumerate(self.value):
                yield str(index), SourceNode(self.file, f"{self.pointer}/{index}", value)

    @property
    def location(self) -> Location:
        """The place of the value."""
        return self.file.location(self.pointer)

    @property
    def mapping(self) -> dict[str, Any]:
        """The value if it is a mapping, otherwise an empty mapping."""
        return self.value if isinstance(self.value, dict) else {}


def _item(value: Any, key: str) -> Any:
    found = step(value, key)
    return None if found is MISSING else found


def _keys(tree: Any) -> set[str]:
    """Returns the keys of all mappings in a tree."""
    found: set[str] = set()
    todo = [tree]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            found.update(value)
            todo += value.values()
        elif isinstance(value, list):
            todo += value
    return found


def join_uri(base: str, reference: str) -> str:
    """Resolves a URI reference against a base URI. A reference that isn't a valid URI is returned unchanged."""
    if reference.startswith("#"):  # urljoin drops a base such as urn:…
        return base + reference
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference
