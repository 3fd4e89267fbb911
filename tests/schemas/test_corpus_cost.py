"""No body of a real document costs more than its size allows: wide ones, deep ones, and those wrong at each leaf.

The documents are those of the folder that MACARON_SPEC_CORPUS names.
"""

from __future__ import annotations

import copy
import json
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from macaron_django import openapi as spec
from macaron_django.api.mock.samples import NoSample, sample_of
from macaron_django.api.rules.operation_schemas import json_schema
from macaron_django.openapi import Schema
from macaron_django.schemas import Classes, SchemaError, validator_for
from macaron_django.schemas.values.conversions import converter
from tests.api.test_samples import FOLDER, documents
from tests.schemas.test_cost import (
    BUSY,
    MEMORY,
    MEMORY_PER_BYTE,
    MOST_SECONDS,
    SECONDS,
    SECONDS_PER_KB,
    cost_of,
)

WRONG = [None, "x", -7.5, 10**30, "a" * 20 + "b", {}, []]


class Bodies:
    """Bodies of about the form of a schema, each of about ``size`` bytes."""

    def __init__(self, schema: Schema, size: int) -> None:
        self.schema, self.size = schema, size
        self.random = random.Random(0)  # noqa: S311 (to be repeatable)

    def __iter__(self) -> Iterator[Any]:
        for scalar in ("x", None):
            yield self.filled(scalar)
            yield {f"K{number}": scalar for number in range(self.size // 12)}
        for levels in (5, 30, 90):
            yield self.along(levels)
        try:
            sample = sample_of(validator_for(self.schema, "request"))
        except NoSample:
            return
        yield self.repeated(sample)
        yield self.repeated(spoilt(sample, self.random))

    def filled(self, value: Any) -> Any:
        return [value] * (self.size // 5)

    def repeated(self, sample: Any) -> Any:
        """The sample, with all of its arrays longer, or many of them."""
        times = max(self.size // (len(json.dumps(sample)) or 1), 1)
        longer = lengthened(sample, times)
        return longer if longer != sample else [sample] * times

    def along(self, levels: int) -> Any:
        """A way down through the schema, as deep as it goes, with many wrong values at its end."""
        way: list[Any] = []
        schema: Schema | None = self.schema
        for _ in range(6 * levels):
            if schema is None or len(way) == levels:
                break
            schema = schema.resolved
            inner = [*schema.branches("oneOf"), *schema.branches("anyOf")]
            if schema.items is not None:
                way.append(None)
                schema = schema.items
            elif schema.properties and not (inner and self.random.random() < 0.5):
                deeper = [name for name, prop in schema.properties.items() if prop.schema.types != ("string",)]
                name = self.random.choice(deeper or list(schema.properties))
                way.append((name, schema.required - {name}))
                schema = schema.properties[name].schema
            elif inner:
                schema = self.random.choice(inner)
            else:
                schema = self.schema  # begins again, where it doesn't belong
        end: Any = self.random.choice([self.filled("x"), {f"K{number}": 1 for number in range(self.size // 12)}])
        for step in reversed(way):
            end = [end] if step is None else {**dict.fromkeys(step[1], "x"), step[0]: end}
        return end


def lengthened(value: Any, times: int) -> Any:
    """The value with its outermost arrays as long as ``times`` of them."""
    if isinstance(value, list):
        return value * times
    return {name: lengthened(each, times) for name, each in value.items()} if isinstance(value, dict) else value


def spoilt(value: Any, chance: random.Random) -> Any:
    """The value with wrong leaves."""
    if isinstance(value, dict) and value:
        return {name: spoilt(each, chance) for name, each in value.items()}
    if isinstance(value, list) and value:
        return [spoilt(each, chance) for each in value]
    return copy.deepcopy(chance.choice(WRONG))


def too_costly(document: spec.Document, size: int, most: int | None = None) -> Iterator[str]:
    """Tells each body of a document's operations that costs more than its size allows."""
    classes = Classes("cost", document)
    found = [json_schema(each.request_body.content) for each in document.operations if each.request_body is not None]
    for schema in list(dict.fromkeys(each for each in found if each is not None))[:most]:
        try:
            validator = validator_for(schema, "request")
        except SchemaError:  # what can't be compiled judges nothing
            continue
        conversion = converter(schema, classes)
        for body in Bodies(schema, size):
            length = len(json.dumps(body))
            cost_of(validator, conversion, body)  # compiles what it needs
            seconds, allowed = cost_of(validator, conversion, body), SECONDS + SECONDS_PER_KB * length / 1000
            if seconds > BUSY * min(allowed, MOST_SECONDS):
                yield f"{schema.location}: {length:,} bytes took {seconds:.2f} s"
            tracemalloc.start()
            cost_of(validator, conversion, body)
            memory = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            if memory > MEMORY + MEMORY_PER_BYTE * length:
                yield f"{schema.location}: {length:,} bytes took {memory:,} bytes of memory"


if documents():

    @pytest.mark.parametrize("path", [path for path in documents() if "giants" not in path][::25])
    def test_no_body_of_a_real_document_costs_more_than_its_size_allows(path: str) -> None:
        assert list(too_costly(spec.load(Path(FOLDER, path)), 30_000, most=8)) == []

    @pytest.mark.soak
    @pytest.mark.parametrize("path", documents())
    @pytest.mark.parametrize("size", [500, 200_000])
    def test_no_body_of_any_real_document_costs_more_than_its_size_allows(path: str, size: int) -> None:
        assert list(too_costly(spec.load(Path(FOLDER, path)), size, most=10)) == []
