"""Reads the x- attributes of schemas, properties and operations as dataclasses.

A wrong value is treated as absent; ``checks.extension_checks`` and ``checks.persist_checks`` report it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from macaron_django.openapi.findings import Location
from macaron_django.openapi.reading.source_files import SourceNode

__all__ = [
    "Index",
    "OperationExtensions",
    "Persist",
    "PropertyExtensions",
    "SchemaExtensions",
    "implied_hash_key",
    "is_dotted",
    "means_model",
    "operation_extensions",
    "property_extensions",
    "schema_extensions",
    "snake_case",
]


@dataclass(frozen=True)
class Index:
    """A secondary index.

    ``projection`` is "all", "keys" or the names of the properties that the index contains in addition to the keys.
    """

    name: str
    hash_key: str
    range_key: str | None = None
    projection: str | tuple[str, ...] = "all"


@dataclass(frozen=True)
class Persist:
    """``x-persist``: where and how the items of a schema are stored.

    ``given`` has the names of the options that the spec sets in ``x-persist``. If a class sets further
    options, ``given`` has the names of these options, too.
    """

    class_path: str | None = None
    table: str | None = None
    hash_key: str | None = None
    range_key: str | None = None
    indexes: Mapping[str, Index] = field(default_factory=dict, hash=False)
    local_indexes: Mapping[str, Index] = field(default_factory=dict, hash=False)
    billing: str = "on-demand"
    ttl: str | None = None
    expired: str = "shown"
    version: str | None = None
    scan: str = "forbidden"
    sets: tuple[str, ...] = ()
    location: Location = field(default=Location(""), compare=False)
    capacity: tuple[int, int] | None = None  # read and write units, if billing is "provisioned"
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    point_in_time_recovery: bool | None = None  # None: the table's setting isn't changed
    deletion_protection: bool | None = None
    #: For a key property that the caller's credentials determine, its source: ``claim:<name>`` or ``user``.
    keys_from: Mapping[str, str] = field(default_factory=dict, hash=False)
    given: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SchemaExtensions:
    """The x- attributes of a schema. ``model`` and ``parent`` are dotted names. ``admin`` is the unchanged mapping."""

    persist: Persist | None = None
    model: str | None = None
    parent: str | None = None
    admin: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True)
class PropertyExtensions:
    """The x- attributes of a property; ``field`` is the name of a Django model's field."""

    generated: str | None = None
    field: str | None = None
    writable: bool = False
    nullable: bool = False
    mandatory: bool = False
    decimal: bool = False


@dataclass(frozen=True)
class OperationExtensions:
    """The x- attributes of an operation; handlers and decorators are dotted paths."""

    bind_server: str | None = None
    no_bind_server: bool = False
    decorate_server: tuple[str, ...] = ()
    bind_client: str | None = None
    decorate_request: str | None = None
    read_limit: int | None = None


def schema_extensions(nodes: Sequence[SourceNode]) -> SchemaExtensions:
    """Returns the x- attributes that ``nodes`` contain for a schema. The first node takes precedence.

    The first node is the schema's own node. If the schema only refers to another schema, the second node is the node of
    that other schema. ``nodes`` never includes nodes of ``allOf``.
    """
    nodes = [node for node in nodes if any(key.startswith("x-") for key in node.mapping)]
    if not nodes:
        return SchemaExtensions()
    persist = _nearest(nodes, "x-persist")
    admin = _value(nodes, "x-admin")
    return SchemaExtensions(
        persist=None if persist is None else _persist(persist),
        model=_text(model) if means_model(model := _value(nodes, "x-model")) else None,
        parent=_text(_value(nodes, "x-parent")),
        admin=admin if isinstance(admin, Mapping) else None,
    )


def means_model(value: Any) -> bool:
    """Returns whether an ``x-model`` is meant for this package. Other tools set it to a plain word or an object."""
    return isinstance(value, str) and "." in value


def _nearest(nodes: Sequence[SourceNode], name: str) -> SourceNode | None:
    return next((node.child(name) for node in nodes if node.mapping.get(name) is not None), None)


def _value(nodes: Sequence[SourceNode], name: str) -> Any:
    found = _nearest(nodes, name)
    return found.value if found is not None else None


def _persist(node: SourceNode) -> Persist | None:
    value, location = node.value, node.location
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
        expired="hidden" if value.get("expired") == "hidden" else "shown",
        version=_text(value.get("version")),
        scan=scan if scan in ("forbidden", "capped", "allowed") else "forbidden",
        sets=_names(value.get("sets")),
        location=location,
        capacity=capacity,
        tags=_texts(value.get("tags")),
        point_in_time_recovery=_flag(value.get("point_in_time_recovery")),
        deletion_protection=_flag(value.get("deletion_protection")),
        keys_from=_texts(value.get("keys_from")),
        given=frozenset(value),
    )


def is_dotted(operation_id: str | None) -> bool:
    """Returns whether an operationId is the dotted path of a handler, as in connexion.

    >>> is_dotted("myserver.api.view_profile"), is_dotted("view_profile"), is_dotted("v1.0")
    (True, False, False)
    """
    parts = (operation_id or "").split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


def implied_hash_key(schema_name: str | None, properties: Collection[str]) -> str | None:
    """Returns the hash key that applies if ``x-persist`` has no ``hash_key``: ``<schema>_id``, or else ``id``.

    Returns None if the schema has neither property.

    >>> implied_hash_key("UserProfile", ["user_profile_id", "id"]), implied_hash_key("UserProfile", ["id"])
    ('user_profile_id', 'id')
    """
    candidates = (f"{snake_case(schema_name or '')}_id", "id")
    return next((name for name in candidates if name in properties), None)


def snake_case(name: str) -> str:
    """Returns the snake case of a name in camel case.

    >>> snake_case("UserProfile"), snake_case("HTTPLog2")
    ('user_profile', 'http_log2')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _texts(value: Any) -> Mapping[str, str]:
    return {key: text for key, text in value.items() if isinstance(text, str)} if isinstance(value, Mapping) else {}


def _count(value: Any) -> int | None:
    return value if type(value) is int and value > 0 else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _billing(value: Any) -> tuple[str, tuple[int, int] | None]:
    if isinstance(value, Mapping):
        read, write = value.get("read"), value.get("write")
        if isinstance(read, int) and isinstance(write, int):
            return "provisioned", (read, write)
    return ("provisioned" if value == "provisioned" else "on-demand"), None


def _indexes(value: Any, hash_key: str | None) -> Mapping[str, Index]:
    """Returns the indexes by name. An index may be written as a string: the name of its key.

    ``hash_key`` is the table's hash key for local indexes, otherwise None.
    """
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


def property_extensions(nodes: Sequence[SourceNode]) -> PropertyExtensions:
    """Returns the x- attributes of a property.

    ``nodes`` are the nodes of the property's schema. The first node takes precedence.
    """
    return PropertyExtensions(
        generated=_text(_value(nodes, "x-generated")),
        field=_text(_value(nodes, "x-field")),
        writable=_value(nodes, "x-writable") is True,
        nullable=_value(nodes, "x-nullable") is True,
        mandatory=_value(nodes, "x-mandatory") is True,
        decimal=_value(nodes, "x-decimal") is True,
    )


def operation_extensions(operation: Mapping[str, Any]) -> OperationExtensions:
    """Returns this package's x- attributes of an operation."""
    bind_client = operation.get("x-bind-client")
    return OperationExtensions(
        bind_server=_text(operation.get("x-bind-server")),
        no_bind_server=operation.get("x-no-bind-server") not in (None, False),
        decorate_server=_names(operation.get("x-decorate-server")),
        bind_client=_text(bind_client),
        decorate_request=_text(operation.get("x-decorate-request")),
        read_limit=_count(operation.get("x-read-limit")),
    )


def _text(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None


def _names(value: Any) -> tuple[str, ...]:
    """Returns the names in a list, or in a comma-separated text."""
    if isinstance(value, str):
        value = value.split(",")
    return tuple(name.strip() for name in value if _text(name)) if isinstance(value, list) else ()
