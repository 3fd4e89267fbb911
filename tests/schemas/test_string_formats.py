import copy
import datetime as dt
import pickle
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import models
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers

from macaron_django import openapi as spec
from macaron_django.schemas import json_value
from macaron_django.schemas.checks.annotation_checks import annotation_findings
from macaron_django.schemas.checks.compiled_parts import CompiledParts
from macaron_django.schemas.formats.known_formats import STRING_FORMATS
from macaron_django.schemas.models.model_fields import field_of
from macaron_django.schemas.serializers.fields import field_for
from macaron_django.schemas.stubs.stub_files import stub
from macaron_django.schemas.stubs.stub_types import stub_type

UTC = dt.timezone.utc
EASTERN = dt.timezone(dt.timedelta(hours=2))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("date-time", "2026-01-01T00:00:00Z", dt.datetime(2026, 1, 1, tzinfo=UTC)),
        ("date-time", "2026-01-01T00:00:00.123456+02:00", dt.datetime(2026, 1, 1, 0, 0, 0, 123456, EASTERN)),
        ("date", "2026-01-31", dt.date(2026, 1, 31)),
        ("time", "08:30:06Z", dt.time(8, 30, 6, tzinfo=UTC)),
        ("duration", "P1DT2H0M4S", dt.timedelta(days=1, hours=2, seconds=4)),
        ("duration", "PT0S", dt.timedelta(0)),
        ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", UUID("2eb8aa08-aa98-11ea-b4aa-73b441d16380")),
        ("decimal", "1.50", Decimal("1.50")),
        ("byte", "aGVsbG8=", b"hello"),
        ("binary", "aOk=", b"h\xe9"),
    ],
)  # fmt: skip
def test_the_canonical_spelling_becomes_a_plain_value_and_back(name, text, value):
    format_ = STRING_FORMATS[name]
    assert format_.read(text) == value
    assert type(format_.read(text)) is type(value)
    assert format_.write(value) == text


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("date-time", "2026-01-01t00:00:00.50z", dt.datetime(2026, 1, 1, 0, 0, 0, 500000, UTC)),
        ("date-time", "2026-01-01T00:00:00.1234567890Z", dt.datetime(2026, 1, 1, 0, 0, 0, 123456, UTC)),
        ("date-time", "2026-01-01T00:00:00+00:00", dt.datetime(2026, 1, 1, tzinfo=UTC)),
        ("date-time", "2026-01-01T00:00:00-00:00", dt.datetime(2026, 1, 1, tzinfo=UTC)),
        ("time", "08:30:06.0Z", dt.time(8, 30, 6, tzinfo=UTC)),
        ("duration", "P2W", dt.timedelta(weeks=2)),
        ("duration", "PT36H", dt.timedelta(hours=36)),
        ("uuid", "2EB8AA08-AA98-11EA-B4AA-73B441D16380", UUID("2eb8aa08-aa98-11ea-b4aa-73b441d16380")),
        ("decimal", "1e5", Decimal("1e5")),
        ("decimal", "+.5", Decimal("0.5")),
    ],
)
def test_another_spelling_equals_its_value_and_remembers_its_text_even_when_copied_or_pickled(name, text, value):
    format_ = STRING_FORMATS[name]
    found = format_.read(text)
    assert found == value
    for same in (found, copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):  # noqa: S301
        assert same == value
        assert format_.write(same) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("date-time", "2016-12-31T23:59:60Z"),
        ("date-time", "0000-01-01T00:00:00Z"),
        ("date-time", "2026-01-01T00:00:00"),
        ("date", "0000-01-01"),
        ("date", "2026-02-30"),
        ("time", "23:59:60Z"),
        ("duration", "P1Y2M"),
        ("duration", "P1DT"),
        ("duration", "P"),
        ("duration", "P99999999999999D"),
        ("duration", f"P{'9' * 5000}D"),
        ("uuid", "2eb8aa08aa9811eab4aa73b441d16380"),
        ("decimal", "NaN"),
        ("decimal", "1_000"),
        ("byte", "aGVsbG8"),
        ("byte", "aGVsbG9="),
        ("byte", "a-_8"),
        ("binary", "h\u00e9"),
        ("binary", "日本"),
    ],
)
def test_what_python_has_no_value_for_stays_text(name, text):
    assert STRING_FORMATS[name].read(text) == text
    assert isinstance(STRING_FORMATS[name].read(text), str)


def test_arithmetic_on_a_remembered_spelling_forgets_it():
    format_ = STRING_FORMATS["date-time"]
    found = format_.read("2026-01-01T00:00:00.50Z") + dt.timedelta(seconds=1)
    assert format_.write(found) == "2026-01-01T00:00:01.500000Z"
    assert format_.write(format_.read("2026-01-01T00:00:00.50Z").replace(hour=1)) == "2026-01-01T01:00:00.500000Z"


@given(st.datetimes(min_value=dt.datetime(2, 1, 1), timezones=st.timezones() | st.just(UTC)))  # noqa: DTZ001
def test_a_datetime_comes_back_as_the_same_moment(value):
    back = STRING_FORMATS["date-time"].read(STRING_FORMATS["date-time"].write(value))
    # In the hour that a clock shows twice, Python calls no two zones' times equal.
    assert back.astimezone(UTC) == value.astimezone(UTC)


@given(st.timedeltas(min_value=dt.timedelta(0)).map(lambda value: dt.timedelta(value.days, value.seconds)))
def test_a_duration_comes_back_equal(value):
    assert STRING_FORMATS["duration"].read(STRING_FORMATS["duration"].write(value)) == value


@given(st.binary())
def test_bytes_come_back_equal(value):
    for name in ("byte", "binary"):
        assert STRING_FORMATS[name].read(STRING_FORMATS[name].write(value)) == value


@given(
    st.sampled_from(sorted(STRING_FORMATS)),
    st.text(max_size=30)
    | st.from_regex(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", fullmatch=True)
    | st.from_regex(r"P(\d{1,3}W|(\d{1,3}D)?(T(\d{1,3}H)?(\d{1,3}M)?(\d{1,3}S)?)?)", fullmatch=True)
    | st.from_regex(r"[+-]?\d{1,20}(\.\d{0,20})?([eE][+-]?\d{1,3})?", fullmatch=True),
)  # fmt: skip
def test_no_text_is_lost_whatever_it_is(name, text):
    format_ = STRING_FORMATS[name]
    value = format_.read(text)
    assert (value if isinstance(value, str) else format_.write(value)) == text


@pytest.mark.parametrize("name", sorted(STRING_FORMATS))
def test_a_format_is_known_to_validators_fields_models_and_stubs_by_its_class_alone(name):
    it = {"type": "object", "properties": {"value": {"type": "string", "format": name}}}
    document = spec.load({"openapi": "3.1.0", "info": {}, "paths": {}, "components": {"schemas": {"It": it}}})
    prop = document.schemas["It"].properties["value"]
    format_ = STRING_FORMATS[name]
    assert format_.name == name
    assert not list(annotation_findings(document, [prop.schema], CompiledParts(document)))
    assert isinstance(field_for(prop.schema), serializers.Field)
    assert isinstance(field_of(prop), format_.model_field() or models.CharField)
    python_type = format_.python_types[0]
    read = stub_type(prop.schema, lambda schema: "It").read
    assert read == f"_{python_type.__module__}.{python_type.__qualname__}"
    assert f"import {python_type.__module__} as _{python_type.__module__}\n" in stub([])


@pytest.mark.parametrize("name", sorted(name for name, each in STRING_FORMATS.items() if each.is_default_for_types))
def test_a_value_is_written_in_the_default_format_of_its_type_without_a_schema(name):
    value = {
        "byte": b"hello",
        "date": dt.date(2026, 1, 31),
        "date-time": dt.datetime(2026, 1, 31, tzinfo=UTC),
        "duration": dt.timedelta(hours=36),
        "time": dt.time(8, 30, tzinfo=UTC),
        "uuid": UUID("2eb8aa08-aa98-11ea-b4aa-73b441d16380"),
    }[name]
    assert json_value(value) == STRING_FORMATS[name].write(value)
