"""Media types: whether their content is JSON, and which ranges they match (RFC 9110, sections 8.3 and 12.5.1)."""

from __future__ import annotations

__all__ = [
    "JSON",
    "JSON_LINES",
    "MERGE_PATCH",
    "MULTIPART",
    "OCTETS",
    "URL_ENCODED",
    "allows_json",
    "essence",
    "is_json",
    "matches",
]

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
OCTETS = "application/octet-stream"
URL_ENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
#: The media types in use for newline-delimited JSON, which has one JSON value on each line.
JSON_LINES = frozenset(
    {
        "application/json-lines",
        "application/jsonl",
        "application/jsonlines",
        "application/ndjson",
        "application/x-jsonl",
        "application/x-jsonlines",
        "application/x-ndjson",
    }
)


def essence(media_type: str) -> str:
    """Returns a media type or range in lower case, without its parameters.

    >>> essence("Application/JSON; charset=utf-8")
    'application/json'
    """
    return media_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Returns whether a media type's content is one JSON value.

    >>> [is_json(t) for t in ("application/json; charset=utf-8", "application/hal+json", "text/json", "*/*")]
    [True, True, True, False]
    """
    name = essence(media_type)
    return name in (JSON, "text/json") or name.endswith("+json")


def matches(media_type: str, media_range: str) -> bool:
    """Returns whether a media type is in a range. Their parameters are ignored.

    >>> [matches("application/json", r) for r in ("application/json; q=0.5", "application/*", "*/*", "text/*")]
    [True, True, True, False]
    """
    name = essence(media_type)
    return essence(media_range) in (name, f"{name.partition('/')[0]}/*", "*/*")


def allows_json(media_range: str) -> bool:
    """Returns whether a media type is JSON, or whether a media range includes a JSON media type.

    >>> [allows_json(r) for r in ("application/hal+json", "application/*", "*/*", "text/plain")]
    [True, True, True, False]
    """
    return is_json(media_range) or matches(JSON, media_range)
