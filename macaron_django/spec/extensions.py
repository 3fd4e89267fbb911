"""The x- attributes, typed: what a schema, a property or an operation carries goes in, dataclasses come out.

Reading is tolerant (a wrong value reads as absent); ``extension_checks`` says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .findings import Location
from .marks import may_be_marked

if TYPE_CHECKING:
    from .schema import Schema

__all__ = [
    "Index",
    "OperationExtensions",
    "Persist",
    "PropertyExtensions",
    "SchemaExtensions",
    "implied_hash_key",
    "operation_extensions",
    "property_extensions",
    "schema_extensions",
    "snake_case",
]


@dataclass(frozen=True)
class Index:
    """A secondary index. ``projection`` is "all", "keys" or the names of the properties it holds beside the keys."""

    name: str
    hash_key: str
    range_key: str | None = None
    projection: str | tuple[str, ...] = "all"


@dataclass(frozen=True)
class Persist:
    """``x-persist``: where and how the items of a schema are kept.

    ``given`` holds the keys that the spec spells out, as a class may set the others.
    """

    class_path: str | None = None
    table: str | None = None
    hash_key: str | None = None
    range_key: str | None = None
    indexes: Mapping[str, Index] = field(default_factory=dict, hash=False)
    local_indexes: Mapping[str, Index] = field(default_factory=dict, hash=False)
    billing: str = "on-demand"
    ttl: str | None = None
    version: str | None = None
    scan: str = "forbidden"
    sets: tuple[str, ...] = ()
    location: Location = field(default=Location(""), compare=False)
    capacity: tuple[int, int] | None = None  # read and write units, where billing is "provisioned"
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    point_in_time_recovery: bool | None = None  # None: whoever owns the table decides
    deletion_protection: bool | None = None
    given: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SchemaExtensions:
    persist: Persist | None = None
    model: str | None = None
    parent: str | None = None
    admin: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True)
class PropertyExtensions:
    generated: str | None = None
    field: str | None = None
    writable: bool = False
    nullable: bool = False
    mandatory: bool = False


@dataclass(frozen=True)
class OperationExtensions:
    bind_server: str | None = None
    no_bind_server: bool = False
    decorate_server: tuple[str, ...] = ()
    bind_client: str | None = None
    decorate_request: str | None = None


def schema_extensions(schema: Schema) -> SchemaExtensions:
    """Those of the schema itself, or of what a lone ``$ref`` leads to; never of what it is composed of."""
    if "json" not in schema.__dict__ and not may_be_marked(schema):
        return _NONE
    persist = _nearest(schema, "x-persist")
    admin = _nearest(schema, "x-admin")
    return SchemaExtensions(
        persist=None if persist is None else _persist(*persist),
        model=_text(_value(schema, "x-model")),
        parent=_text(_value(schema, "x-parent")),
        admin=admin[1] if admin and isinstance(admin[1], Mapping) else None,
    )


_NONE = SchemaExtensions()
_LEADING_ON = frozenset({"$dynamicRef", "$ref", "allOf", "anyOf", "oneOf"})


def _nearest(schema: Schema, name: str) -> tuple[Schema, Any] | None:
    # The normal form leaves x- attributes as they were written, and takes twenty times as long as looking for one.
    written = schema.__dict__.get("written")
    if isinstance(written, dict) and written.keys().isdisjoint(_LEADING_ON):
        return (schema, written[name]) if written.get(name) is not None else None
    for candidate in (schema, schema.resolved):
        if isinstance(candidate.json, Mapping) and candidate.json.get(name) is not None:
            return candidate, candidate.json[name]
    return None


def _value(schema: Schema, name: str) -> Any:
    found = _nearest(schema, name)
    return found[1] if found else None


def _persist(schema: Schema, value: Any) -> Persist | None:
    location = schema.file.location(f"{schema.source_pointer}/x-persist")
    if isinstance(value, str):
        return Persist(class_path=value.strip(), location=location)
    if not isinstance(value, Mapping):
        return None
    hash_key = _text(value.get("hash_key"))
    billing, capacity = _billing(value.get("billing"))
    scan = value.get("scan")
    return Persist(
        class_path=_text(value.get("class")),
        table=_text(value.get("table")),
        hash_key=hash_key,
        range_key=_text(value.get("range_key")),
        indexes=_indexes(value.get("indexes"), None),
        local_indexes=_indexes(value.get("local_indexes"), hash_key),
        billing=billing,
        ttl=_text(value.get("ttl")),
        version=_text(value.get("version")),
        scan=scan if scan in ("forbidden", "capped", "allowed") else "forbidden",
        sets=_names(value.get("sets")),
        location=location,
        capacity=capacity,
        tags=_tags(value.get("tags")),
        point_in_time_recovery=_flag(value.get("point_in_time_recovery")),
        deletion_protection=_flag(value.get("deletion_protection")),
        given=frozenset(value),
    )


def implied_hash_key(schema: Schema) -> str | None:
    """The key of a schema that names none: ``user_profile_id`` of a ``UserProfile``, else ``id``; None without them."""
    candidates = (f"{snake_case(schema.name or '')}_id", "id")
    return next((name for name in candidates if name in schema.properties), None)


def snake_case(name: str) -> str:
    """
    >>> snake_case("UserProfile"), snake_case("HTTPLog2")
    ('user_profile', 'http_log2')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _tags(value: Any) -> Mapping[str, str]:
    return {key: text for key, text in value.items() if isinstance(text, str)} if isinstance(value, Mapping) else {}


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _billing(value: Any) -> tuple[str, tuple[int, int] | None]:
    if isinstance(value, Mapping):
        read, write = value.get("read"), value.get("write")
        if isinstance(read, int) and isinstance(write, int):
            return "provisioned", (read, write)
    return ("provisioned" if value == "provisioned" else "on-demand"), None


def _indexes(value: Any, hash_key: str | None) -> Mapping[str, Index]:
    """Indexes by name; for local ones the table's hash key is given. A bare string is the one key."""
    found: dict[str, Index] = {}
    for name, index in value.items() if isinstance(value, Mapping) else ():
        if isinstance(index, str):
            index = {"range_key" if hash_key else "hash_key": index}
        if not isinstance(index, Mapping):
            continue
        key = hash_key or _text(index.get("hash_key"))
        if key is None:
            continue
        projection = index.get("projection", "all")
        if projection not in ("all", "keys"):
            projection = _names(projection) or "all"
        found[name] = Index(name, key, _text(index.get("range_key")), projection)
    return found


def property_extensions(schema: Schema) -> PropertyExtensions:
    return PropertyExtensions(
        generated=_text(_value(schema, "x-generated")),
        field=_text(_value(schema, "x-field")),
        writable=_value(schema, "x-writable") is True,
        nullable=_value(schema, "x-nullable") is True,
        mandatory=_value(schema, "x-mandatory") is True,
    )


def operation_extensions(operation: Mapping[str, Any]) -> OperationExtensions:
    bind_client = operation.get("x-bind-client")
    return OperationExtensions(
        bind_server=_text(operation.get("x-bind-server")),
        no_bind_server=operation.get("x-no-bind-server") not in (None, False),
        decorate_server=_names(operation.get("x-decorate-server")),
        bind_client=_text(bind_client),
        decorate_request=_text(operation.get("x-decorate-request")),
    )


def _text(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None


def _names(value: Any) -> tuple[str, ...]:
    """Names from a list, or from a text with commas between them."""
    if isinstance(value, str):
        value = value.split(",")
    return tuple(name.strip() for name in value if _text(name)) if isinstance(value, list) else ()
