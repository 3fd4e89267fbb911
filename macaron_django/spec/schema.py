"""One schema as the rest of the package reads it: a place in a document goes in, a ``Schema`` comes out.

A ``Schema`` is frozen and lazy. Its attributes are *effective*: they look through ``$ref``, ``allOf`` and the
"or null" wrapper, so that callers needn't know how an author composed a schema. Only ``json`` and
``bundle()`` show the composition, and only they are used to decide what is valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .discriminators import discriminated
from .keywords import ANNOTATIONS, TIGHTEST, type_of
from .lazy_values import Frozen, lazy_attribute
from .pointers import pointer_token

if TYPE_CHECKING:
    from .document import Document
    from .extensions import PropertyExtensions, SchemaExtensions
    from .findings import Location
    from .references import SourceFile

__all__ = ["Discriminator", "Property", "Schema"]

_UNSET: Any = object()


class Discriminator(NamedTuple):
    """The property whose value picks the schema of an object, and the schema for each of its values."""

    property_name: str
    mapping: Mapping[str, Schema]


class Property(Frozen):
    """A property of an object schema."""

    name: str
    schema: Schema
    required: bool

    def __init__(self, name: str, schema: Schema, required: bool) -> None:
        attributes = self.__dict__
        attributes["name"], attributes["schema"], attributes["required"] = name, schema, required

    def __repr__(self) -> str:
        return f"Property(name={self.name!r}, schema={self.schema!r}, required={self.required!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Property):
            return NotImplemented
        return (self.name, self.schema, self.required) == (other.name, other.schema, other.required)

    def __hash__(self) -> int:
        return hash((self.name, self.schema, self.required))

    @lazy_attribute
    def read_only(self) -> bool:
        return self.schema.keyword("readOnly") is True

    @lazy_attribute
    def write_only(self) -> bool:
        return self.schema.keyword("writeOnly") is True

    @lazy_attribute
    def extensions(self) -> PropertyExtensions:
        from .extensions import property_extensions

        return property_extensions(self.schema)


class Schema(Frozen):
    """A schema at one place of a document; equal to another of the same place.

    ``pointer`` is spelled as OpenAPI 3 would (``#/components/schemas/Pet``) whatever the document's version.
    """

    document: Document
    file: SourceFile
    pointer: str
    source_pointer: str  # as the document spells it

    def __init__(self, document: Document, file: SourceFile, pointer: str, source_pointer: str) -> None:
        attributes = self.__dict__
        attributes["document"], attributes["file"] = document, file
        attributes["pointer"], attributes["source_pointer"] = pointer, source_pointer

    def __repr__(self) -> str:
        return f"Schema(pointer={self.pointer!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schema):
            return NotImplemented
        return self is other or (
            self.document is other.document and self.pointer == other.pointer and self.file is other.file
        )

    def __hash__(self) -> int:
        return hash((self.file.uri, self.pointer))

    @property
    def uri(self) -> str:
        """URI of the file, and pointer."""
        return self.file.uri + self.pointer

    @property
    def location(self) -> Location:
        return self.file.location(self.source_pointer)

    @lazy_attribute
    def json(self) -> Mapping[str, Any] | bool:
        """The schema in the 3.1 form, ``$ref``s kept."""
        return self.document._normalised(self)

    @lazy_attribute
    def written(self) -> Any:
        """What stands there, as read; None if nothing does."""
        try:
            return self.file.lookup(self.source_pointer)
        except KeyError:
            return None

    @property
    def _keywords(self) -> Mapping[str, Any]:
        json = self.json
        return {} if isinstance(json, bool) else json

    def subschema(self, *keys: str) -> Schema:
        """The schema below this one at ``keys``, such as ``("properties", "name")``."""
        below: Any = self.json
        for key in keys:
            below = below[int(key)] if isinstance(below, list) else below[key]
        suffix = "".join("/" + pointer_token(key) for key in keys)
        return self.document._schema(self.file, self.source_pointer + suffix, self.pointer + suffix, below)

    # What the schema is, behind references

    @lazy_attribute
    def target(self) -> Schema | None:
        """The schema that ``$ref`` (or ``$dynamicRef``) leads to; None where there is none, or it is broken."""
        for keyword in ("$ref", "$dynamicRef"):
            reference = self._keywords.get(keyword)
            if isinstance(reference, str):
                return self.document._referred(self, reference)
        return None

    @lazy_attribute
    def _or_null(self) -> Schema | None:
        """X, where this schema says no more than "X or null"."""
        for keyword in ("anyOf", "oneOf"):
            branches = self._keywords.get(keyword)
            if isinstance(branches, list) and len(branches) == 2 and {"type": "null"} in branches:
                index = 1 if branches[0] == {"type": "null"} else 0
                if self._says_only(keyword):
                    return self.subschema(keyword, str(index))
        return None

    def _says_only(self, *keywords: str) -> bool:
        return all(key in keywords or key in ANNOTATIONS or key.startswith("x-") for key in self._keywords)

    @lazy_attribute
    def resolved(self) -> Schema:
        """The schema behind a chain of lone ``$ref``s and "or null"; itself where there is none."""
        schema, seen = self, {self}
        while True:
            following = schema._or_null
            if following is None and schema._says_only("$ref"):
                following = schema.target
            if following is None or following in seen:
                return schema
            seen.add(following)
            schema = following

    @lazy_attribute
    def name(self) -> str | None:
        """The name of the component that this is, or that a lone ``$ref`` leads to."""
        schema: Schema | None = self
        for _ in range(100):  # a cycle of references has no name
            if schema is None:
                return None
            name = schema.document._component_name(schema)
            if name is not None:
                return name
            schema = schema._or_null or (schema.target if schema._says_only("$ref") else None)
        return None

    @lazy_attribute
    def _parts(self) -> tuple[Schema, ...]:
        """All schemas that an instance of this one must match: itself, behind references, in allOf; as written."""
        parts: list[Schema] = []
        seen: set[Schema] = set()
        todo: list[tuple[Schema, bool]] = [(self, False)]
        while todo:
            schema, expanded = todo.pop()
            if expanded:
                parts.append(schema)
            elif schema not in seen:
                seen.add(schema)
                todo += reversed(list(schema._direct_parts()))
        return tuple(parts)

    def _direct_parts(self) -> Iterator[tuple[Schema, bool]]:
        placed = False
        for keyword, value in self._keywords.items():
            if keyword in ("$ref", "$dynamicRef") and self.target is not None:
                yield self.target, False
            elif keyword == "allOf" and isinstance(value, list):
                for index in range(len(value)):
                    yield self.subschema("allOf", str(index)), False
            elif keyword == "properties" and not placed:
                placed = True
                yield self, True
        if self._or_null is not None:
            yield self._or_null, False
        if not placed:
            yield self, True

    @lazy_attribute
    def _own_first(self) -> tuple[Schema, ...]:
        return (self, *(part for part in self._parts if part is not self))

    def keyword(self, name: str, default: Any = None) -> Any:
        """The effective value of a keyword: its own, else of what it refers to; for bounds, the tightest."""
        values = [part._keywords[name] for part in self._own_first if name in part._keywords]
        if not values:
            return default
        if name in TIGHTEST:
            numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
            return TIGHTEST[name](numbers) if numbers else default
        return values[0]

    # Effective attributes

    @lazy_attribute
    def _types(self) -> tuple[str, ...]:
        """The types that all parts allow, "null" included; () if anything."""
        allowed: list[str] | None = None
        for part in self._parts:
            types = part._own_types()
            if not types:
                continue
            if allowed is None:
                allowed = list(types)
            elif "number" in types and "integer" in allowed:
                allowed = [type_ for type_ in allowed if type_ in types or type_ == "integer"]
            elif "number" in allowed and "integer" in types:
                allowed = [type_ for type_ in types if type_ in allowed or type_ == "integer"]
            else:
                allowed = [type_ for type_ in allowed if type_ in types] or allowed
        return tuple(allowed or ())

    def _own_types(self) -> tuple[str, ...]:
        types = self._keywords.get("type")
        if isinstance(types, str):
            return (types,)
        if isinstance(types, list):
            return tuple(type_ for type_ in types if isinstance(type_, str))
        values = [self._keywords["const"]] if "const" in self._keywords else self._keywords.get("enum")
        return tuple(dict.fromkeys(type_of(value) for value in values)) if isinstance(values, list) else ()

    @lazy_attribute
    def types(self) -> tuple[str, ...]:
        """The effective types without "null"; () if anything goes."""
        return tuple(type_ for type_ in self._union_types(0) if type_ != "null")

    def _union_types(self, depth: int) -> tuple[str, ...]:
        if self._types or depth > 10:
            return self._types
        for branches in (self.any_of, self.one_of):
            found = [branch._union_types(depth + 1) for branch in branches]
            if found and all(found):
                return tuple(dict.fromkeys(type_ for types in found for type_ in types))
        return ()

    @lazy_attribute
    def nullable(self) -> bool:
        """Whether null is valid."""
        return self._accepts_null(())

    def _accepts_null(self, above: tuple[Schema, ...]) -> bool:
        """``above``: the schemas that led here; a cycle adds nothing, and nobody nests a hundred of them."""
        if isinstance(self.json, bool):
            return self.json
        if self in above or len(above) > 100:
            return True
        seen = (*above, self)
        keywords = self._keywords
        types = self._own_types()
        if types and "null" not in types:
            return False
        if isinstance(keywords.get("enum"), list) and None not in keywords["enum"]:
            return False
        if keywords.get("const", None) is not None:
            return False
        if self.target is not None and not self.target._accepts_null(seen):
            return False
        if any(not part._accepts_null(seen) for part in self._branches("allOf")):
            return False
        return all(
            any(branch._accepts_null(seen) for branch in branches)
            for branches in (self._branches("anyOf"), self._branches("oneOf"))
            if branches
        )

    def _branches(self, keyword: str) -> tuple[Schema, ...]:
        branches = self._keywords.get(keyword)
        if not isinstance(branches, list):
            return ()
        return tuple(self.subschema(keyword, str(index)) for index in range(len(branches)))

    @property
    def format(self) -> str | None:
        return _string(self.keyword("format"))

    @property
    def title(self) -> str:
        return _string(self.keyword("title")) or ""

    @property
    def description(self) -> str:
        return _string(self.keyword("description")) or ""

    @property
    def pattern(self) -> str | None:
        return _string(self.keyword("pattern"))

    @lazy_attribute
    def enum(self) -> tuple[Any, ...] | None:
        """The values allowed, from ``enum`` or ``const``; None if they aren't listed."""
        if (constant := self.keyword("const", _UNSET)) is not _UNSET:
            return (constant,)
        values = self.keyword("enum")
        return tuple(values) if isinstance(values, list) else None

    @property
    def has_default(self) -> bool:
        return self.keyword("default", _UNSET) is not _UNSET

    @property
    def default(self) -> Any:
        return self.keyword("default")

    @lazy_attribute
    def properties(self) -> Mapping[str, Property]:
        """The properties, through ``$ref`` and ``allOf``, in document order."""
        found: dict[str, Schema] = {}
        for part in self._parts:
            properties = part._keywords.get("properties")
            if isinstance(properties, Mapping):
                for name in properties:
                    if name not in found or part is self:
                        found[name] = part.subschema("properties", name)
        return MappingProxyType({name: Property(name, schema, name in self.required) for name, schema in found.items()})

    @lazy_attribute
    def required(self) -> frozenset[str]:
        names: set[str] = set()
        for part in self._parts:
            required = part._keywords.get("required")
            if isinstance(required, list):
                names.update(name for name in required if isinstance(name, str))
        return frozenset(names)

    @lazy_attribute
    def items(self) -> Schema | None:
        return self._first("items")

    @lazy_attribute
    def additional_properties(self) -> Schema | bool:
        schema = self._first("additionalProperties") or self._first("unevaluatedProperties")
        if schema is None:
            return True
        return schema.json if isinstance(schema.json, bool) else schema

    def _first(self, keyword: str) -> Schema | None:
        for part in self._own_first:
            if isinstance(part._keywords.get(keyword), Mapping | bool):
                return part.subschema(keyword)
        return None

    @lazy_attribute
    def one_of(self) -> tuple[Schema, ...]:
        return self._first_branches("oneOf")

    @lazy_attribute
    def any_of(self) -> tuple[Schema, ...]:
        return self._first_branches("anyOf")

    @lazy_attribute
    def all_of(self) -> tuple[Schema, ...]:
        return self._first_branches("allOf")

    def _first_branches(self, keyword: str) -> tuple[Schema, ...]:
        for part in self._own_first:
            if part._or_null is None and (branches := part._branches(keyword)):
                return branches
        return ()

    @lazy_attribute
    def discriminator(self) -> Discriminator | None:
        for part in self._own_first:
            found = part._keywords.get("discriminator")
            if isinstance(found, Mapping) and isinstance(found.get("propertyName"), str):
                return Discriminator(found["propertyName"], discriminated(part, found))
        return None

    @lazy_attribute
    def is_object(self) -> bool:
        """Whether instances are objects: by type, or by having properties."""
        return self.types == ("object",) or (not self.types and bool(self.properties))

    @lazy_attribute
    def extensions(self) -> SchemaExtensions:
        from .extensions import schema_extensions

        return schema_extensions(self)

    def bundle(self, direction: Literal["request", "response"] | None = None) -> dict[str, Any]:
        """The schema as self-contained JSON Schema 2020-12, with what it refers to in its own ``$defs``.

        For "request", readOnly properties aren't required; for "response", writeOnly ones aren't.
        """
        from .bundling import bundle_schema

        return bundle_schema(self, direction)


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None
