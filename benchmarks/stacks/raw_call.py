"""DynamoDB's wire protocol with nothing around it, for the floors: one kept connection, one signature, no check.

Signature V4 as AWS describes it (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html);
the signing key is kept for the day.
"""

import hashlib
import hmac
import http.client
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import orjson
from environment import ACCESS_KEY, ENDPOINT, REGION, SECRET_KEY

HOST = urlsplit(ENDPOINT).netloc
_local = threading.local()
_keys: dict[str, bytes] = {}


def _signing_key(day: str) -> bytes:
    if day not in _keys:
        key = f"AWS4{SECRET_KEY}".encode()
        for part in (day, REGION, "dynamodb", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        _keys[day] = key
    return _keys[day]


def call(operation: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and the body of DynamoDB's answer."""
    body = orjson.dumps(parameters)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    day = moment[:8]
    target = f"DynamoDB_20120810.{operation}"
    canonical = (
        f"POST\n/\n\ncontent-type:application/x-amz-json-1.0\nhost:{HOST}\nx-amz-date:{moment}\n"
        f"x-amz-target:{target}\n\ncontent-type;host;x-amz-date;x-amz-target\n{hashlib.sha256(body).hexdigest()}"
    )
    scope = f"{day}/{REGION}/dynamodb/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(_signing_key(day), text.encode(), "sha256").hex()
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
            "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, "
            f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={signature}",
        },
    )
    response = connection.getresponse()
    return response.status, orjson.loads(response.read())
