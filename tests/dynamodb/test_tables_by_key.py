"""``get_table()`` in boto3's words, and boto3 itself over the engine in use."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError
from django.core.exceptions import ImproperlyConfigured

from macaron_django.dynamodb import Persistence, PersistentSwaggerObject, get_dynamodb
from macaron_django.dynamodb.calls.aws_sdk import boto3_resources
from macaron_django.dynamodb.swagger_objects import persistent_classes
from macaron_django.exceptions import UnstorableValue, UnsupportedQuery

MakePersistence = Callable[..., Persistence]


@pytest.fixture
def bind(make_rows: MakePersistence) -> Callable[..., Any]:
    """Make a class like PyMacaron's, bound to a table."""

    def make(**persist: Any) -> Any:
        class PersistentProfile(PersistentSwaggerObject):
            api_name = "shop"
            model_name = "Profile"
            primary_key = "profile_id"

        PersistentProfile.persistence = make_rows(bases=(PersistentProfile,), **persist)
        return PersistentProfile

    return make


@pytest.mark.usefixtures("engine")
def test_items_are_put_got_and_deleted_as_with_boto3(bind: Any) -> None:
    table = bind().get_table()
    assert "Item" not in table.get_item(Key={"profile_id": "a"})
    item = {"profile_id": "a", "age": 3, "score": Decimal("1.50"), "address": {"city": "Wien"}, "unknown": {"x", "y"}}
    assert table.put_item(Item=item)["ResponseMetadata"]["HTTPStatusCode"] == 200
    found = table.get_item(Key={"profile_id": "a"}, ConsistentRead=True)["Item"]
    assert found == item
    assert type(found["age"]) is Decimal
    table.put_item(Item={"profile_id": "a", "age": 4})  # replaces, as boto3 does
    assert table.get_item(Key={"profile_id": "a"}, ConsistentRead=True)["Item"] == {"profile_id": "a", "age": 4}
    table.delete_item(Key={"profile_id": "a"})
    table.delete_item(Key={"profile_id": "a"})
    assert "Item" not in table.get_item(Key={"profile_id": "a"}, ConsistentRead=True)
    with pytest.raises(UnstorableValue, match="no type for"):
        table.put_item(Item={"profile_id": "a", "odd": object()})
    with pytest.raises(TypeError, match="put_item"):
        table.put_item()


@pytest.mark.usefixtures("engine")
def test_what_boto3_has_stored_is_a_row(bind: Any) -> None:
    profiles = bind()
    boto3s = get_dynamodb().Table(profiles.get_table().name)
    boto3s.put_item(Item={"profile_id": "a", "age": 3, "score": Decimal("0.1"), "unknown": {"x"}})
    row = profiles.to_model(boto3s.get_item(Key={"profile_id": "a"})["Item"])
    assert (row.profile_id, row.age, row.score) == ("a", 3, 0.1)
    row.age = 4
    row.save_to_db()
    assert boto3s.get_item(Key={"profile_id": "a"})["Item"]["age"] == 4


@pytest.mark.usefixtures("engine")
def test_queries_and_scans_answer_as_boto3_s_do(bind: Any) -> None:
    table = bind(range_key="age", indexes={"by_name": {"hash_key": "name"}}).get_table()
    for age in range(4):
        table.put_item(Item={"profile_id": "a", "age": age, "name": "x"})

    def ages(found: Any) -> list[int]:
        return [int(item["age"]) for item in found["Items"]]

    of_a = Key("profile_id").eq("a")
    assert ages(table.query(KeyConditionExpression=of_a)) == [0, 1, 2, 3]
    assert ages(table.query(KeyConditionExpression=of_a & Key("age").between(1, 2))) == [1, 2]
    assert ages(table.query(KeyConditionExpression=of_a & Key("age").gte(2), ScanIndexForward=False, Limit=1)) == [3]
    by_name = table.query(KeyConditionExpression=Key("name").eq("x"), IndexName="by_name")
    assert (by_name["Count"], len(by_name["Items"]), by_name.get("LastEvaluatedKey")) == (4, 4, None)
    assert table.scan()["Count"] == 4
    assert table.scan(Limit=2)["Count"] == 2
    assert next(table.scan())["profile_id"] == "a"
    assert type(next(iter(table.scan()))["age"]) is int  # JSON, where it isn't asked for boto3's
    with pytest.raises(KeyError):
        table.scan()["LastEvaluatedKey"]
    with pytest.raises(UnsupportedQuery, match="KeyConditionExpression"):
        table.query(KeyConditionExpression="profile_id = :a")


@pytest.mark.usefixtures("engine")
def test_a_limited_answer_says_where_the_next_begins(bind: Any) -> None:
    table = bind(range_key="age", indexes={"by_name": {"hash_key": "name"}}).get_table()
    for age in range(5):
        table.put_item(Item={"profile_id": "a", "age": age, "name": "x"})

    def followed(read: Any, **arguments: Any) -> list[int]:
        """The loop that programs on boto3 have."""
        answer = read(Limit=2, **arguments)
        ages = [int(item["age"]) for item in answer["Items"]]
        while "LastEvaluatedKey" in answer:
            answer = read(Limit=2, ExclusiveStartKey=answer["LastEvaluatedKey"], **arguments)
            assert answer["Count"] <= 2
            ages += [int(item["age"]) for item in answer["Items"]]
        return ages

    assert sorted(followed(table.scan)) == [0, 1, 2, 3, 4]
    of_a = Key("profile_id").eq("a")
    assert followed(table.query, KeyConditionExpression=of_a) == [0, 1, 2, 3, 4]
    assert followed(table.query, KeyConditionExpression=of_a, ScanIndexForward=False) == [4, 3, 2, 1, 0]
    by_name = {"KeyConditionExpression": Key("name").eq("x"), "IndexName": "by_name"}
    assert sorted(followed(table.query, **by_name)) == [0, 1, 2, 3, 4]
    first = table.query(KeyConditionExpression=of_a, Limit=2)
    assert first["LastEvaluatedKey"] == {"profile_id": "a", "age": 1}


@pytest.mark.usefixtures("engine")
def test_everything_else_is_boto3_s_own(bind: Any) -> None:
    table = bind().get_table()
    table.put_item({"profile_id": "a", "age": 3})
    table.update_item(
        Key={"profile_id": "a"}, UpdateExpression="SET age = age + :one", ExpressionAttributeValues={":one": 1}
    )
    assert table.get_item(Key={"profile_id": "a"}, ProjectionExpression="age")["Item"] == {"age": 4}
    with pytest.raises(ClientError):
        table.put_item(Item={"profile_id": "a"}, ConditionExpression=Attr("profile_id").not_exists())
    with pytest.raises(ClientError):
        table.delete_item(Key={"profile_id": "a"}, ConditionExpression=Attr("age").eq(9))
    assert table.scan(FilterExpression=Attr("age").eq(4))["Count"] == 1
    assert table.get_item(profile_id="a")["age"] == 4
    with pytest.raises(AttributeError):
        table._nothing  # noqa: B018


@pytest.mark.usefixtures("engine")
def test_a_class_has_its_api_its_model_and_its_table(bind: Any) -> None:
    profiles = bind()
    profiles.setup(profiles)
    assert profiles.model is profiles.persistence.model
    assert profiles.api is profiles.persistence.classes
    profiles.table.put_item(Item={"profile_id": "a"})
    assert profiles.load_from_db("a").profile_id == "a"
    assert persistent_classes["Profile"] in {profiles, *persistent_classes.values()}
    assert len(persistent_classes) == len(list(persistent_classes)) >= 1


def test_properties_of_these_names_are_the_rows_own(make_model: Any) -> None:
    text = {"type": "string"}
    schema = {"type": "object", "properties": dict.fromkeys(("id", "api", "model", "table"), text)}
    persistence = make_model({"Car": {**schema, "x-persist": {"hash_key": "id"}}}, bases=(PersistentSwaggerObject,))
    car = persistence.model(id="1", api="a", model="2CV", table="t")
    assert (car.api, car.model, car.table) == ("a", "2CV", "t")
    assert car.to_json() == {"id": "1", "api": "a", "model": "2CV", "table": "t"}


def test_without_boto3_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, embedded: Any) -> None:
    boto3_resources._resource.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(ImproperlyConfigured, match=r"pip install 'macaron_django\[aws\]'"):
        get_dynamodb()
