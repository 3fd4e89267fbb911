"""The format of objects: M. Each property is in the format of its schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import Any, NamedTuple, TypeAlias

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.dynamodb.codec.formats.base import (
    MAX_NESTED,
    UNCHANGED,
    Alternative,
    Codec,
    SizeOf,
    TypeBuilder,
    ValueReader,
    ValueWriter,
    WriterOf,
    check_depth,
    json_in_text,
    json_writer,
    python_writer,
)
from macaron_django.dynamodb.codec.formats.text import checked_text
from macaron_django.dynamodb.codec.row_overrides import is_plain_value
from macaron_django.exceptions import UnstorableValue
from macaron_django.openapi import Schema, json_pointers
from macaron_django.schemas.values.api_objects import APIObject, ObjectSpec
from macaron_django.schemas.values.conversions import UNSET, Conversion

__all__ = ["MapReader", "Member", "ObjectCodec", "additional_member", "encode_map", "map_reader"]

MapReader: TypeAlias = Callable[[AttributeMap], dict[str, Any]]


class Member(NamedTuple):
    """Converts the values of a property. ``codec`` converts between JSON and DynamoDB, and ``conversion`` converts
    between JSON and Python.
    """

    codec: Codec
    conversion: Conversion


class ObjectCodec(Codec):
    """The codec of objects. It also reads objects that other programs have stored as strings of JSON."""

    json_types = {"object"}
    attr_type = "M"
    schema: Schema

    @cached_property
    def properties(self) -> Mapping[str, Codec]:
        """The codecs of the properties that the schema declares."""
        return {name: self.codec_of(described.schema) for name, described in self.schema.properties.items()}

    @cached_property
    def others(self) -> Codec:
        """The codec of all other properties."""
        return self.codec_of(_schema_of_others(self.schema))

    def members(self, spec: ObjectSpec) -> dict[str, Member]:
        """Returns the properties of an API object class, in schema order."""
        return {name: Member(self.properties.get(name, self.others), spec.conversion(name)) for name in spec.properties}

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        if not isinstance(value, Mapping):
            return self.by_json_type.encode(value, pointer, depth)
        properties, others = self.properties, self.others
        return encode_map(value, pointer, depth, lambda name: properties.get(name, others).encode)

    def decode(self, value: AttributeValue) -> Any:
        if "M" in value:
            properties, others = self.properties, self.others
            return {name: properties.get(name, others).decode(member) for name, member in value["M"].items()}
        if "S" in value:
            return json_in_text(value["S"], dict)
        return self.by_json_type.decode(value)

    @staticmethod
    def size(content: Any, size_of: SizeOf) -> int:
        return 3 + sum(1 + len(name.encode()) + size_of(member) for name, member in content.items())

    # -- reading -------------------------------------------------------------------------------

    def reader(self, conversion: Conversion) -> ValueReader:
        in_steps, object_class = self.reader_in_steps(conversion), conversion.object_class
        if object_class is None:
            return in_steps
        known: tuple[type[APIObject], dict[str, tuple[str, ValueReader, bool]], ValueReader] | None = None

        def read(value: AttributeValue) -> Any:
            nonlocal known  # set at the first use, because an object may hold objects of the same schema
            held = value.get("M")
            if held is None:
                return in_steps(value)
            if known is None:
                spec = object_class()._spec
                other = additional_member(spec, self.others)
                known = object_class(), self._field_readers(spec), other.codec.reader(other.conversion)
            kind, readers, read_other = known
            made = kind.__new__(kind)
            fields = made.__dict__
            for name, member in held.items():
                of_property = readers.get(name)
                if of_property is None:
                    made._store(name, read_other(member))
                else:
                    field, read_member, is_plain_text = of_property
                    fields[field] = member["S"] if is_plain_text and "S" in member else read_member(member)
            return made

        return read

    def _field_readers(self, spec: ObjectSpec) -> dict[str, tuple[str, ValueReader, bool]]:
        """Returns a tuple for each property name, with the field, the value's reader, and whether the value is plain
        text.
        """
        fields = spec.field_names
        return {
            name: (fields[name], codec.reader(conversion), codec.is_plain_text(conversion))
            for name, (codec, conversion) in self.members(spec).items()
        }

    def json_reader(self, conversion: Conversion) -> ValueReader:
        in_steps, object_class = self.json_reader_in_steps(conversion), conversion.object_class
        if object_class is None:
            return in_steps
        known: tuple[MapReader | None, ValueReader] | None = None

        def read(value: AttributeValue) -> Any:
            nonlocal known  # set at the first use
            if known is None:
                kind = object_class()
                other = additional_member(kind._spec, self.others)
                read_map = map_reader(self.members(kind._spec)) if is_plain_value(kind) else None
                known = read_map, other.codec.json_reader(other.conversion)
            read_map, read_other = known
            if read_map is None:
                return in_steps(value)
            held = value["M"]
            shown = read_map(held)
            if len(shown) != len(held):
                shown |= {name: read_other(member) for name, member in held.items() if name not in shown}
            return shown

        return read

    def alternatives(self, conversion: Conversion, held: str, types: TypeBuilder) -> Sequence[Alternative] | None:
        made = types.object(self, conversion)
        return None if made is None else [Alternative("M", made[0], f"{made[1]}({held}.M)")]

    # -- writing -------------------------------------------------------------------------------

    def writer(self, conversion: Conversion) -> ValueWriter:
        """Returns the writer of API objects."""
        in_steps, object_class = self.writer_in_steps(conversion), conversion.object_class
        if object_class is None:
            return in_steps
        known: tuple[type[Any], list[tuple[str, str, ValueWriter]], ValueWriter] | None = None

        def write(value: Any, depth: int) -> AttributeValue:
            nonlocal known  # set at the first use
            if known is None:
                kind = object_class()
                names, (writers, write_other) = kind._spec.field_names, self._writers(kind, python_writer)
                known = kind, [(name, names[name], of_one) for name, of_one in writers.items()], write_other
            kind, of_fields, write_other = known
            if type(value) is not kind or not of_fields or depth >= MAX_NESTED:
                return in_steps(value, depth)
            values, inner = value.__dict__, depth + 1
            additional = values.get("_additional_properties")
            if additional and not _are_plain_names(additional):
                return in_steps(value, depth)
            written = {
                name: write_member(member, inner)
                for name, field, write_member in of_fields
                if (member := values.get(field, UNSET)) is not UNSET
            }
            if additional:
                written |= {name: write_other(member, inner) for name, member in additional.items()}
            return {"M": written}

        return write

    def json_writer(self, conversion: Conversion) -> ValueWriter:
        in_steps, object_class = self.json_writer_in_steps(conversion), conversion.object_class
        if object_class is None:
            return in_steps
        writers: dict[str, ValueWriter] | None = None
        write_other = in_steps

        def write(value: Any, depth: int) -> AttributeValue:
            nonlocal writers, write_other  # set at the first use
            if writers is None:
                made, write_other = self._writers(object_class(), json_writer)
                writers = made  # set last, because other threads check it
            if type(value) is not dict or depth >= MAX_NESTED:
                return in_steps(value, depth)
            inner, of_members = depth + 1, writers
            if of_members and of_members.keys() >= value.keys():
                return {"M": {name: of_members[name](member, inner) for name, member in value.items()}}
            if not of_members or not _are_plain_names(value):
                return in_steps(value, depth)
            return {"M": {name: of_members.get(name, write_other)(member, inner) for name, member in value.items()}}

        return write

    def _writers(self, kind: type[Any], writer_of: WriterOf) -> tuple[dict[str, ValueWriter], ValueWriter]:
        """Returns a dictionary with the writer of each property, and the writer of additional properties.

        The dictionary is empty if the class overrides methods that make API objects or that set or return their
        properties. It is also empty if a property's name must be checked before each write.
        """
        spec = kind._spec
        write_other = writer_of(*additional_member(spec, self.others))
        if not is_plain_value(kind) or not _are_plain_names(spec.properties):
            return {}, write_other
        return {name: writer_of(*member) for name, member in self.members(spec).items()}, write_other


def additional_member(spec: ObjectSpec, others: Codec) -> Member:
    """Returns the member for a class's additional properties. ``others`` is their codec."""
    unnamed = next(name for name in map(str, count()) if name not in spec.properties)
    return Member(others, UNCHANGED if spec.schema_of(unnamed) is None else spec.conversion(unnamed))


def map_reader(members: Mapping[str, Member]) -> MapReader:
    """Returns a function that converts a map of attribute values to JSON.

    The code of the function is generated, with one line for each member. A loop over the members would take 1.5 times
    as long. The generated code contains the members' names only as string literals, made with ``repr()``, so that no
    name can be executed.

    If a value isn't of its schema's type, the function raises one of the exceptions in ``OTHER_TYPE``.
    """
    functions: dict[str, Any] = {}
    lines = ["def read(held):", " shown = {}", " get = held.get"]
    for place, (name, (codec, conversion)) in enumerate(members.items()):
        functions[f"read_{place}"] = codec.json_reader(conversion)
        lines += [
            f" value = get({name!r})",
            f" if value is not None: shown[{name!r}] = {codec.json_expression(conversion, f'read_{place}(value)')}",
        ]
    exec("\n".join([*lines, " return shown"]), functions)  # noqa: S102 (made above from places and quoted names)
    written: MapReader = functions["read"]
    return written


def encode_map(
    values: Mapping[Any, Any],
    pointer: str,
    depth: int,
    encoder: Callable[[str], Callable[[Any, str, int], AttributeValue]],
) -> AttributeValue:
    """Returns the attribute value of an object. Raises UnstorableValue for a name or a depth that DynamoDB doesn't
    accept.
    """
    check_depth(depth, pointer)
    encoded: AttributeMap = {}
    for name, value in values.items():
        if not isinstance(name, str):
            raise UnstorableValue(f"a name must be a string, not {name!r}", pointer)
        inner = json_pointers.child(pointer, name)
        if not name:
            raise UnstorableValue("DynamoDB doesn't accept attributes without a name", inner)
        encoded[checked_text(name, inner)] = encoder(name)(value, inner, depth + 1)
    return {"M": encoded}


def _schema_of_others(schema: Schema) -> Schema | None:
    additional = schema.additional_properties
    # `patternProperties` may describe the same names differently, so the values are stored by their JSON type.
    return None if isinstance(additional, bool) or schema.keyword("patternProperties") else additional


def _are_plain_names(names: Iterable[Any]) -> bool:
    """Returns whether all names are plain, so that DynamoDB accepts them. Other names must be checked one by one."""
    return all(type(name) is str and name and name.isascii() for name in names)
