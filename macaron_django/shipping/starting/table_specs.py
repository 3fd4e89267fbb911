"""Writes an OpenAPI document with ``x-persist`` for existing DynamoDB tables, from a sample of their items."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from macaron_django.dynamodb.tables.existing_tables import ExistingTable

__all__ = ["spec_of_tables"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FORMATS = (("uuid", _UUID), ("date-time", _DATE_TIME), ("date", _DATE))
_KEY_TYPES: Mapping[str, dict[str, Any]] = {
    "S": {"type": "string"},
    "N": {"type": "number"},
    "B": {"type": "string", "format": "byte"},
}
#: If maps have more different keys than this, and most keys are in only a few of the maps, the keys are data, not
#: property names.
_MANY_KEYS = 20


def spec_of_tables(tables: Sequence[ExistingTable], prefix: str = "", head: str = "") -> str:
    """Returns the document as YAML. Removes ``prefix`` from the tables' names, because the settings add it.

    Each table gets only read operations. Write operations must be added by hand.
    """
    named = _schema_names([table.name.removeprefix(prefix) for table in tables])
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for table, name in zip(tables, named, strict=True):
        schemas[name] = _schema(table, table.name.removeprefix(prefix))
        paths |= _paths(table.name.removeprefix(prefix), name, schemas[name])
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Tables", "version": "1.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    text = yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)
    return "".join(f"# {line}\n" for line in head.splitlines()) + text


def _schema_names(tables: Iterable[str]) -> list[str]:
    names: list[str] = []
    for table in tables:
        words = re.findall(r"[A-Za-z0-9]+", table)
        name = "".join(word[0].upper() + word[1:] for word in words) or "Items"
        name = name if name[0].isalpha() else f"Table{name}"
        numbered = (f"{name}{number}" for number in count(2))
        names.append(next(each for each in chain([name], numbered) if each not in names))
    return names


def _schema(table: ExistingTable, name: str) -> dict[str, Any]:
    found = table.description
    kinds = {each["AttributeName"]: each["AttributeType"] for each in found.get("AttributeDefinitions", ())}
    properties: dict[str, Any] = {}
    values = _values(table.items)
    sets = []
    for attribute in dict.fromkeys([*_keys(found["KeySchema"]).values(), *kinds, *sorted(values)]):
        sampled = values.get(attribute, [])
        if attribute in kinds:
            # Keys get no format. With a format, only one spelling of a key would be valid, but existing keys may have
            # others.
            properties[attribute] = _key_schema(kinds[attribute], sampled)
        else:
            properties[attribute] = _value_schema(sampled)
            if {next(iter(value)) for value in sampled} <= {"SS", "NS"}:
                sets.append(attribute)
    if table.expires_by is not None and properties.get(table.expires_by, {}).get("type") not in {"integer", "number"}:
        properties[table.expires_by] = {"type": "integer"}
    return {
        "type": "object",
        "x-persist": _options(table, name, sets),
        "required": list(_keys(found["KeySchema"]).values()),
        "properties": properties,
    }


def _options(table: ExistingTable, name: str, sets: list[str]) -> dict[str, Any]:
    found = table.description
    options: dict[str, Any] = {"table": name, **_keys(found["KeySchema"])}
    for group, key in (("GlobalSecondaryIndexes", "indexes"), ("LocalSecondaryIndexes", "local_indexes")):
        indexes = {index["IndexName"]: _index(index, local=key == "local_indexes") for index in found.get(group) or ()}
        if indexes:
            options[key] = indexes
    billing = (found.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    capacity = found.get("ProvisionedThroughput") or {}
    units = {"read": int(capacity.get("ReadCapacityUnits", 0)), "write": int(capacity.get("WriteCapacityUnits", 0))}
    if billing == "PROVISIONED" and all(units.values()):
        options["billing"] = units
    if table.expires_by is not None:
        options["ttl"] = table.expires_by
    if sets:
        options["sets"] = sets
    if table.has_recovery:
        options["point_in_time_recovery"] = True
    if found.get("DeletionProtectionEnabled"):
        options["deletion_protection"] = True
    return options


def _keys(schema: Iterable[Mapping[str, str]]) -> dict[str, str]:
    names = {each["KeyType"]: each["AttributeName"] for each in schema}
    found = {"hash_key": names.get("HASH"), "range_key": names.get("RANGE")}
    return {role: name for role, name in found.items() if name is not None}


def _index(index: Mapping[str, Any], *, local: bool) -> dict[str, Any]:
    described: dict[str, Any] = dict(_keys(index["KeySchema"]))
    if local:
        del described["hash_key"]
    projection = index.get("Projection") or {}
    kind = projection.get("ProjectionType", "ALL")
    if kind == "KEYS_ONLY":
        described["projection"] = "keys"
    elif kind == "INCLUDE":
        described["projection"] = sorted(projection.get("NonKeyAttributes", ()))
    return described


# ------------------------------------------------------------------ values, as DynamoDB sends them: {"S": "text"}


def _values(items: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in items:
        for name, value in item.items():
            found.setdefault(name, []).append(value)
    return found


def _key_schema(kind: str, sampled: Sequence[Any]) -> dict[str, Any]:
    if kind == "N" and sampled and all(_is_integer(value["N"]) for value in sampled if "N" in value):
        return {"type": "integer"}
    return dict(_KEY_TYPES[kind])


def _value_schema(values: Sequence[Any]) -> dict[str, Any]:
    """Returns a schema that matches all these values. If they have little in common, the schema allows any value."""
    by_kind: dict[str, list[Any]] = {}
    for value in values:
        kind, content = next(iter(value.items()))
        by_kind.setdefault(kind, []).append(content)
    nullable = by_kind.pop("NULL", None) is not None
    if not by_kind:
        return {}
    schemas = [_kind_schema(kind, contents) for kind, contents in by_kind.items()]
    if len(schemas) > 1:
        plain = [schema["type"] for schema in schemas if schema.keys() == {"type"}]
        if len(plain) < len(schemas):
            return {}
        return {"type": [*dict.fromkeys(plain), *(["null"] if nullable else [])]}
    if nullable:
        schemas[0]["type"] = [schemas[0]["type"], "null"]
    return schemas[0]


def _kind_schema(kind: str, contents: Sequence[Any]) -> dict[str, Any]:
    if kind == "S":
        return {"type": "string", **_format(contents)}
    if kind == "N":
        return {"type": "integer" if all(map(_is_integer, contents)) else "number"}
    if kind == "BOOL":
        return {"type": "boolean"}
    if kind == "B":
        return {"type": "string", "format": "byte"}
    if kind == "M":
        return _map_schema(contents)
    if kind == "L":
        members = [member for content in contents for member in content]
        return {"type": "array", "items": _value_schema(members)}
    members = [{kind[0]: member} for content in contents for member in content]  # SS, NS, BS
    return {"type": "array", "items": _value_schema(members)}


def _map_schema(contents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values = _values(contents)
    entries = sum(map(len, contents))
    if len(values) > _MANY_KEYS and len(values) * len(contents) > 2 * entries:
        return {"type": "object", "additionalProperties": _value_schema([v for many in values.values() for v in many])}
    return {"type": "object", "properties": {name: _value_schema(many) for name, many in sorted(values.items())}}


def _format(texts: Sequence[str]) -> dict[str, str]:
    return next(({"format": name} for name, form in _FORMATS if all(map(form.fullmatch, texts))), {})


def _is_integer(text: str) -> bool:
    return re.fullmatch(r"-?\d+", str(text)) is not None


# ------------------------------------------------------------------ operations


def _paths(table: str, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    options, properties = schema["x-persist"], schema["properties"]
    keys = [options[role] for role in ("hash_key", "range_key") if role in options]
    if not all(re.fullmatch(r"\w+", key, re.ASCII) for key in keys):
        return {}  # a path template can't have such names; x-key could name the property
    segments = [f"/{table}", *(f"/{{{key}}}" for key in keys)]
    one = {"$ref": f"#/components/schemas/{name}"}
    return {
        "".join(segments[:-1]): _path(keys[:-1], properties, f"A page of {table}.", {"type": "array", "items": one}),
        "".join(segments): _path(keys, properties, "The item.", one),
    }


def _path(keys: Sequence[str], properties: Mapping[str, Any], said: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {**dict(_parameters(keys, properties)), "get": {"responses": {"200": {
        "description": said, "content": {"application/json": {"schema": answer}}}}}}  # fmt: skip


def _parameters(keys: Sequence[str], properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if keys:
        yield (
            "parameters",
            [{"name": key, "in": "path", "required": True, "schema": dict(properties[key])} for key in keys],
        )
