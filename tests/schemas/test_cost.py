"""A search for instances that cost more than their size allows, over recursive, wide, patterned and mixed schemas."""

import gc
import itertools
import json
import os
import random
import resource
import time
import tracemalloc
from decimal import Decimal
from functools import cached_property

import pytest

from macaron_django import openapi as spec
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas import Classes, serializer_for, validator_for
from macaron_django.schemas.validation import schema_compiler
from macaron_django.schemas.values import conversions
from macaron_django.schemas.values.conversions import converter
from tests.calls import TooManyCallsError, count_calls_up_to

COMPONENTS = "#/components/schemas/"
#: What is allowed: 1 ms a KB (50 ms at least, 10 s at most) and 20 times the size in memory (20 MB at least). The
#: test allows several times as much CPU, for a busy machine: what went wrong before took hundreds of times as much.
SECONDS, SECONDS_PER_KB, MOST_SECONDS = 0.05, 0.001, 10
MEMORY, MEMORY_PER_BYTE = 20_000_000, 20
BUSY = 20
#: The most calls for each level or member of a small body, and what they may multiply by when it grows. Python makes as
#: many in 0.2 ms.
CALLS, GROWTH = 1000, 2
#: What takes time by the branches of all levels in native code, which a verdict doesn't.
COSTLY = frozenset({"iter_errors", "evaluate", "validate"})


def reference(name):
    return {"$ref": f"{COMPONENTS}{name}"}


class Schemas:
    """Random schemas that refer to one another, and random instances of about their form."""

    def __init__(self, seed):
        self.random = random.Random(seed)  # noqa: S311 (no secret)
        self.count = self.random.choice([1, 2, 4, 8])
        self.made = {f"S{number}": self.schema(3) for number in range(self.count)}
        info = {"title": "t", "version": "1"}
        self.document = spec.load({"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": self.made}})

    def schema(self, depth):
        pick = self.random.random
        if depth == 0 or pick() < 0.15:
            return self.leaf()
        kind = self.random.choice(["object", "object", "array", "union", "union", "all", "reference"])
        if kind == "reference":
            return reference(f"S{self.random.randrange(self.count)}")
        if kind == "union":
            keyword = self.random.choice(["oneOf", "anyOf"])
            return {keyword: [self.schema(depth - 1) for _ in range(self.random.choice([2, 3, 8]))]}
        if kind == "all":
            return {"allOf": [self.schema(depth - 1), self.schema(depth - 1)]}
        if kind == "array":
            array = {"type": "array", "items": self.schema(depth - 1)}
            return array | ({"uniqueItems": True} if pick() < 0.1 else {})
        names = self.random.sample("abcde", 3)
        found = {"type": "object", "properties": {name: self.schema(depth - 1) for name in names}}
        if pick() < 0.3:
            found["required"] = [*names[:1], *(f"r{number}" for number in range(self.random.choice([0, 0, 50])))]
        if pick() < 0.2:
            found["additionalProperties"] = self.random.choice([False, self.schema(depth - 1)])
        if pick() < 0.1:
            found["patternProperties"] = {"^[a-z]": self.schema(depth - 1)}
        if pick() < 0.1:
            found["propertyNames"] = {"pattern": "^[a-z]+$", "maxLength": 3}
        if pick() < 0.05:
            found["unevaluatedProperties"] = False
        return found

    def leaf(self):
        return self.random.choice(
            [
                {"type": "string"},
                {"type": "string", "pattern": "^(a+)+$"},
                {"type": "string", "pattern": "^(?=a)(a+)+$"},
                {"type": "string", "format": "date-time"},
                {"enum": [f"code{number}" for number in range(self.random.choice([2, 500]))]},
                {"type": "integer", "maximum": 5},
                {"const": "x"},
                {"type": "number", "default": 1},
                reference(f"S{self.random.randrange(self.count)}"),
            ]
        )

    def instance(self, levels, width):
        """An instance that follows the schemas down, with ``width`` members that are right or wrong at its end."""
        scalar = self.random.choice(["x", "a" * 20 + "b", 1, 7.5, None, "code1", 10**30])
        end = self.random.choice([[scalar] * width, {f"K{number}": scalar for number in range(width)}, scalar])
        way, schema, steps = [], self.made["S0"], 0
        while len(way) < levels and steps < 10 * levels:
            steps += 1
            inner = [each for keyword in ("oneOf", "anyOf", "allOf") for each in schema.get(keyword, ())]
            if "$ref" in schema:
                schema = self.made[schema["$ref"].removeprefix(COMPONENTS)]
            elif inner:
                schema = self.random.choice(inner)
            elif "items" in schema:
                way.append(None)
                schema = schema["items"]
            elif "properties" in schema:
                name = self.random.choice(list(schema["properties"]))
                way.append((name, [each for each in schema.get("required", ()) if each != name]))
                schema = schema["properties"][name]
            else:  # a leaf: begin again in another
                schema = self.made[f"S{self.random.randrange(self.count)}"]
        for step in reversed(way):
            end = [end] if step is None else {step[0]: end, **dict.fromkeys(step[1], scalar)}
        return json.loads(json.dumps(end))


def cost_of(validator, conversion, body):
    gc.disable()  # a collection costs what the whole suite has made
    started = time.thread_time()
    try:
        conversion.to_python(validator.clean(body))
    except ValidationFailed as failure:
        json.dumps([(each.pointer, each.message) for each in failure.violations])
    except RecursionError:  # of a request it is 400
        pass
    finally:
        seconds = time.thread_time() - started
        gc.enable()
    return seconds


def too_costly(seed):
    """What a body of a random schema costs beyond what its size allows; None where it keeps to it."""
    schemas = Schemas(seed)
    schema = schemas.document.schemas["S0"]
    validator, conversion = validator_for(schema, "request"), converter(schema, Classes("cost", schemas.document))
    for levels, width in ((1, 3000), (12, 1), (60, 1), (100, 300), (200, 1)):
        body = schemas.instance(levels, width)
        size = len(json.dumps(body))
        cost_of(validator, conversion, body)  # compiles what it needs
        allowed = min(SECONDS + SECONDS_PER_KB * size / 1000, MOST_SECONDS)
        if (seconds := cost_of(validator, conversion, body)) > BUSY * allowed:
            return f"seed {seed}, {levels} levels, {size} bytes: {seconds:.2f} s of {allowed:.2f} s"
        tracemalloc.start()
        cost_of(validator, conversion, body)
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        if memory > MEMORY + MEMORY_PER_BYTE * size:
            return f"seed {seed}, {levels} levels, {size} bytes: {memory:,} bytes of memory"
    return None


def test_no_body_of_a_random_schema_costs_more_than_its_size_allows():
    assert [found for seed in range(60) if (found := too_costly(seed))] == []


def test_numbers_that_only_python_holds_cost_a_tree_no_check_a_level(monkeypatch):
    node = {"type": "object", "required": ["of"], "properties": {"of": {"type": "array", "items": reference("S0")}}}
    leaf = {"type": "array", "items": {"type": "number"}}
    info = {"title": "t", "version": "1"}
    union = {"oneOf": [node, leaf], "properties": {"size": {"default": 1}}}
    document = spec.load({"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": {"S0": union}}})
    validator = validator_for(document.schemas["S0"], "request")
    body = [10**30] * 1000
    for _ in range(40):
        body = {"of": [body]}
    checked = []
    original = schema_compiler.json_only
    monkeypatch.setattr(schema_compiler, "json_only", lambda instance: checked.append(1) or original(instance))
    converter(document.schemas["S0"], Classes("cost", document)).to_python(validator.clean(body))
    assert len(checked) <= 2


@pytest.mark.parametrize("number", [1, 10**30, Decimal("0.1000000000000000000000001")], ids=["int", "long", "Decimal"])
def test_a_valid_tree_is_copied_and_validated_once_and_not_at_each_level(monkeypatch, number):
    node = {"type": "object", "required": ["of"], "properties": {"of": {"type": "array", "items": reference("S0")}}}
    leaf = {"type": "array", "items": {"type": "number"}}
    info = {"title": "t", "version": "1"}
    schemas = {"S0": {"oneOf": [node, leaf]}}
    document = spec.load({"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": schemas}})
    body = [number] * 100
    for _ in range(40):
        body = {"of": [body]}
    copied, validated = [], []
    copy, is_valid = conversions.json_value, schema_compiler.CompiledSchema.is_valid_json
    monkeypatch.setattr(conversions, "json_value", lambda value: copied.append(1) or copy(value))
    monkeypatch.setattr(
        schema_compiler.CompiledSchema, "is_valid_json", lambda *both: validated.append(1) or is_valid(*both)
    )
    made = converter(document.schemas["S0"], Classes("cost", document)).to_python(body)
    assert (len(validated), len(copied) < 1000) == (2, True)  # each branch once
    assert made.to_json() == body


# Schemas that lead back to themselves by each two ways

OBJECTS, ARRAYS = "a", 0


def ways_back(step, name):
    """By name, the ways from a schema to itself, for what is at ``step`` in an instance."""
    again = reference(name)
    inside = {"properties": {"a": again}} if step == OBJECTS else {"items": again}
    other = {"required": ["none"]} if step == OBJECTS else {"minItems": 90}
    unevaluated = "unevaluatedProperties" if step == OBJECTS else "unevaluatedItems"
    ways = {
        "allOf": {"allOf": [inside]},
        "anyOf": {"anyOf": [other, inside]},
        "anyOf of two": {"anyOf": [{**inside, **other}, inside]},
        "oneOf": {"oneOf": [inside, other]},
        "oneOf of two": {"oneOf": [{**inside, "not": inside}, inside]},
        "not": {"not": {"not": inside}},
        "not inside": {"not": {"properties": {"a": {"not": again}}} if step == OBJECTS else {"items": {"not": again}}},
        "then": {"if": inside, "then": inside},
        "else": {"if": {"not": inside}, "then": inside, "else": inside},
        "$ref": {"$ref": f"{COMPONENTS}{name}{'Object' if step == OBJECTS else 'Array'}"},
        "$dynamicRef": {"$dynamicRef": "#node"},
        unevaluated: {unevaluated: again},
    }
    if step == OBJECTS:
        kinds = [{"properties": {"a": again, "kind": {"const": kind}}, "required": ["kind"]} for kind in "xy"]
        return ways | {
            "properties": inside,
            "patternProperties": {"patternProperties": {"^a": again}},
            "additionalProperties": {"additionalProperties": again},
            "propertyNames": {"propertyNames": again},
            "dependentSchemas": {"dependentSchemas": {"a": inside}},
            "discriminator": {"oneOf": kinds, "discriminator": {"propertyName": "kind"}},
            "named": {
                "oneOf": [reference(f"{name}Object"), reference(f"{name}Array")],
                "discriminator": {"propertyName": "kind", "mapping": {"x": f"{name}Object", "y": f"{name}Array"}},
            },
        }
    return ways | {
        "items": inside,
        "prefixItems": {"prefixItems": [again, again]},
        "items after prefixItems": {"prefixItems": [again], "items": again},
        "contains": {"contains": again},
        "minContains": {"contains": again, "minContains": 2},
        "maxContains": {"contains": again, "maxContains": 1},
    }


def merged(one, other):
    """The keywords of both schemas; those of ``one`` and, in an ``allOf``, ``other`` if a keyword is in both."""
    common = one.keys() & other.keys()
    if common == {"properties"}:
        return {**one, **other, "properties": {**one["properties"], **other["properties"]}}
    return {**one, **other} if not common else {**one, "allOf": [*one.get("allOf", ()), other]}


PLACEMENTS = {
    "beside": merged,
    "in allOf": lambda one, other: {"allOf": [one, other]},
    "in anyOf": lambda one, other: {"anyOf": [one, other]},
    "in turn": lambda one, other: one,  # the other way is that of the schema at each second level
}


class Recursive:
    """Schemas that lead back to themselves by each two ways, in one document, by what they are."""

    def __init__(self, placements, closings):
        self.steps, schemas = {}, {}
        for step, placement, closed in itertools.product((OBJECTS, ARRAYS), placements, closings):
            for one, other in itertools.combinations_with_replacement(ways_back(step, ""), 2):
                name = f"S{len(self.steps)}"
                self.steps[name] = step, f"{one} and {other} {placement}{', closed' if closed else ''}"
                inner = f"{name}Turn" if placement == "in turn" else name
                made = PLACEMENTS[placement](ways_back(step, inner)[one], ways_back(step, name)[other])
                schemas[name] = node(step, made, closed)
                if inner != name:
                    schemas[inner] = node(step, ways_back(step, name)[other], closed)
                schemas[f"{inner}Object"] = {"type": "object", "properties": {"a": reference(name)}}
                schemas[f"{inner}Array"] = {"type": "array", "items": reference(name)}
        info = {"title": "t", "version": "1"}
        self.document = spec.load({"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": schemas}})

    def too_costly(self, name, use, depths, widths=()):
        """Tells what takes more calls than a body's size allows, or grows by more than its square."""
        step, told = self.steps[name]
        counts = {}
        function = self.function(self.document.schemas[name], use)
        for size, about, body in bodies(step, depths, widths):
            if about not in counts:
                function(body)  # compiles what it needs
            smaller, calls = counts.get(about, (size, CALLS * size))
            most = min(calls * (size / smaller) ** GROWTH + 500, CALLS * size)
            try:
                counts[about] = size, count_calls_up_to(most, function, body, costly=COSTLY)
            except TooManyCallsError:
                return f"{told}, {about}, size {size}: the {use} makes more than {most:.0f} calls, or a costly one"
        return None

    def function(self, schema, use):
        if use == "serializer":
            serializer = serializer_for(schema, self.classes)
            return lambda body: serializer(data=body).is_valid()
        if use == "conversion":
            conversion = converter(schema, self.classes)
            return lambda body: conversion.to_json(conversion.to_python(body))
        validator = validator_for(schema, use)

        def validated(body):
            try:
                validator.clean(body)
            except ValidationFailed as failure:
                return failure.violations

        return validated

    @cached_property
    def classes(self):
        return Classes("cost", self.document)


def node(step, ways, closed):
    own = {"properties": {"z": {"type": "string"}, "d": {"default": 1}, "r": {"readOnly": True}}}
    ending = {"unevaluatedProperties" if step == OBJECTS else "unevaluatedItems": False} if closed else {}
    types = {"type": ["object", "array", "string"], "$dynamicAnchor": "node"}
    return {**ending, **merged({**types, **(own if step == OBJECTS else {})}, ways)}


def bodies(step, depths, widths):
    """Yields the size of a body, what it is, and the body: valid, wrong at the leaf, or wrong only at the top."""
    for depth, wrong in itertools.product(depths, ("nowhere", "at the leaf", "at the top")):
        body = 5 if wrong == "at the leaf" else "s"
        for _ in range(depth):
            body = {"a": body, "kind": "x"} if step == OBJECTS else [body]
        if wrong == "at the top":
            body = {**body, "z": 5, "q": 1} if step == OBJECTS else [*body, 5]
        yield depth, f"nested, wrong {wrong}", body
    for width, member in itertools.product(widths, ("s", 5)):
        wide = {f"a{number}": member for number in range(width)} if step == OBJECTS else [member] * width
        yield width, f"wide, of {member}", wide


def test_no_body_of_a_schema_that_leads_back_to_itself_by_two_ways_costs_more_with_each_level():
    found = Recursive(["beside"], [True])
    uses = itertools.cycle(("serializer", "response"))  # a serializer validates a request
    told = [
        found.too_costly(name, use, (7, 14), (20,))
        for name, validating in zip(found.steps, uses, strict=False)
        for use in (validating, "conversion")
    ]
    assert [each for each in told if each is not None] == []


@pytest.mark.soak
@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_no_body_of_a_schema_that_leads_back_to_itself_costs_more_however_it_does(placement, closed):
    found = Recursive([placement], [closed])
    uses = ("request", "response", "conversion", "serializer")
    told = [in_child(found.too_costly, name, use, (6, 12, 24, 40), (100, 400)) for name in found.steps for use in uses]
    assert [each for each in told if each is not None] == []


def in_child(function, *arguments, seconds=10):
    """What a function returns in a child of this process; says so if it takes too much CPU, in native code, too."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            spent = int(time.process_time())
            resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, spent + seconds))
            answer = function(*arguments)
        except BaseException as error:  # noqa: BLE001 (the child must not return)
            answer = repr(error)
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        text = answers.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else f"{arguments} takes more than {seconds} s of CPU"


@pytest.mark.soak
def test_no_body_of_a_random_schema_costs_more_than_its_size_allows_in_half_an_hour():
    ends = time.monotonic() + float(os.environ.get("MACARON_COST_SECONDS", "1800"))
    seed = random.randrange(10**9)  # noqa: S311 (no secret)
    while time.monotonic() < ends:
        assert too_costly(seed) is None
        seed += 1
