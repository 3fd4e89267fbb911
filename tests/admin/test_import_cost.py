"""What an import costs grows with the size of its file, whatever the file holds."""

import gc
import time

import pytest

from macaron_django import openapi as spec
from macaron_django.admin.import_export.item_files import read_items
from macaron_django.dynamodb.transfer.item_lines import from_dynamodb_json
from macaron_django.schemas.values.json_text import exact_json

#: What is allowed: 5 ms a KB, 50 ms at least; of the test several times as much, for a busy machine.
SECONDS, SECONDS_PER_KB, BUSY = 0.05, 0.005, 20
PROPERTIES = {
    "id": {"type": "string"},
    "n": {"type": "integer", "default": 3},
    "tags": {"type": "array", "items": {"type": "string"}},
    "at": {"type": "string", "format": "date-time"},
    "data": {},
}
SCHEMA = spec.load(
    {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {},
        "components": {"schemas": {"Thing": {"type": "object", "properties": PROPERTIES}}},
    }
).schemas["Thing"]


def nested(levels, opening, inner, closing):
    return opening * levels + inner + closing * levels


#: The format of a file, and a text that is about ``n`` units long.
FILES = {
    "columns": ("csv", lambda n: ",".join(f"c{number}" for number in range(n))),
    "a column again and again": ("csv", lambda n: "id," * n + "id"),
    "empty columns": ("csv", lambda n: "," * n),
    "rows": ("csv", lambda n: "id,n\n" + "a,1\n" * n),
    "rows of other lengths": ("csv", lambda n: "id,n\n" + "a\n" * n),
    "empty rows": ("csv", lambda n: "id,n\n" + "\n" * n),
    "wrong cells": ("csv", lambda n: "id,n,at\n" + "a,x,y\n" * n),
    "cells of JSON": ("csv", lambda n: "id,tags\n" + 'a,"[""x"",{}]"\n' * n),
    "a cell of brackets": ("csv", lambda n: "id,tags\na," + "[" * n),
    "quotes": ("csv", lambda n: "id,n\n" + '"' * n),
    "a quote that doesn't end": ("csv", lambda n: 'id,n\n"' + "a,\n" * n),
    "semicolons": ("csv", lambda n: "id;n\n" + ";" * n),
    "lines": ("jsonl", lambda n: '{"id":"a"}\n' * n),
    "empty lines": ("jsonl", lambda n: "\n" * n),
    "empty objects": ("jsonl", lambda n: "{}\n" * n),
    "broken lines": ("jsonl", lambda n: "{\n" * n),
    "a deep line": ("jsonl", lambda n: nested(min(n, 5000), '{"data":', "1", "}") + "\n"),
    "a name twice in each line": ("jsonl", lambda n: '{"id":"a","id":"b"}\n' * n),
    "escaped quotes": ("jsonl", lambda n: '{"id":"' + '\\"' * n),
    "exponents": ("jsonl", lambda n: '{"n":1e4300}\n' * n),
    "attributes": ("dynamodb", lambda n: '{"Item":{"id":{"S":"a"},"n":{"N":"1"}}}\n' * n),
    "attributes of no type": ("dynamodb", lambda n: '{"Item":{"id":{}}}\n' * n),
    "a set": ("dynamodb", lambda n: '{"Item":{"id":{"SS":[' + '"a",' * n + '"b"]}}}'),
    "a list of empty maps": ("dynamodb", lambda n: '{"Item":{"id":{"L":[' + '{"M":{}},' * n + '{"M":{}}]}}}'),
    "deep maps": ("dynamodb", lambda n: '{"Item":{"id":' + nested(min(n, 249), '{"M":{"a":', '{"S":""}', "}}") + "}}"),
    "long numbers": ("dynamodb", lambda n: '{"Item":{"n":{"N":"' + "9" * min(n, 4000) + '"}}}\n'),
}


@pytest.mark.parametrize("size", [60_000, pytest.param(2_000_000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("label", list(FILES))
def test_no_file_costs_more_than_its_size_allows(label, size):
    form, text_of = FILES[label]
    content = text_of(int(size * 200 / len(text_of(200)))).encode()
    gc.disable()  # a collection costs what the whole suite has made
    try:
        started = time.thread_time()
        assert list(read_items(SCHEMA, content, form)) or "empty" in label or form == "csv"
        seconds = time.thread_time() - started
    finally:
        gc.enable()
    assert seconds < BUSY * (SECONDS + SECONDS_PER_KB * len(content) / 1000)


def test_attributes_may_be_as_deep_as_the_json_that_holds_them():
    deepest = '{"id":' + nested(248, '{"L":[', '{"S":""}', "]}") + "}"
    assert list(from_dynamodb_json(exact_json(deepest))) == ["id"]
