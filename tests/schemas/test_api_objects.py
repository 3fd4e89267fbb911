import copy
import datetime as dt
import pickle
import types

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

import macaron_django
from macaron_django import openapi as spec
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas import UNSET, APIObject, Classes, Value

SCHEMAS = {
    "Profile": {
        "type": "object",
        "description": "A person.",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "age": {"type": ["integer", "null"], "minimum": 0},
            "tags": {"type": "array", "items": {"type": "string"}},
            "address": {"type": "object", "properties": {"street": {"type": "string"}, "zip": {"pattern": "^[0-9]+$"}}},
            "friends": {"type": "array", "items": {"$ref": "#/components/schemas/Profile"}},
            "created": {"type": "string", "format": "date-time"},
            "secret": {"type": "string", "writeOnly": True},
        },
    },
    "Hostile": {
        "type": "object",
        "properties": {
            name: {"type": "integer"}
            for name in (
                *("class", "__init__", "save", "to_json", "a-b", "日本", "Name", "name"),
                *("_spec", "__class__", "__dict__", "_additional_properties"),
            )
        },
    },
    "Closed": {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False},
    "Open": {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string", "format": "date"}},
    "Heir": {"type": "object", "x-parent": "tests.schemas.parents.Greeter", "properties": {"name": {"type": "string"}}},
    "Usual": {
        "type": "object",
        "properties": {
            "count": {"type": "integer", "default": 0},
            "since": {"type": "string", "format": "date", "default": "2026-01-01"},
            "tags": {"type": "array", "default": ["new"]},
            "odd": {"type": "integer", "default": "three"},
        },
    },
    "Lost": {"type": "object", "x-parent": "nowhere.Parent", "properties": {"name": {"type": "string"}}},
    "with-dash": {"type": "object", "properties": {"a": {}}},
    "Text": {"type": "string"},
}  # fmt: skip


@pytest.fixture
def api():
    return Classes("people", document())


def document():
    return spec.load(
        {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": SCHEMAS}}
    )


def pointers(raised):
    return [each.pointer for each in raised.value.violations]


def test_attributes_items_and_json_show_the_same_properties(api):
    ada = api.Profile(name="Ada", created="2026-01-01T00:00:00Z", address={"zip": "12"})
    assert ada.name == ada["name"] == "Ada"
    assert ada.created == dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    assert ada.address.zip == "12"
    assert list(ada) == ["name", "address", "created"]
    assert len(ada) == 3
    assert ada.to_json() == {"name": "Ada", "address": {"zip": "12"}, "created": "2026-01-01T00:00:00Z"}
    assert ada.to_dict() == {"name": "Ada", "address": {"zip": "12"}, "created": ada.created}
    assert type(ada).__doc__ == "A person."


def test_an_unset_property_reads_as_none_and_is_not_null(api):
    ada = api.Profile(name="Ada")
    assert ada.age is None
    assert "age" not in ada
    with pytest.raises(KeyError):
        ada["age"]
    ada.age = None
    assert "age" in ada
    assert ada.to_json() == {"name": "Ada", "age": None}
    del ada.age
    assert "age" not in ada
    ada.age = UNSET
    assert ada.to_json() == {"name": "Ada"}
    with pytest.raises(KeyError):
        del ada["age"]
    assert api.Profile()


def test_both_forms_may_be_assigned(api):
    ada = api.Profile()
    ada.created = "2026-01-01T00:00:00Z"
    text = ada.created
    ada.created = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    assert ada.created == text
    ada.address = api.Profile(address={"zip": "1"}).address
    ada["address"] = {"zip": "2"}
    assert ada.address.zip == "2"


def test_an_invalid_assignment_is_refused_and_changes_nothing(api):
    ada = api.Profile(name="Ada", address={"zip": "1"})
    with pytest.raises(ValidationFailed, match="/name: must not be empty"):
        ada.name = ""
    with pytest.raises(ValidationFailed) as raised:
        ada["address"] = {"zip": "x"}
    assert pointers(raised) == ["/address/zip"]
    assert raised.value.violations[0].schema_pointer == "/properties/address/properties/zip/pattern"
    with pytest.raises(ValidationFailed):
        ada.name = None
    with pytest.raises(ValidationFailed):
        ada.created = dt.datetime(2026, 1, 1)  # noqa: DTZ001 (it lacks what a date-time must have)
    with pytest.raises(ValidationFailed):
        ada.age = float("nan")
    assert ada.to_json() == {"name": "Ada", "address": {"zip": "1"}}


def test_a_nested_object_is_changed_in_place_and_checked(api):
    ada = api.Profile(address={"zip": "1"}, friends=[{"name": "Bob"}])
    ada.address.zip = "2"
    ada.friends[0].name = "Cyd"
    ada.friends.append(api.Profile(name="Dan"))
    with pytest.raises(ValidationFailed):
        ada.address.zip = "x"
    assert ada.to_json() == {"address": {"zip": "2"}, "friends": [{"name": "Cyd"}, {"name": "Dan"}]}


def test_the_constructor_and_from_json_report_every_violation(api):
    with pytest.raises(ValidationFailed) as raised:
        api.Profile(name="", age=-1, address={"zip": "x"})
    assert pointers(raised) == ["/name", "/age", "/address/zip"]
    with pytest.raises(ValidationFailed) as raised:
        api.Profile.from_json({"age": -1, "friends": [{}]})
    assert set(pointers(raised)) == {"/name", "/age", "/friends/0/name"}


def test_a_typing_error_in_an_attribute_is_told(api):
    ada = api.Profile()
    with pytest.raises(AttributeError, match="no property 'nmae'"):
        ada.nmae = "Ada"
    with pytest.raises(AttributeError):
        ada.to_json = 5
    with pytest.raises(AttributeError):
        ada.nmae  # noqa: B018


def test_hostile_names_are_reached_as_items_and_shadow_nothing(api):
    json = {name: number for number, name in enumerate(SCHEMAS["Hostile"]["properties"])}
    hostile = api.Hostile.from_json(json)
    assert hostile.to_json() == json
    for name, number in json.items():
        assert hostile[name] == number
    assert (hostile.class_field, hostile.save_field, hostile.to_json_field, hostile.a_b) == (0, 2, 3, 4)
    assert (hostile.name, hostile.Name) == (7, 6)
    for name in json:
        hostile[name] = 100
        with pytest.raises(ValidationFailed):
            hostile[name] = "x"
        del hostile[name]
    assert hostile.to_json() == {}
    assert isinstance(hostile, Value)
    assert api.Hostile(**json) == api.Hostile.from_json(json)


def test_unknown_properties_are_kept_as_items_where_they_are_allowed(api):
    ada = api.Profile.from_json({"name": "Ada", "shoe": 39})
    assert ada["shoe"] == 39
    assert "shoe" in ada
    assert list(ada) == ["name", "shoe"]
    ada["hat"] = {"size": 1}
    del ada["shoe"]
    assert ada.to_json() == {"name": "Ada", "hat": {"size": 1}}
    with pytest.raises(AttributeError):
        ada.hat  # noqa: B018
    with pytest.raises(TypeError, match="'b'"):
        api.Closed(b=1)
    with pytest.raises(ValidationFailed) as raised:
        api.Closed()["b"] = 1
    assert pointers(raised) == ["/b"]


def test_additional_properties_have_their_own_schema(api):
    it = api.Open(day="2026-01-31")
    assert it["day"] == dt.date(2026, 1, 31)
    assert it.to_json() == {"day": "2026-01-31"}
    with pytest.raises(ValidationFailed):
        it["day"] = "x"


def test_values_compare_by_content(api):
    assert api.Profile(name="Ada", address={"zip": "1"}) == api.Profile(name="Ada", address={"zip": "1"})
    assert api.Profile(name="Ada") != api.Profile(name="Ada", age=None)
    assert api.Profile(name="Ada") != api.Hostile(name=1)
    assert api.Profile(name="Ada") != {"name": "Ada"}
    assert api.Profile(name="Ada", x=1) != api.Profile(name="Ada")
    with pytest.raises(TypeError):
        hash(api.Profile())


def test_repr_shows_what_is_set_and_no_secret(api):
    ada = api.Profile(name="Ada", secret="hidden", address={"zip": "1"})
    assert repr(ada) == "Profile(name='Ada', address=ProfileAddress(zip='1'), secret='…')"
    assert len(repr(api.Profile(name="x" * 10_000))) < 200


def test_copies_are_shallow_and_clones_are_deep(api):
    ada = api.Profile(name="Ada", address={"zip": "1"}, extra=[1])
    shallow, deep, cloned = ada.copy(), copy.deepcopy(ada), ada.clone()
    assert shallow == deep == cloned == ada
    ada.address.zip = "2"
    ada["more"] = 1
    assert shallow.address.zip == "2"
    assert "more" not in shallow
    assert deep.address.zip == cloned.address.zip == "1"


def test_update_from_dict_takes_property_and_field_names(api):
    it = api.Hostile().update_from_dict({"class": 1, "a_b": 2})
    assert it.to_json() == {"class": 1, "a-b": 2}
    ada = api.Profile(name="Ada", age=1).update_from_dict({"age": None, "tags": ["a"]}, ignore_none=True)
    assert ada.to_json() == {"name": "Ada", "age": 1, "tags": ["a"]}


def test_values_of_named_and_nested_schemas_can_be_pickled(api, monkeypatch):
    class Pool:
        people = api

    monkeypatch.setitem(vars(macaron_django), "apipool", Pool)
    ada = api.Profile(name="Ada", address={"zip": "1"}, friends=[{"name": "Bob"}], extra=1)
    assert pickle.loads(pickle.dumps(ada)) == ada  # noqa: S301
    pickled = pickle.dumps(ada.address)
    monkeypatch.setattr(Pool, "people", again := Classes("people", document()))
    restored = pickle.loads(pickled)  # noqa: S301
    assert restored.to_json() == {"zip": "1"}
    assert type(restored) is again.for_schema(again.document.schemas["Profile"].properties["address"].schema)


def test_a_parent_gives_its_methods_but_no_property(api):
    heir = api.Heir(name="Ada")
    assert heir.greet() == "Hello Ada"
    assert heir.name == "Ada"
    heir.greeting = "Hi"
    assert heir.greet() == "Hi Ada"
    assert heir.to_json() == {"name": "Ada"}
    with pytest.raises(ImportError):
        api.Lost  # noqa: B018


def test_classes_are_found_by_name_made_once_and_listed(api):
    assert api.Profile is api["Profile"] is api.for_schema(api.document.schemas["Profile"])
    assert api["with-dash"] is api.with_dash
    assert set(api) == set(SCHEMAS) - {"Text"}
    assert "Profile" in dir(api)
    assert "Text" not in api
    assert issubclass(api.Profile, APIObject)
    for name in ("Text", "Nothing"):
        with pytest.raises(AttributeError, match=name):
            getattr(api, name)
        with pytest.raises(KeyError):
            api[name]


def test_a_row_stands_for_its_schema_and_is_embedded_as_a_value(api):
    api.rows["Profile"] = row = type("Profile", (), {})
    assert api.Profile is api["Profile"] is row
    value = api.for_schema(api.document.schemas["Profile"])
    assert issubclass(value, Value)
    assert type(value(friends=[{"name": "Bob"}]).friends[0]) is value


def test_nested_classes_are_called_after_their_place(api):
    assert type(api.Profile(address={}).address).__name__ == "ProfileAddress"


DIGITS = st.from_regex("^[0-9]+$", fullmatch=True)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.text(min_size=1),
            "age": st.none() | st.integers(min_value=0),
            "tags": st.lists(st.text()),
            "created": st.datetimes(timezones=st.just(dt.timezone.utc)).map(lambda at: at.isoformat()),
            "address": st.fixed_dictionaries({}, optional={"street": st.text(), "zip": DIGITS}),
            "shoe": st.integers() | st.text(),
        },
    )
)  # fmt: skip
def test_whatever_json_an_object_is_made_from_it_gives_back(json):
    json = {"name": "Ada", **json}
    value = CLASSES.Profile.from_json(json)
    assert value.to_json() == json
    assert copy.deepcopy(value) == value == CLASSES.Profile(**json)


CLASSES = Classes("people", document())


def test_an_unset_property_reads_as_its_default_and_stays_unset(api):
    usual = api.Usual.from_json({})
    for name in list(usual):
        del usual[name]

    assert (usual.count, usual.since) == (0, dt.date(2026, 1, 1))
    assert usual.tags is None, "a list would be shared by everybody who reads it"
    assert usual.odd is None, "a default that breaks its schema is none"
    assert "count" not in usual
    assert usual.to_json() == {}
    usual.count = usual.count + 1
    assert usual.to_json() == {"count": 1}


def test_classes_say_what_their_schema_is(api):
    ada = api.Profile(name="Ada")
    assert (ada.get_model_name(), ada.get_model_api()) == ("Profile", "people")
    assert ada.get_property_names() == ada.get_model_properties() == list(SCHEMAS["Profile"]["properties"])
    assert api.Profile.get_nullable_properties() == []
    assert type(api.Profile(address={}).address).get_model_name() == "ProfileAddress"


def test_classes_tell_how_their_schemas_differ(api):
    again = Classes("others", document())
    assert api.Profile.diff_with(again.Profile) == ""
    difference = api.Closed.diff_with(again.Usual)
    assert difference.startswith("--- people.Closed\n+++ others.Usual\n")
    assert '+    "count": {' in difference.replace("      ", "    ")


def test_a_property_named_like_a_method_is_the_property():
    schemas = {"Car": {"type": "object", "properties": {"get_model_name": {"type": "string"}}}}
    tree = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": schemas}}
    car = Classes("cars", spec.load(tree)).Car(get_model_name="2CV")
    assert car.get_model_name == "2CV"
    assert car.to_json() == {"get_model_name": "2CV"}


def test_methods_may_be_put_on_an_object(api):
    ada = api.Profile(name="Ada", address={"zip": "1"})
    ada.save_to_db = types.MethodType(lambda self: f"saved {self.name}", ada)
    assert ada.save_to_db() == "saved Ada"
    assert ada == api.Profile(name="Ada", address={"zip": "1"})
    assert ada.to_json() == {"name": "Ada", "address": {"zip": "1"}}
    for made in (ada.copy(), ada.clone()):
        made.name = "Grace"
        assert made.save_to_db() == "saved Grace"
    with pytest.raises(AttributeError, match="no property 'nmae'"):
        ada.nmae = "Ada"


def test_what_x_mandatory_names_is_required_at_once():
    schemas = {
        "Profile": {
            "type": "object",
            "properties": {
                "user": {"type": "string", "x-mandatory": True},
                "kind": {"type": "string", "x-mandatory": True, "default": "plain"},
                "id": {"type": "string", "x-mandatory": True, "readOnly": True},
                "name": {"type": "string"},
            },
        }
    }
    tree = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": schemas}}
    profile = Classes("people", spec.load(tree)).Profile
    with pytest.raises(ValidationFailed) as missing:
        profile(name="Ada")
    assert [(each.pointer, each.keyword) for each in missing.value.violations] == [("/user", "required")]
    assert profile(user="ada").to_json() == {"user": "ada"}
    with pytest.raises(ValidationFailed) as refused:
        profile.from_json({"user": "ada"})
    assert [each.pointer for each in refused.value.violations] == ["/kind", "/id"]
    with override_settings(MACARON={"COMPAT": True}), pytest.raises(ValidationFailed):
        profile(user=None)


def test_none_unsets_what_cannot_be_null_where_settings_say_so(api):
    with pytest.raises(ValidationFailed):
        api.Profile(name=None)
    with override_settings(MACARON={"COMPAT": True}):
        ada = api.Profile(name=None, age=None, tags=["a"])
        assert ada.to_json() == {"age": None, "tags": ["a"]}
        ada.tags = None
        assert "tags" not in ada
        assert ada.update_from_dict({"name": "Ada", "tags": None}, True).name == "Ada"
        assert api.Profile.from_json({"name": "Ada", "tags": None, "age": None}).to_json() == {"name": "Ada"}
        with pytest.raises(ValidationFailed):
            ada.age = "one"


def test_a_naive_datetime_is_utc_where_settings_say_so(api):
    noon = dt.datetime(2026, 1, 31, 12)  # noqa: DTZ001 (naive is what it is about)
    with pytest.raises(ValidationFailed):
        api.Profile(name="Ada", created=noon)
    with override_settings(MACARON={"COMPAT": True}):
        with pytest.warns(RuntimeWarning, match="taken as UTC"):
            ada = api.Profile(name="Ada", created=noon)
        assert ada.created == noon.replace(tzinfo=dt.timezone.utc)
        assert ada.to_json()["created"] == "2026-01-31T12:00:00Z"
