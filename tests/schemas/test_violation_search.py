import itertools
import json
import tracemalloc
from types import SimpleNamespace

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macaron_django import openapi as spec
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas import compile_schema, validator_for
from macaron_django.schemas.validation import violation_search
from macaron_django.schemas.validation.validators import MAX_VIOLATIONS
from macaron_django.schemas.validation.violation_search import MORE
from tests.calls import count_calls

COMPONENTS = "#/components/schemas/"


def document(**schemas):
    return spec.load(
        {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": schemas}}
    )


def filters(*, tag=None, discriminator=False):
    """A tree of filters: "and" and "or" hold filters, "eq" a string."""

    def group(name):
        kind = {"type": "string"} if tag is None else {tag: name if tag == "const" else [name]}
        inner = {"type": "array", "items": {"$ref": COMPONENTS + "Filter"}}
        return {"type": "object", "required": ["op", "of"], "properties": {"op": kind, "of": inner}}

    leaf = {"type": "object", "required": ["op", "value"], "properties": {"value": {"type": "string"}}}
    union = {"oneOf": [{"$ref": COMPONENTS + name} for name in ("And", "Or", "Equal")]}
    if discriminator:
        mapping = {"and": COMPONENTS + "And", "or": COMPONENTS + "Or", "eq": COMPONENTS + "Equal"}
        union["discriminator"] = {"propertyName": "op", "mapping": mapping}
    return document(Filter=union, And=group("and"), Or=group("or"), Equal=leaf).schemas["Filter"]


def nested(levels, leaf):
    for level in range(levels):
        leaf = {"op": ("and", "or")[level % 2], "of": [leaf]}
    return leaf


WRONG_LEAF = {"op": "eq", "value": 1}


def found(schema, instance):
    return [(each.pointer, each.message) for each in compile_schema(schema).iter_errors(instance)]


# Cost


LEAF = ("/of/0" * 26 + "/value", "must be a string, not an integer")
TIE = ("", "matches none of the 3 schemas allowed here")


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize(
    ("choice", "expected"),
    [({"discriminator": True}, LEAF), ({"tag": "const"}, LEAF), ({"tag": "enum"}, LEAF), ({}, TIE)],
    ids=["mapping", "const", "enum", "none"],
)
def test_the_cost_of_a_wrong_leaf_grows_with_its_depth_and_not_exponentially(choice, expected):
    validator = validator_for(filters(**choice), "request")
    violations = list(validator.iter_errors(nested(26, WRONG_LEAF)))
    assert [(each.pointer, each.message) for each in violations] == [expected]
    few, many = (count_calls(list, validator.iter_errors(nested(levels, WRONG_LEAF))) for levels in (13, 26))
    assert many < 5 * few  # 50,000 times, for the errors of all branches


def count_verdicts(monkeypatch):
    verdicts = []
    fails = violation_search._Search._fails

    def counted(self, part, value):
        verdicts.append(value)
        return fails(self, part, value)

    monkeypatch.setattr(violation_search._Search, "_fails", counted)
    return verdicts


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("choice", [{"discriminator": True}, {"tag": "const"}, {}], ids=["mapping", "const", "none"])
def test_the_number_of_verdicts_is_linear_in_the_depth(monkeypatch, choice):
    verdicts = count_verdicts(monkeypatch)
    validator = validator_for(filters(**choice), "request")
    counts = []
    for levels in (10, 20, 30):
        verdicts.clear()
        assert list(validator.iter_errors(nested(levels, WRONG_LEAF)))
        counts.append(len(verdicts))
    assert counts[2] - counts[1] == counts[1] - counts[0]
    assert counts[2] < 30 * 10


@pytest.mark.usefixtures("patience")
def test_a_wide_instance_is_looked_at_until_enough_is_wrong(monkeypatch):
    verdicts = count_verdicts(monkeypatch)
    validator = compile_schema({"items": {"enum": ["a", "b"]}})
    *listed, last = validator.iter_errors(["x"] * 1_000_000)
    assert (len(listed), last) == (MAX_VIOLATIONS, MORE)
    assert len(verdicts) < 2 * MAX_VIOLATIONS


@pytest.mark.usefixtures("patience")
def test_names_that_are_all_wrong_cost_a_verdict_each(monkeypatch):
    verdicts = count_verdicts(monkeypatch)
    validator = compile_schema({"propertyNames": {"pattern": "^[a-z]+$"}})
    violations = list(validator.iter_errors({f"A{number}": 0 for number in range(18_000)}))
    assert violations[0].message == "has a property name that does not match the pattern ^[a-z]+$"
    assert len(violations) <= 2
    assert len(verdicts) <= 18_000


@pytest.mark.parametrize("choose", ["types_wanted", "branch_that_gets_furthest"])
def test_the_time_for_finding_a_branch_is_bounded(monkeypatch, choose):
    monkeypatch.setattr(violation_search, "_FREE_BYTES", 0)
    original = getattr(violation_search, choose)

    def chosen_when_time_is_up(*arguments):
        monkeypatch.setattr(violation_search, "time", SimpleNamespace(thread_time=lambda: 1e9))
        return original(*arguments)

    monkeypatch.setattr(violation_search, choose, chosen_when_time_is_up)
    violations = list(validator_for(filters(), "request").iter_errors(nested(3, WRONG_LEAF)))
    assert [each.message for each in violations] == ["is not valid", MORE.message]


def test_a_search_whose_time_is_up_names_the_place_that_it_reached(monkeypatch):
    monkeypatch.setattr(violation_search, "_FREE_BYTES", 0)
    monkeypatch.setattr(violation_search, "_SECONDS", 0)
    monkeypatch.setattr(violation_search, "_SECONDS_PER_KB", 0)
    validator = validator_for(filters(discriminator=True), "request")
    violations = list(validator.iter_errors(nested(100, WRONG_LEAF)))
    assert (violations[0].message, violations[-1]) == ("is not valid", MORE)
    assert len(violations) == 2


def test_searches_that_share_time_take_together_what_one_does(monkeypatch):
    looks = itertools.count()  # each look at the clock takes a millisecond
    monkeypatch.setattr(violation_search, "time", SimpleNamespace(thread_time=lambda: next(looks) / 1000))
    monkeypatch.setattr(violation_search, "_FREE_BYTES", 0)
    monkeypatch.setattr(violation_search, "_SECONDS_PER_KB", 0)
    validator = validator_for(filters(discriminator=True), "request")

    def looks_of(searches):
        before = next(looks)
        found = [list(validator.iter_errors(nested(120, WRONG_LEAF))) for _ in range(searches)]
        assert found[-1][-1] == MORE
        return next(looks) - before

    alone = looks_of(1)
    assert looks_of(100) > 90 * alone
    with violation_search.searches_share_time():
        together = looks_of(100)
    assert together < alone + 100 * 5


def test_long_names_dont_multiply_in_pointers():
    validator = compile_schema({"additionalProperties": {"items": {"type": "string"}}})
    violations = list(validator.iter_errors({"n" * 1_000_000: [1] * 1000}))
    assert sum(len(each.pointer) for each in violations) < 1_100_000
    assert violations[-1] == MORE


@pytest.mark.usefixtures("patience")
def test_what_is_required_costs_nothing_of_the_size_of_the_object():
    validator = compile_schema({"required": [f"r{number}" for number in range(3000)]})
    tracemalloc.start()
    try:
        violations = list(validator.iter_errors(dict.fromkeys(map(str, range(20_000)))))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(violations) == MAX_VIOLATIONS + 1
    assert most < 20_000_000  # a copy of the object for each took gigabytes


@pytest.mark.usefixtures("patience")
def test_a_search_goes_through_what_is_as_deep_as_allowed():
    schema = {"items": {"$ref": "#"}, "type": ["array", "null"]}
    deepest = [1]
    for _ in range(252):
        deepest = [deepest]
    assert found(schema, deepest) == [("/0" * 253, "must be null or an array, not an integer")]


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, {"anyOf": [{"$ref": "#"}, False]}])
def test_a_search_through_a_reference_to_itself_ends(schema):
    assert ("", "matches a schema that it must not match") in found({"not": {}, **schema}, 1)


def test_what_two_references_lead_to_is_not_judged_twice_a_level():
    inner = {"properties": {"a": {"$ref": "#"}}}
    validator = compile_schema({**inner, "allOf": [inner], "unevaluatedProperties": False})
    value = {}
    for _ in range(100):
        value = {"a": value}
    violations = list(validator.iter_errors({**value, "b": 1}))  # 2 ** 100 verdicts, by jsonschema-rs's own list
    assert [(each.pointer, each.keyword) for each in violations] == [("/b", "unevaluatedProperties")]


def test_a_deep_body_gets_its_defaults_through_unions_unless_the_stack_is_nearly_full():
    kind = {"type": "object", "properties": {"of": {"type": "array", "items": {"$ref": COMPONENTS + "Node"}}}}
    defaults = {"properties": {"size": {"default": 1}}}
    union = {"oneOf": [{**kind, "required": ["of"]}, {"type": "string"}], **defaults}
    validator = validator_for(document(Node=union).schemas["Node"], "request")
    body = filled = "leaf"
    for _ in range(126):
        body, filled = {"of": [body]}, {"of": [filled], "size": 1}
    assert validator.clean(body) == filled

    def deeper(calls):
        return deeper(calls - 1) if calls else validator.clean(body)

    with pytest.raises(ValidationFailed, match="nested too deeply"):
        deeper(700)


# Which branch

ADDRESSES = {
    "oneOf": [
        {"type": "object", "required": ["street"], "properties": {"street": {"type": "string"}}},
        {"type": "object", "required": ["box"], "properties": {"box": {"type": "integer"}}},
    ]
}


@pytest.mark.parametrize(
    ("instance", "expected"),
    [
        ({"box": "x"}, ("/box", "must be an integer, not a string")),
        ({"street": 5}, ("/street", "must be a string, not an integer")),
        ({"street": 5, "box": "x"}, ("", "matches none of the 2 schemas allowed here")),
        ({}, ("", "matches none of the 2 schemas allowed here")),
    ],
)
def test_of_several_branches_the_one_that_gets_furthest_is_shown(instance, expected):
    assert found(ADDRESSES, instance) == [expected]


def test_the_discriminator_of_a_union_that_holds_aliases_picks_by_what_they_lead_to():
    schemas = {
        "Pet": {
            "oneOf": [{"$ref": COMPONENTS + "Tom"}, {"$ref": COMPONENTS + "Dog"}],
            "discriminator": {"propertyName": "kind", "mapping": {"cat": COMPONENTS + "Cat"}},
        },
        "Tom": {"$ref": COMPONENTS + "Cat"},
        "Cat": {"type": "object", "required": ["lives"]},
        "Dog": {"type": "object", "required": ["bark"]},
    }
    validator = validator_for(document(**schemas).schemas["Pet"])
    assert [each.pointer for each in validator.iter_errors({"kind": "cat"})] == ["/lives"]
    assert [each.pointer for each in validator.iter_errors({"kind": "Dog"})] == ["/bark"]
    assert [each.message for each in validator.iter_errors({"kind": "cow"})] == ['must be one of "cat", "Dog"']


A, B, C = ({"properties": {name: {"type": "integer"}}} for name in "abc")
OBJECT = {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize(
    ("schema", "unknown"),
    [
        ({}, "abc"),
        (A, "bc"),
        ({"patternProperties": {"[ab]": {}}}, "c"),
        ({"allOf": [A, {"allOf": [B]}]}, "c"),
        ({"anyOf": [A, {**B, "required": ["z"]}]}, "bc"),
        ({"oneOf": [A, {**B, "required": ["z"]}]}, "bc"),
        ({"if": A, "then": B, "else": C}, "c"),
        ({"if": {**A, "required": ["z"]}, "then": B, "else": C}, "ab"),
        ({"dependentSchemas": {"a": B, "z": C}}, "ac"),
        ({"$defs": {"B": B}, "$ref": "#/$defs/B"}, "ac"),
        ({"not": {"not": A}}, "abc"),
        ({**A, "unevaluatedProperties": {"maximum": 2}}, "c"),
    ],
)
def test_what_nothing_else_judges_is_unknown(schema, unknown):
    schema = {"unevaluatedProperties": False, **schema}
    assert found(schema, OBJECT) == [(f"/{name}", "is not a known property") for name in unknown]
    (error,) = jsonschema_rs.Draft202012Validator(schema).iter_errors(OBJECT)
    assert sorted(error.kind.unexpected) == list(unknown)


# The same as jsonschema-rs

SCALARS = st.sampled_from([None, True, 0, 1, 2.5, 10**30, "", "a", "abc", "2026-01-31"])
INSTANCES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
ASSERTIONS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "object", "array", "null", ["number", "object"]]),
        "enum": st.lists(SCALARS, min_size=1, max_size=3, unique_by=repr),
        "minimum": st.sampled_from([0, 2]),
        "exclusiveMaximum": st.sampled_from([1, 5]),
        "maxLength": st.sampled_from([0, 1]),
        "pattern": st.sampled_from(["^a", "c$"]),
        "format": st.just("date"),
        "minItems": st.just(2),
        "uniqueItems": st.booleans(),
        "maxProperties": st.just(1),
        "required": st.lists(st.sampled_from("abc"), unique=True, max_size=2),
        "dependentRequired": st.just({"a": ["b", "c"]}),
    },
)


def applicators(inner, *, unions):
    named = st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    more = {
        "$ref": st.just("#"),
        "properties": named,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=1),
        "additionalProperties": inner,
        "propertyNames": inner,
        "items": inner,
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "contains": inner,
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "dependentSchemas": named,
    }
    if unions:
        lists = st.lists(inner, min_size=1, max_size=3)
        more |= {"anyOf": lists, "oneOf": lists, "unevaluatedProperties": st.booleans(), "unevaluatedItems": inner}
    return st.tuples(ASSERTIONS, st.fixed_dictionaries({}, optional=more)).map(lambda both: {**both[0], **both[1]})


def schemas(*, unions):
    leaves = st.booleans() | ASSERTIONS
    return st.recursive(leaves, lambda inner: applicators(inner, unions=unions), max_leaves=6)


def native(schema, instance):
    if isinstance(schema, dict) and schema.get("additionalProperties") is False:
        schema = {"properties": {}, **schema}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return {tuple(error.instance_path) for error in validator.iter_errors(instance)}


@settings(max_examples=200, deadline=None)
@given(schemas(unions=False), INSTANCES)
def test_without_unions_all_is_found_that_jsonschema_rs_finds(schema, instance):
    violations = list(compile_schema(schema).iter_errors(instance))
    places = {tuple(each.pointer.split("/")[1:]) for each in violations}
    expected = {tuple(map(str, place)) for place in native(schema, instance)}
    # What is missing or unknown is named by us, and its object by jsonschema-rs.
    naming = {"required", "dependentRequired", "additionalProperties"}
    named = {tuple(each.pointer.split("/")[1:]) for each in violations if each.keyword in naming}
    assert expected <= places | {place[:-1] for place in named}
    assert places - named <= expected


@settings(max_examples=200, deadline=None)
@given(schemas(unions=True), INSTANCES)
def test_what_is_invalid_has_a_violation_and_what_is_valid_has_none(schema, instance):
    validator = compile_schema(schema)
    violations = list(validator.iter_errors(instance))
    assert bool(violations) != validator.is_valid(instance)
    assert len(set(violations)) == len(violations)
    assert json.dumps([each.pointer for each in violations])


@pytest.mark.usefixtures("patience")
def test_names_that_many_parts_may_judge_are_looked_at_until_enough_are_wrong():
    parts = [{"patternProperties": {f"^p{number}$": {}}} for number in range(20)]
    validator = compile_schema({"allOf": parts, "unevaluatedProperties": False})
    body = dict.fromkeys(map(str, range(20_000)), 1)
    assert len(list(validator.iter_errors(body))) == MAX_VIOLATIONS + 1
    assert count_calls(list, validator.iter_errors(body)) < 500_000  # over a million, where all names were looked at
