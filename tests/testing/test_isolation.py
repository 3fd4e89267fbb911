"""Tables of a test's own, made through the package's real tables on a real engine."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from macaron_django import openapi as spec
from macaron_django.conf import settings
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.engines.aws import AWSEngine
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.dynamodb.tables.table_layouts import TableLayout
from macaron_django.dynamodb.tables.table_models import build_table
from macaron_django.schemas import Classes
from macaron_django.testing import EngineRefusedError, engine_in_memory, isolated
from macaron_django.testing.isolation import RefusingEngine, is_amazon

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1"},
    "paths": {},
    "components": {
        "schemas": {
            "Note": {
                "type": "object",
                "x-persist": {"table": "notes", "hash_key": "note_id"},
                "properties": {"note_id": {"type": "string"}, "text": {"type": "string"}},
            }
        }
    },
}


@pytest.fixture
def notes(monkeypatch):
    """The table of the one persisted schema that the registry holds."""
    document = spec.load(DOCUMENT)
    schema = document.schemas["Note"]
    table = build_table(TableLayout.of(schema, schema.extensions.persist, "notes", Classes("notes", document)))
    registry = [SimpleNamespace(persistences={"Note": SimpleNamespace(table=table)})]
    monkeypatch.setitem(sys.modules, "macaron_django.registry", SimpleNamespace(registry=registry))
    return table


@pytest.fixture
def tables(call, memory):
    """The names of the tables that the engine really has."""
    return lambda: call(memory.endpoint_url, "ListTables").json["TableNames"]


def test_every_persisted_schema_has_a_table_inside_and_none_is_left(notes, memory, tables):
    with isolated(memory) as engine:
        assert engine is memory is engines.current()
        assert tables() == [notes.Meta.table_name]
        assert notes.Meta.table_name.endswith("-notes")
    assert tables() == []


def test_no_two_blocks_see_each_other_s_items(notes, memory):
    for _ in range(2):
        with isolated(memory):
            assert list(notes.scan()) == []
            item = notes()
            item.attribute_values.update(note_id="1")
            item.save()
            assert len(list(notes.scan())) == 1


def test_tables_are_dropped_after_a_test_that_failed(notes, memory, tables):
    with pytest.raises(ZeroDivisionError), isolated(memory):
        _ = 1 / 0
    assert tables() == []


def test_overriding_the_settings_inside_keeps_the_tables(notes, memory):
    with isolated(memory):
        name = notes.Meta.table_name
        with override_settings(MACARON={"PAGE_SIZE": 5}):
            assert notes.Meta.table_name == name
            assert settings.PAGE_SIZE == 5
            with override_settings(MACARON={"DYNAMODB": {"MAX_ATTEMPTS": 1}}):
                assert notes.Meta.table_name == name
                assert settings.DYNAMODB.MAX_ATTEMPTS == 1
        assert notes.Meta.table_name == name
        assert engines.current() is memory


def test_the_settings_are_what_they_were_afterwards(notes, memory):
    with override_settings(MACARON={"DYNAMODB": {"TABLE_PREFIX": "shop-"}}):
        with isolated(memory):
            assert "shop-" in notes.Meta.table_name
            assert notes.Meta.table_name != "shop-notes"
        assert notes.Meta.table_name == "shop-notes"
        assert django_settings.MACARON == {"DYNAMODB": {"TABLE_PREFIX": "shop-"}}
    with override_settings(MACARON={"PAGE_SIZE": 7}):
        assert notes.Meta.table_name == "notes"


def test_an_engine_that_the_test_has_ended_is_no_reason_to_fail(notes):
    engine = engine_in_memory("embedded")
    with isolated(engine):
        engine.shut_down()
    engine.stop()


@pytest.mark.parametrize("name", ["embedded", "moto"])
def test_an_engine_in_memory_keeps_nothing(name):
    engine = engine_in_memory(name)
    assert engine.name == name
    assert engine.keeps_data_in is None


def test_dynamodb_local_is_in_memory_and_for_this_process_alone():
    first, second = engine_in_memory("dynamodb-local"), engine_in_memory("dynamodb-local")
    assert first.process.state_file != second.process.state_file


def test_an_engine_that_is_not_in_memory_is_refused():
    with pytest.raises(ImproperlyConfigured, match="'aws' can't keep its data in memory"):
        engine_in_memory("aws")


def test_a_refusing_engine_refuses_whatever_would_reach_a_server():
    engine = RefusingEngine("Use the fixture.")
    for reach in (lambda: engine.endpoint_url, engine.start, engine.shut_down):
        with pytest.raises(EngineRefusedError, match="Use the fixture"):
            reach()
    engine.stop()
    assert engine.status() == "refused: Use the fixture."


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        (AWSEngine("eu-west-1"), True),
        (EndpointEngine("https://dynamodb.eu-west-1.amazonaws.com"), True),
        (EndpointEngine("https://dynamodb.cn-north-1.amazonaws.com.cn"), True),
        (EndpointEngine("https://123456789012.ddb.us-east-1.api.aws"), True),
        (EndpointEngine("http://localhost:4566"), False),
        (EndpointEngine("https://amazonaws.com.example.org"), False),
    ],
)
def test_amazon_is_recognised_by_its_address_too(engine, expected):
    assert is_amazon(engine) is expected
