"""Values of schemas that lead back to themselves, and what it takes to work them out."""

import pytest

from macaron_django import openapi
from macaron_django.openapi.computed_values import circular_values


def schemas(**written):
    info = {"title": "t", "version": "1"}
    return openapi.load({"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": written}}).schemas


def ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


def test_each_node_is_judged_once_where_nothing_leads_back():
    judged = []
    values = circular_values(
        40, lambda n: [n - 1, n - 1] if n else [], lambda n, of: judged.append(n) or (of[n - 1] + 1 if n else 0), -1
    )
    assert (values[40], judged) == (40, list(range(41)))


def test_values_go_round_a_circle():
    values = circular_values(0, lambda n: [(n + 1) % 100, 100], lambda n, of: n == 100 or of[(n + 1) % 100], False)
    assert values == dict.fromkeys(range(99), False) | {99: False, 100: True}


def test_values_that_never_settle_are_left_as_they_are():
    assert circular_values("a", lambda _: ["a"], lambda _, of: not of["a"], False) == {"a": False}


def test_a_schema_has_the_types_of_its_branches():
    found = schemas(
        A={"oneOf": [ref("B"), {"type": "string"}]},
        B={"anyOf": [{"type": "integer"}, {"oneOf": [{"type": "null"}, {"type": "object"}]}]},
        Any={"oneOf": [ref("B"), {}]},
        Itself={"oneOf": [ref("Itself"), {"type": "string"}]},
        Other={"anyOf": [ref("Itself"), {"type": "string"}], "oneOf": [{"type": "boolean"}]},
    )
    assert [found[name].types for name in found] == [
        ("integer", "object", "string"),
        ("integer", "object"),
        (),
        (),
        ("boolean",),
    ]


@pytest.mark.parametrize("first", ["A", "B"])
def test_types_are_the_same_whichever_schema_of_a_circle_is_asked_first(first):
    found = schemas(
        A={"anyOf": [ref("B"), {"type": "integer"}], "oneOf": [{"type": "string"}]}, B={"anyOf": [ref("A")]}
    )
    assert found[first].types
    assert {name: sorted(found[name].types) for name in found} == {
        "A": ["integer", "string"],
        "B": ["integer", "string"],
    }


def test_null_is_valid_where_no_schema_forbids_it():
    found = schemas(
        Itself={"allOf": [ref("Itself")]},
        Forbidden={"allOf": [ref("Itself"), ref("Round")]},
        Round={"allOf": [ref("Forbidden"), {"type": "string"}]},
        Either={"anyOf": [{"type": "string"}, ref("Itself")]},
        Neither={"anyOf": [{"type": "string"}, ref("Round")]},
    )
    assert {name: found[name].nullable for name in found} == {
        "Itself": True,
        "Forbidden": False,
        "Round": False,
        "Either": True,
        "Neither": False,
    }


def test_a_long_chain_of_doubled_references_is_followed_once():
    written = {f"S{i}": {"allOf": [ref(f"S{i + 1}"), {"allOf": [ref(f"S{i + 1}")]}]} for i in range(3000)}
    assert schemas(**written, S3000={"type": ["string", "null"]})["S0"].nullable
