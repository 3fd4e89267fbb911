"""JSON text ↔ Python values, exactly: no digit, key or character is lost on the way in or out.

In: bytes from a client or a database. Out: what JSON can say, in Python's types: an integer of any size is an
``int``; a number with a fraction or exponent is a ``float`` where the float's own digits are the number's,
else a ``Decimal``. Whatever has no single meaning is refused with :class:`JSONTextError`: duplicate names,
``NaN``, lone surrogates, bytes that aren't Unicode, nesting beyond a limit.

It stands alone because bodies, merge patches, form parts, cursors and stored items all need the same reading.
"""

from __future__ import annotations

import codecs
import datetime as dt
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn
from uuid import UUID

import orjson
from django.utils.duration import duration_iso_string
from django.utils.functional import Promise

__all__ = ["MAX_DEPTH", "MAX_DIGITS", "JSONTextError", "dump_json", "exact_json"]

#: Nesting that is read at most, whatever limit is asked for: beyond it parsers would exhaust the stack.
MAX_DEPTH = 500
#: Digits of a number, and size of its exponent, that are read at most: converting more takes quadratic time
#: (Python's own limit for ``int(text)``, for the same reason), and DynamoDB holds 38.
MAX_DIGITS = 4300

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACE = b" \t\n\r"


class JSONTextError(ValueError):
    """Text that isn't JSON, or is JSON without a single meaning. ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(f"{message} (line {line}, column {column})" if line else message)
        self.line, self.column = line, column


def exact_json(text: bytes | bytearray | memoryview | str, *, max_depth: int = MAX_DEPTH) -> Any:
    """Read JSON text; UTF-8, or UTF-16 or UTF-32 as RFC 4627, section 3 tells them apart; a BOM is skipped.

    The fast path asks orjson, which keeps the last of duplicate names and rounds long numbers, and then has it
    write what it read: where that gives back the same bytes, white space aside, nothing was lost. (Most JSON of
    client libraries does.) Everything else is read again by the standard library with hooks.

    >>> exact_json(b'{"id": 123456789012345678901234567890, "price": 0.10000000000000000001}')
    {'id': 123456789012345678901234567890, 'price': Decimal('0.10000000000000000001')}
    """
    encoded = _utf8(text)
    if encoded.count(b"[") + encoded.count(b"{") > min(max_depth, MAX_DEPTH):
        _refuse_depth(_decoded(encoded), min(max_depth, MAX_DEPTH))
    try:
        value = orjson.loads(encoded)
        written = orjson.dumps(value)
        # White space within strings goes on both sides: a member or a digit that was lost is never white space.
        if written == encoded or written.translate(None, _SPACE) == encoded.translate(None, _SPACE):
            return value
    except (orjson.JSONDecodeError, TypeError):  # TypeError (JSONEncodeError): deeper than orjson writes
        pass
    return _read_with_hooks(_decoded(encoded))


def _utf8(text: bytes | bytearray | memoryview | str) -> bytes:
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass").removeprefix(codecs.BOM_UTF8)
    encoded = bytes(text)
    if encoded[:1] in (b"{", b"[", b'"') and encoded[1:2] != b"\0":
        return encoded
    encoding = json.detect_encoding(encoded)
    if encoding == "utf-8":
        return encoded
    try:
        return encoded.decode(encoding).encode()
    except UnicodeDecodeError as error:
        raise JSONTextError(f"the bytes are not {encoding.upper()} at byte {error.start}") from None


def _decoded(encoded: bytes) -> str:
    try:
        return encoded.decode()
    except UnicodeDecodeError as error:
        raise JSONTextError(f"the bytes are not UTF-8 at byte {error.start}: send JSON as UTF-8") from None


def _refuse_depth(text: str, limit: int) -> None:
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub('""', text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > limit:
            raise JSONTextError(f"arrays and objects are nested more than {limit} deep")


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
        raise JSONTextError("a string holds half of a surrogate pair, which is no character")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in unique if names.count(name) > 1)
        raise JSONTextError(f"the name {json.dumps(twice)[:100]} stands twice in one object")
    return unique


def _number(text: str) -> float | Decimal:
    number = float(text)
    if len(text) < 16 and "e" not in text and "E" not in text:
        # Up to 15 significant digits a float gives back the decimal it was read from (DBL_DIG).
        return number
    try:
        exact = Decimal(text)
    except InvalidOperation:
        _refuse_number(text)
    if Decimal(repr(number)) == exact:  # "inf" equals no number that JSON can write
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
    """Write a value as compact UTF-8 JSON: integers of any size and Decimals with all their digits.

    Beside JSON's own types it takes what the conversions and handlers produce: dates and times, durations,
    UUIDs, bytes (base64), sets, lazy strings, and anything with ``to_json()``. Floats that JSON has no number
    for (NaN, infinity) become null. ``TypeError`` for the rest.

    >>> dump_json({"price": Decimal("0.10000000000000000001"), "id": 10**30})
    b'{"price":0.10000000000000000001,"id":1000000000000000000000000000000}'
    """
    try:
        return orjson.dumps(value, _for_orjson, orjson.OPT_UTC_Z)
    except TypeError:  # an integer over 64 bits, a name that isn't exactly str, deep nesting: or really no JSON
        return "".join(_written(value)).encode()


def _for_orjson(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(_decimal_text(value))
    return _json_form(value)


def _decimal_text(number: Decimal) -> str:
    # Decimal writes "1E+3" and "0E-7", which are JSON numbers too; only NaN and infinity aren't.
    return str(number) if number.is_finite() else "null"


def _json_form(value: Any) -> Any:
    for types, form in _JSON_FORMS:
        if isinstance(value, types):
            return form(value)
    to_json = getattr(value, "to_json", None)
    if callable(to_json):
        return to_json()
    raise TypeError(f"{type(value).__name__} has no JSON form: return its properties, or give it a to_json()")


def _timestamp_text(value: dt.date | dt.time) -> str:
    text = value.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


_JSON_FORMS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    ((dt.date, dt.time), _timestamp_text),  # date includes datetime
    (dt.timedelta, duration_iso_string),
    (UUID, str),
    ((bytes, bytearray, memoryview), lambda value: b64encode(value).decode()),
    ((set, frozenset), lambda value: sorted(value) if all(isinstance(v, str) for v in value) else list(value)),
    (Promise, str),
    (Mapping, dict),
)


def _written(value: Any) -> Iterator[str]:
    """Yield the text of ``value`` piece by piece; without recursion, so that depth doesn't matter."""
    pending: list[Any] = [_Value(value)]
    while pending:
        piece = pending.pop()
        if isinstance(piece, str):
            yield piece
            continue
        value = piece.value
        if isinstance(value, dict):
            parts: list[Any] = ["{"]
            for number, (name, member) in enumerate(value.items()):
                parts += [f"{',' if number else ''}{_string(_name(name))}:", _Value(member)]
            pending.extend(reversed([*parts, "}"]))
        elif isinstance(value, (list, tuple)):
            parts = ["["]
            for number, element in enumerate(value):
                parts += [",", _Value(element)] if number else [_Value(element)]
            pending.extend(reversed([*parts, "]"]))
        else:
            scalar = _scalar(value)
            pending.append(_Value(_json_form(value)) if scalar is None else scalar)


class _Value:
    """A value still to be written, told apart from text that is."""

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
    # As json.dumps does: a name may be any scalar.
    if isinstance(name, str):
        return name
    text = _scalar(name)
    if text is None:
        raise TypeError(f"a property's name can't be a {type(name).__name__}")
    return text
