"""Checks the x- attributes of operations, schemas, properties and parameters.

``operation_attributes`` and ``component_attributes`` are cheap and run at each start. ``other_attributes`` runs only
when the whole document is checked.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from macaron_django.openapi.document import Document, Operation
from macaron_django.openapi.extensions import is_dotted, means_model
from macaron_django.openapi.findings import Finding, Location, finding
from macaron_django.openapi.reading.source_files import SourceNode
from macaron_django.openapi.references.resolution import BrokenReference
from macaron_django.openapi.schema import Property, Schema

__all__ = ["component_attributes", "operation_attributes", "other_attributes"]

GENERATORS: Mapping[str, tuple[str, ...]] = {
    # by generator, the types that the property may have
    "uuid4": ("string",),
    "uuid7": ("string",),
    "now": ("string", "integer", "number"),
    "now-on-update": ("string", "integer", "number"),
    "user": ("string", "integer", "number"),
    "claim:<name>": ("string", "integer", "number"),
}
#: How many schemas are searched for a component's attributes. A component with more schemas is checked anyway.
_MOST_LOOKS = 20
_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)+\Z"
_MODEL = r"[^\W\d]\w*\.[^\W\d]\w*\Z"
_SCHEMA_ATTRIBUTES = ("x-persist", "x-model", "x-parent", "x-admin")
_PROPERTY_ATTRIBUTES = ("x-generated", "x-decimal", "x-field", "x-writable", "x-nullable", "x-mandatory")
_OPERATION_ATTRIBUTES = (
    "x-bind-server", "x-no-bind-server", "x-decorate-server", "x-bind-client", "x-decorate-request", "x-read-limit",
)  # fmt: skip
_PARAMETER_ATTRIBUTES = ("x-key", "x-lookup", "x-path-greedy")
_ATTRIBUTES = frozenset({*_SCHEMA_ATTRIBUTES, *_PROPERTY_ATTRIBUTES, *_OPERATION_ATTRIBUTES, *_PARAMETER_ATTRIBUTES})
_CLOSE = 0.85
_FLAGS = frozenset({"x-decimal", "x-writable", "x-nullable", "x-mandatory", "x-path-greedy"})
_NAMES = frozenset({"x-field", "x-key", "x-lookup", "x-bind-client"})


def operation_attributes(document: Document) -> Iterator[Finding]:
    """Checks the attributes of every operation."""
    harmless = _Harmless(_OPERATION_ATTRIBUTES)
    for operation in document.operations:
        for key in harmless.others(operation.json):
            yield from _operation_attribute(operation.node.child(key), key, operation.json[key])
        if "x-bind-server" in operation.json and is_dotted(operation.operation_id):
            yield _two_handlers(operation)


def _two_handlers(operation: Operation) -> Finding:
    bound, named = operation.json["x-bind-server"], operation.operation_id
    message = (
        f"{operation.method.upper()} {operation.path} names a handler in both x-bind-server ({bound}) and operationId."
    )
    hint = (
        "Remove one of the two names. With macaron_django.compat, operationId is used, as in PyMacaron. Otherwise, "
        "x-bind-server is used."
    )
    if bound == named:
        hint = "Give the operation an operationId without dots, or remove x-bind-server."
    return finding("W042", operation.node.child("x-bind-server").location, message, hint)


def _operation_attribute(node: SourceNode, key: str, value: Any) -> Iterator[Finding]:
    if key in ("x-bind-server", "x-decorate-request"):
        yield from _dotted(key, value, node.location)
    elif key == "x-decorate-server":
        paths = value.split(",") if isinstance(value, str) else value
        if not isinstance(paths, list) or not paths:
            yield _wrong_type(key, "a dotted path, or a list of dotted paths", node.location)
            return
        for path in paths:
            yield from _dotted(key, path.strip() if isinstance(path, str) else path, node.location)
    elif key == "x-bind-client" and not isinstance(value, str):
        yield _wrong_type(key, "a name", node.location)
    elif key == "x-read-limit" and (type(value) is not int or value < 1):
        yield _wrong_type(key, "a whole number of items, 1 or more", node.location)
    elif key not in _OPERATION_ATTRIBUTES:
        yield from _misspelled(key, _OPERATION_ATTRIBUTES, node.location)


def component_attributes(document: Document) -> Iterator[Finding]:
    """Checks the attributes of components and of their properties."""
    section = document.section("schemas", "definitions")
    if not any(file.has_extensions for file in document.sources):
        return
    harmless = _Harmless(_SCHEMA_ATTRIBUTES)
    for name, value in section.mapping.items():
        if isinstance(value, dict) and harmless.others(value) and _may_have_attributes(document, section.child(name)):
            schema = document.schemas.get(name)
            if schema is not None and isinstance(schema.resolved.json, Mapping):
                yield from _component(schema)


class _Harmless:
    """Remembers which keys need no check. This saves time, because a document has the same few keys in many places."""

    def __init__(self, attributes: tuple[str, ...]) -> None:
        self._attributes = attributes
        self._keys: set[str] = set()

    def others(self, mapping: Mapping[str, Any]) -> list[str]:
        """Returns the keys that need a check: attributes of this package, keys with a similar name, and keys that lead
        to other schemas.
        """
        if self._keys.issuperset(mapping):
            return []
        found = [key for key in mapping if key not in self._keys and self._matters(key)]
        self._keys.update(key for key in mapping if key not in found)
        return found

    def _matters(self, key: str) -> bool:
        if key in ("$ref", "anyOf", "oneOf"):
            return self._attributes is _SCHEMA_ATTRIBUTES
        return key[:2] == "x-" and (key in self._attributes or _meant(key, self._attributes) is not None)


def _may_have_attributes(document: Document, node: SourceNode) -> bool:
    """Returns whether a component, or a schema it refers to, may have this package's attributes. Misspelled attributes
    count, too.
    """
    todo = [node]
    for _ in range(_MOST_LOOKS):
        if not todo:
            return False
        node = todo.pop()
        mapping = node.mapping
        if any(key[:2] == "x-" and (key in _SCHEMA_ATTRIBUTES or _meant(key, _SCHEMA_ATTRIBUTES)) for key in mapping):
            return True
        if isinstance(mapping.get("$ref"), str):
            with contextlib.suppress(BrokenReference):
                todo.append(document.sources.resolve(node, mapping["$ref"]))
            continue
        for key in ("anyOf", "oneOf"):
            if isinstance(mapping.get(key), list) and len(mapping[key]) == 2:
                todo += [
                    branch for _, branch in node.child(key).children() if isinstance(branch.mapping.get("$ref"), str)
                ]
    return True


def _component(schema: Schema) -> Iterator[Finding]:
    resolved = schema.resolved
    json = resolved.keywords
    place = resolved.file
    for key, value in json.items():
        location = place.location(f"{resolved.source_pointer}/{key}")
        if key == "x-model":
            hint = "Write it as app_label.Model, as in library.Book."
            if not means_model(value):
                message = (
                    f"x-model isn't the label of a Django model, so it is assumed to belong to another tool: {value!r}."
                )
                yield finding("W041", location, message, f"{hint} If another tool uses it, there is nothing to do.")
            elif not re.match(_MODEL, value):
                yield finding("E049", location, f"x-model is not the label of a Django model: {value!r}.", hint)
        elif key == "x-parent":
            yield from _dotted(key, value, location)
        elif key == "x-admin" and not isinstance(value, Mapping):
            yield _wrong_type(key, "a mapping", location)
        elif key.startswith("x-") and key not in (*_SCHEMA_ATTRIBUTES, *_PROPERTY_ATTRIBUTES):
            yield from _misspelled(key, _SCHEMA_ATTRIBUTES, location)
    if "x-persist" in json:
        from macaron_django.openapi.checks.persist_checks import persist_findings  # only if a schema is persisted

        yield from persist_findings(schema)
    if json.keys() & {"x-persist", "x-model"}:
        for property_ in schema.properties.values():
            yield from _property(property_)


def _property(property_: Property) -> Iterator[Finding]:
    schema = property_.schema
    for key, value in schema.keywords.items():
        if not key.startswith("x-"):
            continue
        location = schema.file.location(f"{schema.source_pointer}/{key}")
        if key == "x-generated":
            yield from _generated(property_, value, location)
        else:
            yield from _simple(key, value, _PROPERTY_ATTRIBUTES, location)
        if key == "x-decimal" and value is True and not schema.is_decimal:
            message = f"x-decimal has an effect on numbers only, and {property_.name!r} isn't a number."
            yield finding("W022", location, message, "Use `type: number`, or `type: string` with `format: decimal`.")


def _generated(property_: Property, value: Any, location: Location) -> Iterator[Finding]:
    kind = "claim:<name>" if isinstance(value, str) and re.fullmatch(r"claim:.+", value) else value
    if not isinstance(kind, str) or kind not in GENERATORS:
        from difflib import get_close_matches

        close = get_close_matches(str(value), GENERATORS, 1)
        hint = f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(GENERATORS)}."
        yield finding("E050", location, f"x-generated: there is no generator {value!r}.", hint)
        return
    types = property_.schema.types
    if types and not set(types) & set(GENERATORS[kind]):
        message = f"x-generated: {value} can't fill {property_.name!r}, whose type is {' or '.join(types)}."
        yield finding("E050", location, message, f"Change its type to {' or '.join(GENERATORS[kind])}.")


def _simple(key: str, value: Any, known: tuple[str, ...], location: Location) -> Iterator[Finding]:
    if key in _FLAGS:
        if not isinstance(value, bool):
            yield _wrong_type(key, "true or false", location)
    elif key in _NAMES:
        if not isinstance(value, str) or not value:
            yield _wrong_type(key, "a name", location)
    elif key not in known:
        yield from _misspelled(key, known, location)


def other_attributes(kind: str, node: SourceNode) -> Iterator[Finding]:
    """Checks the attributes of parameters, and of schemas that ``component_attributes`` doesn't visit."""
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
        yield finding("E049", location, f"{key} isn't a dotted path: {value!r}.", "Write it as package.module.name.")


def _wrong_type(key: str, wanted: str, location: Location) -> Finding:
    return finding("E051", location, f"{key} must be {wanted}.", "Correct its value.")


def _misspelled(key: str, known: tuple[str, ...], location: Location) -> Iterator[Finding]:
    meant = _meant(key, known)
    if meant:
        yield finding("W040", location, f"{key} means nothing here.", f"Did you mean {meant}?")


@lru_cache(maxsize=1000)  # a vendor's attribute may be on each of a thousand operations
def _meant(key: str, known: tuple[str, ...]) -> str | None:
    """Returns the attribute that ``key`` misspells. Returns None if ``key`` is correct, or resembles no attribute."""
    if key in _ATTRIBUTES:
        return None
    near = [name for name in known if 2 * (Counter(key) & Counter(name)).total() >= _CLOSE * (len(key) + len(name))]
    if not near:
        return None
    from difflib import get_close_matches  # rarely needed: the attributes of other vendors differ more

    return next(iter(get_close_matches(key, near, 1, cutoff=_CLOSE)), None)
