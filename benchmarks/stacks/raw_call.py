"""DynamoDB's wire protocol over http.client, for the floors: a kept connection a thread, one signature, no check."""

import http.client
import threading
from typing import Any

import orjson
from raw_signature import HOST, signed

_local = threading.local()


def call(operation: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and the body of DynamoDB's answer."""
    body = orjson.dumps(parameters)
    moment, target, authorization = signed(operation, body)
    connection = getattr(_local, "connection", None)
    if connection is None:
        connection = _local.connection = http.client.HTTPConnection(HOST)
    connection.request(
        "POST",
        "/",
        body,
        {
            "Content-Type": "application/x-amz-json-1.0",
            "Host": HOST,
            "X-Amz-Date": moment,
            "X-Amz-Target": target,
            "Authorization": authorization,
        },
    )
    response = connection.getresponse()
    return response.status, orjson.loads(response.read())
