"""Finds all schemas that may apply to a value and to the values inside it, in any branch.

The code that hides secrets uses this module: a value is secret if any schema that may apply to it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache

from macaron_django.openapi import Schema
from macaron_django.schemas.document_memos import DocumentMemo
from macaron_django.schemas.validation.validators import SchemaError, Validator, compile_schema

__all__ = ["AppliedSchemas", "applied_schemas"]


class AppliedSchemas:
    """The schemas that may apply to one value; possibly none. The schema that describes the value is first."""

    def __init__(self, schemas: tuple[Schema, ...]) -> None:
        self.schemas = schemas

    def __eq__(self, other: object) -> bool:
        return self.schemas == other.schemas if isinstance(other, AppliedSchemas) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.schemas)

    @property
    def schema(self) -> Schema | None:
        """The schema that describes the value; None if no schema does."""
        return self.schemas[0] if self.schemas else None

    def member(self, name: str) -> AppliedSchemas:
        """Returns the schemas of an object's property."""
        found = self._members.get(name)
        # Results are stored only for names in the schema, because clients may choose any number of other names.
        return found if found is not None else applied_schemas(_members(self.schemas, name))

    @cached_property
    def _members(self) -> dict[str, AppliedSchemas]:
        names = dict.fromkeys(name for schema in self.schemas for name in schema.properties)
        return {name: applied_schemas(_members(self.schemas, name)) for name in names}

    @cached_property
    def element(self) -> AppliedSchemas:
        """The schemas that may apply to an array element at any index."""
        return applied_schemas(
            each
            for schema in self.schemas
            for each in (*([] if schema.items is None else [schema.items]), *schema.branches("prefixItems"))
        )

    def directly_inside(self) -> set[AppliedSchemas]:
        """Returns the schemas of the value's members and elements."""
        return {*self._members.values(), self.element, *map(applied_schemas, _unnamed(self.schemas))}

    def inside(self) -> Iterator[AppliedSchemas]:
        """Yields ``self``, then the schemas of all values inside this value, at any depth. Nothing is yielded twice."""
        seen, todo = {self}, [self]
        while todo:
            applied = todo.pop()
            yield applied
            following = applied.directly_inside()
            todo += following - seen
            seen |= following

    @cached_property
    def is_write_only(self) -> bool:
        """Whether any schema that may apply to the value has ``writeOnly: true``.

        For an array, this includes the schemas of its elements.
        """
        return any(each.keyword("writeOnly") is True for each in self._with_elements())

    @cached_property
    def is_secret(self) -> bool:
        """Whether any schema that may apply to the value has ``writeOnly: true`` or the format ``password``.

        For an array, this includes the schemas of its elements.
        """
        return self.is_write_only or any(each.format == "password" for each in self._with_elements())

    @cached_property
    def holds_secrets(self) -> bool:
        """Whether the value, or any value inside it, might be secret."""
        return any(each.is_secret for each in self.inside())

    def _with_elements(self) -> Iterator[Schema]:
        seen: set[AppliedSchemas] = set()
        applied = self
        while applied not in seen:
            seen.add(applied)
            yield from applied.schemas
            applied = applied.element


_NONE = AppliedSchemas(())
#: A name may match several patterns at once, so there are many more combinations of schemas than schemas.
_APPLIED: DocumentMemo[tuple[Schema, ...], AppliedSchemas] = DocumentMemo(most=5000)


def applied_schemas(schemas: Iterable[Schema] | Schema) -> AppliedSchemas:
    """Returns ``schemas``, and all other schemas that may apply to the same value.

    The other schemas are the targets of ``$ref`` and the subschemas in ``allOf`` and in keywords such as ``oneOf`` and
    ``then``.
    """
    first = (schemas,) if isinstance(schemas, Schema) else tuple(dict.fromkeys(schemas))
    if not first:
        return _NONE
    return _APPLIED.get(first[0].document, first, lambda: AppliedSchemas(tuple(_in_place(first))))


def _in_place(schemas: Iterable[Schema]) -> Iterator[Schema]:
    """Yields the given schemas, and all schemas that apply to the same value because of these schemas.

    The latter are the targets of ``$ref``, and the schemas in in-place applicators (JSON Schema Core, section 10.2).
    Each schema is yielded only once.
    """
    seen = dict.fromkeys(schemas)
    todo = [*seen]
    while todo:
        schema = todo.pop(0)
        yield schema
        following = [] if schema.target is None else [schema.target]
        for keyword in ("allOf", "oneOf", "anyOf"):
            following += schema.branches(keyword)
        following += [schema.subschema(keyword) for keyword in ("then", "else") if keyword in schema.keywords]
        names = schema.keywords.get("dependentSchemas", ())
        following += [schema.subschema("dependentSchemas", name) for name in names]
        for each in following:
            if each not in seen:
                seen[each] = None
                todo.append(each)


def _members(schemas: Iterable[Schema], name: str) -> Iterator[Schema]:
    for schema in schemas:
        patterns = [one for one in schema.keywords.get("patternProperties", ()) if _matches(one, name)]
        yield from (schema.subschema("patternProperties", one) for one in patterns)
        if name in schema.properties:
            yield schema.properties[name].schema
        elif not patterns and isinstance(schema.additional_properties, Schema):
            yield schema.additional_properties


def _unnamed(schemas: Iterable[Schema]) -> Iterator[Schema]:
    """Yields the schemas for additional properties and for properties that match a pattern."""
    for schema in schemas:
        yield from (schema.subschema("patternProperties", one) for one in schema.keywords.get("patternProperties", ()))
        if isinstance(schema.additional_properties, Schema):
            yield schema.additional_properties


def _matches(pattern: str, name: str) -> bool:
    validator = _validator(pattern)
    return validator is None or validator.is_valid(name)


@lru_cache(maxsize=1024)
def _validator(pattern: str) -> Validator | None:
    """Returns the validator of a pattern; None if it can't be compiled. Such a pattern may match any name."""
    try:
        return compile_schema({"pattern": pattern})
    except SchemaError:
        return None
