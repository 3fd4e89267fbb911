"""Checks ``x-persist`` against the schema's properties and DynamoDB's limits, before any table is created."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from macaron_django.openapi.extensions import implied_hash_key, means_model, snake_case
from macaron_django.openapi.findings import Finding, finding
from macaron_django.openapi.reading.source_files import SourceNode
from macaron_django.openapi.schema import Property, Schema

__all__ = ["class_findings", "persist_findings"]

KEYS = (
    "billing", "class", "deletion_protection", "expired", "hash_key", "indexes", "keys_from", "local_indexes",
    "point_in_time_recovery", "range_key", "scan", "sets", "table", "tags", "ttl", "version",
)  # fmt: skip
_INDEX_KEYS = ("hash_key", "range_key", "projection")
#: DynamoDB's quotas per table, and its rule for names of tables and indexes.
MAX_INDEXES, MAX_LOCAL_INDEXES = 20, 5
MAX_TAGS = 50
#: AWS: "Tagging restrictions in DynamoDB".
_TAG_TEXT = re.compile(r"[\w\s+\-=._:/@]*\Z")
_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}\Z")
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+\Z")
_SOURCE = re.compile(r"user|claim:.+", re.DOTALL)
_KEY_TYPES = ("string", "integer", "number")


def persist_findings(schema: Schema) -> Iterator[Finding]:
    """Yields the findings about a schema's ``x-persist``."""
    resolved = schema.resolved
    node = SourceNode(resolved.file, f"{resolved.source_pointer}/x-persist", resolved.keywords["x-persist"])
    value = node.value
    if means_model(resolved.keywords.get("x-model")):
        message = f"{schema.name} has both x-persist and x-model."
        yield finding("E048", node.location, message, "Keep one: DynamoDB or the Django ORM.")
    if schema.types not in (("object",), ()) or (not schema.types and not schema.properties):
        yield finding("E052", node.location, "Only an object schema can be persisted.", "Give it properties.")
        return
    if isinstance(value, str):
        if not _DOTTED.match(value.strip()):
            hint = "Write it as package.module.Class."
            yield finding("E049", node.location, f"x-persist isn't a dotted path: {value!r}.", hint)
    elif isinstance(value, dict):
        yield from _mapping(schema, node)
    else:
        hint = "Write the dotted path of a class, or a mapping with table and hash_key."
        yield finding("E040", node.location, "x-persist is neither a dotted path nor a mapping.", hint)


def _mapping(schema: Schema, node: SourceNode) -> Iterator[Finding]:
    value = node.mapping
    yield from _unknown(node, KEYS, "x-persist")
    class_path = value.get("class")
    if class_path is not None and (not isinstance(class_path, str) or not _DOTTED.match(class_path)):
        hint = "Write it as package.module.Class."
        yield finding("E049", node.child("class").location, f"`class` isn't a dotted path: {class_path!r}.", hint)
    if class_path is None:
        yield from _hash_key_there(schema, node)
    if "table" in value:
        yield from _name(node.child("table"), "table")
    for key in ("hash_key", "range_key"):
        if key in value:
            yield from _key(schema, node.child(key), "E042", f"x-persist: {key}")
    if value.get("hash_key") is not None and value.get("hash_key") == value.get("range_key"):
        message = "hash_key and range_key are the same property."
        yield finding("E042", node.child("range_key").location, message, "Remove range_key, or name another property.")
    yield from _indexes(schema, node.child("indexes"), MAX_INDEXES, local=False)
    yield from _indexes(schema, node.child("local_indexes"), MAX_LOCAL_INDEXES, local=True)
    yield from _choices(node)
    yield from _special_properties(schema, node)
    yield from _sets(schema, node.child("sets"))
    yield from _tags(node.child("tags"))
    yield from _keys_from(schema, node.child("keys_from"), value)
    for key in ("point_in_time_recovery", "deletion_protection"):
        if node.mapping.get(key) is not None and not isinstance(node.mapping[key], bool):
            yield finding("E047", node.child(key).location, f"x-persist: {key} must be true or false.", "Correct it.")


def class_findings(schema: Schema, options: Mapping[str, Any]) -> Iterator[Finding]:
    """Yields the findings about the options that a class sets. Their rules are the same as for options in x-persist."""
    resolved = schema.resolved
    node = SourceNode(resolved.file, f"{resolved.source_pointer}/x-persist", dict(options))
    yield from _mapping(schema, node)


def _hash_key_there(schema: Schema, node: SourceNode) -> Iterator[Finding]:
    if node.mapping.get("hash_key") is None and implied_hash_key(schema.name, schema.properties) is None:
        own = f"{snake_case(schema.name or 'item')}_id"
        hint = f"Add hash_key, as in `hash_key: {own}`. The default is {own} or id, but {schema.name} has neither."
        yield finding("E042", node.location, "x-persist has no hash_key.", hint)


def _unknown(node: SourceNode, known: Iterable[str], owner: str) -> Iterator[Finding]:
    known = tuple(known)
    for key, child in node.children():
        if key not in known:
            close = get_close_matches(key, known, 1)
            hint = f"Did you mean {close[0]}?" if close else f"The known keys are {', '.join(known)}."
            yield finding("E041", child.location, f"{owner} has no key {key!r}.", hint)


def _name(node: SourceNode, what: str) -> Iterator[Finding]:
    if not isinstance(node.value, str) or not _NAME.match(node.value):
        message = f"{node.value!r} can't be the name of a DynamoDB {what}."
        yield finding("E047", node.location, message, "Use 3 to 255 letters, digits, dots, dashes and underscores.")


def _key(schema: Schema, node: SourceNode, missing: str, what: str) -> Iterator[Finding]:
    name = node.value
    if not isinstance(name, str) or name not in schema.properties:
        close = get_close_matches(str(name), schema.properties, 1)
        hint = f"Did you mean {close[0]}?" if close else f"Add it to the properties of {schema.name}."
        if isinstance(name, str) and "." in name:
            hint = "Keys are at the top level of an item: a nested property can't be a key."
        yield finding(missing, node.location, f"{what} {name!r} isn't a property of {schema.name}.", hint)
    elif not _can_be_key(schema.properties[name]):
        types = " or ".join(schema.properties[name].schema.types) or "not declared"
        message = f"{what} {name!r} can't be a key: its type is {types}."
        yield finding("E043", node.location, message, "Change its type to string, integer or number.")


def _can_be_key(property_: Property) -> bool:
    types = property_.schema.types
    if not types:  # an untyped enum of strings, say
        values = property_.schema.enum or ()
        return bool(values) and all(isinstance(value, str) for value in values if value is not None)
    return all(type_ in _KEY_TYPES for type_ in types) and ("string" not in types or len(types) == 1)


def _indexes(schema: Schema, node: SourceNode, limit: int, *, local: bool) -> Iterator[Finding]:
    what = "local index" if local else "index"
    if node.value is not None and not isinstance(node.value, dict):
        yield finding(
            "E044", node.location, "Indexes must be a mapping of names to keys.", "Write `by_author: author_id`."
        )
    if len(node.mapping) > limit:
        message = f"{schema.name} has {len(node.mapping)} {'local ' if local else ''}indexes; DynamoDB allows {limit}."
        yield finding("E045", node.location, message, "Remove some.")
    for name, child in node.children() if node.mapping else ():
        if not _NAME.match(name):
            yield from _name(SourceNode(child.file, child.pointer, name), "index")
        if isinstance(child.value, str):
            yield from _key(schema, child, "E044", f"{what} {name}:")
        elif isinstance(child.value, dict):
            yield from _index(schema, child, what, name, local=local)
        else:
            hint = (
                "Write a mapping with range_key; projection is optional."
                if local
                else "Write a mapping with hash_key; range_key and projection are optional."
            )
            yield finding("E044", child.location, f"The {what} {name} has no keys.", hint)


def _index(schema: Schema, node: SourceNode, what: str, name: str, *, local: bool) -> Iterator[Finding]:
    yield from _unknown(node, _INDEX_KEYS[1:] if local else _INDEX_KEYS, f"The {what} {name}")
    required = "range_key" if local else "hash_key"
    if required not in node.mapping:
        yield finding("E044", node.location, f"The {what} {name} has no {required}.", f"Add {required}.")
    for key in ("hash_key", "range_key"):
        if key in node.mapping:
            yield from _key(schema, node.child(key), "E044", f"{what} {name}: {key}")
    projection = node.child("projection")
    if isinstance(projection.value, list):
        for _, child in projection.children():
            if child.value not in schema.properties:
                message = f"{what} {name}: projection has {child.value!r}, which isn't a property of {schema.name}."
                yield finding("E044", child.location, message, "Correct the name.")
    elif projection.value not in (None, "all", "keys"):
        message = f"`projection` can't be {projection.value!r}."
        yield finding("E047", projection.location, message, "Use `all`, `keys`, or a list of properties.")


def _choices(node: SourceNode) -> Iterator[Finding]:
    scan, billing = node.child("scan"), node.child("billing")
    if scan.value not in (None, "forbidden", "capped", "allowed"):
        message = f"`scan` can't be {scan.value!r}."
        yield finding("E047", scan.location, message, "Use `forbidden`, `capped` or `allowed`.")
    expired = node.child("expired")
    if expired.value not in (None, "shown", "hidden"):
        yield finding("E047", expired.location, f"`expired` can't be {expired.value!r}.", "Use `shown` or `hidden`.")
    elif expired.value == "hidden" and node.child("ttl").value is None:
        message = "`expired: hidden` has no effect without `ttl`: no item expires."
        yield finding(
            "E047", expired.location, message, "Add `ttl` with the name of the property that says when items expire."
        )
    if not _is_billing(billing.value):
        hint = "Use `on-demand`, `provisioned`, or `{read: 5, write: 5}`."
        yield finding("E047", billing.location, f"`billing` can't be {billing.value!r}.", hint)


def _is_billing(value: Any) -> bool:
    if isinstance(value, Mapping):
        units = [value.get("read"), value.get("write")]
        return len(value) == 2 and all(type(unit) is int and unit > 0 for unit in units)
    return value in (None, "on-demand", "provisioned")


def _special_properties(schema: Schema, node: SourceNode) -> Iterator[Finding]:
    for key, types in (("ttl", ("string", "integer", "number")), ("version", ("integer",))):
        child = node.child(key)
        if child.value is None:
            continue
        found = schema.properties.get(child.value) if isinstance(child.value, str) else None
        if found is None:
            message = f"x-persist: {key} {child.value!r} isn't a property of {schema.name}."
            yield finding("E046", child.location, message, "Correct the name, or add the property.")
        elif found.schema.types and not set(found.schema.types) <= set(types):
            message = f"x-persist: {key} {child.value!r} has the type {' or '.join(found.schema.types)}."
            yield finding("E046", child.location, message, f"Change its type to {' or '.join(types)}.")
        elif key == "ttl" and found.schema.types == ("string",) and found.schema.format != "date-time":
            message = f"x-persist: ttl {child.value!r} is a string without `format: date-time`."
            yield finding("E046", child.location, message, "Add `format: date-time`, or change its type to integer.")


def _sets(schema: Schema, node: SourceNode) -> Iterator[Finding]:
    if node.value is None:
        return
    names = node.value if isinstance(node.value, list) else [node.value]
    for name in names:
        found = schema.properties.get(name) if isinstance(name, str) else None
        items = found.schema.items if found is not None else None
        types = items.types if items is not None else ()
        if found is None or found.schema.types != ("array",) or not types or not set(types) <= set(_KEY_TYPES):
            message = f"x-persist: {name!r} can't be a set: it isn't an array of strings, numbers or binary values."
            hint = "Remove it from `sets`, or make it an array of strings, numbers or binary values."
            yield finding("E047", node.location, message, hint)


def _keys_from(schema: Schema, node: SourceNode, options: Mapping[str, Any]) -> Iterator[Finding]:
    example = "Write `keys_from: {tenant_id: claim:tenant}`."
    if node.value is not None and not isinstance(node.value, dict):
        yield finding("E047", node.location, "x-persist: keys_from must be a mapping of keys to claims.", example)
    keys = [options.get("hash_key") or implied_hash_key(schema.name, schema.properties), options.get("range_key")]
    for name, child in node.children() if node.mapping else ():
        # If the class may set a key, ``keys_from`` is checked later, with the options of the class.
        if name not in keys and (options.get("class") is None or None not in keys):
            message = f"x-persist: keys_from has the key {name!r}, which is neither the hash_key nor the range_key."
            yield finding("E042", child.location, message, f"Use {' or '.join(filter(None, keys))}.")
        if not isinstance(child.value, str) or not _SOURCE.fullmatch(child.value):
            message = f"x-persist: keys_from can't take {name} from {child.value!r}."
            yield finding("E047", child.location, message, "Write `user`, or `claim:` and the name of a claim.")


def _tags(node: SourceNode) -> Iterator[Finding]:
    if node.value is not None and not isinstance(node.value, dict):
        yield finding(
            "E047",
            node.location,
            "x-persist: tags must be a mapping of strings to strings.",
            "Write `tags: {team: shop}`.",
        )
    if len(node.mapping) > MAX_TAGS:
        message = f"x-persist has {len(node.mapping)} tags; DynamoDB allows {MAX_TAGS}."
        yield finding("E047", node.location, message, "Remove some.")
    for key, child in node.children() if node.mapping else ():
        value = child.value
        if not isinstance(value, str):
            message = f"x-persist: the tag {key} must be a string, not {value!r}."
            yield finding("E047", child.location, message, "Put it in quotes.")
        elif not (0 < len(key) <= 128 and len(value) <= 256 and _TAG_TEXT.match(key + value)):
            hint = (
                "A tag's name can have up to 128 characters, and its value up to 256. The allowed characters are "
                "letters, digits, spaces and + - = . _ : / @."
            )
            message = f"x-persist: AWS doesn't accept the tag {key!r} with the value {value!r}."
            yield finding("E047", child.location, message, hint)
        elif key.lower().startswith("aws:"):
            yield finding("E047", child.location, f"x-persist: the tag {key} is AWS's own.", "Give it another name.")
