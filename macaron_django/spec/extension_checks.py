"""What is wrong with x- attributes: a document goes in, findings come out.

``operation_attributes`` and ``kept_schemas`` are cheap and run at each load; ``everywhere`` walks all schemas
and is part of ``Document.check()`` only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .findings import Finding, Location, finding
from .references import Node

if TYPE_CHECKING:
    from .document import Document
    from .schema import Property, Schema

__all__ = ["everywhere", "kept_schemas", "operation_attributes"]

GENERATORS: Mapping[str, tuple[str, ...]] = {
    # generator → the types that a property may have
    "uuid4": ("string",),
    "uuid7": ("string",),
    "now": ("string", "integer", "number"),
    "now-on-update": ("string", "integer", "number"),
    "user": ("string", "integer", "number"),
}
_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)+\Z"
_MODEL = r"[^\W\d]\w*\.[^\W\d]\w*\Z"
_SCHEMA_ATTRIBUTES = ("x-persist", "x-model", "x-parent", "x-admin")
_PROPERTY_ATTRIBUTES = ("x-generated", "x-field", "x-writable", "x-nullable", "x-mandatory")
_OPERATION_ATTRIBUTES = (
    "x-bind-server", "x-no-bind-server", "x-decorate-server", "x-bind-client", "x-decorate-request",
)  # fmt: skip
_PARAMETER_ATTRIBUTES = ("x-key", "x-lookup", "x-path-greedy")
_ATTRIBUTES = frozenset({*_SCHEMA_ATTRIBUTES, *_PROPERTY_ATTRIBUTES, *_OPERATION_ATTRIBUTES, *_PARAMETER_ATTRIBUTES})
_CLOSE = 0.85
_FLAGS = frozenset({"x-writable", "x-nullable", "x-mandatory", "x-path-greedy"})
_NAMES = frozenset({"x-field", "x-key", "x-lookup", "x-bind-client"})


def operation_attributes(document: Document) -> Iterator[Finding]:
    harmless = _Harmless(_OPERATION_ATTRIBUTES)
    for operation in document.operations:
        for key in harmless.others(operation.json):
            yield from _operation_attribute(operation.node.child(key), key, operation.json[key])


def _operation_attribute(node: Node, key: str, value: Any) -> Iterator[Finding]:
    if key in ("x-bind-server", "x-decorate-request"):
        yield from _dotted(key, value, node.location)
    elif key == "x-decorate-server":
        paths = value.split(",") if isinstance(value, str) else value
        if not isinstance(paths, list) or not paths:
            yield _wrong_type(key, "a dotted path or a list of them", node.location)
            return
        for path in paths:
            yield from _dotted(key, path.strip() if isinstance(path, str) else path, node.location)
    elif key == "x-bind-client" and not isinstance(value, str):
        yield _wrong_type(key, "a name", node.location)
    elif key not in _OPERATION_ATTRIBUTES:
        yield from _misspelled(key, _OPERATION_ATTRIBUTES, node.location)


def kept_schemas(document: Document) -> Iterator[Finding]:
    """Components with x-persist, x-model and the like, and their properties."""
    section = document._section("schemas", "definitions")
    if not any(file.has_extensions for file in document._files):
        return
    harmless = _Harmless(_SCHEMA_ATTRIBUTES)
    for name, value in section.mapping.items():
        if isinstance(value, dict) and harmless.others(value) and _may_have_attributes(document, section.child(name)):
            schema = document.schemas.get(name)
            if schema is not None and isinstance(schema.resolved.json, Mapping):
                yield from _component(schema)


class _Harmless:
    """The keys that need no further look: a document has few different ones, at thousands of places."""

    def __init__(self, attributes: tuple[str, ...]) -> None:
        self._attributes = attributes
        self._keys: set[str] = set()

    def others(self, mapping: Mapping[str, Any]) -> list[str]:
        """The keys of ``mapping`` that are attributes of ours, look like one, or refer to what might have some."""
        if self._keys.issuperset(mapping):
            return []
        found = [key for key in mapping if key not in self._keys and self._matters(key)]
        self._keys.update(key for key in mapping if key not in found)
        return found

    def _matters(self, key: str) -> bool:
        if key in ("$ref", "anyOf", "oneOf"):
            return self._attributes is _SCHEMA_ATTRIBUTES
        return key[:2] == "x-" and (key in self._attributes or _meant(key, self._attributes) is not None)


def _may_have_attributes(document: Document, node: Node) -> bool:
    """Whether it is worth normalising a component: it, or what it refers to, has an attribute of ours, or almost."""
    mapping = node.mapping
    if any(key[:2] == "x-" and (key in _SCHEMA_ATTRIBUTES or _meant(key, _SCHEMA_ATTRIBUTES)) for key in mapping):
        return True
    if isinstance(mapping.get("$ref"), str):
        target = document._follow(node)
        return target is not None and target.mapping is not mapping and _may_have_attributes(document, target)
    return any(isinstance(mapping.get(key), list) and len(mapping[key]) == 2 for key in ("anyOf", "oneOf")) and any(
        isinstance(branch.mapping.get("$ref"), str) and _may_have_attributes(document, branch)
        for key in ("anyOf", "oneOf")
        for _, branch in node.child(key).children()
    )


def _component(schema: Schema) -> Iterator[Finding]:
    resolved = schema.resolved
    json = resolved._keywords
    place = resolved.file
    for key, value in json.items():
        location = place.location(f"{resolved.source_pointer}/{key}")
        if key == "x-model":
            if not isinstance(value, str) or not re.match(_MODEL, value):
                hint = "Write it as app_label.Model, as in library.Book."
                yield finding("E049", location, f"x-model is not the label of a Django model: {value!r}.", hint)
        elif key == "x-parent":
            yield from _dotted(key, value, location)
        elif key == "x-admin" and not isinstance(value, Mapping):
            yield _wrong_type(key, "a mapping", location)
        elif key.startswith("x-") and key not in (*_SCHEMA_ATTRIBUTES, *_PROPERTY_ATTRIBUTES):
            yield from _misspelled(key, _SCHEMA_ATTRIBUTES, location)
    if "x-persist" in json:
        from .persist_checks import persist_findings  # where anything is kept

        yield from persist_findings(schema)
    if json.keys() & {"x-persist", "x-model"}:
        for property_ in schema.properties.values():
            yield from _property(property_)


def _property(property_: Property) -> Iterator[Finding]:
    schema = property_.schema
    for key, value in schema._keywords.items():
        if not key.startswith("x-"):
            continue
        location = schema.file.location(f"{schema.source_pointer}/{key}")
        if key == "x-generated":
            yield from _generated(property_, value, location)
        else:
            yield from _simple(key, value, _PROPERTY_ATTRIBUTES, location)


def _generated(property_: Property, value: Any, location: Location) -> Iterator[Finding]:
    if not isinstance(value, str) or value not in GENERATORS:
        from difflib import get_close_matches

        close = get_close_matches(str(value), GENERATORS, 1)
        hint = f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(GENERATORS)}."
        yield finding("E050", location, f"x-generated: there is no generator {value!r}.", hint)
        return
    types = property_.schema.types
    if types and not set(types) & set(GENERATORS[value]):
        message = f"x-generated: {value} can't fill {property_.name!r}, whose type is {' or '.join(types)}."
        yield finding("E050", location, message, f"Make its type {' or '.join(GENERATORS[value])}.")


def _simple(key: str, value: Any, known: tuple[str, ...], location: Location) -> Iterator[Finding]:
    if key in _FLAGS:
        if not isinstance(value, bool):
            yield _wrong_type(key, "true or false", location)
    elif key in _NAMES:
        if not isinstance(value, str) or not value:
            yield _wrong_type(key, "a name", location)
    elif key not in known:
        yield from _misspelled(key, known, location)


def everywhere(kind: str, node: Node) -> Iterator[Finding]:
    """Attributes of any schema or parameter of the document, where ``kept_schemas`` doesn't look."""
    if kind == "parameter":
        for key, child in node.children():
            if key.startswith("x-"):
                yield from _simple(key, child.value, _PARAMETER_ATTRIBUTES, child.location)
    elif kind == "schema":
        for key in ("x-persist", "x-model"):
            if key in node.mapping and node.pointer.count("/") > 3:
                message = f"{key} has an effect on components only."
                yield finding("W022", node.child(key).location, message, "Move the schema to components/schemas.")


def _dotted(key: str, value: Any, location: Location) -> Iterator[Finding]:
    if not isinstance(value, str) or not re.match(_DOTTED, value.strip()):
        yield finding("E049", location, f"{key} is no dotted path: {value!r}.", "Write it as package.module.name.")


def _wrong_type(key: str, wanted: str, location: Location) -> Finding:
    return finding("E051", location, f"{key} has to be {wanted}.", "Correct its value.")


def _misspelled(key: str, known: tuple[str, ...], location: Location) -> Iterator[Finding]:
    meant = _meant(key, known)
    if meant:
        yield finding("W040", location, f"{key} means nothing here.", f"Did you mean {meant}?")


@lru_cache(maxsize=1000)  # a vendor's attribute stands at each of a thousand operations
def _meant(key: str, known: tuple[str, ...]) -> str | None:
    """The attribute that ``key`` is a misspelling of."""
    if key in _ATTRIBUTES:
        return None
    near = [name for name in known if 2 * (Counter(key) & Counter(name)).total() >= _CLOSE * (len(key) + len(name))]
    if not near:
        return None
    from difflib import get_close_matches  # few attributes of others have so many letters of one of ours

    return next(iter(get_close_matches(key, near, 1, cutoff=_CLOSE)), None)
