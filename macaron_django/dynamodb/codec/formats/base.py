"""The base class of all codecs: what a format must know about its values.

A value has three forms: JSON, Python (a ``datetime``, an API object) and DynamoDB's attribute value. ``encode`` and
``decode`` are right for every value. The other methods return functions that are faster, but only handle usual values:
they include the schema's ``Conversion`` between JSON and Python.
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

#: Reads an attribute value.
ValueReader: TypeAlias = Callable[[AttributeValue], Any]
#: Writes a value; the number says how many levels of arrays and objects it is inside. Raises UnusualValue.
ValueWriter: TypeAlias = Callable[[Any, int], AttributeValue]
#: Puts a value into an item. Raises UnusualValue.
ValuePlacer: TypeAlias = Callable[[Any, AttributeMap], None]
SizeOf: TypeAlias = Callable[[AttributeValue], int]
#: Makes the writer of a member; the member's values have the same form as the array or object around it.
WriterOf: TypeAlias = "Callable[[Codec, Conversion], ValueWriter]"

#: Lists and maps inside one another. AWS's quota of 32 levels counts the item itself.
MAX_NESTED: Final = 31
#: The limit for JSON text that another program has stored: the same as for requests.
_MAX_TEXT_DEPTH: Final = 100
#: What a compiled reader of JSON may raise for a value that isn't of its schema's type.
OTHER_TYPE: Final = (KeyError, TypeError, ValueError, ArithmeticError)


class UnusualValue(Exception):  # noqa: N818 (no error: ``Codec.encode`` decides)
    """A compiled writer leaves the value to ``Codec.encode``, which writes it or says why it can't be stored."""


class CodecOf(Protocol):
    """The function that finds the codec of a schema; for None, the codec of values of any type."""

    def __call__(self, schema: Schema | None, /) -> Codec: ...


class Alternative(NamedTuple):
    """One of the types in which DynamoDB may send a value; ``typed_items`` makes its readers from them."""

    tag: str  # DynamoDB's type
    content: Any  # the Python type of what it holds
    expression: str  # Python source for the JSON of a value of this type


class TypeBuilder(Protocol):
    """What a codec may use to describe the types of its values (see ``typed_items``)."""

    def value(self, codec: Codec, conversion: Conversion, held: str) -> tuple[Any, str]:
        """Returns the type of a codec's attribute values, and the expression for the JSON of the value ``held``."""

    def function(self, read: Callable[[Any], Any]) -> str:
        """Returns the name by which an expression can call a function."""

    def object(self, codec: Codec, conversion: Conversion) -> tuple[Any, str] | None:
        """Returns the type of an API object's map, and the name of the function that shows such a map; None if the
        object has no type.
        """


class Codec:
    """How the values of a schema are stored.

    A value that isn't of the schema's type is stored by its JSON type: keywords other than ``type`` may allow it, and
    other programs write to the same table.
    """

    #: JSON Schema's types of the values.
    json_types: ClassVar[AbstractSet[str]] = frozenset()
    #: DynamoDB's type; None if it depends on the value.
    attr_type: str | None = None
    #: Whether two attribute values of ``attr_type`` mean the same only where DynamoDB calls them equal.
    spelled_in_one_way: ClassVar[bool] = False
    #: Whether the JSON of a value is the content under "S", whatever its Python value is.
    shows_text: ClassVar[bool] = False
    #: Python source for the JSON of a usual ``{content}``, if there is any; ``{otherwise}`` calls the ``json_reader``.
    json_source: ClassVar[str | None] = None
    #: The Python type of the content.
    content: ClassVar[type] = str
    #: The codec of what an array or a set holds.
    items: Codec | None = None

    def __init__(self, schema: Schema | None, codec_of: CodecOf) -> None:
        self.schema = schema
        self.codec_of = codec_of

    @classmethod
    def fits(cls, schema: Schema, types: frozenset[str]) -> bool:
        """Returns whether values of a schema are of this format. ``types``: the schema's types without "null"."""
        return types == cls.json_types

    # -- any value -----------------------------------------------------------------------------

    @cached_property
    def by_json_type(self) -> Codec:
        """The codec of values of any type."""
        return self.codec_of(None)

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        """Returns the attribute value of a JSON value.

        Numbers may be ``int``, ``float`` or ``Decimal``, binary may be ``bytes``. ``pointer`` and ``depth`` say where
        the value is in its item. Raises UnstorableValue with the pointer of a value that DynamoDB can't store without
        loss.
        """
        return self.by_json_type.encode(value, pointer, depth)

    def decode(self, value: AttributeValue) -> Any:
        """Returns the JSON form of an attribute value, whatever program wrote it."""
        return self.by_json_type.decode(value)

    @staticmethod
    def size(content: Any, size_of: SizeOf) -> int:
        """Returns the bytes that AWS counts for the content of an attribute value of ``attr_type``.

        ``size_of`` counts the members of a list or map.
        """
        return 1

    # -- compiled: attribute value to Python or JSON -------------------------------------------

    def reader(self, conversion: Conversion) -> ValueReader:
        """Returns a function that reads as ``conversion.to_python(self.decode(value))`` does."""
        return self.reader_in_steps(conversion)

    def reader_in_steps(self, conversion: Conversion) -> ValueReader:
        decode, to_python = self.decode, conversion.to_python
        if conversion.unchanged:
            return decode
        return lambda value: to_python(decode(value))

    def is_plain_text(self, conversion: Conversion) -> bool:
        """Returns whether Python values are the content under "S" itself, so that loops need no call."""
        return False

    def json_reader(self, conversion: Conversion) -> ValueReader:
        """Returns a function that reads as ``conversion.to_json(self.reader(conversion)(value))`` does.

        It may raise one of ``OTHER_TYPE`` where the value isn't of the schema's type.
        """
        return self.json_reader_in_steps(conversion)

    def json_reader_in_steps(self, conversion: Conversion) -> ValueReader:
        read, to_json = self.reader(conversion), conversion.to_json
        return lambda value: to_json(read(value))

    def json_expression(self, conversion: Conversion, otherwise: str) -> str:
        """Returns Python source that reads the attribute value ``value`` as ``json_reader`` does.

        ``otherwise`` is source that calls the ``json_reader``.
        """
        if self.json_source is None:
            return otherwise
        return self.json_source.format(content=f"value[{self.attr_type!r}]", otherwise=otherwise)

    def alternatives(self, conversion: Conversion, held: str, types: TypeBuilder) -> Sequence[Alternative] | None:
        """Returns what ``json_reader`` reads, type by type; None if the type isn't known in advance.

        ``held`` is the source of an object with one attribute for each type, such as ``value.S``.
        """
        if self.json_source is None or self.attr_type is None:
            return None
        usual = self.alternative(self.attr_type, self.content, conversion, held, types)
        content = f"{held}.{self.attr_type}"
        return [usual._replace(expression=self.json_source.format(content=content, otherwise=usual.expression))]

    def alternative(self, tag: str, content: Any, conversion: Conversion, held: str, types: TypeBuilder) -> Alternative:
        """Returns an alternative whose JSON the ``json_reader`` reads."""
        read = self.json_reader(conversion)
        return Alternative(tag, content, f"{types.function(lambda content: read({tag: content}))}({held}.{tag})")

    # -- compiled: Python or JSON to attribute value -------------------------------------------

    def writer(self, conversion: Conversion) -> ValueWriter:
        """Returns a function that writes Python values as ``self.encode(conversion.to_json(value))`` does."""
        return self.direct_writer(conversion, self.writer_in_steps(conversion), python_writer)

    def json_writer(self, conversion: Conversion) -> ValueWriter:
        """Returns a function that writes a JSON value as ``writer`` writes the Python value that it converts to."""
        return self.direct_writer(conversion, self.json_writer_in_steps(conversion), json_writer)

    def direct_writer(self, conversion: Conversion, in_steps: ValueWriter, writer_of: WriterOf) -> ValueWriter:
        """Returns a writer of usual values, which JSON and Python have in common; ``in_steps`` writes the others."""
        return in_steps

    def writer_in_steps(self, conversion: Conversion) -> ValueWriter:
        encode, to_json = self.encode, conversion.to_json

        def write(value: Any, depth: int) -> AttributeValue:
            try:
                return encode(to_json(value), "", depth)
            except UnstorableValue:  # the caller knows its pointer
                raise UnusualValue from None

        return write

    def json_writer_in_steps(self, conversion: Conversion) -> ValueWriter:
        write, to_python = self.writer_in_steps(conversion), conversion.to_python
        return lambda value, depth: write(to_python(value), depth)

    # -- keys ----------------------------------------------------------------------------------

    def sorted_form(self, given: AttributeValue, role: Role, pointer: str) -> AttributeValue:
        """Returns what a key, an index or a time to live holds for a value, so that DynamoDB sorts it correctly."""
        return given

    def restored(self, held: AttributeValue, role: Role) -> AttributeValue:
        """Returns the original of ``held``, the sorted form, for an item that doesn't keep the original in a twin."""
        return held

    def key_placer(self, conversion: Conversion, role: Role, name: str, given_name: str) -> ValuePlacer | None:
        """Returns a function that puts JSON values into an item as keys; None if each must be written step by step.

        ``name``: the attribute that DynamoDB sorts. ``given_name``: its twin, which keeps another spelling.
        """
        return None


def check_depth(depth: int, pointer: str) -> None:
    """Raises UnstorableValue for a list or map inside too many others."""
    if depth >= MAX_NESTED:
        raise UnstorableValue("nested deeper than DynamoDB's 32 levels", pointer)


def json_in_text(text: str, expected: type) -> Any:
    """Returns the list or dict that a text holds as JSON, as PynamoDB's JSONAttribute stores it; otherwise returns the
    text.
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
    """Returns the writer of a codec's Python values."""
    return codec.writer(conversion)


def json_writer(codec: Codec, conversion: Conversion) -> ValueWriter:
    """Returns the writer of a codec's JSON values."""
    return codec.json_writer(conversion)
