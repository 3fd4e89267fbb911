"""Writes the JSON of DynamoDB requests, and reads the JSON of responses, as botocore does.

Binary values are ``bytes`` in Python and base64 in JSON. The functions return None for values that only botocore can
write or read: sets, strings with half a surrogate pair, and nulls in a response.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, TypeAlias

import orjson

__all__ = ["ReadMembers", "has_nulls", "request_body", "response_members", "with_base64", "with_bytes"]

#: Reads the JSON of a response. The second argument has the members of the operation's output. Returns None if botocore
#: must read the JSON.
ReadMembers: TypeAlias = Callable[[bytes, AbstractSet[str]], "dict[str, Any] | None"]

_OCTETS: Final = (str, bytes, bytearray, memoryview)
#: If a long response doesn't have the searched text, a regular expression needs half the time that ``in`` needs.
_NULL: Final = re.compile(b"null").search
_BINARY: Final = re.compile(b'"BS?"').search
_STRICT: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def request_body(parameters: Mapping[str, Any]) -> bytes | None:
    """Returns the JSON of a call's parameters; None if botocore must write the JSON."""
    try:
        body = orjson.dumps(parameters, option=_STRICT)
        # If a binary value is a ``str``, botocore sends the text's UTF-8 bytes as base64. orjson would send the text
        # unchanged.
        if b'"B":"' not in body and b'"BS":["' not in body:
            return body
    except TypeError:  # bytes, or a value that isn't JSON
        pass
    try:
        return orjson.dumps(with_base64(parameters), option=_STRICT)
    except (TypeError, ValueError):
        return None


def response_members(body: bytes, known: AbstractSet[str]) -> dict[str, Any] | None:
    """Returns the dict that botocore makes from the JSON of a response with status 200; None if botocore must read the
    JSON.

    ``known`` has the members of the operation's output in botocore's model. Other members are left out.
    """
    if has_nulls(body):
        return None
    try:
        members = orjson.loads(body)
        if _BINARY(body) is not None:
            members = with_bytes(members)
    except ValueError:  # orjson's JSONDecodeError, or base64's error
        return None
    if not isinstance(members, dict):
        return None
    return members if members.keys() <= known else {name: members[name] for name in members if name in known}


def has_nulls(body: bytes) -> bool:
    """Returns whether JSON contains "null". The result is also True for "null" inside a string, which is rare.

    botocore leaves out nulls at every level.
    """
    return _NULL(body) is not None


def with_base64(value: Any) -> Any:
    """Returns a copy with base64 instead of bytes.

    An object is an attribute value if its only member is "B" or "BS" and contains bytes. If "B" is the name of an
    attribute, the member contains an object instead of bytes. A placeholder is never named "B", because names of
    placeholders start with "#".
    """
    if isinstance(value, dict):
        if len(value) == 1:
            ((tag, content),) = value.items()
            if tag == "B" and isinstance(content, _OCTETS):
                return {tag: _base64(content)}
            if tag == "BS" and isinstance(content, list | tuple) and all(isinstance(one, _OCTETS) for one in content):
                return {tag: [_base64(member) for member in content]}
        return {name: with_base64(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [with_base64(member) for member in value]
    return value


def _base64(content: Any) -> Any:
    return b64encode(content.encode() if isinstance(content, str) else content).decode("ascii")


def with_bytes(value: Any) -> Any:
    """Returns a copy with bytes instead of base64 in each object whose only member is "B" or "BS"."""
    if type(value) is dict:
        if len(value) == 1:
            ((tag, content),) = value.items()
            if tag == "B" and type(content) is str:
                return {tag: b64decode(content)}
            if tag == "BS" and type(content) is list and all(type(member) is str for member in content):
                return {tag: [b64decode(member) for member in content]}
        return {name: with_bytes(member) for name, member in value.items()}
    if type(value) is list:
        return [with_bytes(member) for member in value]
    return value
