"""Signature V4 as AWS describes it, for the stacks named floor or raw. The signing key is cached for a day.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from environment import ACCESS_KEY, ENDPOINT, REGION, SECRET_KEY

HOST = urlsplit(ENDPOINT).netloc
_keys: dict[str, bytes] = {}


class Signed(NamedTuple):
    """Header values for a signed body."""

    moment: str
    target: str
    authorization: str


def _signing_key(day: str) -> bytes:
    if day not in _keys:
        key = f"AWS4{SECRET_KEY}".encode()
        for part in (day, REGION, "dynamodb", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        _keys[day] = key
    return _keys[day]


def signed(operation: str, body: bytes) -> Signed:
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
    return Signed(
        moment,
        target,
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, "
        f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={signature}",
    )
