"""Encodes a request to DynamoDB as HTTP/1.1 bytes, and decodes the response. This module sends nothing."""

from typing import Any

import orjson
from raw_signature import HOST, signed


def request(operation: str, parameters: dict[str, Any]) -> bytes:
    body = orjson.dumps(parameters)
    moment, target, authorization = signed(operation, body)
    return (
        f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Date: {moment}\r\n"
        f"X-Amz-Target: {target}\r\nAuthorization: {authorization}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def answer_size(received: bytes | bytearray) -> tuple[int, int]:
    """Returns where a response's body begins and ends, or zeros if its head isn't complete."""
    begin = received.find(b"\r\n\r\n") + 4
    if begin < 4:
        return 0, 0
    head = received[:begin].lower()
    length = head.index(b"\r\ncontent-length:") + 17
    return begin, begin + int(head[length : head.index(b"\r\n", length)])


def answer(received: bytes | bytearray, begin: int) -> tuple[int, dict[str, Any]]:
    """Returns the status and the body of a response."""
    return int(received[9:12]), orjson.loads(memoryview(received)[begin:])
