"""Tracers see the fast lane's calls as they see botocore's, and what isn't known makes it step aside."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wrapt
from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from django.test.utils import override_settings

from macaron_django.checks import check_fast_lane
from macaron_django.drivers import run
from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.calls.aws_sdk.botocore_clients import strangers
from macaron_django.dynamodb.calls.call_attempts import call_steps
from macaron_django.dynamodb.calls.connection import connection
from macaron_django.dynamodb.calls.fast_lane.lane import FastLane
from macaron_django.dynamodb.calls.fast_lane.traced_calls import _plain
from tests.conftest import PATIENCE

PROGRAM = Path(__file__).with_name("traced_program.py")
#: All calls but the last, to an engine that has ended.
ANSWERED = [
    *("PutItem", "GetItem", "UpdateItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem"),
    *("TransactGetItems", "TransactWriteItems", "PutItem", "GetItem", "DeleteItem"),
]
#: The headers that a tracer adds.
HEADERS: dict[str, set[str]] = {
    "opentelemetry": {"x-amzn-trace-id"},
    "sentry": {"sentry-trace", "baggage"},
    "xray": {"x-amzn-trace-id"},
    "ddtrace": {"traceparent", "tracestate", "x-datadog-parent-id", "x-datadog-trace-id"},
}


def seen_by(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    if done.returncode:
        pytest.fail(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("tracer", ["opentelemetry", "opentelemetry hook", "sentry", "xray", "ddtrace"])
def test_a_tracer_sees_the_same_on_each_way(tracer: str) -> None:
    found = seen_by(*tracer.split())
    assert len(found["botocore"]["seen"]) > len(ANSWERED)
    assert found["botocore"]["sent"] == []
    for way in ("lane", "loop"):
        assert found[way]["sent"] == ANSWERED
        assert found[way]["seen"] == found["botocore"]["seen"]
        assert len(found[way]["headers"]) >= len(ANSWERED)
        for headers in found[way]["headers"]:
            assert headers in found["botocore"]["headers"]
            assert {*headers[0]} >= HEADERS[tracer.partition(" ")[0]]


def ask(table: str) -> dict[str, Any]:
    parameters = {"TableName": table, "Key": {"profile_id": {"S": "ada"}}}
    return run(call_steps(connection().key_names, "GetItem", parameters))


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations that the lane has sent."""
    sent: list[str] = []
    members = FastLane._members

    def noted(lane: FastLane, operation: str, *rest: Any, **named: Any) -> Any:
        sent.append(operation)
        return members(lane, operation, *rest, **named)

    monkeypatch.setattr(FastLane, "_members", noted)
    return sent


@pytest.mark.parametrize(
    ("owner", "method"), [(BaseClient, "_make_api_call"), (Endpoint, "make_request"), (Endpoint, "prepare_request")]
)
def test_a_wrapper_that_is_not_known_makes_the_lane_step_aside(
    make_table: Callable[..., Persistence],
    embedded: engines.Engine,
    taken: list[str],
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    method: str,
) -> None:
    table = make_table().table_name
    ask(table)
    assert taken == ["GetItem"]
    called = []

    def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        called.append(method)
        return wrapped(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, method, wrapt.FunctionWrapper(vars(owner)[method], wrapper))
        ask(table)
    assert (called, taken) == ([method], ["GetItem"])
    ask(table)
    assert taken == ["GetItem"] * 2


def test_a_check_names_what_makes_the_lane_step_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    assert strangers() == []

    def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        return wrapped(*args, **kwargs)

    monkeypatch.setattr(
        BaseClient, "_make_api_call", wrapt.FunctionWrapper(vars(BaseClient)["_make_api_call"], wrapper)
    )
    assert strangers() == [f"{__name__}.wrapper"]
    [warning] = check_fast_lane(None)
    assert warning.id == "macaron_django.W130"
    assert f"{__name__}.wrapper hooks into botocore's calls" in warning.msg
    with override_settings(MACARON={"DYNAMODB": {"FAST_LANE": False}}):
        assert check_fast_lane(None) == []


def test_what_no_header_can_hold_is_not_passed_on() -> None:
    assert _plain([("baggage", "a=1\r\nX-Amz-Target: DynamoDB_20120810.DeleteTable"), ("traceparent", "00")]) == (
        ("traceparent", "00"),
    )
