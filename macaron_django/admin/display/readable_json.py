"""Formats JSON for people: indented and complete, or compact and cut to a length. Doesn't round numbers."""

from __future__ import annotations

from typing import Any

from macaron_django.schemas.values.json_text import dump_json

__all__ = ["readable_json", "shortened_json"]


def readable_json(value: Any, indent: str = "") -> str:
    """Returns the text of a JSON value, indented.

    >>> print(readable_json({"id": 12345678901234567890123, "tags": ["a"], "address": {}}))
    {
      "id": 12345678901234567890123,
      "tags": [
        "a"
      ],
      "address": {}
    }
    """
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        members = [f"{dump_json(name).decode()}: {readable_json(member, deeper)}" for name, member in value.items()]
    elif isinstance(value, list) and value:
        members = [readable_json(member, deeper) for member in value]
    else:
        return dump_json(value).decode()
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{deeper}" + f",\n{deeper}".join(members) + f"\n{indent}{closing}"


def shortened_json(value: Any, length: int) -> str:
    """Returns the compact text of a JSON value, cut to ``length`` characters.

    >>> shortened_json(["a", "b", "c"], 7)
    '["a","…'
    """
    text = dump_json(value).decode()
    return text if len(text) <= length else f"{text[: length - 1]}…"
