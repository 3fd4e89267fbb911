"""The base class of all codecs, with the methods that a format can override.

A value has three forms: JSON, Python (such as a ``datetime`` or an API object) and DynamoDB's attribute value.
``encode`` and ``decode`` convert every value between JSON and attribute values. The other methods return faster
functions, which include the schema's ``Conversion`` between JSON and Python. Some of these functions handle only usual
values, and raise an exception for other values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any, ClassVar, Final, NamedTuple, Protocol, TypeAlias

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.dynamodb.codec.roles import Role
from macaron_django.exceptions import UnstorableValue
from macaron_django.openapi import Schema
from macaron_django.schemas.values.conversions import Conversion, json_value
from macaron_django.schemas.values.json_text import JSONTextError, exact_json

__all__ = [
    "MAX_NESTED",
    "OTHER_TYPE",
    "UNCHANGED",
    "Alternative",
    "Codec",
    "CodecOf",
    "SizeOf",
    "TypeBuilder",
    "UnusualValue",
    "ValuePlacer",
    "ValueReader",
    "ValueWriter",
    "WriterOf",
    "check_depth",
    "json_in_text",
    "json_writer",
    "python_writer",
]

#: Returns the Python or JSON value of an attribute value.
ValueReader: TypeAlias = Callable[[AttributeValue], Any]
#: Returns the attribute value of a value. The int is the number of arrays and objects around the value. Raises
#: UnusualValue.
ValueWriter: TypeAlias = Callable[[Any, int], AttributeValue]
#: Puts a value into an item. Raises UnusualValue.
ValuePlacer: TypeAlias = Callable[[Any, AttributeMap], None]
SizeOf: TypeAlias = Callable[[AttributeValue], int]
#: Returns the writer of a member, either for Python values or for JSON values.
WriterOf: TypeAlias = "Callable[[Codec, Conversion], ValueWriter]"

#: The most levels of nested lists and maps. AWS's quota of 32 levels includes the item itself.
MAX_NESTED: Final = 31
#: The most levels in JSON text that another program has stored. Requests have the same limit.
_MAX_TEXT_DEPTH: Final = 100
#: The exceptions that a JSON reader can raise for a value that isn't of its schema's type.
OTHER_TYPE: Final = (KeyError, TypeError, ValueError, ArithmeticError)


class UnusualValue(Exception):  # noqa: N818 (no error: ``Codec.encode`` decides)
    """A fast writer doesn't handle this value. ``Codec.encode`` writes the value, or raises the exact error."""


class CodecOf(Protocol):
    """The function that returns the codec of a schema. If ``schema`` is None, the codec accepts any value."""

    def __call__(self, schema: Schema | None, /) -> Codec: ...


class Alternative(NamedTuple):
    """One of the types in which DynamoDB can send a property's value. From all alternatives of a property,
    ``typed_items`` builds the function that reads the property.
    """

    tag: str  # DynamoDB's type
    content: Any  # the Python type of the value's content
    expression: str  # Python source for the JSON of a value of this type


class TypeBuilder(Protocol):
    """The functions that a codec calls to describe the types of its values to ``typed_items``."""

    def value(self, codec: Codec, conversion: Conversion, held: str) -> tuple[Any, str]:
        """Returns the Python type of the attribute values that ``codec`` reads, and a Python expression for the JSON of
        such a value. ``held`` is a Python expression for the attribute value itself.
        """

    def function(self, read: Callable[[Any], Any]) -> str:
        """Returns a name by which generated code can call the function ``read``."""

    def object(self, codec: Codec, conversion: Conversion) -> tuple[Any, str] | None:
        """Returns the type of an API object's map, and the name of a function that returns the object's JSON form.

        Returns None if no type can be defined for the map.
        """


class Codec:
    """Converts the values of a schema to attribute values and back.

    If a value has a different type than the schema, it is stored in the format of its own JSON type. Such a value is
    possible for two reasons: keywords other than ``type`` can allow it, and other programs can write it to the same
    table.
    """

    #: The values' types in JSON Schema.
    json_types: ClassVar[AbstractSet[str]] = frozenset()
    #: The values' type in DynamoDB; None if it depends on the value.
    attr_type: str | None = None
    #: Whether two attribute values of ``attr_type`` have the same meaning only if DynamoDB considers them equal.
    spelled_in_one_way: ClassVar[bool] = False
    #: Whether a value's JSON is its content under "S".
    shows_text: ClassVar[bool] = False
    #: Python source for the JSON of a usual value; None if there is none. ``{content}`` is the source of the value's
    #: content, and ``{otherwise}`` is the source that calls the ``json_reader``.
    json_source: ClassVar[str | None] = None
    #: The Python type of an attribute value's content.
    content: ClassVar[type] = str
    #: The codec of the elements of an array or a set.
    items: Codec | None = None

    def __init__(self, schema: Schema | None, codec_of: CodecOf) -> None:
        self.schema = schema
        self.codec_of = codec_of

    @classmethod
    def fits(cls, schema: Schema, types: frozenset[str]) -> bool:
        """Returns whether values of a schema have this format. ``types`` are the schema's types without "null"."""
        return types == cls.json_types

    # -- any value -----------------------------------------------------------------------------

    @cached_property
    def by_json_type(self) -> Codec:
        """A codec that accepts values of any type."""
        return self.codec_of(None)

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        """Converts ``value``, a JSON value, to an attribute value.

        Numbers can be ``int``, ``float`` or ``Decimal``, and binary values can be ``bytes``. ``pointer`` and ``depth``
        are the value's place in its item. If DynamoDB can't store a value without loss, raises UnstorableValue with the
        value's pointer.
        """
        return self.by_json_type.encode(value, pointer, depth)

    def decode(self, value: AttributeValue) -> Any:
        """Converts an attribute value to JSON. The attribute value can come from any program."""
        return self.by_json_type.decode(value)

    @staticmethod
    def size(content: Any, size_of: SizeOf) -> int:
        """Returns how many bytes AWS counts for the content of an attribute value of ``attr_type``.

        ``size_of`` returns the size of a member of a list or map.
        """
        return 1

    # -- compiled: attribute value to Python or JSON -------------------------------------------

    def reader(self, conversion: Conversion) -> ValueReader:
        """Returns a function with the same result as ``conversion.to_python(self.decode(value))``."""
        return self.reader_in_steps(conversion)

    def reader_in_steps(self, conversion: Conversion) -> ValueReader:
        decode, to_python = self.decode, conversion.to_python
        if conversion.unchanged:
            return decode
        return lambda value: to_python(decode(value))

    def is_plain_text(self, conversion: Conversion) -> bool:
        """Returns whether a value in Python is the same string as in its attribute value ``{"S": …}``.

        If so, callers can read the string without a function call.
        """
        return False

    def json_reader(self, conversion: Conversion) -> ValueReader:
        """Returns a function with the same result as ``conversion.to_json(self.reader(conversion)(value))``.

        If a value isn't of the schema's type, the function can raise one of the exceptions in ``OTHER_TYPE``.
        """
        return self.json_reader_in_steps(conversion)

    def json_reader_in_steps(self, conversion: Conversion) -> ValueReader:
        read, to_json = self.reader(conversion), conversion.to_json
        return lambda value: to_json(read(value))

    def json_expression(self, conversion: Conversion, otherwise: str) -> str:
        """Returns Python source for the JSON of the attribute value in the variable ``value``.

        ``otherwise`` is Python source that calls the function ``json_reader``.
        """
        if self.json_source is None:
            return otherwise
        return self.json_source.format(content=f"value[{self.attr_type!r}]", otherwise=otherwise)

    def alternatives(self, conversion: Conversion, held: str, types: TypeBuilder) -> Sequence[Alternative] | None:
        """Returns the types in which DynamoDB can send a value, each with an expression for the value's JSON. Returns
        None if the types aren't known in advance.

        ``held`` is a Python expression, such as ``value``. It evaluates to an object that has an attribute for each
        type, such as ``value.S``.
        """
        if self.json_source is None or self.attr_type is None:
            return None
        usual = self.alternative(self.attr_type, self.content, conversion, held, types)
        content = f"{held}.{self.attr_type}"
        return [usual._replace(expression=self.json_source.format(content=content, otherwise=usual.expression))]

    def alternative(self, tag: str, content: Any, conversion: Conversion, held: str, types: TypeBuilder) -> Alternative:
        """Returns an alternative whose expression calls the ``json_reader``."""
        read = self.json_reader(conversion)
        return Alternative(tag, content, f"{types.function(lambda content: read({tag: content}))}({held}.{tag})")

    # -- compiled: Python or JSON to attribute value -------------------------------------------

    def writer(self, conversion: Conversion) -> ValueWriter:
        """Returns a function that encodes a Python value. Its result is the same as that of
        ``self.encode(conversion.to_json(value))``.
        """
        return self.direct_writer(conversion, self.writer_in_steps(conversion), python_writer)

    def json_writer(self, conversion: Conversion) -> ValueWriter:
        """Returns a function that encodes a JSON value. Its result is the same as that of
        ``self.writer(conversion)(conversion.to_python(value))``.
        """
        return self.direct_writer(conversion, self.json_writer_in_steps(conversion), json_writer)

    def direct_writer(self, conversion: Conversion, in_steps: ValueWriter, writer_of: WriterOf) -> ValueWriter:
        """Returns a faster writer for values of the usual type. Such values have the same form in JSON and in Python.

        The writer calls ``in_steps`` for all other values.
        """
        return in_steps

    def writer_in_steps(self, conversion: Conversion) -> ValueWriter:
        encode, to_json = self.encode, conversion.to_json

        def write(value: Any, depth: int) -> AttributeValue:
            try:
                return encode(to_json(value), "", depth)
            except UnstorableValue:  # only the caller knows the pointer
                raise UnusualValue from None

        return write

    def json_writer_in_steps(self, conversion: Conversion) -> ValueWriter:
        write, to_python = self.writer_in_steps(conversion), conversion.to_python
        return lambda value, depth: write(to_python(value), depth)

    # -- keys ----------------------------------------------------------------------------------

    def sorted_form(self, given: AttributeValue, role: Role, pointer: str) -> AttributeValue:
        """Returns the form in which a value is stored in a key, an index or a time-to-live attribute. DynamoDB sorts
        this form correctly.
        """
        return given

    def restored(self, held: AttributeValue, role: Role) -> AttributeValue:
        """Converts ``held``, a result of ``sorted_form``, back to the property's attribute value. Used if the item has
        no twin.
        """
        return held

    def key_placer(self, conversion: Conversion, role: Role, name: str, given_name: str) -> ValuePlacer | None:
        """Returns a function that puts a JSON value into an item as a key. Returns None if there is no faster way than
        ``attributes_of``.

        ``name`` is the attribute by which DynamoDB sorts the items. ``given_name`` is the twin of this attribute. If
        the given value can't be restored from the attribute, the twin stores the value as given.
        """
        return None


def check_depth(depth: int, pointer: str) -> None:
    """Raises UnstorableValue for a list or map that is inside too many other lists and maps."""
    if depth >= MAX_NESTED:
        raise UnstorableValue("nested deeper than DynamoDB's 32 levels", pointer)


def json_in_text(text: str, expected: type) -> Any:
    """Returns the value in ``text`` if the text is JSON, and the value has the type ``expected`` (list or dict).

    PynamoDB's JSONAttribute stores such text. Returns any other text unchanged.
    """
    try:
        parsed = exact_json(text, max_depth=_MAX_TEXT_DEPTH)
    except JSONTextError:
        return text
    return parsed if isinstance(parsed, expected) else text


def _as_it_is(value: Any) -> Any:
    return value


#: The conversion of values that no schema describes.
UNCHANGED: Final = Conversion(_as_it_is, json_value, unchanged=True)


def python_writer(codec: Codec, conversion: Conversion) -> ValueWriter:
    """Returns the codec's writer for Python values."""
    return codec.writer(conversion)


def json_writer(codec: Codec, conversion: Conversion) -> ValueWriter:
    """Returns the codec's writer for JSON values."""
    return codec.json_writer(conversion)
