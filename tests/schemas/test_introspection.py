"""Spec → serializers → drf-spectacular's AutoSchema → spec: what comes back accepts and rejects the same instances."""

import copy
import json
import os
import subprocess
import sys
import warnings
from types import SimpleNamespace

import pytest
from django.urls import path
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import patched_settings
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import utils as conjecture
from rest_framework import generics, serializers

from macaron_django import openapi as spec
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas import Classes, serializer_for, validator_for
from macaron_django.schemas.serializers import introspection

with warnings.catch_warnings():  # it imports what newer versions of jsonschema deprecate
    warnings.simplefilter("ignore", DeprecationWarning)
    from hypothesis_jsonschema import _from_schema, from_schema


class Many(conjecture.many):
    """What hypothesis-jsonschema 0.23 draws objects with: newer Hypotheses iterate instead of asking for more."""

    def more(self):
        if not hasattr(self, "elements"):
            self.elements = iter(self.__enter__())
        if next(self.elements, self) is not self:
            return True
        self.__exit__(None)
        return False


if not hasattr(conjecture.many, "more"):
    _from_schema.cu = SimpleNamespace(many=Many)

#: Instances a feature.
FEW, MANY = 20, 200


def one(schema, **others):
    """An object with one property of that schema."""
    return {"Subject": {"type": "object", "properties": {"p": schema}}, **others}


def ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


ADDRESS = {
    "type": "object",
    "required": ["city"],
    "properties": {"city": {"type": "string", "minLength": 1}, "zip": {"type": "string", "pattern": "^[0-9]{4,5}$"}},
}
CAT = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}}
DOG = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "dog"}, "barks": {"type": "boolean"}}}

#: What fields say, and so AutoSchema by itself: the list of docs/how-to/spec.md.
BY_FIELDS = {
    "string": one({"type": "string"}),
    "integer": one({"type": "integer"}),
    "number": one({"type": "number"}),
    "boolean": one({"type": "boolean"}),
    **{
        name: one({"type": "string", "format": name})
        for name in ("date", "date-time", "time", "email", "ipv4", "ipv6", "uri", "uuid")
    },
    "int32": one({"type": "integer", "format": "int32"}),
    "int64": one({"type": "integer", "format": "int64"}),
    "double": one({"type": "number", "format": "double"}),
    "enum of strings": one({"enum": ["a", "b", "c d"], "type": "string"}),
    "enum of integers": one({"type": "integer", "enum": [1, 2, 3]}),
    "bounds": one({"type": "integer", "minimum": -2, "exclusiveMaximum": 7}),
    "bounds of a number": one({"type": "number", "minimum": -0.5, "maximum": 1.5}),
    "lengths": one({"type": "string", "minLength": 1, "maxLength": 3}),
    "pattern": one({"type": "string", "pattern": "^[a-c]*$"}),
    "required": {"Subject": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {}}}},
    "required with a default": {
        "Subject": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "default": "x"}}}
    },
    "nullable": one({"type": ["string", "null"]}),
    "nullable enum": one({"type": ["string", "null"], "enum": ["a", None]}),
    "nullable reference": one({"anyOf": [ref("Address"), {"type": "null"}]}, Address=ADDRESS),
    "array": one({"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2}),
    "array of arrays": one({"type": "array", "items": {"type": "array", "items": {"type": "boolean"}}}),
    "array of objects": one({"type": "array", "items": ref("Address")}, Address=ADDRESS),
    "nested object": one({"type": "object", "required": ["q"], "properties": {"q": {"type": "boolean"}}}),
    "reference": one(ref("Address"), Address=ADDRESS),
    "recursion": {
        "Subject": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "parent": ref("Subject"),
                "children": {"type": "array", "items": ref("Subject")},
            },
        }
    },
    "map": one({"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}),
    "allOf": {
        "Subject": {"allOf": [ref("Address"), {"properties": {"more": {"type": "boolean"}}}]},
        "Address": ADDRESS,
    },
}
#: What needs the extension, which the package brings.
BY_SCHEMA = {
    "anything": one({}),
    **{
        name: one({"type": "string", "format": name})
        for name in (
            "byte",
            "binary",
            "duration",
            "hostname",
            "idn-email",
            "iri",
            "json-pointer",
            "regex",
            "uri-reference",
            "password",
            "decimal",
            "unheard-of",
        )
    },
    "float": one({"type": "number", "format": "float"}),
    "mixed enum": one({"enum": ["a", 1, None, True, [1], {"a": 2}]}),
    "enum of booleans": one({"enum": [True]}),
    "enum with the empty string": one({"type": "string", "enum": ["", "a"]}),
    "const": one({"const": 3}),
    "exclusive bounds": one({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1.5}),
    "multipleOf": one({"type": "integer", "multipleOf": 3}),
    "uniqueItems": one({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
    "array of few objects": one({"type": "array", "maxItems": 1, "items": ref("Address")}, Address=ADDRESS),
    "several types": one({"type": ["string", "integer", "null"]}),
    "oneOf": one({"oneOf": [{"type": "string"}, {"type": "integer", "minimum": 3}]}),
    "anyOf": one({"anyOf": [{"type": "boolean"}, ref("Address")]}, Address=ADDRESS),
    "not": one({"not": {"type": "string"}}),
    "discriminator": one(
        {
            "oneOf": [ref("Cat"), ref("Dog")],
            "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat", "dog": "Dog"}},
        },
        Cat=CAT,
        Dog=DOG,
    ),
    "number of properties": {"Subject": {"type": "object", "minProperties": 1, "maxProperties": 2}},
    "no additional properties": {
        "Subject": {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    },
    "additional properties": {
        "Subject": {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "integer"}}
    },
    "component of an enum": one(ref("Color"), Color={"type": "string", "enum": ["red", "blue"]}),
    "component of an array": one(ref("Colors"), Colors={"type": "array", "maxItems": 1, "items": {"type": "string"}}),
    "component of anything": one(ref("Any"), Any={}),
    "component that is a reference": one(ref("Alias"), Alias=ref("Address"), Address=ADDRESS),
    "names that differ by a sign": one(
        {"anyOf": [ref("a-b"), ref("a_b")]},
        **{"a-b": {"type": "object", "required": ["a"], "properties": {"a": {}}}, "a_b": ADDRESS},
    ),
    "readOnly and writeOnly": {
        "Subject": {
            "type": "object",
            "required": ["id", "secret"],
            "properties": {
                "id": {"type": "integer", "readOnly": True},
                "seen": {"type": "boolean", "readOnly": True},
                "secret": {"type": "string", "writeOnly": True},
                "hint": {"type": "string", "writeOnly": True},
            },
        }
    },
    "recursive map": {"Subject": {"type": "object", "additionalProperties": ref("Subject")}},
    "recursive array": one(ref("Tree"), Tree={"type": "array", "items": ref("Tree")}),
    "recursive choice": {
        "Subject": {"type": "object", "properties": {"p": {"oneOf": [{"type": "string"}, ref("Subject")]}}}
    },
}
#: What OpenAPI 3.1 can write, and 3.0 can't.
IN_3_1 = {
    "if": one({"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"type": "integer"}}),
    "prefixItems": one({"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "integer"}}),
    "contains": one({"type": "array", "contains": {"type": "integer"}}),
    "patternProperties": one({"patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": False}),
    "propertyNames": one({"type": "object", "propertyNames": {"maxLength": 1}}),
    "dependentRequired": {"Subject": {"type": "object", "dependentRequired": {"a": ["b"]}}},
}


def load(components, version="3.1.0"):
    document = {"openapi": version, "info": {"title": "t", "version": "1"}, "paths": {}}
    return spec.load({**document, "components": {"schemas": components}})


def introspected(serializer_class, version):
    """The document that drf-spectacular makes of a view with that serializer."""
    members = {"serializer_class": serializer_class, "schema": AutoSchema(), "post": lambda self, request: None}
    view = type("View", (generics.GenericAPIView,), members)
    with patched_settings({"OAS_VERSION": version}):
        GENERATOR_STATS.reset()
        generator = SchemaGenerator(patterns=[path("subjects", view.as_view())])
        document = generator.get_schema(request=None, public=True)
        assert not GENERATOR_STATS, "drf-spectacular warns of something"
    return spec.load(json.loads(json.dumps(document)))


def body(document):
    operation = next(iter(document.operations))
    return operation.request_body.content["application/json"].schema


def finite(json_schema, root, depth=0):
    """For hypothesis-jsonschema, which knows draft 7 and no recursion: references written out a few times."""
    if isinstance(json_schema, list):
        return [finite(item, root, depth) for item in json_schema]
    if not isinstance(json_schema, dict):
        return json_schema
    if isinstance(json_schema.get("$ref"), str):
        if depth > 3:
            return {"type": "string"}
        target = root
        for step in json_schema["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        rest = {key: value for key, value in json_schema.items() if key != "$ref"}
        written = finite(target, root, depth + 1)
        return {"allOf": [written, finite(rest, root, depth)]} if rest else written
    found = {key: finite(value, root, depth) for key, value in json_schema.items() if key not in ("$defs", "$schema")}
    if isinstance(found.get("prefixItems"), list):
        found["additionalItems"] = found.pop("items", {})
        found["items"] = found.pop("prefixItems")
    return found


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4) | st.sampled_from(["", "a", "2024-02-30", "12:00", "::1", "a@b.de", "cat"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pqab"), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def places(value, found=()):
    """Every container in a JSON value, and its keys."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield value, key
        yield from places(member)


@st.composite
def nearly(draw, instances):
    """An instance in which one member is another, or is missing."""
    value = copy.deepcopy(draw(instances))
    found = list(places(value))
    if not found:
        return draw(ANY_JSON)
    container, key = draw(st.sampled_from(found))
    if isinstance(container, dict) and draw(st.booleans()):
        del container[key]
    else:
        container[key] = draw(ANY_JSON)
    return value


def accepted(validator, instance):
    try:
        validator.clean(instance)
    except ValidationFailed:
        return False
    return True


def compare(components, version, examples):
    """Both sides make instances; both judge all of them, as requests and as responses."""
    original = load(components)
    subject = original.schemas["Subject"]
    kind = serializer_for(subject, Classes("t", original))
    described = body(introspected(kind, version))
    judged = {direction: validator_for(described, direction) for direction in ("request", "response")}
    responses = validator_for(subject, "response")
    bundles = [schema.bundle(direction) for schema in (subject, described) for direction in judged]
    written = {json.dumps(finite(bundle, bundle)): None for bundle in bundles}
    made = st.one_of([from_schema(json.loads(each)) for each in written])
    verdicts = set()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(made | nearly(made) | ANY_JSON | st.fixed_dictionaries({"p": ANY_JSON}))
    def judge(instance):
        valid = kind(data=instance).is_valid()
        assert accepted(judged["request"], instance) == valid
        assert accepted(judged["response"], instance) == responses.is_valid(instance)
        if isinstance(instance, dict):
            verdicts.add(valid)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        judge()
    free = components == one({}) or "Any" in components
    assert verdicts == ({True} if free else {True, False}) or examples < MANY


def cases(*features):
    return [pytest.param(schemas, id=name) for table in features for name, schemas in table.items()]


@pytest.fixture
def by_fields_only(monkeypatch):
    """drf-spectacular as it is without this package's extensions."""
    own = {introspection.ObjectExtension, introspection.ValueExtension}
    others = [extension for extension in OpenApiSerializerExtension._registry if extension not in own]
    monkeypatch.setattr(OpenApiSerializerExtension, "_registry", others)


@pytest.mark.parametrize("components", cases(BY_FIELDS))
def test_fields_alone_describe_the_same_instances(by_fields_only, components):
    compare(components, "3.0.3", FEW)


@pytest.mark.parametrize("components", cases(BY_SCHEMA, IN_3_1))
def test_auto_schema_describes_the_same_instances(components):
    compare(components, "3.1.0", FEW)


@pytest.mark.soak
@pytest.mark.parametrize("components", cases(BY_FIELDS))
@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_fields_alone_describe_the_same_of_many_instances(by_fields_only, components, version):
    compare(components, version, MANY)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("components", "version"),
    [pytest.param(*case.values, "3.1.0", id=f"3.1-{case.id}") for case in cases(BY_FIELDS, BY_SCHEMA, IN_3_1)]
    + [pytest.param(*case.values, "3.0.3", id=f"3.0-{case.id}") for case in cases(BY_FIELDS, BY_SCHEMA)],
)
def test_auto_schema_describes_the_same_of_many_instances(components, version):
    compare(components, version, MANY)


def test_what_a_subclass_declares_is_described_beside_the_schema():
    document = load(BY_SCHEMA["several types"])
    generated = serializer_for(document.schemas["Subject"], Classes("t", document))
    extended = type("Extended", (generated,), {"consent": serializers.BooleanField()})
    described = body(introspected(extended, "3.1.0"))
    assert described.name == "Extended"
    assert described.required == {"consent"}
    assert described.properties["p"].schema.types == ("string", "integer")
    assert described.properties["consent"].schema.types == ("boolean",)


def test_what_only_the_server_needs_is_left_out():
    components = {"Subject": {"type": "object", "x-model": "auth.Group", "x-shown": 1, "properties": {"name": {}}}}
    document = load(components)
    kind = serializer_for(document.schemas["Subject"], Classes("t", document))
    assert body(introspected(kind, "3.1.0")).resolved.json.keys() == {
        "type",
        "x-shown",
        "properties",
        "additionalProperties",
    }


@pytest.mark.parametrize(("first", "answers"), [("drf_spectacular.views", "True"), ("rest_framework", "False")])
def test_the_urls_bring_the_extension_to_who_uses_drf_spectacular_and_it_to_nobody_else(first, answers):
    code = f"import django, sys, {first}; django.setup(); import macaron_django.urls; print(sys.argv[1] in sys.modules)"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    answer = subprocess.run(
        [sys.executable, "-c", code, introspection.__name__],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == answers
