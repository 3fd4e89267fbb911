"""Properties as PynamoDB attributes: keys, time to live, and the expressions that they make."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macaron_django.dynamodb import Persistence
from macaron_django.dynamodb.codec.attributes import PropertyAttribute
from macaron_django.dynamodb.codec.formats.date_times import utc_text
from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.values.conversions import UNSET

MakePersistence = Callable[..., Persistence]
DATE_TIMES = {
    "type": "object",
    "properties": {
        "profile_id": {"type": "string"},
        "created": {"type": "string", "format": "date-time"},
        "updated": {"type": "string", "format": "date-time"},
        "expires": {"type": "string", "format": "date-time"},
        "email": {"type": ["string", "null"]},
        "seen": {"type": ["string", "null"], "format": "date-time"},
    },
}


@pytest.fixture
def attribute(make_persistence: MakePersistence) -> Callable[[str], PropertyAttribute]:
    persistence = make_persistence(
        DATE_TIMES,
        range_key="created",
        ttl="expires",
        indexes={"by_email": "email", "by_seen": {"hash_key": "email", "range_key": "seen"}},
    )
    return persistence.table.attribute


def test_a_date_time_is_held_as_given_outside_keys(attribute: Callable[[str], PropertyAttribute]) -> None:
    updated = attribute("updated")
    value = updated.conversion.to_python("2026-03-01t01:30:00.50+02:00")
    assert updated.attributes_of(value) == {"updated": {"S": "2026-03-01t01:30:00.50+02:00"}}


def test_a_date_time_in_a_key_is_sorted_in_utc_and_keeps_its_spelling(
    attribute: Callable[[str], PropertyAttribute],
) -> None:
    created = attribute("created")
    value = created.conversion.to_python("2026-03-01T01:30:00+02:00")
    held = created.attributes_of(value)
    assert held == {
        "created": {"S": "2026-02-28T23:30:00.000000Z"},
        "created#given": {"S": "2026-03-01T01:30:00+02:00"},
    }
    assert created.json_in(held) == "2026-03-01T01:30:00+02:00"
    assert created.value_in(held) == datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))


def test_the_canonical_spelling_needs_no_twin(attribute: Callable[[str], PropertyAttribute]) -> None:
    created = attribute("created")
    value = created.conversion.to_python("2026-02-28T23:30:00.000000Z")
    assert created.attributes_of(value) == {"created": {"S": "2026-02-28T23:30:00.000000Z"}}


def test_a_twin_that_another_writer_left_behind_is_ignored(attribute: Callable[[str], PropertyAttribute]) -> None:
    item = {"created": {"S": "2027-01-01T00:00:00.000000Z"}, "created#given": {"S": "2026-03-01T01:30:00+02:00"}}
    assert attribute("created").json_in(item) == "2027-01-01T00:00:00.000000Z"


def test_a_key_finer_than_microseconds_is_refused(attribute: Callable[[str], PropertyAttribute]) -> None:
    created = attribute("created")
    with pytest.raises(UnstorableValue, match="microsecond") as refused:
        created.attributes_of(created.conversion.to_python("2026-01-01T00:00:00.1234567Z"))
    assert refused.value.pointer == "/created"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60.000000Z"),
        ("2017-01-01T00:59:60.5+01:00", "2016-12-31T23:59:60.500000Z"),
        ("0001-01-01T00:00:00+01:00", None),
        ("yesterday", None),
        ("2026-02-30T00:00:00Z", None),
        ("2026-01-01T00:00:00", None),
    ],
)
def test_utc_text_of_odd_date_times(text: str, utc: str | None) -> None:
    assert utc_text(text) == utc


@given(
    st.lists(
        st.datetimes(
            min_value=datetime(2, 1, 1),  # noqa: DTZ001
            max_value=datetime(9998, 1, 1),  # noqa: DTZ001
            timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_utc_texts_sort_as_their_times(moments: list[datetime]) -> None:
    earlier, later = sorted(moments)
    first, second = utc_text(earlier.isoformat()), utc_text(later.isoformat())
    assert first is not None
    assert second is not None
    assert (first < second) == (earlier < later)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("2026-01-01T00:00:00Z", {"expires": {"N": "1767225600"}}),
        (
            "2026-01-01T01:00:00.5+01:00",
            {"expires": {"N": "1767225600"}, "expires#given": {"S": "2026-01-01T01:00:00.5+01:00"}},
        ),
    ],
)
def test_time_to_live_is_epoch_seconds_and_keeps_its_spelling(
    attribute: Callable[[str], PropertyAttribute], text: str, held: Any
) -> None:
    expires = attribute("expires")
    assert expires.attributes_of(expires.conversion.to_python(text)) == held
    assert expires.json_in(held) == text


def test_time_to_live_may_be_an_integer(make_persistence: MakePersistence) -> None:
    schema = {"type": "object", "properties": {"profile_id": {"type": "string"}, "expires": {"type": "integer"}}}
    expires = make_persistence(schema, ttl="expires").table.attribute("expires")
    assert expires.attributes_of(1767225600) == {"expires": {"N": "1767225600"}}
    assert expires.value_in({"expires": {"N": "1767225600"}}) == 1767225600


def test_null_in_an_index_key_leaves_the_index_out_and_comes_back(
    attribute: Callable[[str], PropertyAttribute],
) -> None:
    email = attribute("email")
    assert email.attributes_of(None) == {"email#given": {"NULL": True}}
    assert email.value_in({"email#given": {"NULL": True}}) is None
    assert email.value_in({}) is UNSET
    assert email.attributes_of(UNSET) == {}


@pytest.mark.parametrize(("name", "value"), [("profile_id", ""), ("email", ""), ("profile_id", "x" * 2049)])
def test_a_key_that_dynamodb_would_refuse_is_refused_before(
    attribute: Callable[[str], PropertyAttribute], name: str, value: str
) -> None:
    with pytest.raises(UnstorableValue) as refused:
        attribute(name).attributes_of(value)
    assert refused.value.pointer == f"/{name}"


def test_the_range_key_is_shorter_than_the_hash_key(make_persistence: MakePersistence) -> None:
    table = make_persistence(range_key="name").table
    table.attribute("profile_id").attributes_of("x" * 2048)
    with pytest.raises(UnstorableValue, match="1024"):
        table.attribute("name").attributes_of("x" * 1025)


def test_a_property_of_the_wrong_type_cannot_be_a_key(make_persistence: MakePersistence) -> None:
    with pytest.raises(ValueError, match="active can't be a key"):
        make_persistence(range_key="active")


def test_expressions_take_python_values(attribute: Callable[[str], PropertyAttribute]) -> None:
    created, email = attribute("created"), attribute("email")
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    values: dict[str, Any] = {}
    condition = (created >= moment) & email.startswith("ada") & email.is_in("a", None)
    text = condition.serialize({}, values)
    assert text == "((#0 >= :0 AND begins_with (#1, :1)) AND #1 IN (:2, :3))"
    assert values == {
        ":0": {"S": "2026-01-01T00:00:00.000000Z"},
        ":1": {"S": "ada"},
        ":2": {"S": "a"},
        ":3": {"NULL": True},
    }


def test_updates_take_python_values(make_persistence: MakePersistence) -> None:
    table = make_persistence(sets=["tags"]).table
    values: dict[str, Any] = {}
    table.attribute("age").add(2).serialize({}, values)
    table.attribute("tags").add("a").serialize({}, values)
    table.attribute("tags").delete("b").serialize({}, values)
    table.attribute("address").set({"city": "Wien"}).serialize({}, values)
    table.attribute("tags").contains("c").serialize({}, values)
    assert list(values.values()) == [
        {"N": "2"},
        {"SS": ["a"]},
        {"SS": ["b"]},
        {"M": {"city": {"S": "Wien"}}},
        {"S": "c"},
    ]


@settings(deadline=None)
@given(st.text(min_size=1, max_size=300))
def test_serialize_and_deserialize_agree_with_encode_and_decode(text: str) -> None:
    from pynamodb.attributes import Attribute

    from macaron_django.dynamodb.codec.formats.base import UNCHANGED
    from macaron_django.dynamodb.codec.formats.schema_codecs import codec_of
    from macaron_django.dynamodb.codec.formats.text import TextCodec

    attribute = PropertyAttribute("name", TextCodec(None, codec_of), UNCHANGED)
    assert isinstance(attribute, Attribute)
    assert attribute.encode(text) == {attribute.attr_type: attribute.serialize(text)}
    assert attribute.deserialize(attribute.get_value(attribute.encode(text))) == text
