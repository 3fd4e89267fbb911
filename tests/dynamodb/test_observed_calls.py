"""Subscribers are told of each call to DynamoDB once, and the same whichever way it takes."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.test.utils import override_settings

from macaron_django import events
from macaron_django.conf import settings
from macaron_django.drivers import run
from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.calls import connection as connections
from macaron_django.dynamodb.calls.clients import reset
from macaron_django.dynamodb.calls.connection import connection
from macaron_django.dynamodb.calls.fast_lane.lane import FastLane
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.exceptions import EngineUnavailable
from macaron_django.testing import Fault, FaultProxy
from tests.recorded_events import RecordedEvents

MakePersistence = Callable[..., Persistence]
KEY = {"profile_id": {"S": "a"}}
ITEM = {**KEY, "name": {"S": "Ada"}, "age": {"N": "36"}}


@pytest.fixture
def table(driver: str, engine: engines.Engine, make_table: MakePersistence) -> str:
    persistence = make_table(indexes={"by_name": "name"})
    return persistence.table_name


def calls_on(table: str) -> dict[str, dict[str, Any]]:
    """A call of each operation that items have."""
    values = {":n": {"S": "Ada"}}
    query = {"KeyConditionExpression": "#n = :n", "ExpressionAttributeNames": {"#n": "name"}}
    put: dict[str, Any] = {"TableName": table, "Item": ITEM}
    get: dict[str, Any] = {"TableName": table, "Key": KEY}
    return {
        "PutItem": put,
        "UpdateItem": {**get, "UpdateExpression": "SET age = :a", "ExpressionAttributeValues": {":a": {"N": "37"}}},
        "GetItem": get,
        "Query": {"TableName": table, "IndexName": "by_name", **query, "ExpressionAttributeValues": values},
        "Scan": {"TableName": table},
        "BatchGetItem": {"RequestItems": {table: {"Keys": [KEY]}}},
        "BatchWriteItem": {"RequestItems": {table: [{"PutRequest": {"Item": ITEM}}]}},
        "TransactGetItems": {"TransactItems": [{"Get": get}]},
        "TransactWriteItems": {"TransactItems": [{"Put": put}]},
        "DeleteItem": get,
    }


class Closing(events.Subscriber):
    def __init__(self) -> None:
        self.ended: list[events.DynamoDBCallEnded] = []

    def dynamodb_call_ended(self, ended: events.DynamoDBCallEnded) -> None:
        self.ended.append(ended)

    @property
    def dynamodb_calls(self) -> list[events.DynamoDBCallEnded]:
        return self.ended


def ended(recorded: RecordedEvents | Closing, table: str) -> list[tuple[Any, ...]]:
    """What was said of all calls, but for the time that they took."""
    recorded.ended.clear()
    for operation, parameters in calls_on(table).items():
        connection().dispatch(operation, deepcopy(parameters))
    for each in recorded.dynamodb_calls:
        assert each.duration > 0
        assert each.answer is not None
    return [each._replace(duration=0.0, answer=None) for each in recorded.dynamodb_calls]


def test_the_lane_and_botocore_are_told_of_alike(table: str, recorded: RecordedEvents) -> None:
    own = dict(settings.DYNAMODB._given)
    by_lane = [ended(recorded, table), ended(recorded, table)][1]  # botocore opens the first connection
    with override_settings(MACARON={"DYNAMODB": {**own, "FAST_LANE": False}}):
        by_botocore = ended(recorded, table)
    assert by_lane == by_botocore
    assert [each.operation for each in by_lane] == list(calls_on(table))
    assert {each.tables for each in by_lane} == {(table,)}
    assert {each.index_name for each in by_lane if each.operation == "Query"} == {"by_name"}
    assert all(each.attempts == 1 and each.request_size > 20 and each.response_size > 1 for each in by_lane)
    assert all(each.error_code == "" and each.exception is None for each in by_lane)


def test_a_subscriber_to_ends_alone_is_told_what_observations_are(table: str) -> None:
    closing, recorded = Closing(), RecordedEvents()
    events.subscribe(closing)
    try:
        first, alone = ended(closing, table), ended(closing, table)  # botocore opens the first connection
        assert [each[0] for each in first] == list(calls_on(table))
    finally:
        events.unsubscribe(closing)
    events.subscribe(recorded)
    try:
        assert ended(recorded, table) == alone
    finally:
        events.unsubscribe(recorded)


def test_units_are_read_or_written_as_the_operation_does(table: str, recorded: RecordedEvents) -> None:
    consumed = {each.operation: each.consumed for each in ended(recorded, table)}
    if not any(consumed.values()):
        pytest.skip("this engine doesn't say what a call has consumed")
    for operation, units in consumed.items():
        ((name, read, write),) = units
        assert name == table
        assert (read > 0, write > 0) == (
            operation in {"GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"},
            "Write" in operation or operation in {"PutItem", "UpdateItem", "DeleteItem"},
        )


def test_what_the_lane_sends_is_measured_only_for_subscribers(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tallies: list[Any] = []
    answer, answer_on_loop = FastLane.answer, FastLane.answer_on_loop

    def noted(self: Any, operation: str, parameters: Any, tally: Any = None, **named: Any) -> Any:
        tallies.append(tally)
        return answer(self, operation, parameters, tally, **named)

    async def noted_on_loop(self: Any, operation: str, parameters: Any, tally: Any = None, **named: Any) -> Any:
        tallies.append(tally)
        return await answer_on_loop(self, operation, parameters, tally, **named)

    monkeypatch.setattr(FastLane, "answer", noted)
    monkeypatch.setattr(FastLane, "answer_on_loop", noted_on_loop)
    connection().dispatch("PutItem", {"TableName": table, "Item": ITEM})
    assert tallies == [None]


def test_a_refusal_is_told_by_dynamodbs_code(table: str, recorded: RecordedEvents) -> None:
    connection().dispatch("PutItem", {"TableName": table, "Item": ITEM})
    taken = {"TableName": table, "Item": ITEM, "ConditionExpression": "attribute_not_exists(profile_id)"}
    with pytest.raises(Exception, match="ConditionalCheckFailed"):
        connection().dispatch("PutItem", taken)
    refused = recorded.dynamodb_calls[-1]
    assert refused.error_code == "ConditionalCheckFailedException"
    assert refused.exception is not None
    assert refused.answer is None
    assert refused.consumed == ()
    assert refused.response_size > 0
    assert recorded.open == recorded.entered == 0


def test_attempts_are_counted_and_a_call_that_fails_for_good_is_told_once(
    driver: str, engine: engines.Engine, make_table: MakePersistence, recorded: RecordedEvents
) -> None:
    persistence = make_table()
    persistence.put_item(ITEM)
    with FaultProxy(engine.endpoint_url or "") as proxy, engines.use(EndpointEngine(proxy.url)):
        persistence.get_item(KEY)
        recorded.ended.clear()
        proxy.inject([Fault.THROTTLED, Fault.THROTTLED])
        assert persistence.get_item(KEY) is not None
        assert [(each.operation, each.attempts, each.error_code) for each in recorded.dynamodb_calls] == [
            ("GetItem", 3, "")
        ]
        recorded.ended.clear()
        proxy.inject([Fault.DROP_BEFORE] * 9)
        with pytest.raises(EngineUnavailable):
            persistence.get_item(KEY)
        (failed,) = recorded.dynamodb_calls
        assert failed.attempts == 3
        assert failed.error_code == "ConnectionClosedError"
    reset()


def test_a_call_knows_the_operation_that_it_serves(
    table: str, recorded: RecordedEvents, rf: Any, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if driver == "event loop":  # which runs in another thread: a request's own loop is tested with the front
        monkeypatch.setattr(connections, "run", run)
    began = events.OperationBegan("shop", "getOrder", "GET", "/orders/{id}", rf.get("/"))
    observed = events.OPERATIONS.begin(began)
    connection().dispatch("GetItem", {"TableName": table, "Key": KEY})
    observed.leave()
    connection().dispatch("GetItem", {"TableName": table, "Key": KEY})
    assert [each.within for each in recorded.dynamodb_calls] == [began, None]
