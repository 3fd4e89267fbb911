"""Finds the layout of a persisted schema's table: the table's name, its keys and its attributes.

Code that reads and writes items needs only the layout, and not the PynamoDB model of the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from macaron_django.conf import settings
from macaron_django.dynamodb.codec.attributes import GIVEN, PropertyAttribute, VersionPropertyAttribute, build_attribute
from macaron_django.dynamodb.codec.roles import Role
from macaron_django.openapi import Index, Persist, Schema, snake_case
from macaron_django.schemas import Classes

__all__ = ["TableLayout", "default_table_name"]


@dataclass(frozen=True, eq=False)
class TableLayout:
    """The layout of a table. ``attributes`` maps the name of each property to its attribute, in the schema's order. If
    the version isn't a property of the schema, the version's attribute comes last.
    """

    api: str
    schema_name: str | None
    base_name: str
    options: Persist
    attributes: Mapping[str, PropertyAttribute]

    @classmethod
    def of(cls, schema: Schema, options: Persist, api: str, classes: Classes) -> TableLayout:
        """Returns the layout of a schema's table. Raises ValueError, with the file and the line, if a key isn't
        suitable.
        """
        base_name = options.table or default_table_name(api, schema.name or "item")
        return cls(api, schema.name, base_name, options, _attributes(schema, options, classes))

    @property
    def table_name(self) -> str:
        """The table's name, which begins with the prefix in the current settings."""
        return f"{settings.DYNAMODB.TABLE_PREFIX}{self.base_name}"

    @cached_property
    def indexes(self) -> Mapping[str, Index]:
        """The global and local indexes, by name."""
        return {**self.options.indexes, **self.options.local_indexes}

    def key_names(self, index: str | None = None) -> tuple[str, ...]:
        """Returns the names of the hash key and, if there is one, the range key of an index. If ``index`` is
        None, returns the names of the table's keys.
        """
        options = self.options
        if index is None:
            names = options.hash_key, options.range_key
        elif index in options.local_indexes:
            names = options.hash_key, options.local_indexes[index].range_key
        else:
            names = options.indexes[index].hash_key, options.indexes[index].range_key
        return tuple(name for name in names if name is not None)


def default_table_name(api: str, schema_name: str) -> str:
    """Returns the default name of a schema's table: the names of the API and the schema, in snake case.

    >>> default_table_name("myserver", "UserProfile")
    'myserver_user_profile'
    """
    return re.sub(r"[^A-Za-z0-9_.-]", "_", f"{api}_{snake_case(schema_name)}")


def _attributes(schema: Schema, options: Persist, classes: Classes) -> dict[str, PropertyAttribute]:
    roles = _roles(options)
    properties = schema.properties
    for name in roles:
        if name not in properties:
            raise ValueError(f"{options.location}: x-persist names {name}, which isn't a property of {schema.name}")
    for name in properties:
        if name.endswith(GIVEN) and roles.get(name.removesuffix(GIVEN)):
            raise ValueError(
                f"{schema.location}: {name} is reserved for the original spelling of a key; rename the property"
            )
    attributes = {
        name: build_attribute(
            described,
            classes,
            role=roles.get(name, Role()),
            as_set=name in options.sets,
            version=name == options.version,
        )
        for name, described in properties.items()
    }
    if options.version and options.version not in attributes:
        attributes[options.version] = VersionPropertyAttribute.unlisted(options.version)
    return attributes


def _roles(options: Persist) -> dict[str, Role]:
    """Returns the role of each property for the table."""
    played: dict[str, dict[str, bool]] = {}

    def plays(name: str | None, part: str) -> None:
        if name is not None:
            played.setdefault(name, {})[part] = True

    plays(options.hash_key, "hash_key")
    plays(options.range_key, "range_key")
    plays(options.ttl, "ttl")
    for index in options.indexes.values():
        plays(index.hash_key, "index_hash_key")
        plays(index.range_key, "index_range_key")
    for index in options.local_indexes.values():
        plays(index.range_key, "index_range_key")
    return {name: Role(**parts) for name, parts in played.items()}
