"""The format of date-times: S as given. Keys and indexes store the time in UTC, so that DynamoDB sorts by time."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.dynamodb.codec.formats.base import (
    Alternative,
    TypeBuilder,
    UnusualValue,
    ValuePlacer,
    ValueReader,
    ValueWriter,
)
from macaron_django.dynamodb.codec.formats.text import TextCodec
from macaron_django.dynamodb.codec.roles import Role
from macaron_django.exceptions import UnstorableValue
from macaron_django.openapi import Schema
from macaron_django.schemas.values.conversions import Conversion

__all__ = ["DateTimeCodec", "utc_text"]

_SORTED_LENGTH: Final = len("2026-01-01T00:00:00.000000Z")
_DATE_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d):([0-5]\d|60)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


class DateTimeCodec(TextCodec):
    """Date-times (RFC 3339). The codec also reads the values that PynamoDB's ``UTCDateTimeAttribute`` and
    ``TTLAttribute`` write.
    """

    spelled_in_one_way = False
    shows_text = False
    json_source = "text if (text := {content})[-5:] != '+0000' else {otherwise}"

    @classmethod
    def fits(cls, schema: Schema, types: frozenset[str]) -> bool:
        return super().fits(schema, types) and schema.format == "date-time"

    def decode(self, value: AttributeValue) -> Any:
        if "S" in value:
            return _in_rfc_3339(value["S"])
        if "N" in value:
            try:
                return _text_of_epoch(value["N"])
            except OverflowError:  # milliseconds, or not a time: shown as a number
                pass
        return self.by_json_type.decode(value)

    def is_plain_text(self, conversion: Conversion) -> bool:
        return False

    def reader(self, conversion: Conversion) -> ValueReader:
        in_steps, to_python = self.reader_in_steps(conversion), conversion.to_python
        of_utc = to_python("2000-01-01T00:00:00Z") == datetime(2000, 1, 1, tzinfo=timezone.utc)
        from_iso = datetime.fromisoformat

        def read(value: AttributeValue) -> Any:
            text = value.get("S")
            if text is None or text[-1:] != "Z":
                return in_steps(value)
            spelled = f"{text[:-1]}+00:00"
            try:
                moment = from_iso(spelled)
            except ValueError:  # not a time, or not readable for older Pythons
                return to_python(text)
            # If Python would spell the time differently, ``to_python`` returns a value that keeps the original
            # spelling.
            return moment if of_utc and moment.isoformat() == spelled else to_python(text)

        return read

    def json_reader(self, conversion: Conversion) -> ValueReader:
        in_steps = self.json_reader_in_steps(conversion)

        def read(value: AttributeValue) -> Any:
            text: str | None = value.get("S")
            return in_steps(value) if text is None else _in_rfc_3339(text)

        return read

    def json_expression(self, conversion: Conversion, otherwise: str) -> str:
        return self.json_source.format(content="value.get('S', '+0000')", otherwise=otherwise)

    def alternatives(self, conversion: Conversion, held: str, types: TypeBuilder) -> Sequence[Alternative]:
        text = super().alternatives(conversion, held, types) or ()
        return [*text, self.alternative("N", str, conversion, held, types)]

    def writer(self, conversion: Conversion) -> ValueWriter:
        write_others, to_json = super().writer(conversion), conversion.to_json
        if to_json(datetime(2000, 1, 1, tzinfo=timezone.utc)) != "2000-01-01T00:00:00Z":  # the project's own format
            return write_others

        def write(value: Any, depth: int) -> AttributeValue:
            return {"S": to_json(value)} if type(value) is datetime else write_others(value, depth)

        return write

    # -- keys: UTC with six fractional digits; time to live: seconds since 1970 ------------------

    def sorted_form(self, given: AttributeValue, role: Role, pointer: str) -> AttributeValue:
        if "S" not in given:
            return given
        text = utc_text(given["S"])
        if text is None:
            if role.ttl:
                raise UnstorableValue(f"{given['S']!r} isn't an RFC 3339 date-time", pointer)
            return given
        if role.ttl:
            return {"N": str(_epoch(text))}
        if role.in_table_key and len(text) > _SORTED_LENGTH:
            raise UnstorableValue("a key can't hold a date-time more precise than a microsecond", pointer)
        return {"S": _to_microseconds(text)}

    def restored(self, held: AttributeValue, role: Role) -> AttributeValue:
        text = self.decode(held) if role.ttl else None
        return {"S": text} if isinstance(text, str) else held

    def key_placer(self, conversion: Conversion, role: Role, name: str, given_name: str) -> ValuePlacer:
        def place(value: Any, item: AttributeMap) -> None:
            text = utc_text(value) if type(value) is str else None
            if text is None or (role.in_table_key and len(text) > _SORTED_LENGTH):
                raise UnusualValue
            if role.ttl:
                seconds = str(_epoch(text))
                item[name], text = {"N": seconds}, _text_of_epoch(seconds)
            else:
                text = _to_microseconds(text)
                item[name] = {"S": text}
            if text != value:
                item[given_name] = {"S": value}

        return place


def utc_text(text: str) -> str | None:
    """Returns an RFC 3339 date-time in UTC, with six fractional digits or more; None if ``text`` isn't an RFC 3339
    date-time.

    >>> utc_text("2026-03-01T01:30:00+02:00")
    '2026-02-28T23:30:00.000000Z'
    >>> utc_text("2016-12-31t23:59:60.5z")
    '2016-12-31T23:59:60.500000Z'
    """
    if len(text) == _SORTED_LENGTH and text[-1] == "Z" and _is_spelled_by_python(text):
        return text
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    day, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}")
        if zone not in "Zz":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
            moment = moment + offset if zone[0] == "-" else moment - offset
    except (ValueError, OverflowError):
        return None
    # Python has no datetime for a leap second, but the text of a leap second is sorted correctly.
    return f"{moment.isoformat()[:16]}:{second}.{(fraction or '').rstrip('0').ljust(6, '0')}Z"


def _to_microseconds(utc: str) -> str:
    return utc[: _SORTED_LENGTH - 1] + "Z"


def _is_spelled_by_python(text: str) -> bool:
    """Returns whether Python would write the time as in ``text``, apart from the Z at the end."""
    try:
        return datetime.fromisoformat(text[:-1]).isoformat(timespec="microseconds") == text[:-1]
    except ValueError:
        return False


def _epoch(utc: str) -> int:
    whole = datetime.fromisoformat(utc[:16])
    return timegm(whole.timetuple()) + int(utc[17:19])


def _in_rfc_3339(text: str) -> str:
    return f"{text[:-5]}Z" if text.endswith("+0000") else text


def _text_of_epoch(seconds: str) -> str:
    """Returns Unix seconds as RFC 3339 text in UTC, with a fraction only if it isn't zero. Raises OverflowError if the
    time is out of range.
    """
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=int(Decimal(seconds) * 1_000_000))
    return f"{moment.replace(tzinfo=None).isoformat()}Z"
