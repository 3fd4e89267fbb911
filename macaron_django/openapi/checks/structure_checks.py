"""Checks the structure of a document: references, kinds of objects, their fields, and the keywords of schemas.

These checks visit the whole document, so they don't run at each start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from macaron_django.openapi.checks.circle_checks import circle_findings
from macaron_django.openapi.checks.extension_checks import other_attributes
from macaron_django.openapi.checks.object_walk import Visit, walk
from macaron_django.openapi.dialects.grammar import REQUIRED, fields_of, is_known
from macaron_django.openapi.dialects.schema_dialects import TooDeepError, normalise_schema
from macaron_django.openapi.dialects.swagger2 import COLLECTIONS, item_formats
from macaron_django.openapi.document import Document
from macaron_django.openapi.findings import Finding, finding
from macaron_django.openapi.keywords import malformed
from macaron_django.openapi.reading.source_files import SourceNode
from macaron_django.openapi.references.resolution import BrokenReference
from macaron_django.openapi.schema import MOST_PARTS

__all__ = ["structure_findings"]

_ANNOTATIONS = frozenset(
    {"$comment", "contentEncoding", "contentMediaType", "deprecated", "description", "examples", "title"}
)
_BESIDE_REFERENCE = frozenset({"$ref", "description", "summary", "title"})
_TEXTS = ("description", "operationId", "summary")
#: Objects that no version of OpenAPI allows to be a reference, although some specs have such references.
_NO_REFERENCE = frozenset({"components", "operation", "paths", "responses", "server"})
_PLAIN_FIELDS = ("externalDocs", "info", "tags")
_COMPONENTS = ("schemas", "parameters", "responses", "requestBodies", "headers")


def structure_findings(document: Document) -> Iterator[Finding]:
    """Yields findings about the parts that operations and persisted schemas use, then about the other parts.

    In the other parts, a broken reference is only a warning.
    """
    seen: set[tuple[str, str, str]] = set()
    used: set[str] = set()
    root = document.root_node
    for visit in walk(document.sources, document.dialect, _used_roots(document), seen):
        if visit.target is not None:
            used.add(visit.target.file.uri + visit.target.pointer)
        yield from _check(document, visit, used=True)
    for visit in walk(document.sources, document.dialect, [("document", root)], seen):
        if visit.target is not None:
            used.add(visit.target.file.uri + visit.target.pointer)
        yield from _check(document, visit, used=False)
    yield from _unused(document, used)
    yield from circle_findings(document)
    yield from _overloaded(document)


def _overloaded(document: Document) -> Iterator[Finding]:
    for name, schema in document.schemas.items():
        if schema.is_overloaded:
            message = f"{name} inherits from too many schemas. Including {name}, there are {MOST_PARTS} or more."
            yield finding("E033", schema.location, message, "Write its properties directly.")


def _used_roots(document: Document) -> list[tuple[str, SourceNode]]:
    root = document.root_node
    roots = [("paths", root.child("paths"))]
    section = document.section("schemas", "definitions")
    roots += [
        ("schema", child)
        for _, child in section.children()
        if "x-persist" in child.mapping or "x-model" in child.mapping
    ]
    schemes = document.section("securitySchemes", "securityDefinitions")
    roots += [("security_scheme", child) for _, child in schemes.children()]
    return roots


def _unused(document: Document, used: Iterable[str]) -> Iterator[Finding]:
    used = sorted(used)
    prefixes: set[str] = set()
    for place in used:  # a reference into a component uses the component
        parts = place.partition("#")
        tokens = parts[2].split("/")
        prefixes.update(parts[0] + "#" + "/".join(tokens[:length]) for length in range(2, len(tokens) + 1))
    old = {"schemas": "definitions"}
    for name in _COMPONENTS:
        section = document.section(name, old.get(name, name))
        for component, child in section.children():
            if child.file.uri + child.pointer in prefixes or component.startswith("x-"):
                continue
            if {"x-persist", "x-model"} & child.mapping.keys():
                continue
            message = f"Nothing uses the component {component!r}."
            yield finding("W011", child.location, message, "Remove it, or refer to it.")


def _check(document: Document, visit: Visit, *, used: bool) -> Iterator[Finding]:
    node = visit.node
    if visit.broken is not None:
        yield _broken(visit.broken, node, used=used)
    elif visit.target is not None:
        yield from _target(document, visit.kind, node, visit.target)
    if visit.kind in _NO_REFERENCE or visit.kind.startswith("map of "):
        yield from _misplaced(visit.kind, node)
    expected = dict if visit.kind != "schema" else (dict, bool)
    if visit.kind == "discriminator" and isinstance(node.value, str):
        return
    if not isinstance(node.value, expected):
        if node.value is not None or visit.kind not in ("paths", "components", "responses", "document"):
            message = f"{_named(visit.kind)} a mapping, not {_described(node.value)}."
            yield finding("E023", node.location, message, "Write a mapping there, or remove it.")
        return
    yield from other_attributes(visit.kind, node)
    if visit.kind == "schema":
        yield from _schema(document, node)
    elif "$ref" not in node.mapping or visit.kind == "path_item":
        yield from _fields(document, visit.kind, node)


def _named(kind: str) -> str:
    """Returns the beginning of a message about an object of this kind, such as "A path item is"."""
    name = kind.replace("_", " ")
    if kind in ("paths", "components", "responses"):
        return f"The {name} are"
    return f"{_article(name)} {name} is"


def _article(name: str) -> str:
    return "An" if name[0] in "aeiou" else "A"


def _broken(broken: BrokenReference, node: SourceNode, *, used: bool) -> Finding:
    if used:
        return finding(broken.id, node.child("$ref").location, broken.message, broken.hint)
    message = f"{broken.message} Nothing that is served uses this reference."
    return finding("W010", node.child("$ref").location, message, broken.hint)


def _misplaced(kind: str, node: SourceNode) -> Iterator[Finding]:
    if isinstance(node.mapping.get("$ref"), str):
        what = f"all {kind.removeprefix('map of ').replace('_', ' ')}s" if kind.startswith("map of ") else f"the {kind}"
        message = f"OpenAPI doesn't allow a $ref in place of {what}; it was followed anyway."
        yield finding("W025", node.child("$ref").location, message, "Replace it with the object that it refers to.")


def _plain_fields(document: Document, node: SourceNode) -> Iterator[Finding]:
    """Finds references in fields where OpenAPI allows none. Only a reference in place of ``info`` is followed."""
    for field in _PLAIN_FIELDS:
        child = node.child(field)
        for place in (child, *(item for _, item in child.children())):
            reference = place.mapping.get("$ref")
            if isinstance(reference, str):
                message, location = f"OpenAPI has no $ref in {field}.", place.child("$ref").location
                if field == "info" and place is child:
                    try:
                        document.sources.resolve(place, reference)
                    except BrokenReference as broken:
                        message = f"{message} {broken.message}"
                yield finding("W025", location, message, "Replace it with the value that it refers to.")


def _target(document: Document, kind: str, node: SourceNode, target: SourceNode) -> Iterator[Finding]:
    place = node.child("$ref").location
    seen = {node.file.uri + node.pointer}
    ending = document.memos.setdefault(_target, {})  # places from which a chain of references is known to end
    current = target
    while isinstance(current.mapping.get("$ref"), str) and current.file.uri + current.pointer not in ending:
        if current.file.uri + current.pointer in seen:
            if current.file.uri + current.pointer == node.file.uri + node.pointer:
                message = "This reference leads back to itself and never reaches a definition."
                yield finding("E014", place, message, "Replace one of these references with the definition.")
            return
        seen.add(current.file.uri + current.pointer)
        try:
            current = document.sources.resolve(current, current.mapping["$ref"])
        except BrokenReference:
            return
    ending.update(dict.fromkeys(seen))
    if not isinstance(target.value, (dict, bool) if kind == "schema" else dict):
        message = f"The reference leads to {_described(target.value)}, where a {kind.replace('_', ' ')} is expected."
        yield finding("E015", place, message, "Correct the reference.")


def _fields(document: Document, kind: str, node: SourceNode) -> Iterator[Finding]:
    fields = fields_of(document.dialect, kind)
    for key in node.mapping if fields else ():
        if not is_known(fields, key):
            close = get_close_matches(key, fields, 1)
            hint = f"Did you mean {close[0]!r}?" if close else "Remove it, or let its name begin with x-."
            yield finding("W013", node.child(key).location, f"A {kind.replace('_', ' ')} has no field {key!r}.", hint)
    for key in _TEXTS:
        if key in node.mapping and fields and not isinstance(node.mapping[key], str) and kind != "discriminator":
            message = f"{key} must be a string, not {_described(node.mapping[key])}."
            yield finding("W030", node.child(key).location, message, "Write text there.")
    if document.dialect == "2.0" and kind in ("parameter", "header"):
        yield from _collection_formats(kind, node)
    if kind == "document":
        yield from _plain_fields(document, node)
        info = node.child("info")
        for key in ("title", "version") if "$ref" not in info.mapping else ():
            if key not in info.mapping:
                place = info.location if info.mapping else node.location
                yield finding("W012", place, f"The document's info has no {key}.", f"Add `{key}` to `info`.")
    if kind == "document" and node.mapping.get("paths") is None and document.dialect in ("2.0", "3.0"):
        yield finding("W012", node.location, "The document has no paths.", "Add `paths: {}`.")
    for key in REQUIRED.get(kind, ()):
        if key not in node.mapping and not (kind == "operation" and document.dialect in ("3.1", "3.2")):
            yield finding("W012", node.location, f"{_article(kind)} {kind} has no {key}.", f"Add `{key}`.")


def _collection_formats(kind: str, node: SourceNode) -> Iterator[Finding]:
    """Finds unknown values of ``collectionFormat``, and nested arrays with the same separator as an outer array."""
    if node.mapping.get("type") != "array":
        return
    outer, inner = str(node.mapping.get("collectionFormat", "csv")), item_formats(node.mapping)
    for depth, name in enumerate((outer, *inner)):
        place = node.child(*["items"] * depth)
        may_repeat = depth == 0 and node.mapping.get("in") in ("query", "formData")
        if name not in COLLECTIONS or (name == "multi" and not may_repeat):
            place = place.child("collectionFormat")
            hint = "Write csv, ssv, tsv or pipes; multi is for arrays in a query or a form."
            yield finding("W027", place.location, f"collectionFormat can't be {name!r} here; it is read as csv.", hint)
        elif name in (outer, *inner)[:depth]:
            message = f"The {kind}'s array and the arrays in it have the same separator ({name})."
            yield finding("W027", place.location, message, "Use a different collectionFormat to tell them apart.")


def _schema(document: Document, node: SourceNode) -> Iterator[Finding]:
    schema, dialect = node.mapping, node.file.dialect
    old = dialect in ("2.0", "3.0")
    if old and isinstance(schema.get("$ref"), str):
        ignored = [key for key in schema if key not in _BESIDE_REFERENCE and not key.startswith("x-")]
        if ignored:
            message = f"Beside a $ref, OpenAPI {document.version} ignores {', '.join(ignored)}."
            yield finding("W003", node.location, message, "Put the $ref into allOf, and the other keys beside allOf.")
        return
    for keyword, wanted in malformed(_old_spellings_apart(schema, dialect)):
        value, place = schema[keyword], node.child(keyword).location
        message = f"{keyword} must be {wanted}, not {_described(value)}."
        if keyword in ("exclusiveMinimum", "exclusiveMaximum") and isinstance(value, bool):
            hint = f"It was read according to OpenAPI 3.0. Write the bound: {keyword}: {_bound(schema, keyword)}."
            yield finding("W031", place, message, hint)
        elif value is None:
            yield finding("W031", place, message, f"Remove it: the schema was read as if it had no {keyword}.")
        else:
            annotation = keyword in _ANNOTATIONS or (keyword == "required" and isinstance(value, bool))
            hint = f"Correct it; until then {keyword} is ignored."
            yield finding("W030" if annotation else "E030", place, message, hint)
    yield from _nullability(node, dialect)
    dialect_uri = schema.get("$schema")
    if isinstance(dialect_uri, str) and "2020-12" not in dialect_uri and "spec.openapis.org" not in dialect_uri:
        message = f"The dialect {dialect_uri} isn't supported; the schema is read as JSON Schema 2020-12."
        yield finding("W021", node.child("$schema").location, message, "Write it in JSON Schema 2020-12.")
    yield from _discriminator(document, node)
    yield from _dynamic(document, node)
    if node.pointer.count("/") > document.limits.max_depth:
        try:
            normalise_schema(schema, dialect, max_depth=document.limits.max_depth)
        except TooDeepError:
            yield finding("E032", node.location, "The schema is nested too deeply.", "Use components and $ref.")


def _bound(schema: dict[str, object], exclusive: str) -> object:
    return schema.get(exclusive.replace("exclusiveM", "m"), 0)


def _old_spellings_apart(schema: dict[str, object], dialect: str) -> dict[str, object]:
    """Returns the keywords that must follow the rules of JSON Schema 2020-12.

    Leaves out keywords that have another form in the schema's older dialect.
    """
    if dialect in ("2.0", "3.0"):
        old = {"exclusiveMinimum", "exclusiveMaximum", "examples", "items"}
        schema = {key: value for key, value in schema.items() if key not in old or isinstance(value, dict)}
        if schema.get("type") == "file" and dialect == "2.0":
            schema = {**schema, "type": "string"}
    return schema


def _nullability(node: SourceNode, dialect: str) -> Iterator[Finding]:
    schema = node.mapping
    if schema.get("nullable") is not True:
        return
    enum = schema.get("enum")
    if dialect == "3.0" and isinstance(enum, list) and None not in enum:
        message = "The schema is nullable, but its enum doesn't list null: null is not valid."
        yield finding("W015", node.child("enum").location, message, "Add null to the enum, or remove nullable.")
    elif dialect != "3.0":
        message = "`nullable` exists in OpenAPI 3.0 only; it was ignored."
        hint = "Use x-nullable: true." if dialect == "2.0" else 'Write type: [..., "null"].'
        yield finding("W019", node.child("nullable").location, message, hint)


def _dynamic(document: Document, node: SourceNode) -> Iterator[Finding]:
    """Finds a ``$dynamicRef`` whose anchor is defined in several schemas with an ``$id``.

    The target of such a ``$dynamicRef`` depends on the path that led to it. Validators follow that path. A serializer's
    fields and the type of a Python value can't depend on the path.
    """
    reference = node.mapping.get("$dynamicRef")
    if not isinstance(reference, str):
        return
    fragment = "#" + reference.partition("#")[2]
    places = [uri for file in document.sources for uri in file.identified if uri.endswith(fragment)]
    if len(places) > 1:
        message = (
            f"{fragment} is defined in {len(places)} schemas with an $id. The validator chooses one of them by the "
            "path that led to this $dynamicRef, but serializers and Python values always use the nearest one."
        )
        hint = "If only one of these schemas is meant, refer to it with $ref."
        yield finding("W026", node.child("$dynamicRef").location, message, hint)


def _discriminator(document: Document, node: SourceNode) -> Iterator[Finding]:
    mapping = node.child("discriminator", "mapping")
    for value, child in mapping.children():
        reference = child.value
        if isinstance(reference, str) and reference not in document.schemas:
            try:
                document.sources.resolve(node, reference)
            except BrokenReference as broken:
                message = f"The discriminator's value {value!r} doesn't lead to a schema. {broken.message}"
                yield finding("W018", child.location, message, broken.hint)


def _described(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
