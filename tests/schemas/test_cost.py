"""A search for instances that cost more than their size allows, over recursive, wide, patterned and mixed schemas."""

import gc
import json
import os
import random
import time
import tracemalloc
from decimal import Decimal

import pytest

from macaron_django import openapi as spec
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas import Classes, validator_for
from macaron_django.schemas.validation import schema_compiler
from macaron_django.schemas.values import conversions
from macaron_django.schemas.values.conversions import converter

COMPONENTS = "#/components/schemas/"
#: What is allowed: 1 ms a KB (50 ms at least, 10 s at most) and 20 times the size in memory (20 MB at least). The
#: test allows several times as much CPU, for a busy machine: what went wrong before took hundreds of times as much.
SECONDS, SECONDS_PER_KB, MOST_SECONDS = 0.05, 0.001, 10
MEMORY, MEMORY_PER_BYTE = 20_000_000, 20
BUSY = 20


def reference(number):
    return {"$ref": f"{COMPONENTS}S{number}"}


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
            return reference(self.random.randrange(self.count))
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
                reference(self.random.randrange(self.count)),
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
    node = {"type": "object", "required": ["of"], "properties": {"of": {"type": "array", "items": reference(0)}}}
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
    node = {"type": "object", "required": ["of"], "properties": {"of": {"type": "array", "items": reference(0)}}}
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


@pytest.mark.soak
def test_no_body_of_a_random_schema_costs_more_than_its_size_allows_in_half_an_hour():
    ends = time.monotonic() + float(os.environ.get("MACARON_COST_SECONDS", "1800"))
    seed = random.randrange(10**9)  # noqa: S311 (no secret)
    while time.monotonic() < ends:
        assert too_costly(seed) is None
        seed += 1
