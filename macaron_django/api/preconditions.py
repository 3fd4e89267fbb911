"""Conditional requests (RFC 9110, section 13): conditions and an item's version go in, the verdict comes out.

Apart from the actions because the order of the conditions is the RFC's, and because it needs no view to be tested.
An item has an entity tag where its schema's ``x-persist`` names a ``version``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from django.utils.http import parse_etags

from macaron_django.exceptions import RequestError

__all__ = [
    "PreconditionFailed",
    "PreconditionRequired",
    "Verdict",
    "entity_tag",
    "is_conditional",
    "is_judged",
    "judge",
]


class PreconditionFailed(RequestError):  # noqa: N818 (says what the request asked for, as HTTP does)
    """The item isn't the one that the request's If-Match or If-None-Match is about; nothing was done."""

    code = "PRECONDITION_FAILED"
    status = 412


class PreconditionRequired(RequestError):  # noqa: N818
    """The item has a version: send the ETag of its answer as If-Match, so that nobody's change is lost."""

    code = "PRECONDITION_REQUIRED"
    status = 428


class Verdict(Enum):
    """What the conditions of a request come to."""

    GO = "go"
    NOT_MODIFIED = 304
    FAILED = 412


def entity_tag(version: object) -> str:
    """The strong entity tag of a version.

    >>> entity_tag(3)
    '"3"'
    """
    return f'"{version}"'


def is_conditional(headers: Mapping[str, str]) -> bool:
    """Whether a write says which state of the item it is about."""
    return bool(headers.get("If-Match"))


def is_judged(meta: Mapping[str, Any]) -> bool:
    """Whether a request has conditions at all, given its ``META``."""
    return bool(meta.get("HTTP_IF_MATCH") or meta.get("HTTP_IF_NONE_MATCH"))


def judge(method: str, headers: Mapping[str, str], tag: str | None) -> Verdict:
    """Judge the conditions of a request on an item that is there, in the order of RFC 9110, section 13.2.2.

    ``tag`` is the item's entity tag; None: it has none, and only ``*`` matches it.

    >>> judge("PUT", {"If-Match": '"2"'}, '"3"')
    <Verdict.FAILED: 412>
    >>> judge("GET", {"If-None-Match": 'W/"3", "2"'}, '"3"')
    <Verdict.NOT_MODIFIED: 304>
    """
    if wanted := headers.get("If-Match"):
        tags = parse_etags(wanted)
        # Strong comparison (section 8.8.3.2): a weak tag matches nothing.
        if tags != ["*"] and tag not in tags:
            return Verdict.FAILED
    if unwanted := headers.get("If-None-Match"):
        tags = [each.removeprefix("W/") for each in parse_etags(unwanted)]
        if tags == ["*"] or (tag is not None and tag in tags):
            return Verdict.NOT_MODIFIED if method in {"GET", "HEAD"} else Verdict.FAILED
    return Verdict.GO
