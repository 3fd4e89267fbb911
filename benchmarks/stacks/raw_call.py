"""DynamoDB's wire protocol over http.client, for the stacks named floor.

Calls are signed. Each thread has its own kept connection. Responses aren't checked.
"""

import http.client
import threading
from typing import Any

import orjson
from raw_signature import HOST, signed

_local = threading.local()


def call(operation: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Returns the status and the body of DynamoDB's response."""
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
