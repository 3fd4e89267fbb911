"""Generated values satisfy their schemas: each keyword, what Hypothesis makes of them, and real documents' answers."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from macaron_django import openapi as spec
from macaron_django.api.mock.mock_answers import example_answer
from macaron_django.api.mock.pattern_samples import texts_for
from macaron_django.api.mock.samples import FORMATS, NoSample, sample_of
from macaron_django.api.rules.operation_schemas import json_schema
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas import SchemaError, compile_schema, validator_for

SCHEMAS = {
    "anything": True,
    "a type": {"type": "boolean"},
    "types": {"type": ["null", "string"]},
    "const": {"const": [1, {"a": None}]},
    "enum of a type": {"type": "string", "enum": [None, 7, "x"]},
    "lengths": {"type": "string", "minLength": 12, "maxLength": 12},
    "a short text": {"type": "string", "maxLength": 1},
    "a pattern": {"type": "string", "pattern": "^[A-Z]{3}-\\d{4,}(?:/[a-f]+)?$"},
    "a pattern and lengths": {"type": "string", "pattern": "^[a-z]+$", "minLength": 40, "maxLength": 41},
    "a format and a pattern": {"type": "string", "format": "email", "pattern": "@example\\.com$", "minLength": 30},
    "a long e-mail address": {"type": "string", "format": "email", "minLength": 50},
    "look-aheads": {"type": "string", "pattern": "^(?=.*[A-Z])(?=.*[0-9]).{8,}$"},
    "bounds": {"type": "integer", "exclusiveMinimum": 3, "maximum": 4},
    "negative bounds": {"type": "number", "maximum": -3.5},
    "a narrow range": {"type": "number", "exclusiveMinimum": 0.1, "exclusiveMaximum": 0.2},
    "multiples": {"type": "number", "multipleOf": 0.1, "minimum": 0.25, "maximum": 0.35},
    "multiples in allOf": {"type": "integer", "allOf": [{"multipleOf": 4}, {"multipleOf": 6}], "minimum": 13},
    "a large integer": {"type": "integer", "minimum": 2**53 + 1},
    "unique items": {"type": "array", "items": {"type": "string"}, "minItems": 5, "uniqueItems": True},
    "unique dates": {"type": "array", "items": {"format": "date-time"}, "minItems": 3, "uniqueItems": True},
    "unique choices": {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "uniqueItems": True},
    "a tuple": {"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
    "required, not described": {"type": "object", "required": ["a"]},
    "required by another": {"properties": {"a": {"type": "null"}}, "dependentRequired": {"a": ["b"]}},
    "any properties": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3},
    "patterns of names": {"patternProperties": {"^n_": {"type": "integer"}}, "required": ["n_a"], "type": "object"},
    "few properties": {"properties": {"a": {}, "b": {}, "c": {}}, "required": ["c"], "maxProperties": 2},
    "a forbidden property": {"type": "object", "properties": {"a": False, "b": {"type": "string"}}},
    "allOf": {"allOf": [{"properties": {"a": {"minimum": 2}}}, {"properties": {"a": {"type": "integer"}}}]},
    "oneOf": {"oneOf": [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}]},
    "oneOf that share": {
        "oneOf": [{"properties": {"kind": {"const": "a"}}}, {"properties": {"kind": {"const": "b"}}}],
        "type": "object",
        "required": ["kind"],
    },
    "anyOf in allOf": {"allOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "integer"}]},
    "not": {"type": "string", "not": {"enum": ["text"]}},
    "a recursion": {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "required": ["name", "nodes"],
                "properties": {
                    "name": {"type": "string"},
                    "nodes": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                    "parent": {"$ref": "#/$defs/node"},
                },
            }
        },
    },
    "a recursion through oneOf": {
        "$ref": "#/$defs/value",
        "$defs": {
            "node": {"type": "object", "required": ["of"], "properties": {"of": {"$ref": "#/$defs/value"}}},
            "value": {"oneOf": [{"$ref": "#/$defs/node"}, {"type": "integer"}]},
        },
    },
    **{f"format {name}": {"type": "string", "format": name} for name in FORMATS},
    **{f"another {name}": {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"format": name}}
       for name in ("uuid", "date", "time", "ipv4", "email", "uri", "hostname", "duration")},
}  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_sample_satisfies_its_schema_and_is_always_the_same(schema):
    validator = compile_schema(schema)
    value = sample_of(validator)
    assert list(validator.iter_errors(value)) == []
    assert sample_of(validator) == value


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "string", "minLength": 2, "maxLength": 1},
        {"allOf": [{"type": "null"}, {"type": "array"}]},
        {"oneOf": [{}, {}]},
        {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}},
    ],
)
def test_what_nothing_satisfies_has_no_sample(schema):
    with pytest.raises(NoSample):
        sample_of(compile_schema(schema))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "contains": {"type": "integer"}},
        {"type": "object", "propertyNames": {"pattern": "^x-"}, "minProperties": 2},
        {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "z$"}]},
        {"type": "object", "if": {"type": "object"}, "then": {"required": ["id"]}},
    ],
)
def test_keywords_that_answers_hardly_use_are_not_tried(schema):
    with pytest.raises(NoSample):
        sample_of(compile_schema(schema))


def test_a_sample_is_full_but_for_what_is_write_only():
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "password": {"type": "string", "writeOnly": True},
            "tags": {"type": "array", "items": {"type": "string"}},
            "home": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
    assert sample_of(compile_schema(schema)) == {"name": "text", "tags": ["text"], "home": {"city": "text"}}


# ------------------------------------------------------------------ any schema


def _integers():
    return st.builds(
        lambda low, width, step: {"type": "integer", "minimum": low, "maximum": low + width + step, "multipleOf": step},
        st.integers(-(10**6), 10**6), st.integers(0, 50), st.integers(1, 20),
    )  # fmt: skip


def _strings():
    lengths = st.tuples(st.integers(0, 30), st.integers(0, 10))
    plain = lengths.map(lambda pair: {"type": "string", "minLength": pair[0], "maxLength": sum(pair)})
    return plain | st.sampled_from(sorted(FORMATS)).map(lambda name: {"type": "string", "format": name})


def _objects(inner):
    names = st.sampled_from(["id", "name", "über", "a/b", "", "$ref", "kind"])
    return st.builds(
        lambda properties, share, closed: {
            "type": "object",
            "properties": properties,
            "required": list(properties)[:share],
            "additionalProperties": not closed,
        },
        st.dictionaries(names, inner, max_size=4), st.integers(0, 4), st.booleans(),
    )  # fmt: skip


def _lists(inner):
    return st.builds(
        lambda items, least, more: {"type": "array", "items": items, "minItems": least, "maxItems": least + more},
        inner, st.integers(0, 3), st.integers(0, 3),
    )  # fmt: skip


SATISFIABLE = st.recursive(
    st.just(True)
    | st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"enum": ["a", None, 1]}])
    | _integers()
    | _strings(),
    lambda inner: (
        _objects(inner)
        | _lists(inner)
        | st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches})
        | inner.map(lambda schema: {"allOf": [schema, {"description": "more"}]})
        | _objects(inner).map(lambda schema: {"allOf": [schema, {"type": "object", "minProperties": 0}]})
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SATISFIABLE)
def test_every_satisfiable_schema_has_a_sample(schema):
    validator = compile_schema(schema)
    assert validator.is_valid(sample_of(validator))


@pytest.mark.parametrize(
    "pattern",
    ["^a+b*c?$", "[^a-z]", "^(?:x|yy|zzz){2,3}$", "^\\p{Lu}\\p{L}*$", "^\\u00e4\\x41$", "^(?<year>\\d{4})-\\d\\d$",
     "^[\\w.+-]+@[\\w-]+\\.[\\w.]+$", "^(?!0)\\d{5}$", "^[0-9A-Za-z._~-]+$", "\\S", "^[^\\s]$", "^\\/\\-$",
     "^.{3}$", "^$", "^(a(b(c)))\\.$", "^[+]?[1-9]\\d{1,14}$", "^#?([a-f0-9]{6}|[a-f0-9]{3})$"],
)  # fmt: skip
def test_a_pattern_has_a_text(pattern):
    validator = compile_schema({"type": "string", "pattern": pattern})
    assert any(validator.is_valid(text) for text in texts_for(pattern)), list(texts_for(pattern))


@given(st.text(alphabet="ab01\\[](){}^$.*+?|-<=!:,dwpuL", max_size=12))
def test_a_pattern_that_cannot_be_read_has_no_texts_and_breaks_nothing(pattern):
    for text in texts_for(pattern):
        assert len(text) < 20_000


# ------------------------------------------------------------------ real documents

FOLDER = Path(os.environ.get("MACARON_SPEC_CORPUS", ""))
#: Schemas that no value satisfies, or hardly any: `oneOf` with branches that can't be told apart, and
#: `additionalProperties: false` beside what `allOf` requires.
UNSATISFIABLE = re.compile(r"PagerDuty|subaccounts|Codat-Sync-Expenses|deepgram|transactional|baseline_openapi_3\.1")


def documents():
    manifest = FOLDER / "manifest.csv"
    if not os.environ.get("MACARON_SPEC_CORPUS") or not manifest.is_file():
        return []
    with manifest.open(encoding="utf-8", newline="") as stream:
        return [row["path"] for row in csv.DictReader(stream)]


def answer_without_a_sample(document: spec.Document) -> list[str]:
    """Every JSON answer of a document for which nothing valid is found."""
    failed: list[str] = []
    schemas = {json_schema(r.content): None for o in document.operations for r in o.responses.values()}
    for schema in schemas:
        if schema is None:
            continue
        try:
            validator = validator_for(schema, "response")
            assert validator.is_valid(sample_of(validator))
        except NoSample:
            failed.append(str(schema.location))
        except SchemaError:  # what can't be compiled judges nothing
            continue
    return failed


if documents():

    @pytest.mark.parametrize("path", [path for path in documents() if "giants" not in path][::25])
    def test_answers_of_real_documents_have_samples(path):
        failed = answer_without_a_sample(spec.load(FOLDER / path))
        assert failed == [] or UNSATISFIABLE.search(path)

    @pytest.mark.soak
    @pytest.mark.parametrize("path", documents())
    def test_all_answers_of_all_real_documents_have_samples(path):
        document = spec.load(FOLDER / path)
        failed = answer_without_a_sample(document)
        assert failed == [] or UNSATISFIABLE.search(path)
        if not UNSATISFIABLE.search(path):
            for operation in document.operations:
                example_answer(operation)


# ------------------------------------------------------------------ as answers


def good(content, status="200"):
    return {status: {"description": "Good.", "content": content}}


def test_examples_of_parts_stand_in_a_generated_answer_where_they_are_valid(operation):
    schema = {
        "type": "object",
        "required": ["name", "age"],
        "properties": {
            "name": {"type": "string", "examples": ["Ann"]},
            "age": {"type": "integer", "default": "unknown", "minimum": 18},
            "tags": {"type": "array", "items": {"type": "string", "examples": ["new"]}},
        },
    }
    found = operation("get /x", responses=good({"application/json": {"schema": schema}}))
    assert example_answer(found) == ({"name": "Ann", "age": 18, "tags": ["new"]}, 200)


@pytest.mark.parametrize(
    ("responses", "answer"),
    [
        ({"204": {"description": "Gone."}}, (None, 204)),
        (good({"application/json": {"example": [1]}}, "201"), ([1], 201)),
        (good({"application/json": {"examples": {"a": {"value": 7}}}}), (7, 200)),
        (good({"application/json": {}}), ({}, 200)),
        (good({"text/plain": {"schema": {"type": "string"}}}), ("text", 200)),
        (good({"text/html": {}, "application/hal+json": {"schema": {"const": 1}}}), (1, 200)),
    ],
)  # fmt: skip
def test_the_mocks_answer(operation, responses, answer):
    assert example_answer(operation("get /x", responses=responses)) == answer


def test_what_nothing_satisfies_is_not_implemented(operation):
    found = operation("get /x", responses=good({"application/json": {"schema": {"not": {}}}}))
    with pytest.raises(PyMacaronException, match="no value was found that satisfies") as refusal:
        example_answer(found)
    assert refusal.value.status == 501
