import pytest
from django.db import models
from hypothesis import given
from hypothesis import strategies as st

from macaron_django.schemas import APIObject, Value
from macaron_django.schemas.values.field_names import RESERVED, field_names, is_usable


@pytest.mark.parametrize("name", ["name", "type", "match", "camelCase", "Name", "x1", "a_b", "id", "items", "get_name"])
def test_a_plain_identifier_keeps_its_name(name):
    assert field_names([name]) == {name: name}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("class", "class_field"),
        ("pk", "pk_field"),
        ("save", "save_field"),
        ("objects", "objects_field"),
        ("check", "check_field"),
        ("self", "self_field"),
        ("to_json", "to_json_field"),
        ("get_color_display", "get_color_display_field"),
        ("get_next_by_created", "field_get_next_by_created"),
        ("a-b", "a_b"),
        ("a__b", "a_b"),
        ("x_", "x"),
        ("_id", "id"),
        ("__init__", "init"),
        ("2nd", "field_2nd"),
        ("+1", "field_1"),
        ("$ref", "ref"),
        ("", "field"),
        ("___", "field"),
        ("日本", "u65e5_u672c"),
        ("café", "caf_u00e9"),
        ("😀", "u1f600"),
        ("a.b c/d", "a_b_c_d"),
    ],
)
def test_any_other_name_is_rewritten_in_a_readable_way(name, field):
    assert field_names([name]) == {name: field}


def test_an_exact_name_wins_over_rewritten_ones_wherever_it_stands():
    assert field_names(["a-b", "a.b", "a_b"]) == {"a-b": "a_b_2", "a.b": "a_b_3", "a_b": "a_b"}


def test_collisions_are_numbered_in_schema_order():
    assert field_names(["a.b", "a-b"]) == {"a.b": "a_b", "a-b": "a_b_2"}
    assert field_names(["a-b", "a.b"]) == {"a-b": "a_b", "a.b": "a_b_2"}


def test_a_number_that_is_taken_is_passed_over():
    assert field_names(["a-b", "a_b", "a_b_2"]) == {"a-b": "a_b_3", "a_b": "a_b", "a_b_2": "a_b_2"}


def test_names_that_differ_by_case_are_both_kept():
    assert field_names(["name", "Name", "NAME"]) == {"name": "name", "Name": "Name", "NAME": "NAME"}


def test_a_caller_may_reserve_more():
    assert field_names(["table", "name"], reserved=["table"]) == {"table": "table_field", "name": "name"}


def test_nothing_that_models_and_api_objects_have_is_a_field_name_apart_from_later_methods():
    taken = {name for kind in (models.Model, APIObject, Value) for name in dir(kind)}
    hidden_by_properties = {
        *("diff_with", "get_model_api", "get_model_name", "get_model_properties", "get_nullable_properties"),
        "from_bravado",
        "get_property_names",
        "to_bravado",
    }
    assert {name for name in taken if is_usable(name)} == hidden_by_properties
    assert {"save", "adelete", "pk", "objects", "clone", "class"} <= RESERVED


@given(st.lists(st.text(max_size=12) | st.sampled_from(["a_b", "a-b", "a_b_2", "class", "class_field", "pk", "save"])))
def test_every_name_gets_a_field_name_of_its_own_that_django_accepts(names):
    fields = field_names(names)
    assert list(fields) == list(dict.fromkeys(names))
    assert len(set(fields.values())) == len(fields)
    for name, field in fields.items():
        assert is_usable(field)
        assert field == name or not is_usable(name)
        model_field = models.IntegerField()
        model_field.set_attributes_from_name(field)
        assert model_field._check_field_name() == []


@given(st.lists(st.text(max_size=8), unique=True))
def test_the_same_names_always_get_the_same_field_names(names):
    assert field_names(names) == field_names(list(names))


def test_thousands_of_names_that_are_rewritten_to_one_get_a_number_each_soon():
    names = ["-" * length for length in range(1, 5001)]
    found = field_names([*names, "field_7"])
    assert [found[name] for name in names[:7]] == [
        "field", "field_2", "field_3", "field_4", "field_5", "field_6", "field_8",
    ]  # fmt: skip
    assert len(set(found.values())) == 5001
