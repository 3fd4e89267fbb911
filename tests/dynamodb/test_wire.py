"""JSON on the wire: the same requests as botocore's serialiser writes, the same answers as its parser reads."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import botocore.session
import orjson
import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from macaron_django.dynamodb.codec.wire import request_body, response_members

MODEL = botocore.session.get_session().get_service_model("dynamodb")
TEXT = st.text(max_size=8) | st.sampled_from(["null", '"B":"', '{"BS":["x"]}', "B", "\ud800", "日本"])
NAMES = TEXT.filter(lambda text: "\ud800" not in text) | st.sampled_from(["B", "BS", "NULL", "#0"])
NUMBERS = st.sampled_from(["0", "-1.50", "9" * 38, "1E-130"])
SCALARS = (
    st.builds(lambda each: {"S": each}, TEXT)
    | st.builds(lambda each: {"N": each}, NUMBERS)
    | st.builds(lambda each: {"B": each}, st.binary(max_size=5))
    | st.builds(lambda each: {"BS": each}, st.lists(st.binary(min_size=1, max_size=3), min_size=1, max_size=3))
    | st.builds(lambda each: {"SS": each}, st.lists(TEXT, min_size=1, max_size=3))
    | st.builds(lambda each: {"NS": each}, st.lists(NUMBERS, min_size=1, max_size=3))
    | st.builds(lambda each: {"BOOL": each}, st.booleans())
    | st.just({"NULL": True})
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.builds(lambda each: {"L": each}, st.lists(inner, max_size=3))
        | st.builds(lambda each: {"M": each}, st.dictionaries(NAMES, inner, max_size=3))
    ),
    max_leaves=6,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=5)
REQUESTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "PutItem": st.fixed_dictionaries({"TableName": st.just("t"), "Item": ITEMS}),
    "Query": st.fixed_dictionaries(
        {
            "TableName": st.just("t"),
            "Limit": st.integers(1, 9),
            "ExpressionAttributeNames": st.dictionaries(st.sampled_from(["#0", "#B"]), NAMES, max_size=2),
            "ExpressionAttributeValues": st.dictionaries(st.sampled_from([":0", ":B"]), VALUES, max_size=2),
        }
    ),
    "BatchWriteItem": st.builds(
        lambda items: {"RequestItems": {"t": [{"PutRequest": {"Item": item}} for item in items]}},
        st.lists(ITEMS, min_size=1, max_size=3),
    ),
}
ANSWERS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "GetItem": st.fixed_dictionaries(
        {}, optional={"Item": ITEMS, "Unheard": st.just(1), "ConsumedCapacity": st.none()}
    ),
    "Scan": st.fixed_dictionaries(
        {"Items": st.lists(ITEMS, max_size=3), "Count": st.just(3)},
        optional={"LastEvaluatedKey": ITEMS, "ConsumedCapacity": st.just({"TableName": "t", "CapacityUnits": 0.5})},
    ),
    "BatchGetItem": st.fixed_dictionaries(
        {"Responses": st.dictionaries(NAMES, st.lists(ITEMS, max_size=2), max_size=2)}
    ),
}


def by_botocores_serialiser(operation: str, parameters: dict[str, Any]) -> Any:
    serializer = create_serializer("json", include_validation=False)
    return json.loads(serializer.serialize_to_request(parameters, MODEL.operation_model(operation))["body"])


def by_botocores_parser(operation: str, body: bytes) -> dict[str, Any]:
    answer = {"headers": {}, "status_code": 200, "body": body, "context": {}}
    parsed: dict[str, Any] = create_parser("json").parse(answer, MODEL.operation_model(operation).output_shape)
    del parsed["ResponseMetadata"]
    return parsed


def as_sent(value: Any) -> Any:
    """The JSON form of an answer: bytes as base64."""
    return json.loads(json.dumps(value, default=lambda octets: b64encode(octets).decode()))


@pytest.mark.parametrize("operation", REQUESTS)
@given(st.data())
def test_a_request_is_written_as_botocore_writes_it_or_left_to_it(operation: str, data: st.DataObject) -> None:
    parameters = data.draw(REQUESTS[operation])
    body = request_body(parameters)
    assert body is not None or "\\ud800" in json.dumps(parameters, default=repr)
    assert body is None or json.loads(body) == by_botocores_serialiser(operation, parameters)


@pytest.mark.parametrize("operation", ANSWERS)
@given(st.data())
def test_an_answer_is_read_as_botocore_reads_it_or_left_to_it(operation: str, data: st.DataObject) -> None:
    body = json.dumps(as_sent(data.draw(ANSWERS[operation]))).encode()
    members = response_members(body, frozenset(MODEL.operation_model(operation).output_shape.members))
    assert members is not None or b"null" in body or b"\\ud800" in body
    assert members is None or members == by_botocores_parser(operation, body)


@pytest.mark.parametrize("value", [{"B": "text"}, {"BS": ["text", b"bytes"]}, {"B": bytearray(b"x")}])
def test_text_and_other_kinds_of_bytes_are_sent_as_botocore_sends_them(value: dict[str, Any]) -> None:
    parameters = {"TableName": "t", "Key": {"id": value}}
    body = request_body(parameters)
    assert body is not None
    assert json.loads(body) == by_botocores_serialiser("GetItem", parameters)


@pytest.mark.parametrize("value", [{"SS": {"a", "b"}}, {"N": 10**30}, {"S": "\ud800"}, {"S": object()}])
def test_what_orjson_does_not_take_is_left_to_botocore(value: dict[str, Any]) -> None:
    assert request_body({"TableName": "t", "Key": {"id": value}}) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b'{"Item":{"a":{"B":"A"}}}', b'{"Item":null}'])
def test_an_answer_that_is_not_as_expected_is_left_to_botocore(body: bytes) -> None:
    assert response_members(body, frozenset({"Item"})) is None


def test_long_numbers_are_not_rounded() -> None:
    digits = "9" * 38
    assert response_members(orjson.dumps({"Item": {"a": {"N": digits}}}), frozenset({"Item"})) == {
        "Item": {"a": {"N": digits}}
    }
