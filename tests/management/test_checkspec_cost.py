"""What checkspec costs grows with the size of a spec, whatever its schemas lead to."""

import gc
import json
import random
import time

import pytest

from macaron_django import openapi as spec
from macaron_django.schemas.checks.compilation_checks import build_all
from tests.calls import count_calls
from tests.schemas.test_cost import Schemas

#: What is allowed: 5 ms a KB, 50 ms at least; of the test several times as much, for a busy machine.
SECONDS, SECONDS_PER_KB, BUSY = 0.05, 0.005, 20
#: Calls of functions, which are as many on every machine; in 5 ms, about 25,000 are made.
CALLS_PER_KB = 35_000
TEXT = {"type": "string"}


def ref(number):
    return {"$ref": f"#/components/schemas/S{number}"}


def chain(of, count):
    return {**{f"S{number}": of(number, ref(number + 1)) for number in range(count - 1)}, f"S{count - 1}": TEXT}


def circle(of, count):
    return {f"S{number}": of(number, ref((number + 1) % count), ref((number + 2) % count)) for number in range(count)}


#: Schemas of about ``n`` parts.
SHAPES = {
    "inheritance": lambda n: chain(lambda i, r: {"allOf": [r, {"type": "object", "properties": {f"p{i}": TEXT}}]}, n),
    "required, inherited": lambda n: chain(
        lambda i, r: {"allOf": [r, {"type": "object", "required": [f"p{i}"], "properties": {f"p{i}": TEXT}}]}, n
    ),
    "branches": lambda n: circle(lambda i, r, _: {"oneOf": [r, {"const": str(i)}]}, n),
    "unions": lambda n: circle(lambda i, r, s: {"type": "object", "properties": {"x": {"anyOf": [r, s]}}}, n),
    "nothing but references": lambda n: chain(lambda i, r: r, n),
    "references": lambda n: chain(lambda i, r: {"type": "object", "properties": {"next": r}}, n),
    "or null": lambda n: chain(lambda i, r: {"anyOf": [r, {"type": "null"}]}, n),
    "examples": lambda n: circle(lambda i, r, s: {"properties": {"a": r, "b": s}, "example": {"a": {"b": 1}}}, n),
    "wrong examples": lambda n: circle(lambda i, r, s: {"type": "object", "properties": {"a": r}, "example": i}, n),
    "all to all": lambda n: {
        f"S{i}": {"type": "object", "properties": {f"p{j}": ref(j) for j in range(int(n**0.5))}}
        for i in range(int(n**0.5))
    },
    "properties": lambda n: {"S0": {"type": "object", "properties": {f"p{i}": TEXT for i in range(n)}}},
    "patterns that no engine takes": lambda n: {f"S{i}": {"type": "string", "pattern": f"({i}"} for i in range(n)},
    "unions of themselves": lambda n: {f"S{i}": {"oneOf": [ref(i), ref((i + 1) % 9), ref(i)]} for i in range(n)},
    "all of themselves": lambda n: {f"S{i}": {"allOf": [ref(i), ref((i + 1) % 9), ref(i)]} for i in range(n)},
    "twice one of another": lambda n: chain(lambda i, r: {"oneOf": [r, {"oneOf": [r]}]}, n),
    "misspelled attributes": lambda n: circle(lambda i, r, _: {"oneOf": [r, {"x-persis": 1}]}, n),
    "nested": lambda n: {
        f"S{i}": json.loads('{"properties":{"a":' * 40 + "{}" + "}}" * 40) for i in range(max(1, n // 40))
    },
    "codes": lambda n: {"S0": {"enum": [f"v{i}" for i in range(n)], "example": "w"}},
}


def text_of(schemas):
    info = {"title": "t", "version": "1"}
    return json.dumps({"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": schemas}})


def examine(text):
    document = spec.load(json.loads(text))
    spec.check(document)
    build_all(document)


def too_costly(text):
    gc.disable()  # a collection costs what the whole suite has made
    try:
        started = time.thread_time()
        examine(text)
        seconds = time.thread_time() - started
    finally:
        gc.enable()
    allowed = SECONDS + SECONDS_PER_KB * len(text) / 1000
    return f"{len(text):,} bytes: {seconds:.2f} s of {allowed:.2f} s" if seconds > BUSY * allowed else None


@pytest.mark.parametrize("shape", list(SHAPES))
def test_twice_the_spec_costs_twice_as_much(shape):
    small, large = (text_of(SHAPES[shape](n)) for n in (80, 160))
    examine(small)  # imports and caches what it needs
    few, many = count_calls(examine, small), count_calls(examine, large)
    assert many < 3 * few  # 4, if it grew with the square
    assert many < CALLS_PER_KB * len(large) / 1000
    assert too_costly(large) is None


def too_costly_seed(seed):
    return too_costly(text_of(Schemas(seed).made))


def test_no_random_spec_costs_more_than_its_size_allows():
    assert [(seed, found) for seed in range(200) if (found := too_costly_seed(seed))] == []


@pytest.mark.soak
def test_no_random_spec_costs_more_than_its_size_allows_in_ten_minutes():
    ends, seed = time.monotonic() + 600, random.randrange(10**9)  # noqa: S311 (no secret)
    while time.monotonic() < ends:
        seed += 1
        assert (too_costly_seed(seed), seed) == (None, seed)
