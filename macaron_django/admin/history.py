"""What was changed, in Django's own log: a LogEntry whose message holds the difference, and reads as Django's.

In go an item's JSON before and after; out comes the message, and from a message what it tells. Secrets never get
here. Long values are cut: a log says what happened, it is no backup.
"""

from __future__ import annotations

import json as standard_json
from collections.abc import Iterator, Mapping
from typing import Any

from macaron_django.admin.differences import Difference, differences
from macaron_django.admin.readable_json import shortened_json
from macaron_django.schemas.conversions import UNSET

__all__ = ["change_message", "told_differences"]

#: Characters of a value that are kept, and places of an item.
MAX_VALUE = 500
MAX_PLACES = 100


def change_message(before: Mapping[str, Any] | None, after: Mapping[str, Any], *, adding: bool) -> list[dict[str, Any]]:
    """The message of an entry, in Django's structure: ``[{"changed": {"fields": […], "differences": […]}}]``.

    >>> change_message({"name": "Ada"}, {"name": "Eve"}, adding=False)
    [{'changed': {'fields': ['name'], 'differences': [['/name', '"Ada"', '"Eve"']]}}]
    """
    if adding or before is None:
        return [{"added": {}}]
    found = list(differences(dict(before), dict(after)))
    if not found:
        return []
    names = dict.fromkeys(each.pointer.split("/")[1].replace("~1", "/").replace("~0", "~") for each in found)
    told = [[each.pointer, *_texts(each)] for each in found[:MAX_PLACES]]
    return [{"changed": {"fields": list(names), "differences": told}}]


def told_differences(message: str) -> Iterator[tuple[str, str | None, str | None]]:
    """Pointer, before and after of each difference in an entry's message; None: it wasn't there."""
    try:
        parts = standard_json.loads(message)
        for part in parts:
            yield from part["changed"].get("differences", ())
    except (ValueError, TypeError, KeyError, AttributeError):  # an entry of Django's own, or a text
        return


def _texts(difference: Difference) -> list[str | None]:
    values = (difference.before, difference.after)
    return [None if value is UNSET else shortened_json(value, MAX_VALUE) for value in values]
