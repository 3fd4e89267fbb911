"""Tables: the PynamoDB model of a schema, and tables made, compared and brought up to date."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pynamodb.models
import pytest
from django.test.utils import override_settings
from pynamodb.exceptions import PynamoDBException

from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.calls.clients import reset
from macaron_django.dynamodb.tables.syncing import compare_table, create_table, sync_table
from macaron_django.dynamodb.tables.table_differences import describe
from macaron_django.dynamodb.tables.table_layouts import default_table_name
from macaron_django.exceptions import TableMissing
from macaron_django.testing.isolation import engine_in_memory

MakePersistence = Callable[..., Persistence]
INDEXES = {
    "by_email": {"hash_key": "email", "projection": "keys"},
    "by_age": {"hash_key": "name", "range_key": "age", "projection": ["tags", "created"]},
}


def test_the_table_is_a_pynamodb_model_with_columns_in_the_schemas_order(make_persistence: MakePersistence) -> None:
    persistence = make_persistence(table="profiles")
    assert issubclass(persistence.table, pynamodb.models.Model)
    assert list(persistence.table.get_attributes()) == list(persistence.schema.properties)


@pytest.mark.parametrize(
    ("api", "schema", "table"),
    [
        ("myserver", "Profile", "myserver_profile"),
        ("shop", "UserProfile", "shop_user_profile"),
        ("shop", "HTTPLog2", "shop_http_log2"),
        ("shop", "日本", "shop___"),
    ],
)
def test_a_table_without_a_name_is_called_after_api_and_schema(api: str, schema: str, table: str) -> None:
    assert default_table_name(api, schema) == table


def test_properties_called_like_pynamodbs_methods_replace_none_of_them(make_persistence: MakePersistence) -> None:
    names = ["profile_id", "save", "count", "get", "query", "Meta", "hash_key", "class", "a-b", "日本", "attribute"]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    table = make_persistence(schema).table
    assert [attribute.attr_name for attribute in table.get_attributes().values()] == names
    assert callable(table.save)
    item = table("key")
    for python_name, attribute in table.get_attributes().items():
        setattr(item, python_name, attribute.attr_name)
    assert item.serialize() == {name: {"S": name} for name in names}


def test_name_and_prefix_are_read_at_each_call(make_persistence: MakePersistence) -> None:
    persistence = make_persistence(table="profiles")
    assert persistence.table.Meta.table_name == "profiles"
    with override_settings(MACARON={"DYNAMODB": {"TABLE_PREFIX": "prod-"}}):
        assert persistence.table.Meta.table_name == persistence.table_name == "prod-profiles"
        assert persistence.table._get_connection().table_name == "prod-profiles"


def test_a_loaded_pynamodb_model_writes_back_what_it_does_not_know(make_persistence: MakePersistence) -> None:
    item = {"profile_id": {"S": "a"}, "age": {"N": "3"}, "__persistence_class__": {"S": "x"}, "email": {"NULL": True}}
    assert make_persistence().table.from_raw_data(item).serialize() == item


@pytest.mark.parametrize(
    ("persist", "message"),
    [
        ({"hash_key": "nothing"}, "names nothing, which isn't a property"),
        ({"indexes": {"by_it": "address"}}, "address can't be a key"),
        ({"ttl": "gone"}, "names gone"),
    ],
)
def test_a_key_that_cannot_be_one_is_named(make_persistence: MakePersistence, persist: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_persistence(**persist)


def test_without_a_hash_key_the_id_of_the_schema_is_taken(make_persistence: MakePersistence) -> None:
    assert make_persistence(hash_key=None).options.hash_key == "profile_id"


@pytest.mark.usefixtures("engine")
def test_a_missing_table_is_made_with_indexes_and_time_to_live(make_persistence: MakePersistence) -> None:
    persistence = make_persistence(
        indexes=INDEXES, local_indexes={"by_score": "score"}, range_key="name", ttl="created", billing="on-demand"
    )
    differences = [str(difference) for difference in compare_table(persistence.table)]
    assert differences[0] == f"+ table {persistence.table_name}: hash key profile_id (S), range key name (S)"
    assert sorted(differences[1:]) == [
        "+ TTL attribute created",
        "+ index by_age: hash key name (S), range key age (N), holds keys and created, created#given, tags",
        "+ index by_email: hash key email (S), holds keys",
        "+ index by_score: hash key profile_id (S), range key score (N), holds everything",
    ]
    sync_table(persistence.table)
    assert compare_table(persistence.table) == []
    assert create_table(persistence.table) is False


@pytest.mark.usefixtures("engine")
def test_missing_indexes_are_added_one_by_one_and_nothing_is_dropped(make_persistence: MakePersistence) -> None:
    create_table(make_persistence(table="profiles", indexes={"by_name": "name"}).table)
    wanted = make_persistence(table="profiles", indexes=INDEXES, ttl="age").table
    found = [str(difference) for difference in sync_table(wanted, dry_run=True)]
    assert [line for line in found if line.startswith("+")] == [
        "+ index by_age: hash key name (S), range key age (N), holds keys and created, tags",
        "+ index by_email: hash key email (S), holds keys",
    ]
    assert "? index by_name isn't in any schema: left unchanged" in found
    assert "~ TTL attribute age" in found
    said: list[str] = []
    sync_table(wanted, progress=said.append)
    assert len([line for line in said if not line.endswith(" s)")]) == 3  # the others say how long it waits
    assert [str(difference) for difference in compare_table(wanted)] == [
        "? index by_name isn't in any schema: left unchanged"
    ]


@pytest.mark.usefixtures("engine")
def test_what_cannot_be_changed_is_said_and_left(make_persistence: MakePersistence) -> None:
    create_table(make_persistence(table="profiles", indexes={"by_name": "name"}).table)
    other_key = make_persistence(table="profiles", hash_key="age").table
    (conflict,) = sync_table(other_key)
    assert conflict.kind == "conflict"
    assert "hash key profile_id (S), but its schema says hash key age (N)" in conflict.text
    other_index = make_persistence(
        table="profiles", indexes={"by_name": {"hash_key": "name", "range_key": "age"}}
    ).table
    (conflict,) = sync_table(other_index)
    assert conflict.kind == "conflict"
    assert "by_name" in conflict.text


@pytest.mark.usefixtures("engine")
def test_billing_is_changed_only_where_the_spec_speaks_of_it(make_persistence: MakePersistence) -> None:
    create_table(make_persistence(table="profiles", billing={"read": 3, "write": 2}).table)
    (left,) = compare_table(make_persistence(table="profiles").table)
    assert left.kind == "extra"
    (changed,) = sync_table(make_persistence(table="profiles", billing="on-demand").table)
    assert str(changed) == "~ billing: PROVISIONED becomes PAY_PER_REQUEST"
    assert compare_table(make_persistence(table="profiles", billing="on-demand").table) == []


SAFEGUARDS = {"tags": {"team": "shop", "cost": "7"}, "point_in_time_recovery": True, "deletion_protection": True}


def _lines(table: Any) -> list[str]:
    return [str(difference) for difference in compare_table(table)]


@pytest.fixture
def moto() -> Iterator[None]:
    """The one local engine that knows point-in-time recovery."""
    prefix = f"test-{uuid.uuid4().hex[:8]}-"  # moto keeps its tables as long as the process lives
    with (
        engines.use(engine_in_memory("moto")) as engine,
        override_settings(MACARON={"DYNAMODB": {"TABLE_PREFIX": prefix}}),
    ):
        yield
    engine.stop()
    reset()


@pytest.mark.usefixtures("moto")
def test_a_new_table_is_tagged_backed_up_and_protected(make_persistence: MakePersistence) -> None:
    table = make_persistence(table="profiles", **SAFEGUARDS).table
    assert _lines(table)[1:] == ["+ tags cost=7, team=shop", "+ point-in-time recovery", "+ deletion protection"]
    sync_table(table)
    assert _lines(table) == []
    with pytest.raises(PynamoDBException, match="DeletionProtection"):
        table.delete_table()


@pytest.mark.usefixtures("moto")
def test_tags_backups_and_protection_come_to_a_table_that_is_there_and_never_go(
    make_persistence: MakePersistence,
) -> None:
    create_table(make_persistence(table="profiles", tags={"team": "none", "owner": "x"}).table)
    table = make_persistence(table="profiles", **SAFEGUARDS).table
    assert _lines(table) == [
        "+ tags cost=7",
        "~ tags team: 'none' becomes 'shop'",
        "~ point-in-time recovery: off becomes on",
        "~ deletion protection: off becomes on",
    ]
    sync_table(table)
    assert _lines(table) == []
    without = make_persistence(table="profiles", point_in_time_recovery=False, deletion_protection=False).table
    assert [difference.kind for difference in sync_table(without)] == ["extra", "extra"]
    assert "schema says off: it stays on" in _lines(without)[0]
    assert _lines(make_persistence(table="profiles").table) == []
    assert _lines(table) == []


@pytest.mark.usefixtures("engine")
def test_what_a_local_engine_lacks_is_said_and_no_error(
    make_persistence: MakePersistence, engine: engines.Engine
) -> None:
    table = make_persistence(table="profiles", **SAFEGUARDS).table
    said: list[str] = []
    sync_table(table, progress=said.append)
    lacking = ["point-in-time recovery"] if engine.name == "embedded" else [*SAFEGUARDS]
    assert len(said) == len(lacking)
    left = compare_table(table)
    assert {difference.kind for difference in left} == {"unsupported"}
    assert len(left) == len(lacking)
    assert "? point-in-time recovery: this engine doesn't support it; Amazon DynamoDB does" in map(str, left)


def test_an_index_has_units_where_its_table_has_some(make_persistence: MakePersistence, engine: engines.Engine) -> None:
    create_table(make_persistence(table="profiles", billing={"read": 3, "write": 2}).table)
    indexed = make_persistence(table="profiles", indexes={"by_name": "name"}).table
    sync_table(indexed)
    (index,) = (describe(indexed) or {})["GlobalSecondaryIndexes"]
    units = index["ProvisionedThroughput"]
    known = (0, 0) if engine.name == "embedded" else (3, 2)  # the embedded engine remembers none of an index
    assert (units["ReadCapacityUnits"], units["WriteCapacityUnits"]) == known
    sync_table(make_persistence(table="profiles", billing="on-demand", indexes={"by_name": "name"}).table)
    dear = make_persistence(table="profiles", billing={"read": 7, "write": 7}, indexes={"by_name": "name"}).table
    assert [str(difference) for difference in sync_table(dear)] == ["~ billing: PAY_PER_REQUEST becomes PROVISIONED"]
    assert compare_table(dear) == []


@pytest.mark.usefixtures("engine")
def test_a_call_on_a_missing_table_names_the_command_that_makes_it(make_persistence: MakePersistence) -> None:
    persistence = make_persistence(table="nowhere")
    with pytest.raises(TableMissing, match=r"manage\.py synctables"):
        persistence.get_item(persistence.key("a"))


@pytest.mark.usefixtures("engine")
def test_a_query_of_a_missing_index_names_the_command_that_makes_it(make_persistence: MakePersistence) -> None:
    create_table(make_persistence(table="profiles").table)
    indexed = make_persistence(table="profiles", indexes={"by_email": "email"})
    with pytest.raises(TableMissing, match=r"manage\.py synctables"):
        indexed.query({"S": "a@example.org"}, index="by_email")


@pytest.mark.usefixtures("engine")
def test_the_pynamodb_model_works_on_its_own(make_table: MakePersistence) -> None:
    table = make_table(indexes={"by_email": "email"}, version="version").table
    item = table("a", email="ada@example.org", age=36, tags=["x"])
    item.save()
    found = table.get("a")
    assert (found.age, found.tags, found.version) == (36, ["x"], 1)
    (indexed,) = table._indexes["by_email"].query("ada@example.org", filter_condition=table.attribute("age") > 30)
    assert indexed.profile_id == "a"
    found.update([table.attribute("age").add(1)])
    assert table.get("a").age == 37
    with pytest.raises(table.DoesNotExist):
        table.get("b")
