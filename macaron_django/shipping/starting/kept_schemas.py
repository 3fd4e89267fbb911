"""Finds the schemas that could be persisted.

For each of these schemas, the spec has an operation that reads an item by a key in the path, and an operation that
writes an item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from macaron_django.api.routing.argument_names import path_parameters
from macaron_django.api.rules.key_bindings import Keys
from macaron_django.api.rules.operation_schemas import success_schemas
from macaron_django.api.rules.resources import Resources, resources
from macaron_django.openapi import Document, Operation, Schema, implied_hash_key, snake_case

__all__ = ["KeptSchema", "generated_routes", "indexes_for", "kept_keys", "look_kept"]

#: The most indexes. Each index makes writes more expensive, and most filters aren't worth that.
_MOST_INDEXES = 5
_WRITES = frozenset({"create", "replace", "merge_patch"})


@dataclass(frozen=True)
class KeptSchema:
    """A component schema that could be persisted, and the property that identifies its items."""

    schema: Schema
    name: str
    key: str

    @property
    def table(self) -> str:
        """A name for the schema's table. It has at least three characters, as DynamoDB requires."""
        plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in snake_case(self.name))
        return plain if len(plain) > 2 else f"{plain}_items"


def look_kept(document: Document) -> list[KeptSchema]:
    """Returns the components that could be persisted, in document order.

    A component could be persisted if two operations could be generated for it: a GET that returns it by the key at the
    end of the path, and an operation that writes it. Components that the spec already persists are left out.
    """
    candidates = {each.name: each for operation in document.operations for each in _candidates(operation)}
    known = kept_keys(document)
    found = resources(document, {**known, **{name: Keys((each.key,)) for name, each in candidates.items()}})
    written = {
        str(resource.schema.name)
        for resource in found
        if "retrieve" in (actions := {each.action for each in resource.operations}) and actions & _WRITES
    }
    return [candidates[name] for name in document.schemas if name in written and name in candidates]


def kept_keys(document: Document) -> dict[str, Keys]:
    """Returns the keys of the schemas that the spec already persists.

    The dictionary maps the name of each schema to its keys.
    """
    found = {}
    for name, schema in document.persisted.items():
        persist = schema.extensions.persist
        hash_key = persist and (persist.hash_key or implied_hash_key(name, schema.properties))
        if persist and hash_key:
            primary = tuple(filter(None, (hash_key, persist.range_key)))
            found[name] = Keys(primary, from_caller=persist.keys_from)
    return found


def generated_routes(document: Document, kept: list[KeptSchema]) -> set[tuple[str, str]]:
    """Returns the (path, method) of each operation that is generated if these schemas are persisted.

    Leaves out an operation that lists items if one of its query parameters can't be used as a filter.
    """
    keys = {**kept_keys(document), **{each.name: Keys((each.key,)) for each in kept}}
    found: Resources = resources(document, keys)
    return {
        (each.operation.path, each.operation.method)
        for resource in found
        for each in resource.operations
        if not each.unanswerable
    }


def indexes_for(document: Document, kept: KeptSchema) -> dict[str, str]:
    """Returns indexes for the filters of a schema's list operations, at most five.

    The dictionary maps the name of each index to its hash key.
    """
    wanted = [
        each.path[0]
        for resource in resources(document, {kept.name: Keys((kept.key,))})
        for operation in resource.operations
        if operation.action == "list"
        for each in operation.filters
        if each.lookup == "exact" and len(each.path) == 1
    ]
    able = [name for name in dict.fromkeys(wanted) if name != kept.key and _can_be_indexed(kept.schema, name)]
    return {f"by_{snake_case(name)}": name for name in able[:_MOST_INDEXES]}


def _can_be_indexed(schema: Schema, name: str) -> bool:
    found = schema.properties.get(name)
    return found is not None and found.schema.types in {("string",), ("integer",)} and name.isidentifier()


def _candidates(operation: Operation) -> Iterator[KeptSchema]:
    names = path_parameters(operation.path)
    if operation.method != "get" or not names or not operation.path.rstrip("/").endswith("{" + names[-1] + "}"):
        return
    for schema in success_schemas(operation):
        resolved, name = schema.resolved, schema.name or schema.resolved.name
        if name is None or name not in operation.document.schemas or not _is_free(resolved):
            continue
        key = names[-1] if names[-1] in resolved.properties else implied_hash_key(name, resolved.properties)
        if key is not None and _means(names[-1], key) and _can_be_key(resolved, key):
            yield KeptSchema(resolved, name, key)


def _is_free(schema: Schema) -> bool:
    said: Mapping[str, object] = schema.keywords
    is_object = schema.is_object and bool(schema.properties) and not (schema.one_of or schema.any_of)
    return is_object and "x-persist" not in said and "x-model" not in said


def _means(parameter: str, key: str) -> bool:
    """Returns whether a path parameter has the key's name, or a name such as ``petId`` for the key ``id``."""
    given, wanted = (snake_case(name).replace("-", "_") for name in (parameter, key))
    return given == wanted or (wanted == "id" and given.endswith("id")) or given.replace("_", "") == wanted


def _can_be_key(schema: Schema, key: str) -> bool:
    found = schema.properties[key]
    types = found.schema.types
    if not key.isprintable():  # a comment in the spec must stay on its line
        return False
    if types == ("integer",):  # the server can't generate integers
        return not found.read_only
    return types == ("string",) and found.schema.format not in {"byte", "binary"} and not found.schema.nullable
