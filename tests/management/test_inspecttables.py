"""`manage.py inspecttables`: tables that are there become a spec, by calls that only read."""

from __future__ import annotations

from io import StringIO

import pytest
import yaml
from django.core.management import CommandError, call_command

from macaron_django import openapi
from macaron_django.dynamodb.calls.connection import connection
from macaron_django.dynamodb.tables.existing_tables import ExistingTable
from macaron_django.management.commands.inspecttables import Command
from macaron_django.shipping.starting.table_specs import spec_of_tables

CREATED = {
    "TableName": "it-orders",
    "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "number", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "customer", "AttributeType": "S"},
        {"AttributeName": "number", "AttributeType": "N"},
        {"AttributeName": "state", "AttributeType": "S"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_state",
            "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]},
        }
    ],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by_customer_state",
            "KeySchema": [
                {"AttributeName": "customer", "KeyType": "HASH"},
                {"AttributeName": "state", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
ITEM = {
    "customer": {"S": "ada"},
    "number": {"N": "1"},
    "state": {"S": "open"},
    "total": {"N": "9.5"},
    "count": {"N": "2"},
    "placed": {"S": "2026-11-30T10:00:00Z"},
    "paid": {"BOOL": True},
    "colours": {"SS": ["red", "blue"]},
    "lines": {"L": [{"M": {"isbn": {"S": "1"}, "copies": {"N": "1"}}}, {"M": {"isbn": {"NULL": True}}}]},
    "mixed": {"S": "1"},
    "scan": {"B": b"1"},
}


@pytest.fixture
def tables(_dynamodb_engine, settings):
    """Tables that no schema describes, on an engine of the test's own."""
    from macaron_django.dynamodb import engines
    from macaron_django.testing.isolation import engine_in_memory

    engine = engine_in_memory("embedded")
    engine.start()
    with engines.use(engine):
        send = connection().dispatch
        send("CreateTable", dict(CREATED))
        send("CreateTable", {**CREATED, "TableName": "other"})
        expiry = {"Enabled": True, "AttributeName": "expires"}
        send("UpdateTimeToLive", {"TableName": "it-orders", "TimeToLiveSpecification": expiry})
        for number in range(3):
            item = {**ITEM, "number": {"N": str(number)}, "mixed": {"S": "1"} if number else {"N": "1"}}
            send("PutItem", {"TableName": "it-orders", "Item": item})
        settings.MACARON = {**settings.MACARON, "DYNAMODB": {"TABLE_PREFIX": "it-"}}
        yield engine
    engine.stop()


def run(*arguments: str) -> str:
    printed = StringIO()
    call_command(Command(stdout=printed), *arguments)
    return printed.getvalue()


def test_a_table_becomes_a_schema_that_has_no_findings(tables, tmp_path, recorded):
    printed = run()
    called = {each.operation for each in recorded.dynamodb_calls}
    assert called == {"ListTables", "DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups", "Scan"}
    schemas = yaml.safe_load(printed)["components"]["schemas"]
    assert list(schemas) == ["Orders"]  # the other table has another prefix
    assert schemas["Orders"]["x-persist"] == {
        "table": "orders",
        "hash_key": "customer",
        "range_key": "number",
        "indexes": {"by_state": {"hash_key": "state", "projection": ["total"]}},
        "local_indexes": {"by_customer_state": {"range_key": "state", "projection": "keys"}},
        "ttl": "expires",
        "sets": ["colours"],
    }
    assert schemas["Orders"]["required"] == ["customer", "number"]
    assert schemas["Orders"]["properties"] == {
        "customer": {"type": "string"},
        "number": {"type": "integer"},
        "state": {"type": "string"},
        "colours": {"type": "array", "items": {"type": "string"}},
        "count": {"type": "integer"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"copies": {"type": "integer"}, "isbn": {"type": ["string", "null"]}},
            },
        },
        "mixed": {"type": ["integer", "string"]},
        "paid": {"type": "boolean"},
        "placed": {"type": "string", "format": "date-time"},
        "scan": {"type": "string", "format": "byte"},
        "total": {"type": "number"},
        "expires": {"type": "integer"},
    }
    (tmp_path / "tables.yaml").write_text(printed, "utf-8")
    document = openapi.load(tmp_path / "tables.yaml")
    assert openapi.check(document) == ()
    assert [(each.method, each.path) for each in document.operations] == [
        ("get", "/orders/{customer}"),
        ("get", "/orders/{customer}/{number}"),
    ]


def test_tables_with_names_alike_have_schemas_of_their_own():
    described = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    found = [ExistingTable(name, described, None, False, ()) for name in ("a-b2", "a_b", "a-b", "a.b")]
    schemas = yaml.safe_load(spec_of_tables(found))["components"]["schemas"]
    assert list(schemas) == ["AB2", "AB", "AB3", "AB4"]


def test_without_a_sample_the_keys_are_what_is_known(tables):
    properties = yaml.safe_load(run("orders", "--sample", "0"))["components"]["schemas"]["Orders"]["properties"]
    assert properties == {
        "customer": {"type": "string"},
        "number": {"type": "number"},
        "state": {"type": "string"},
        "expires": {"type": "integer"},
    }


def test_a_table_that_is_not_there_is_named(tables):
    with pytest.raises(CommandError, match="There is no table it-nothing on http"):
        run("nothing")
