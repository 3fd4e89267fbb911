"""Which schemas may apply to a value and to what is in it, and what that hides from answers."""

from __future__ import annotations

from macaron_django import openapi
from macaron_django.schemas.values.applied_schemas import applied_schemas
from macaron_django.schemas.values.merge_patches import hides_write_only, without_write_only

SECRET = {"type": "string", "writeOnly": True}


def schema_of(json, **others):
    document = openapi.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "S", "version": "1"},
            "paths": {},
            "components": {"schemas": {"S": json, **others}},
        }
    )
    return document.schemas["S"]


def test_what_any_schema_that_may_apply_hides_is_left_out_of_answers():
    plain = {"properties": {"pin": {"type": "string"}}}
    hiding = {"properties": {"pin": SECRET}}
    schema = schema_of(
        {
            "properties": {
                "either": {"oneOf": [plain, {"anyOf": [plain, hiding]}]},
                "patterned": {"patternProperties": {"^x-": SECRET}},
                "told": {"if": plain, "then": {}, "else": hiding},
                "dependent": {"dependentSchemas": {"a": hiding}},
                "listed": {"prefixItems": [plain, hiding]},
                "named": {"additionalProperties": SECRET},
                "codes": {"items": SECRET},
            }
        }
    )
    value = {
        "either": {"pin": 1, "a": 1},
        "patterned": {"x-a": 1, "y": 1},
        "told": {"pin": 1},
        "dependent": {"a": 1, "pin": 1},
        "listed": [{"pin": 1}, {"pin": 1}],
        "named": {"a": 1},
        "codes": [1],
    }

    assert hides_write_only(schema)
    assert without_write_only(schema, value) == {
        "either": {"a": 1},
        "patterned": {"y": 1},
        "told": {},
        "dependent": {"a": 1},
        "listed": [{}, {}],
        "named": {},
    }


def test_recursive_schemas_are_walked_once():
    tree = schema_of(
        {
            "properties": {"left": {"$ref": "#/components/schemas/S"}, "rows": {"$ref": "#/components/schemas/Rows"}},
            "additionalProperties": {"$ref": "#/components/schemas/S"},
        },
        Rows={"type": "array", "items": {"$ref": "#/components/schemas/Rows"}},
    )
    applied = applied_schemas(tree)

    assert not applied.is_secret
    assert not applied.holds_secrets
    assert not hides_write_only(tree)
    assert applied.member("left").member("left") is applied.member("left")
