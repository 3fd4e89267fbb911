"""Returns the Python types of a schema's values, as text for a stub: one type for reading, and one for assignment.

The types are those that ``conversions`` returns and accepts. For example, a property with the format date-time is read
as a ``datetime``, but code can assign a ``datetime`` or a string. In stubs, the names of imported modules begin with an
underscore, because no field has such a name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from macaron_django.openapi import Schema
from macaron_django.schemas.formats.known_formats import STRING_FORMATS

__all__ = ["ANY", "StubType", "module_alias", "stub_type"]

ANY = "_typing.Any"
#: A stub lists at most this many values of an enum. A longer list would be of no use.
_MAX_LITERALS = 60

_JSON_TYPES: Mapping[str, str] = {
    "string": "_builtins.str",
    "integer": "_builtins.int",
    "number": "_builtins.float | _decimal.Decimal",
    "boolean": "_builtins.bool",
    "array": f"_builtins.list[{ANY}]",
    "object": f"_builtins.dict[_builtins.str, {ANY}]",
}


class StubType(NamedTuple):
    """The type of an attribute (``read``), and the types that may be assigned to it (``write``)."""

    read: str
    write: str


_ANYTHING = StubType(ANY, ANY)

#: Returns the stub's name for the class of an object schema.
Naming = Callable[["Schema"], str]


def stub_type(schema: Schema, name_of: Naming, *, is_set: bool = False) -> StubType:
    """Returns the types of a property with this schema.

    ``is_set`` means that the property is stored as a DynamoDB set.
    """
    found = _element_types(schema, name_of, is_set=is_set, inside=frozenset())
    return _or(found, StubType("None", "None")) if schema.nullable and found.read != ANY else found


def _element_types(schema: Schema, name_of: Naming, *, is_set: bool = False, inside: frozenset[Schema]) -> StubType:
    is_decimal, schema = schema.is_decimal, schema.resolved
    if schema in inside:  # an array that contains itself
        return _ANYTHING
    inside |= {schema}
    if schema.enum is not None:
        return _literal(schema)
    branches = [branch for branch in schema.one_of or schema.any_of if branch.types or branch.json != {"type": "null"}]
    if (schema.discriminator is not None or len(branches) > 1) and not schema.properties:
        return _choice(branches, name_of, inside)
    if len(branches) == 1 and not schema.properties:
        return _nullable(branches[0], name_of, inside)
    if schema.is_object:
        return _object(schema, name_of, inside)
    if schema.types == ("array",):
        return _array(schema, name_of, inside, is_set=is_set)
    if is_decimal and schema.types == ("number",):
        return StubType("_decimal.Decimal", _JSON_TYPES["number"])
    return _formatted(schema) or _plain(schema.types)


def _nullable(schema: Schema, name_of: Naming, inside: frozenset[Schema]) -> StubType:
    found = _element_types(schema, name_of, inside=inside)
    return _or(found, StubType("None", "None")) if schema.nullable and found.read != ANY else found


def _plain(types: tuple[str, ...]) -> StubType:
    if not types or not set(types) <= _JSON_TYPES.keys():
        return _ANYTHING
    text = " | ".join(_JSON_TYPES[each] for each in types)
    return StubType(text, text)


def _literal(schema: Schema) -> StubType:
    values = [value for value in schema.enum or () if value is not None]
    is_listed = 0 < len(values) <= _MAX_LITERALS and all(isinstance(value, (str, bool, int)) for value in values)
    if _formatted(schema) or not is_listed:
        return _formatted(schema) or _plain(schema.types)
    text = f"_typing.Literal[{', '.join(dict.fromkeys(map(ascii, values)))}]"
    return StubType(text, text)


def _formatted(schema: Schema) -> StubType | None:
    """Returns the types of a string with a format that has its own Python type."""
    known = STRING_FORMATS.get(schema.format or "") if schema.types == ("string",) else None
    if known is None or known.python_types == (str,):
        return None
    name = f"{module_alias(known.python_types[0])}.{known.python_types[0].__qualname__}"
    return StubType(name, f"{name} | _builtins.str")


def module_alias(python_type: type) -> str:
    """Returns the name under which a stub imports the module of a type."""
    return f"_{python_type.__module__.replace('.', '_')}"


def _choice(branches: list[Schema], name_of: Naming, inside: frozenset[Schema]) -> StubType:
    """Returns the types of ``oneOf`` or ``anyOf``.

    An object is an instance of its branch's class. Any other value stays JSON.
    """
    found: StubType | None = None
    for branch in branches:
        target = branch.resolved
        if target.is_object and target.properties:
            each = _object(target, name_of, inside)
        elif target.types and not target.is_object and "array" not in target.types:
            each = _plain(target.types)
        else:
            return _ANYTHING
        found = each if found is None else _or(found, each)
    return found or _ANYTHING


def _or(one: StubType, other: StubType) -> StubType:
    if ANY in (one.read, other.read):
        return _ANYTHING
    return StubType(*(a if b in a.split(" | ") else f"{a} | {b}" for a, b in zip(one, other, strict=True)))


def _object(schema: Schema, name_of: Naming, inside: frozenset[Schema]) -> StubType:
    if schema.properties:
        name = name_of(schema)
        return StubType(name, f"{name} | _Mapping[_builtins.str, {ANY}]")
    members = schema.additional_properties
    if isinstance(members, bool) or members.json is True:
        return StubType(_JSON_TYPES["object"], f"_Mapping[_builtins.str, {ANY}]")
    read, write = _nullable(members, name_of, inside)
    return StubType(f"_builtins.dict[_builtins.str, {read}]", f"_Mapping[_builtins.str, {write}]")


def _array(schema: Schema, name_of: Naming, inside: frozenset[Schema], *, is_set: bool) -> StubType:
    if schema.items is None or schema.keyword("prefixItems"):
        return StubType(_JSON_TYPES["array"], f"_Sequence[{ANY}]")
    read, write = _nullable(schema.items, name_of, inside)
    if is_set:
        return StubType(f"_builtins.set[{read}]", f"_AbstractSet[{write}] | _Sequence[{write}]")
    return StubType(f"_builtins.list[{read}]", f"_Sequence[{write}]")
