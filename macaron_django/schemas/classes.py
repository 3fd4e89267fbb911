"""A Document in, the classes of its API out: ``apipool.<api>`` is a :class:`Classes`.

By component name, the row class of a persisted schema and the value class of any other object schema. Classes of
nested schemas without a name are made when they are first needed and called after their place: ``ProfileAddress``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .names import field_names
from .objects import ObjectSpec, Value, value_class

if TYPE_CHECKING:
    from macaron_django.spec import Document, Schema

    from .conversions import Conversion

__all__ = ["Classes"]

#: Steps of a pointer that say nothing about what is there.
_SILENT = frozenset({"#", "components", "schemas", "paths", "properties", "content", "schema", "allOf", "$defs"})


class Classes:
    """The classes of one API, as attributes or items by component name."""

    def __init__(self, api: str, document: Document) -> None:
        self.api = api
        self.__module__ = "macaron_django"  # pickles look this up as macaron_django.apipool.<api>
        self.document = document
        #: Row classes by schema name; the registry fills it.
        self.rows: dict[str, type] = {}
        #: Conversions that were made, by schema.
        self.conversions: dict[Schema, Conversion] = {}
        self._values: dict[Schema, type[Value]] = {}

    def for_schema(self, schema: Schema) -> type[Value]:
        """Return the value class of an object schema, made at first use."""
        schema = schema.resolved
        known = self._values.get(schema)
        if known is None:
            name = class_name(schema)
            spec = ObjectSpec(self.api, schema, self)
            made = value_class(spec, name, f"apipool.{self.api}.{name}", "macaron_django")
            known = self._values.setdefault(schema, made)  # another thread may have been faster
        return known

    def __getitem__(self, name: str) -> type:
        row = self.rows.get(name)
        if row is not None:
            return row
        schema = self.document.schemas[name]
        if not _has_class(schema):
            raise KeyError(name)
        return self.for_schema(schema)

    def __getattr__(self, name: str) -> type:
        if not name.startswith("__"):
            for candidate in (name, self._by_field_name.get(name)):
                if candidate is not None and (candidate in self.rows or candidate in self.document.schemas):
                    try:
                        return self[candidate]
                    except KeyError:
                        kind = " or ".join(self.document.schemas[candidate].types) or "value"
                        raise AttributeError(
                            f"the schema {candidate!r} of the API {self.api!r} describes no object but a {kind}"
                        ) from None
        raise AttributeError(f"the API {self.api!r} has no schema {name!r}")

    @cached_property
    def _by_field_name(self) -> dict[str, str]:
        return {field: name for name, field in field_names(self.document.schemas).items()}

    def __contains__(self, name: object) -> bool:
        return name in self.rows or (name in self.document.schemas and _has_class(self.document.schemas[str(name)]))

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.document.schemas if name in self)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self})

    def __repr__(self) -> str:
        return f"<Classes of {self.api}>"

    # Pickling

    def __reduce__(self) -> str:
        return f"apipool.{self.api}"

    @staticmethod
    def key_of(schema: Schema) -> str:
        """A name for the schema that means the same in another process."""
        return schema.uri.rpartition("/")[2] if "#" not in schema.uri else _file_and_pointer(schema.uri)

    def by_key(self, key: str) -> type[Value]:
        """Return the value class of the schema that :meth:`key_of` gave this name."""
        for schema in self._objects():
            if self.key_of(schema) == key:
                return self.for_schema(schema)
        raise LookupError(f"the API {self.api!r} has no schema at {key}")

    def _objects(self) -> Iterator[Schema]:
        """Every object schema that the components and operations lead to."""
        todo: list[Schema] = list(self.document.schemas.values())
        for operation in self.document.operations:
            bodies: list[Any] = [operation.request_body, *operation.responses.values()]
            todo += [
                media.schema for body in bodies if body for media in body.content.values() if media.schema is not None
            ]
        seen: set[Schema] = set()
        while todo:
            schema = todo.pop().resolved
            if schema in seen:
                continue
            seen.add(schema)
            if schema.properties:
                yield schema
            todo += [each.schema for each in schema.properties.values()]
            todo += [*schema.one_of, *schema.any_of]
            if schema.items is not None:
                todo.append(schema.items)
            if not isinstance(schema.additional_properties, bool):
                todo.append(schema.additional_properties)


def _file_and_pointer(uri: str) -> str:
    file, _, pointer = uri.partition("#")
    return f"{file.rpartition('/')[2]}#{pointer}"


def _has_class(schema: Schema) -> bool:
    return schema.is_object or bool(schema.properties)


def class_name(schema: Schema, name: str | None = None) -> str:
    """Name the class of an object schema: after its component, else after its place in the document.

    ``#/components/schemas/Profile/properties/home-address`` is ``ProfileHomeAddress``.
    """
    name = name or schema.name
    if name is not None:
        return name if name.isidentifier() else _camel_case([name])
    file, _, pointer = schema.uri.partition("#")
    steps = [unquote(step).replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]
    told = [step for step in steps if step not in _SILENT]
    if told == steps or not any(told):  # a file of its own: its name says what it is
        told = [file.rpartition("/")[2].partition(".")[0], *told]
    return _camel_case(told)


def _camel_case(steps: list[str]) -> str:
    words = [word for step in steps for word in re.findall(r"\w+", step)]
    name = "".join(word[0].upper() + word[1:] for word in words)
    return name if name.isidentifier() else f"Schema{name}"
