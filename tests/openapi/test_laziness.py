import subprocess
import sys

import pytest

from macaron_django import openapi as spec

#: What a start with JSON, or with the tree of its YAML in the cache, does without.
ELSEWHERE = (
    "difflib",
    "ryaml",
    "yaml",
    *(f"macaron_django.openapi.{name}" for name in ("dialects.openapi3", "messages", "references.bundling")),
)
READ = """import sys
from macaron_django.openapi import load, quick_check
document = load(sys.argv[1])
assert [operation.route for operation in document.operations] == ["/v1/pets"]
assert not document.persisted and not quick_check(document)
print(*(name for name in sys.argv[2:] if name in sys.modules))
"""


def test_reading_and_routing_import_no_more_than_they_need(write):
    text = '{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "servers": [{"url": "https://pets.test/v1"}], '
    path = write(text + '"paths": {"/pets": {"get": {"responses": {"200": {"description": "Pets."}}}}}}', "api.json")
    command = [sys.executable, "-c", READ, str(path), *ELSEWHERE]
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.split() == []


def test_each_name_is_there_when_it_is_asked_for():
    assert all(hasattr(spec, name) for name in spec.__all__)
    assert not hasattr(spec, "Shelf")


@pytest.mark.parametrize("name", ["route", "node", "unheard_of"])
def test_what_a_document_says_can_be_neither_set_nor_deleted(name):
    document = spec.load(
        {"openapi": "3.1.0", "paths": {"/": {"get": {}}}, "components": {"schemas": {"A": {"properties": {"b": {}}}}}}
    )
    schema = document.schemas["A"]
    for value in (document.operations[0], schema, schema.properties["b"]):
        with pytest.raises(AttributeError, match="can't be set"):
            setattr(value, name, "/")
        with pytest.raises(AttributeError, match="can't be deleted"):
            delattr(value, name)
