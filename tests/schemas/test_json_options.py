"""``to_json`` and ``from_json`` with PyMacaron's options."""

from __future__ import annotations

import datetime as dt

import pytest

from macaron_django import openapi as spec
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas import Classes
from macaron_django.schemas.values.json_options import with_datetimes, with_nulls

EVENT = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "at": {"type": "string", "format": "datetime"},
        "day": {"type": "string", "format": "date"},
        "note": {"type": "string", "x-nullable": True},
        "size": {"type": "integer", "default": 3},
        "parent": {"$ref": "#/definitions/Event"},
        "parts": {"type": "array", "items": {"$ref": "#/definitions/Event"}},
        "times": {"type": "array", "items": {"type": "string", "format": "date-time"}},
        "free": {"type": "object"},
        "loud": {"$ref": "#/definitions/Shout"},
    },
}
SHOUT = {"type": "object", "x-parent": "tests.schemas.parents.Loud", "properties": {"name": {"type": "string"}}}
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.timezone.utc)


@pytest.fixture
def event():
    schemas = {"Event": EVENT, "Shout": SHOUT}
    tree = {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}, "definitions": schemas}
    return Classes("diary", spec.load(tree)).Event


def test_datetimes_are_kept_at_any_depth(event):
    made = event(at=NOON, day="2026-01-31", parent={"at": NOON}, parts=[{"at": NOON}], times=[NOON], free={"at": NOON})
    assert made.to_json(keep_datetime=True) == {
        "at": NOON,
        "day": dt.date(2026, 1, 31),
        "parent": {"at": NOON},
        "parts": [{"at": NOON}],
        "times": [NOON],
        "free": {"at": NOON},
    }
    assert made.to_json()["at"] == "2026-01-31T12:00:00Z"


def test_datetimes_are_written_by_the_project_s_function(event):
    made = event(at=NOON, day="2026-01-31", parent={"at": NOON}, parts=[{"at": NOON}], times=[NOON], free={"at": NOON})
    assert made.to_json(datetime_encoder=lambda moment: int(moment.timestamp())) == {
        "at": 1769860800,
        "day": "2026-01-31",
        "parent": {"at": 1769860800},
        "parts": [{"at": 1769860800}],
        "times": [1769860800],
        "free": {"at": 1769860800},
    }
    assert made.to_json(keep_datetime=True, datetime_encoder=str)["at"] is NOON


def test_nullable_properties_are_written_as_null_at_any_depth(event):
    made = event(name="a", parent={"name": "b"}, parts=[{}])
    assert made.to_json(keep_nullable=True) == {
        "name": "a",
        "note": None,
        "parent": {"name": "b", "note": None},
        "parts": [{"note": None}],
    }


def test_unset_properties_are_written_as_they_read(event):
    assert event(name="a").to_json(exclude_unset=False) == {
        "name": "a", "at": None, "day": None, "note": None, "size": 3, "parent": None, "parts": None, "times": None,
        "free": None, "loud": None,
    }  # fmt: skip
    assert event(name="a").to_json(exclude_unset=False, exclude_none=True) == {"name": "a", "size": 3}


def test_nulls_are_left_out_at_any_depth_but_not_of_lists(event):
    made = event(note=None, parent={"note": None}, free={"a": None, "b": [None, {"c": None}]})
    assert made.to_json() == {
        "note": None,
        "parent": {"note": None},
        "free": {"a": None, "b": [None, {"c": None}]},
    }
    assert made.to_json(exclude_none=True) == {"parent": {}, "free": {"b": [None, {}]}}


def test_an_own_to_json_of_a_part_is_called_without_options(event):
    made = event(loud={"name": "b"}, at=NOON)
    assert made.to_json(keep_datetime=True) == {"at": NOON, "loud": {"name": "B"}}


def test_nulls_can_be_pruned_before_an_object_is_made(event):
    json = {"name": None, "parent": {"name": None, "note": "x"}}
    assert event.from_json(json, prune_none=True).to_json() == {"parent": {"note": "x"}}
    assert json == {"name": None, "parent": {"name": None, "note": "x"}}
    with pytest.raises(ValidationFailed):
        event.from_json(json)


def test_json_may_hold_python_values(event):
    made = event.from_json({"at": NOON, "parent": event(name="b"), "size": 2}, keep_datetime=True)
    assert (made.at, made.parent.name, made.size) == (NOON, "b", 2)
    with pytest.raises(ValidationFailed) as refused:
        event.from_json({"at": NOON, "size": "two"})
    assert [each.pointer for each in refused.value.violations] == ["/size"]


def test_json_that_holds_itself_is_refused(event):
    endless: dict = {"at": NOON}
    endless["parent"] = endless
    with pytest.raises(ValidationFailed):
        event.from_json(endless)


TEXT = {"type": "string"}
NOTE = {**TEXT, "x-nullable": True}
SCHEMAS = {
    "Profile": {
        "properties": {
            "name": TEXT,
            "note": NOTE,
            "secret": {**NOTE, "writeOnly": True},
            "address": {"properties": {"zip": NOTE}},
            "friends": {"type": "array", "items": {"$ref": "#/components/schemas/Profile"}},
            "pet": {"$ref": "#/components/schemas/Pet"},
            "best": {"anyOf": [{"$ref": "#/components/schemas/Profile"}, {"type": "null"}]},
        },
    },
    "Pet": {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"cat": "Cat", "dog": "Dog"}},
    },
    "Cat": {"properties": {"kind": TEXT, "colour": NOTE}},
    "Dog": {"properties": {"kind": TEXT}},
    "Plain": {"properties": {"name": TEXT, "again": {"$ref": "#/components/schemas/Plain"}}},
}


@pytest.fixture
def schemas():
    tree = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": SCHEMAS}}
    return spec.load(tree).schemas


@pytest.mark.parametrize(
    ("json", "filled"),
    [
        ({}, {"note": None}),
        ({"note": "a", "extra": {}}, {"note": "a", "extra": {}}),
        ({"note": None}, {"note": None}),
        ({"address": {}}, {"address": {"zip": None}, "note": None}),
        ({"friends": [{}, {"note": "b"}]}, {"friends": [{"note": None}, {"note": "b"}], "note": None}),
        ({"best": {}}, {"best": {"note": None}, "note": None}),
        ({"best": None}, {"best": None, "note": None}),
        ({"pet": {"kind": "cat"}}, {"pet": {"kind": "cat", "colour": None}, "note": None}),
        ({"pet": {"kind": "dog"}}, {"pet": {"kind": "dog"}, "note": None}),
        ({"address": "odd", "friends": "odd", "pet": 3}, {"address": "odd", "friends": "odd", "pet": 3, "note": None}),
        ([], []),
    ],
)
def test_null_is_added_at_any_depth(schemas, json, filled):
    assert with_nulls(schemas["Profile"], json) == filled


def test_a_schema_without_such_properties_leaves_its_values_alone(schemas):
    json = {"name": "a", "again": {}}
    assert with_nulls(schemas["Plain"], json) is json


def test_datetimes_of_json_are_written_by_the_project_s_function_wherever_the_schema_has_one(event):
    noon = "2026-01-31T12:00:00Z"
    json = {
        "at": noon,
        "name": noon,
        "parent": {"at": noon},
        "parts": [{"at": None}],
        "times": [noon],
        "free": {"at": noon},
    }
    assert with_datetimes(event._spec.schema, json, lambda moment: int(moment.timestamp())) == {
        "at": 1769860800,
        "name": noon,
        "parent": {"at": 1769860800},
        "parts": [{"at": None}],
        "times": [1769860800],
        "free": {"at": noon},
    }
