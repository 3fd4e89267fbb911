"""Provides the API object classes of one API by component name: ``apipool.<api>`` is a :class:`Classes`.

A persisted schema has a row class, and any other object schema has a value class. If a schema isn't a component, its
class is created at first use and named after the schema's place: ``ProfileAddress`` is the class for the property
``address`` of ``Profile``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from macaron_django.openapi import Document, Schema, json_pointers
from macaron_django.openapi.schema import reachable_schemas
from macaron_django.schemas.validation.validators import validator_for
from macaron_django.schemas.values.api_objects import ObjectSpec, Value, value_class
from macaron_django.schemas.values.conversions import json_value
from macaron_django.schemas.values.field_names import field_names

if TYPE_CHECKING:
    from macaron_django.schemas.values.conversions import Conversion

__all__ = ["Classes", "class_name"]

#: Steps in a pointer that aren't used in the name of a class.
_SILENT = frozenset({"#", "components", "schemas", "paths", "properties", "content", "schema", "allOf", "$defs"})


class Classes:
    """The classes of one API. Get a class by its component name, as an attribute or as an item."""

    def __init__(self, api: str, document: Document) -> None:
        self.api = api
        self.__module__ = "macaron_django"  # pickles find this object as macaron_django.apipool.<api>
        self.document = document
        #: Row classes by schema name. The registry fills it.
        self.rows: dict[str, type] = {}
        #: By schema name, the class that x-persist names. It has the methods that store objects. The registry fills
        #: this mapping.
        self.grafts: dict[str, type] = {}
        #: The names of the components' Django models. ``models`` fills it.
        self.model_names: dict[str, str] = {}
        #: The conversions created so far, by schema.
        self.conversions: dict[Schema, Conversion] = {}
        #: Serializer classes by schema, direction and model, and their common base classes. ``serializers`` fills both.
        self.serializer_classes: dict[tuple[Schema, str, type | None], type] = {}
        self.serializer_bases: dict[tuple[type, int], type] = {}
        #: Further attributes, such as ``client``, and the functions that create them. The registry fills it.
        self.further: dict[str, Callable[[], Any]] = {}
        self._values: dict[Schema, type[Value]] = {}

    def for_schema(self, schema: Schema) -> type[Value]:
        """Returns the value class of an object schema. The class is created at first use."""
        schema = schema.resolved
        known = self._values.get(schema)
        if known is None:
            name = class_name(schema)
            spec = ObjectSpec(self.api, schema, self)
            grafted = self.grafts.get(schema.name or "")
            made = value_class(spec, name, f"apipool.{self.api}.{name}", "macaron_django", grafted)
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

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            for candidate in (name, self._by_field_name.get(name)):
                if candidate is not None and (candidate in self.rows or candidate in self.document.schemas):
                    try:
                        return self[candidate]
                    except KeyError:
                        kind = " or ".join(self.document.schemas[candidate].types) or "value"
                        raise AttributeError(
                            f"the schema {candidate!r} of the API {self.api!r} describes a {kind}, not an object"
                        ) from None
            if name in self._unnamed:
                return self.for_schema(self._unnamed[name])
            if name in self.further:  # reached only if no schema of the API has this name
                return self.further[name]()
            if name in _PYMACARONS:
                return _PYMACARONS[name](self)
        raise AttributeError(f"the API {self.api!r} has no schema {name!r}")

    @cached_property
    def _unnamed(self) -> dict[str, Schema]:
        """The object schemas that aren't components, by class name.

        If several schemas have the same class name, the first schema is used.
        """
        found: dict[str, Schema] = {}
        for schema in map(_resolved, self._objects()):
            if schema.name is None:
                found.setdefault(class_name(schema), schema)
        return found

    @cached_property
    def _by_field_name(self) -> dict[str, str]:
        return {field: name for name, field in field_names(self.document.schemas).items()}

    def __contains__(self, name: object) -> bool:
        return name in self.rows or (name in self.document.schemas and _has_class(self.document.schemas[str(name)]))

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.document.schemas if name in self)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self, *self.further})

    def __repr__(self) -> str:
        return f"<Classes of {self.api}>"

    # The interface of PyMacaron's pools of models

    def get_model_names(self) -> list[str]:
        """Returns the names of the schemas that have a class."""
        return list(self)

    def json_to_model(
        self,
        model_name: str,
        j: Mapping[str, Any],
        validate: bool = False,
        keep_datetime: bool | None = None,
        prune_none: bool | None = None,
    ) -> Any:
        """Creates an object of a schema from the object's JSON form. Calls ``from_json()`` of the schema's class.

        With ``validate``, a row is validated immediately. Otherwise it is validated only when it is saved.
        """
        made = self._class_of(model_name).from_json(j, prune_none=prune_none, keep_datetime=keep_datetime)
        if validate:
            self.validate(model_name, made)
        return made

    def model_to_json(self, object: Any) -> Any:  # noqa: A002 (PyMacaron's name)
        """Returns the JSON form of an object."""
        return object.to_json()

    def validate(self, model_name: str, object: Any) -> None:  # noqa: A002 (PyMacaron's name)
        """Raises ``ValidationFailed`` if an object, or a JSON value, violates a schema."""
        validator_for(self._class_of(model_name)._spec.schema).validate(json_value(object))

    def _class_of(self, name: str) -> Any:
        if name not in self:
            raise ValueError(f"the API {self.api!r} has no schema {name!r} that describes objects")
        return self[name]

    # Pickling

    def __reduce__(self) -> str:
        return f"apipool.{self.api}"

    @staticmethod
    def key_of(schema: Schema) -> str:
        """Returns a key for the schema. The key is valid in other processes, too."""
        return schema.uri.rpartition("/")[2] if "#" not in schema.uri else _file_and_pointer(schema.uri)

    def by_key(self, key: str) -> type[Value]:
        """Returns the value class of the schema for which :meth:`key_of` returned this key."""
        for schema in self._objects():
            if self.key_of(schema) == key:
                return self.for_schema(schema)
        raise LookupError(f"the API {self.api!r} has no schema at {key}")

    def _objects(self) -> Iterator[Schema]:
        """Returns every object schema that the components and operations lead to."""
        todo: list[Schema] = list(self.document.schemas.values())
        for operation in self.document.operations:
            bodies: list[Any] = [operation.request_body, *operation.responses.values()]
            media = [each for body in bodies if body for each in body.content.values()]
            todo += [schema for each in media for schema in (each.schema, each.item_schema) if schema is not None]
        return (schema for schema in reachable_schemas(todo) if schema.properties)


#: The attributes of PyMacaron's API objects, and the functions that create them.
_PYMACARONS: Mapping[str, Callable[[Classes], Any]] = {
    "model": lambda classes: classes,
    "name": lambda classes: classes.api,
    "api_name": lambda classes: classes.api,
    "api_spec": lambda classes: classes,
    "swagger_dict": lambda classes: classes.document.json,
    "definitions": lambda classes: {name: classes[name] for name in classes},
    "version": lambda classes: str(classes.document.info.get("version", "")),
    "get_version": lambda classes: lambda: str(classes.document.info.get("version", "")),
}


def _resolved(schema: Schema) -> Schema:
    return schema.resolved


def _file_and_pointer(uri: str) -> str:
    file, _, pointer = uri.partition("#")
    return f"{file.rpartition('/')[2]}#{pointer}"


def _has_class(schema: Schema) -> bool:
    return schema.is_object or bool(schema.properties)


def class_name(schema: Schema, name: str | None = None) -> str:
    """Returns the name of an object schema's class: the component's name, or else a name made from the schema's place.

    ``#/components/schemas/Profile/properties/home-address`` is ``ProfileHomeAddress``.
    """
    name = name or schema.name
    if name is not None:
        return name if name.isidentifier() else _camel_case([name])
    file, _, pointer = schema.uri.partition("#")
    steps = pointer.split("/")
    if "~" in pointer or "%" in pointer:
        steps = [json_pointers.unescape(unquote(step)) for step in steps]
    shown = [step for step in steps if step not in _SILENT]
    if shown == steps or not any(shown):  # if the schema is a whole file, the file's name is used
        shown = [file.rpartition("/")[2].partition(".")[0], *shown]
    return _camel_case(shown)


def _camel_case(steps: list[str]) -> str:
    name = "".join(map(_capitalised, steps))
    return name if name.isidentifier() else f"Schema{name}"


@lru_cache(maxsize=1000)  # many pointers have the same steps
def _capitalised(step: str) -> str:
    words = re.findall(r"\w+", step)
    return "".join(word[0].upper() + word[1:] for word in words)
