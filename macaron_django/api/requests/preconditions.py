"""Evaluates the preconditions of requests, ``If-Match`` and ``If-None-Match`` (RFC 9110, section 13).

An item has an entity tag if the ``x-persist`` of its schema names a ``version``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from django.utils.http import parse_etags

from macaron_django.exceptions import RequestError

__all__ = [
    "PreconditionFailed",
    "PreconditionOutcome",
    "PreconditionRequired",
    "entity_tag",
    "is_conditional",
    "is_judged",
    "judge",
]


class PreconditionFailed(RequestError):  # noqa: N818 (says what the request asked for, as HTTP does)
    """The item isn't in the state that If-Match or If-None-Match requires. Nothing was changed."""

    code = "PRECONDITION_FAILED"
    status = 412


class PreconditionRequired(RequestError):  # noqa: N818
    """The item has a version, so a write must send the item's ETag in the header If-Match.

    Otherwise, changes could be lost.
    """

    code = "PRECONDITION_REQUIRED"
    status = 428


class PreconditionOutcome(Enum):
    """The outcome of a request's preconditions."""

    GO = "go"
    NOT_MODIFIED = 304
    FAILED = 412


def entity_tag(version: object) -> str:
    """Returns the strong entity tag of a version.

    >>> entity_tag(3)
    '"3"'
    """
    return f'"{version}"'


def is_conditional(headers: Mapping[str, str]) -> bool:
    """Returns whether a write has ``If-Match``. Such a write succeeds only if the item is in a particular state."""
    return bool(headers.get("If-Match"))


def is_judged(meta: Mapping[str, Any]) -> bool:
    """Returns whether ``META`` shows that a request has a precondition."""
    return bool(meta.get("HTTP_IF_MATCH") or meta.get("HTTP_IF_NONE_MATCH"))


def judge(method: str, headers: Mapping[str, str], tag: str | None) -> PreconditionOutcome:
    """Evaluates a request's preconditions for an existing item, in the order of RFC 9110, section 13.2.2.

    ``tag`` is the item's entity tag. If it is None, only ``*`` matches.

    >>> judge("PUT", {"If-Match": '"2"'}, '"3"')
    <PreconditionOutcome.FAILED: 412>
    >>> judge("GET", {"If-None-Match": 'W/"3", "2"'}, '"3"')
    <PreconditionOutcome.NOT_MODIFIED: 304>
    """
    if wanted := headers.get("If-Match"):
        tags = parse_etags(wanted)
        # Strong comparison (section 8.8.3.2): a weak tag matches nothing.
        if tags != ["*"] and tag not in tags:
            return PreconditionOutcome.FAILED
    if unwanted := headers.get("If-None-Match"):
        tags = [each.removeprefix("W/") for each in parse_etags(unwanted)]
        if tags == ["*"] or (tag is not None and tag in tags):
            return PreconditionOutcome.NOT_MODIFIED if method in {"GET", "HEAD"} else PreconditionOutcome.FAILED
    return PreconditionOutcome.GO
