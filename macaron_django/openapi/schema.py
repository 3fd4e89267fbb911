"""Schemas, with attributes that combine the keywords of composed schemas.

A ``Schema`` is frozen and lazy. Most attributes are *effective*: they include the keywords behind ``$ref``, ``allOf``
and "X or null" (a union of a schema X with ``null``). So callers don't have to know how an author composed a schema.
Only ``json`` and ``bundle()`` show how a schema is composed. They alone decide which values are valid.

The *3.1 form* of a schema is JSON Schema 2020-12, whatever the document's version is. A *lone* reference is a ``$ref``
with only annotations beside it: such a schema merely refers to another schema.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from macaron_django.openapi.computed_values import Frozen, circular_values, lazy_attribute
from macaron_django.openapi.json_pointers import join
from macaron_django.openapi.keywords import ANNOTATIONS, TIGHTEST, common_types, types_of
from macaron_django.openapi.reading.source_files import SourceFile, SourceNode

if TYPE_CHECKING:
    from typing import Protocol

    from macaron_django.openapi.extensions import PropertyExtensions, SchemaExtensions
    from macaron_django.openapi.findings import Location
    from macaron_django.openapi.reading.limits import Limits

    class SchemaDocument(Protocol):
        """The interface that ``Document`` offers to schemas, and to code that reads schemas."""

        @property
        def limits(self) -> Limits: ...
        @property
        def json(self) -> Mapping[str, Any]: ...
        @property
        def schemas(self) -> Mapping[str, Schema]: ...
        @property
        def memos(self) -> dict[object, dict[Any, Any]]: ...
        @property
        def children_by_parent(self) -> Mapping[Schema, list[Schema]]: ...
        @property
        def definition_names(self) -> Mapping[Schema, str]: ...
        def follow(self, node: SourceNode) -> SourceNode | None: ...
        def schema_of(self, node: SourceNode) -> Schema: ...
        def schema_at(self, file: SourceFile, source_pointer: str, pointer: str, json: Any = None) -> Schema: ...
        def referred(self, schema: Schema, reference: str) -> Schema | None: ...
        def normalised(self, schema: Schema) -> dict[str, Any] | bool: ...
        def may_be_marked(self, schema: Schema) -> bool: ...
        def component_name(self, schema: Schema) -> str | None: ...
        def discriminated(self, schema: Schema, discriminator: Mapping[str, Any]) -> Mapping[str, Schema]: ...
        def bundle(self, schema: Schema, direction: Direction | None) -> dict[str, Any]: ...
        def references(self, schema: Schema, direction: Direction | None) -> list[Schema]: ...


__all__ = ["MOST_PARTS", "Direction", "Discriminator", "Property", "Schema", "reachable_schemas"]

#: Whether a schema describes what a client sends or what it receives.
Direction = Literal["request", "response"]
#: How many parts a schema may have: itself, and the schemas that it inherits from. Of 300 public documents, none needs
#: more than 27. Without this limit, the time for a chain of inheriting schemas would grow with its length squared.
MOST_PARTS = 100
_UNSET: Any = object()
Value = TypeVar("Value")
#: Keywords that may add other schemas for the same instance.
_LEADING_ON = frozenset({"$dynamicRef", "$ref", "allOf", "anyOf", "oneOf"})


class Discriminator(NamedTuple):
    """The name of the property that selects an object's schema, and the schema for each value of that property."""

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
        """Whether only the server sets the property."""
        return self.schema.keyword("readOnly") is True

    @lazy_attribute
    def write_only(self) -> bool:
        """Whether responses omit the property."""
        return self.schema.keyword("writeOnly") is True

    @lazy_attribute
    def extensions(self) -> PropertyExtensions:
        """The x- attributes of the property."""
        from macaron_django.openapi.extensions import property_extensions

        return property_extensions(self.schema.attribute_nodes)


class Schema(Frozen):
    """The schema at one place in a document. ``Document`` creates only one ``Schema`` for each place.

    ``pointer`` is spelled as in OpenAPI 3 (``#/components/schemas/Pet``), even if the document is Swagger 2.0.
    """

    document: SchemaDocument
    file: SourceFile
    pointer: str
    source_pointer: str  # in the document's own spelling, such as #/definitions/Pet

    def __init__(
        self, document: SchemaDocument, file: SourceFile, pointer: str, source_pointer: str, json: Any = None
    ) -> None:
        attributes = self.__dict__
        attributes["document"], attributes["file"] = document, file
        attributes["pointer"], attributes["source_pointer"] = pointer, source_pointer
        if json is not None:
            attributes["json"] = json if isinstance(json, dict | bool) else {}

    def __repr__(self) -> str:
        return f"Schema(pointer={self.pointer!r})"

    @property
    def uri(self) -> str:
        """The URI of the schema: the URI of its file, with the pointer as the fragment."""
        return self.file.uri + self.pointer

    @property
    def location(self) -> Location:
        """The place in its file where the schema is written."""
        return self.file.location(self.source_pointer)

    @lazy_attribute
    def json(self) -> Mapping[str, Any] | bool:
        """The schema in the 3.1 form, with its ``$ref``s."""
        return self.document.normalised(self)

    @lazy_attribute
    def written(self) -> Any:
        """The schema in the document's own dialect, as it was read; None if the file has no schema at this place."""
        try:
            return self.file.lookup(self.source_pointer)
        except KeyError:
            return None

    def keep_written(self, value: Any) -> None:
        """Sets ``written`` unless it is already set. Then the file isn't searched for the schema."""
        self.__dict__.setdefault("written", value)

    @lazy_attribute
    def keywords(self) -> Mapping[str, Any]:
        """The keywords of the schema itself, in the 3.1 form. A boolean schema has none."""
        json = self.json
        return {} if isinstance(json, bool) else json

    def subschema(self, *keys: str) -> Schema:
        """Returns the schema at ``keys`` below this schema, such as ``"properties", "name"``.

        Raises ``KeyError`` or ``IndexError`` if there is none.
        """
        below: Any = self.json
        for key in keys:
            below = below[int(key)] if isinstance(below, list) else below[key]
        suffix = join(keys)
        return self.document.schema_at(self.file, self.source_pointer + suffix, self.pointer + suffix, below)

    # References and composition

    @lazy_attribute
    def _leads_on(self) -> bool:
        """Whether a keyword may add other schemas for the same instance. Few schemas have such a keyword."""
        return not _LEADING_ON.isdisjoint(self.keywords)

    @lazy_attribute
    def target(self) -> Schema | None:
        """The schema that ``$ref`` or ``$dynamicRef`` refers to; None if there is no reference or if it is broken."""
        for keyword in ("$ref", "$dynamicRef"):
            reference = self.keywords.get(keyword)
            if isinstance(reference, str):
                return self.document.referred(self, reference)
        return None

    @property
    def is_overloaded(self) -> bool:
        """Whether the schema reaches the limit of ``MOST_PARTS`` parts. If so, ``parts`` might be incomplete."""
        if self._is_reference:
            return self.resolved.is_overloaded
        return len(self.parts) >= MOST_PARTS <= sum([not part._is_lone_reference for part in self.parts])

    @lazy_attribute
    def _or_null(self) -> Schema | None:
        """The schema X if this schema is only "X or null", otherwise None."""
        for keyword in ("anyOf", "oneOf") if self._leads_on else ():
            branches = self.keywords.get(keyword)
            if isinstance(branches, list) and len(branches) == 2 and {"type": "null"} in branches:
                index = 1 if branches[0] == {"type": "null"} else 0
                if self._says_only(keyword):
                    return self.subschema(keyword, str(index))
        return None

    @lazy_attribute
    def _is_lone_reference(self) -> bool:
        return self._says_only("$ref")

    def _says_only(self, *keywords: str) -> bool:
        return all(key in keywords or key in ANNOTATIONS or key.startswith("x-") for key in self.keywords)

    @property
    def _following(self) -> Schema | None:
        """The schema that this schema merely refers to, or None if this schema does more than refer to another schema.

        The schema refers to X if it has only a ``$ref`` to X, or if it is only a union of X and null.
        """
        return self._or_null or (self.target if self._is_lone_reference else None)

    @lazy_attribute
    def resolved(self) -> Schema:
        """The schema at the end of this schema's chain of references. Without references, this is the schema itself.

        A schema in the chain has only a ``$ref`` to the next schema, or is only a union of the next schema and null.
        """
        if not self._leads_on or self._following is None:
            return self
        schema, seen = self, {self}
        while (following := schema._following) is not None:
            if following in seen:
                return schema
            seen.add(following)
            schema = following
            end = following.__dict__.get("resolved")
            if end is not None and end._following is None:  # no circle
                schema = end
        for each in seen:  # otherwise each schema of a long chain would follow the rest again
            each.__dict__.setdefault("resolved", schema)
        return schema

    @property
    def _is_reference(self) -> bool:
        """Whether the schema merely refers to another schema, and isn't part of a circle of references."""
        return self.resolved is not self and self.resolved._following is None

    @lazy_attribute
    def name(self) -> str | None:
        """The component name of this schema, or else of the schema that it merely refers to.

        None if neither schema has a name.
        """
        schema: Schema | None = self
        for _ in range(100):  # a cycle of references has no name
            if schema is None:
                return None
            name = schema.document.component_name(schema)
            if name is not None:
                return name
            schema = schema._following
        return None

    @lazy_attribute
    def parts(self) -> tuple[Schema, ...]:
        """The schemas that an instance must match: this schema, targets of references, and parts of ``allOf``.

        They are in the order in which they are written. There are at most ``MOST_PARTS`` parts, not counting lone
        references. ``check`` reports a schema that reaches this limit.
        """
        if not self._leads_on:
            return (self,)
        parts: list[Schema] = []
        seen: set[Schema] = set()
        counted = 0
        todo: list[tuple[Schema, bool]] = [(self, False)]
        while todo and counted < MOST_PARTS:
            schema, is_itself = todo.pop()
            if is_itself:
                parts.append(schema)
            elif schema not in seen:
                seen.add(schema)
                counted += not schema._is_lone_reference
                todo += schema._direct_parts
        parts += [schema for schema, is_itself in reversed(todo) if is_itself]
        return tuple(parts)

    @lazy_attribute
    def _direct_parts(self) -> tuple[tuple[Schema, bool], ...]:
        """The parts that the schema's own keywords add, in reverse order, each with a flag.

        The flag is True for the schema itself, and False for a schema that may add further parts. The result is stored,
        because every schema that inherits from this schema needs it.
        """
        if not self._leads_on:
            return ((self, True),)
        found: list[tuple[Schema, bool]] = []
        placed = False
        for keyword, value in self.keywords.items():
            if keyword in ("$ref", "$dynamicRef") and self.target is not None:
                found.append((self.target, False))
            elif keyword == "allOf" and isinstance(value, list):
                found += [(self.subschema("allOf", str(index)), False) for index in range(len(value))]
            elif keyword == "properties" and not placed:
                placed = True
                found.append((self, True))
        if self._or_null is not None:
            found.append((self._or_null, False))
        if not placed:
            found.append((self, True))
        return tuple(reversed(found))

    @lazy_attribute
    def _parts_by_keyword(self) -> Mapping[str, Sequence[Schema]]:
        """For each keyword, the parts with this keyword. The schema itself is first, if it has the keyword."""
        parts = self.parts
        if len(parts) == 1:
            return dict.fromkeys(self.keywords, parts)
        found: defaultdict[str, list[Schema]] = defaultdict(list)
        for part in (self, *(part for part in parts if part is not self)):
            for keyword in part.keywords:
                found[keyword].append(part)
        return found

    def keyword(self, name: str, default: Any = None) -> Any:
        """Returns a keyword's effective value, from the schema itself or else from the first part that has the keyword.

        If several parts have the same bound, such as ``maximum``, the tightest value is returned.
        """
        parts = self._parts_by_keyword.get(name)
        if parts is None:
            return default
        if name in TIGHTEST:
            values = (part.keywords[name] for part in parts)
            numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
            return TIGHTEST[name](numbers) if numbers else default
        return parts[0].keywords[name]

    # Effective attributes

    @lazy_attribute
    def _types(self) -> tuple[str, ...]:
        """The types that all parts allow, including "null"; () if every type is allowed."""
        return common_types([part._own_types for part in self.parts])

    @lazy_attribute
    def _own_types(self) -> tuple[str, ...]:
        """The types that the schema's own keywords allow; () if these keywords don't restrict the type."""
        return types_of(self.keywords)

    @lazy_attribute
    def types(self) -> tuple[str, ...]:
        """The effective types without "null"; () if every type is allowed."""
        return tuple([type_ for type_ in self._union_types if type_ != "null"])

    @lazy_attribute
    def _union_types(self) -> tuple[str, ...]:
        """The effective types, or else the types of the union's branches; () if every type is allowed."""
        return self._solved("_union_types", Schema._typed_branches, Schema._types_of_branches, ())

    def _typed_branches(self) -> tuple[Schema, ...]:
        return () if self._types else self.any_of + self.one_of

    def _types_of_branches(self, types_of: Mapping[Schema, tuple[str, ...]]) -> tuple[str, ...]:
        if self._types or not self._leads_on:
            return self._types
        for branches in (self.any_of, self.one_of):
            if branches and all(types_of[branch] for branch in branches):
                return tuple(dict.fromkeys(type_ for branch in branches for type_ in types_of[branch]))
        return ()

    @lazy_attribute
    def nullable(self) -> bool:
        """Whether null is valid. If a schema's references only lead back to the schema itself, null is valid."""
        return self._solved("nullable", Schema._judges_of_null, Schema._accepts_null, True)

    def _judges_of_null(self) -> tuple[Schema, ...]:
        target = () if self.target is None else (self.target,)
        return target + self.branches("allOf") + self.branches("anyOf") + self.branches("oneOf")

    def _accepts_null(self, accepts_null: Mapping[Schema, bool]) -> bool:
        if isinstance(self.json, bool):
            return self.json
        keywords = self.keywords
        types = self._own_types
        if types and "null" not in types:
            return False
        if isinstance(keywords.get("enum"), list) and None not in keywords["enum"]:
            return False
        if keywords.get("const", None) is not None:
            return False
        if not self._leads_on:
            return True
        if self.target is not None and not accepts_null[self.target]:
            return False
        if not all(accepts_null[part] for part in self.branches("allOf")):
            return False
        return all(
            any(accepts_null[branch] for branch in branches)
            for branches in (self.branches("anyOf"), self.branches("oneOf"))
            if branches
        )

    def _solved(
        self,
        name: str,
        below: Callable[[Schema], tuple[Schema, ...]],
        judge: Callable[[Schema, Mapping[Schema, Value]], Value],
        initially: Value,
    ) -> Value:
        """Returns the value of the attribute ``name``, and also stores it for the schemas on which it depends."""
        if not self._leads_on:
            return judge(self, {})
        needed = below(self)
        if all(name in each.__dict__ for each in needed):  # then this schema isn't in a circle
            return judge(self, {each: each.__dict__[name] for each in needed})

        def unsolved(schema: Schema) -> tuple[Schema, ...]:
            return () if name in schema.__dict__ else below(schema)

        def solved(schema: Schema, values: Mapping[Schema, Value]) -> Value:
            known = schema.__dict__
            return known[name] if name in known else judge(schema, values)

        values = circular_values(self, unsolved, solved, initially)
        for schema, value in values.items():
            schema.__dict__.setdefault(name, value)
        return values[self]

    def branches(self, keyword: str) -> tuple[Schema, ...]:
        """Returns the schemas in the schema's own ``allOf``, ``anyOf`` or ``oneOf``."""
        branches = self.keywords.get(keyword)
        if not isinstance(branches, list):
            return ()
        return tuple(self.subschema(keyword, str(index)) for index in range(len(branches)))

    @property
    def format(self) -> str | None:
        """The effective format; None if there is none.

        If the schema has ``contentEncoding: base64`` but no format, the effective format is "byte". In OpenAPI 3.1,
        ``contentEncoding: base64`` replaces the format ``byte`` (3.1.1, "Migrating Binary Descriptions").
        """
        encoded = "byte" if self.keyword("contentEncoding") == "base64" else None
        return _string(self.keyword("format")) or encoded

    @property
    def title(self) -> str:
        """The effective title; "" where there is none."""
        return _string(self.keyword("title")) or ""

    @property
    def description(self) -> str:
        """The effective description; "" where there is none."""
        return _string(self.keyword("description")) or ""

    @property
    def pattern(self) -> str | None:
        """The effective pattern; None if there is none."""
        return _string(self.keyword("pattern"))

    @lazy_attribute
    def enum(self) -> tuple[Any, ...] | None:
        """The allowed values, from ``enum`` or ``const``; None if the schema has neither keyword."""
        if (constant := self.keyword("const", _UNSET)) is not _UNSET:
            return (constant,)
        values = self.keyword("enum")
        return tuple(values) if isinstance(values, list) else None

    @property
    def has_default(self) -> bool:
        """Whether there is a default, even if it is null."""
        return self.keyword("default", _UNSET) is not _UNSET

    @property
    def default(self) -> Any:
        """The effective default; None if there is none."""
        return self.keyword("default")

    @lazy_attribute
    def properties(self) -> Mapping[str, Property]:
        """The properties by name, including those from ``$ref`` and ``allOf``, in document order."""
        if self._is_reference:  # so that many references to a large schema share its properties
            return self.resolved.properties
        found: dict[str, Schema] = {}
        for part in self.parts:
            properties = part.keywords.get("properties")
            if isinstance(properties, dict):
                for name in properties:
                    if name not in found or part is self:
                        found[name] = part.subschema("properties", name)
        return MappingProxyType({name: Property(name, schema, name in self.required) for name, schema in found.items()})

    def property_schema(self, name: str) -> Schema | None:
        """Returns the schema of a property, the same as in ``properties``; None if there is no such property."""
        for part in self._parts_by_keyword.get("properties", ()):
            properties = part.keywords["properties"]
            if isinstance(properties, dict) and name in properties:
                return part.subschema("properties", name)
        return None

    @lazy_attribute
    def required(self) -> frozenset[str]:
        """The names of the required properties, including those from ``$ref`` and ``allOf``."""
        if self._is_reference:
            return self.resolved.required
        names: set[str] = set()
        for part in self._parts_by_keyword.get("required", ()):
            required = part.keywords["required"]
            if isinstance(required, list):
                names.update(name for name in required if isinstance(name, str))
        return frozenset(names)

    @lazy_attribute
    def items(self) -> Schema | None:
        """The schema of an array's items; None if every value is allowed."""
        return self._first("items")

    @lazy_attribute
    def additional_properties(self) -> Schema | bool:
        """The schema for properties that aren't in ``properties``; True if any value is allowed, False if none is."""
        schema = self._first("additionalProperties") or self._first("unevaluatedProperties")
        if schema is None:
            return True
        return schema.json if isinstance(schema.json, bool) else schema

    def _first(self, keyword: str) -> Schema | None:
        for part in self._parts_by_keyword.get(keyword, ()):
            if isinstance(part.keywords[keyword], dict | bool):
                return part.subschema(keyword)
        return None

    @lazy_attribute
    def one_of(self) -> tuple[Schema, ...]:
        """The branches of the nearest ``oneOf``, ignoring a ``oneOf`` that only means "X or null"."""
        return self._first_branches("oneOf")

    @lazy_attribute
    def any_of(self) -> tuple[Schema, ...]:
        """The branches of the nearest ``anyOf``, ignoring an ``anyOf`` that only means "X or null"."""
        return self._first_branches("anyOf")

    @lazy_attribute
    def all_of(self) -> tuple[Schema, ...]:
        """The branches of the nearest ``allOf``."""
        return self._first_branches("allOf")

    def _first_branches(self, keyword: str) -> tuple[Schema, ...]:
        for part in self._parts_by_keyword.get(keyword, ()):
            if part._or_null is None and (branches := part.branches(keyword)):
                return branches
        return ()

    @lazy_attribute
    def discriminator(self) -> Discriminator | None:
        """The effective discriminator; None if there is none."""
        for part in self._parts_by_keyword.get("discriminator", ()):
            found = part.keywords["discriminator"]
            if isinstance(found, dict) and isinstance(found.get("propertyName"), str):
                return Discriminator(found["propertyName"], self.document.discriminated(part, found))
        return None

    @lazy_attribute
    def is_object(self) -> bool:
        """Whether the type is "object", or the schema has properties but no type."""
        return self.types == ("object",) or (not self.types and bool(self.properties))

    @property
    def attribute_nodes(self) -> tuple[SourceNode, ...]:
        """The nodes in which to look for this schema's x- attributes: its own node, then the node of ``resolved``."""
        # The attributes are in the schema as written. Normalising it would take twenty times as long as the search.
        written = self.__dict__.get("written")
        if isinstance(written, dict) and written.keys().isdisjoint(_LEADING_ON):
            return (SourceNode(self.file, self.source_pointer, written),)
        if not self._leads_on:
            return (SourceNode(self.file, self.source_pointer, self.json),)
        return tuple(SourceNode(each.file, each.source_pointer, each.json) for each in (self, self.resolved))

    @lazy_attribute
    def extensions(self) -> SchemaExtensions:
        """The x- attributes of this schema.

        If this schema merely refers to another schema, the x- attributes of the other schema are included.
        """
        from macaron_django.openapi.extensions import schema_extensions

        is_plain = "json" not in self.__dict__ and not self.document.may_be_marked(self)
        return schema_extensions(() if is_plain else self.attribute_nodes)

    @property
    def is_decimal(self) -> bool:
        """Whether the schema has ``x-decimal``, so that its numbers are Decimals in Python and never floats."""
        from macaron_django.openapi.extensions import property_extensions

        return "number" in self.types and property_extensions(self.attribute_nodes).decimal

    def bundle(self, direction: Direction | None = None) -> dict[str, Any]:
        """Returns self-contained JSON Schema 2020-12. Its ``$defs`` has the schemas that this schema refers to.

        If ``direction`` is "request", readOnly properties aren't required. If ``direction`` is "response", writeOnly
        properties aren't required. The bundle shares its definitions with other bundles, so don't change it.
        """
        return self.document.bundle(self, direction)


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def reachable_schemas(schemas: Iterable[Schema]) -> Iterator[Schema]:
    """Yields ``schemas``, and the schemas of all values that instances of ``schemas`` can contain, at any depth.

    Each yielded schema is resolved, and no schema is yielded twice.
    """
    seen: set[Schema] = set()
    todo = list(schemas)
    while todo:
        schema = todo.pop().resolved
        if schema not in seen:
            seen.add(schema)
            yield schema
            todo += [*(each.schema for each in schema.properties.values()), *schema.one_of, *schema.any_of]
            todo += [each for each in (schema.items, schema.additional_properties) if isinstance(each, Schema)]
