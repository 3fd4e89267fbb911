"""Reads and writes JSON text exactly: no digit, key or character is lost.

An integer of any size is an ``int``. A number with a fraction or exponent is a ``float`` if Python writes that float
with the same digits, otherwise a ``Decimal``. Ambiguous text raises :class:`JSONTextError`: text with duplicate names,
``NaN``, lone surrogates, bytes that aren't Unicode, or nesting beyond a limit.
"""

from __future__ import annotations

import codecs
import datetime as dt
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from itertools import accumulate
from typing import Any, NoReturn
from uuid import UUID

import orjson
from django.utils.duration import duration_iso_string
from django.utils.functional import Promise

from macaron_django.schemas.formats.rfc3339_formats import with_z

__all__ = [
    "MAX_DEPTH",
    "MAX_DIGITS",
    "JSONTextError",
    "are_written_alike",
    "count_containers",
    "dump_json",
    "exact_json",
]

#: The deepest nesting that is read, even if the caller's limit is higher. Deeper nesting would exhaust parsers' stack.
MAX_DEPTH = 500
#: The most digits of a number, and the largest exponent. The conversion of digits takes quadratic time, so Python's
#: ``int(text)`` has the same limit. DynamoDB stores 38 digits.
MAX_DIGITS = 4300

#: Brackets as signed bytes: +1 for an opening bracket, -1 for a closing one.
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_PIECE = 64 * 1024
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))
_NO_COLONS = bytes(set(range(256)) - set(b":"))
_SAME = bytes(range(256))
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACE = b" \t\n\r"
_LOST, _TWICE = object(), object()
#: Up to this length of a text in bytes, an error quotes the duplicate name. Finding the name takes 30 times as much
#: memory.
_LONGEST_NAMED = 384 * 1024
#: The bytes with which JSON text in UTF-8 can begin, besides white space.
_ASCII_STARTS = frozenset(bytes([character]) for character in b'{["-0123456789tfn')


class JSONTextError(ValueError):
    """The text isn't JSON, or is ambiguous JSON. ``line`` and ``column`` count from 1."""

    line: int | None
    column: int | None

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(f"{message} (line {line}, column {column})" if line else message)
        self.line, self.column = line, column


def exact_json(text: bytes | bytearray | memoryview | str, *, max_depth: int = MAX_DEPTH) -> Any:
    """Reads JSON text in UTF-8, UTF-16 or UTF-32. The encoding is detected as in RFC 4627, section 3.

    A BOM is skipped.

    Raises :class:`JSONTextError`. orjson is fast, but it rounds long numbers. If an object has the same name several
    times, orjson keeps only the last value. So the value that orjson has read is converted back to JSON. If the new
    text equals the original, apart from white space, nothing was lost. This is true for most JSON from client
    libraries. Any other text is read again by the standard library, with hooks that keep all digits and refuse
    duplicate names.

    >>> exact_json(b'{"id": 123456789012345678901234567890, "price": 0.10000000000000000001}')
    {'id': 123456789012345678901234567890, 'price': Decimal('0.10000000000000000001')}
    """
    encoded = _utf8(text)
    if encoded.count(b"[") + encoded.count(b"{") > min(max_depth, MAX_DEPTH):
        _refuse_depth(encoded, min(max_depth, MAX_DEPTH))
    value = _read_by_orjson(encoded)
    if value is _TWICE and len(encoded) > _LONGEST_NAMED:
        raise JSONTextError("a name occurs twice in one object")
    return _read_with_hooks(_decoded(encoded)) if value is _LOST or value is _TWICE else value


def _read_by_orjson(encoded: bytes) -> Any:
    """Returns the value that orjson reads; ``_TWICE`` if a duplicate name was lost, ``_LOST`` for any other loss.

    If something was lost, the value isn't returned. So its memory is free before the second reader runs.
    """
    try:
        value = orjson.loads(encoded)
        written = orjson.dumps(value)
    except (orjson.JSONDecodeError, TypeError):  # TypeError (JSONEncodeError): too deep for orjson to write
        return _LOST
    # White space in strings is removed from both texts, too. No loss is overlooked: members and digits aren't spaces.
    if written == encoded or written.translate(None, _SPACE) == encoded.translate(None, _SPACE):
        return value
    del written
    return _TWICE if _members(value) < _outside_strings(encoded, _SAME, _NO_COLONS).count(b":") else _LOST


def _members(value: Any) -> int:
    """Returns the number of members in all objects of a value."""
    count, containers = 0, [value] if isinstance(value, dict | list) else []
    while containers:
        container = containers.pop()
        elements: Iterable[Any] = container
        if isinstance(container, dict):
            count += len(container)
            elements = container.values()
        containers += [each for each in elements if type(each) is dict or type(each) is list]
    return count


def _utf8(text: bytes | bytearray | memoryview | str) -> bytes:
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass").removeprefix(codecs.BOM_UTF8)
    encoded = bytes(text)
    if encoded[:1] in _ASCII_STARTS and encoded[1:2] != b"\0":
        return encoded
    encoding = json.detect_encoding(encoded)
    if encoding == "utf-8":
        return encoded
    try:
        return encoded.decode(encoding).encode()
    except UnicodeDecodeError as error:
        raise JSONTextError(f"the text isn't valid {encoding.upper()} at byte {error.start}") from None


def _decoded(encoded: bytes) -> str:
    try:
        return encoded.decode()
    except UnicodeDecodeError as error:
        raise JSONTextError(f"the text isn't valid UTF-8 at byte {error.start}: send JSON as UTF-8") from None


def count_containers(text: bytes | bytearray | memoryview | str) -> int:
    """Returns the number of arrays and objects in a JSON text. Raises :class:`JSONTextError` if it isn't Unicode.

    >>> count_containers('[{"a": {}}, "[[["]')
    3
    """
    return _brackets(_utf8(text)).count(_STEPS[ord("[")])


def _brackets(encoded: bytes) -> bytes:
    """Returns one signed byte for each bracket of a JSON text: +1 or -1. Brackets in strings don't count."""
    return _outside_strings(encoded, _STEPS, _NO_BRACKETS)


def _outside_strings(encoded: bytes, table: bytes, left_out: bytes) -> bytes:
    """Removes all strings from a JSON text, and also the bytes in ``left_out``. Returns the rest, translated by
    ``table``.
    """
    encoded = encoded.replace(rb"\\", b"").replace(rb"\"", b"")
    found, is_string = bytearray(), False
    for start in range(0, len(encoded), _PIECE):
        parts = encoded[start : start + _PIECE].split(b'"')
        found += b"".join(parts[is_string::2]).translate(table, left_out)
        is_string ^= len(parts) % 2 == 0
    return bytes(found)


def _refuse_depth(encoded: bytes, limit: int) -> None:
    # These functions run in C. A loop in Python would double the time for a text of empty arrays and objects.
    if max(accumulate(memoryview(_brackets(encoded)).cast("b")), default=0) > limit:
        raise JSONTextError(f"arrays and objects are nested more than {limit} levels deep")


def _read_with_hooks(text: str) -> Any:
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JSONTextError(error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise JSONTextError("arrays and objects are nested too deeply") from None
    if ("\\u" in text or _SURROGATE.search(text)) and _SURROGATE.search(
        json.dumps(value, ensure_ascii=False, default=str)
    ):
        raise JSONTextError("a string has half of a surrogate pair, which is not a character")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        twice = next(name for name, _ in pairs if unique.pop(name, _LOST) is _LOST)
        raise JSONTextError(f"the name {json.dumps(twice)[:100]} occurs twice in one object")
    return unique


def _number(text: str) -> float | Decimal:
    number = float(text)
    if len(text) < 16 and "e" not in text and "E" not in text:
        # A decimal with up to 15 significant digits doesn't change if it is converted to a float and back (DBL_DIG).
        return number
    try:
        exact = Decimal(text)
    except InvalidOperation:
        _refuse_number(text)
    if Decimal(repr(number)) == exact:  # "inf" never equals a number in JSON
        return number
    if len(text) > MAX_DIGITS or abs(exact.adjusted()) > MAX_DIGITS:
        _refuse_number(text)
    return exact


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        _refuse_number(text)
    return int(text)


def _refuse_number(text: str) -> NoReturn:
    raise JSONTextError(f"the number {text[:20]}… has more than {MAX_DIGITS} digits")


def _refuse_constant(name: str) -> NoReturn:
    raise JSONTextError(f"{name} is not JSON (RFC 8259, section 6)")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_number, parse_int=_integer, parse_constant=_refuse_constant
)


def dump_json(value: Any) -> bytes:
    """Returns a value as compact UTF-8 JSON, with all digits of integers and Decimals.

    In addition to JSON's own types, it accepts values from conversions and handlers: dates and times, durations, UUIDs,
    bytes (as base64), sets, lazy strings, and anything with ``to_json()``. NaN and infinity, which JSON can't express,
    become null. Raises ``TypeError`` for other types.

    >>> dump_json({"price": Decimal("0.10000000000000000001"), "id": 10**30})
    b'{"price":0.10000000000000000001,"id":1000000000000000000000000000000}'
    """
    try:
        return orjson.dumps(value, _for_orjson, orjson.OPT_UTC_Z)
    except TypeError:  # an integer over 64 bits, a name of a subclass of str, deep nesting, or a wrong type
        return "".join(_written(value)).encode()


def are_written_alike(one: Any, other: Any) -> bool:
    """Returns whether two JSON values have the same text, and so the same values, types and order. Both values must be
    plain JSON, such as ``to_json()`` returns.

    >>> are_written_alike({"n": [1, True]}, {"n": [1.0, True]})
    False
    """
    try:
        return orjson.dumps(one, option=_JSON_ALONE) == orjson.dumps(other, option=_JSON_ALONE)
    except TypeError:  # a Decimal, which may have the same text as a float, or an integer over 64 bits
        return repr(one) == repr(other)


#: Refuses most types that aren't JSON's own.
_JSON_ALONE = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS


def _for_orjson(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(_decimal_text(value))
    return _json_form(value)


def _decimal_text(number: Decimal) -> str:
    # Decimals such as "1E+3" and "0E-7" are JSON numbers, too. Only NaN and infinity aren't.
    return str(number) if number.is_finite() else "null"


def _json_form(value: Any) -> Any:
    for types, form in _JSON_FORMS:
        if isinstance(value, types):
            return form(value)
    to_json = getattr(value, "to_json", None)
    if callable(to_json):
        return to_json()
    raise TypeError(f"{type(value).__name__} has no JSON form: return its properties, or give it a to_json()")


_JSON_FORMS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    ((dt.date, dt.time), lambda value: with_z(value.isoformat())),  # date includes datetime
    (dt.timedelta, duration_iso_string),
    (UUID, str),
    ((bytes, bytearray, memoryview), lambda value: b64encode(value).decode()),
    ((set, frozenset), lambda value: sorted(value) if all(isinstance(v, str) for v in value) else list(value)),
    (Promise, str),
    (Mapping, dict),
)


def _written(value: Any) -> Iterator[str]:
    """Yields the text of ``value`` piece by piece, without recursion, so that any depth is possible."""
    pending: list[Any] = [_Unwritten(value)]
    while pending:
        piece = pending.pop()
        if isinstance(piece, str):
            yield piece
            continue
        value = piece.value
        if isinstance(value, dict):
            parts: list[Any] = ["{"]
            for number, (name, member) in enumerate(value.items()):
                parts += [f"{',' if number else ''}{_string(_name(name))}:", _Unwritten(member)]
            pending.extend(reversed([*parts, "}"]))
        elif isinstance(value, (list, tuple)):
            parts = ["["]
            for number, element in enumerate(value):
                parts += [",", _Unwritten(element)] if number else [_Unwritten(element)]
            pending.extend(reversed([*parts, "]"]))
        else:
            scalar = _scalar(value)
            pending.append(_Unwritten(_json_form(value)) if scalar is None else scalar)


class _Unwritten:
    """A value that must still be converted to JSON text. A plain ``str`` in the same list is already JSON text."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _scalar(value: Any) -> str | None:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value) if value - value == 0 else "null"
    if isinstance(value, Decimal):
        return _decimal_text(value)
    return None


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=bool(_SURROGATE.search(text)))


def _name(name: Any) -> str:
    # As in json.dumps(), a name may be any scalar.
    if isinstance(name, str):
        return name
    text = _scalar(name)
    if text is None:
        raise TypeError(f"a property's name can't be a {type(name).__name__}")
    return text
