"""Writes and reads the messages of Django's log entries.

A message lists the differences between an item before and after a change. Messages never have secrets. Long
values are cut, so the log isn't a backup.
"""

from __future__ import annotations

import json as standard_json
from collections.abc import Iterator, Mapping
from typing import Any

from macaron_django.admin.display.differences import Difference, differences
from macaron_django.admin.display.readable_json import shortened_json
from macaron_django.openapi import json_pointers
from macaron_django.schemas.values.conversions import UNSET

__all__ = ["change_message", "told_differences"]

#: The limits of an entry: characters of one value, and changed places of one item.
MAX_VALUE = 500
MAX_PLACES = 100


def change_message(before: Mapping[str, Any] | None, after: Mapping[str, Any], *, adding: bool) -> list[dict[str, Any]]:
    """Returns the message of a log entry. The message is structured like Django's messages:
    ``[{"changed": {"fields": […], "differences": […]}}]``.

    >>> change_message({"name": "Ada"}, {"name": "Eve"}, adding=False)
    [{'changed': {'fields': ['name'], 'differences': [['/name', '"Ada"', '"Eve"']]}}]
    """
    if adding or before is None:
        return [{"added": {}}]
    found = list(differences(dict(before), dict(after)))
    if not found:
        return []
    names = dict.fromkeys(json_pointers.split(each.pointer)[0] for each in found)
    told = [[each.pointer, *_texts(each)] for each in found[:MAX_PLACES]]
    return [{"changed": {"fields": list(names), "differences": told}}]


def told_differences(message: str) -> Iterator[tuple[str, str | None, str | None]]:
    """Yields each difference in a message as (pointer, value before, value after). A missing value is None."""
    try:
        parts = standard_json.loads(message)
        for part in parts:
            yield from part["changed"].get("differences", ())
    except (ValueError, TypeError, KeyError, AttributeError):  # the message is one of Django's own, or plain text
        return


def _texts(difference: Difference) -> list[str | None]:
    values = (difference.before, difference.after)
    return [None if value is UNSET else shortened_json(value, MAX_VALUE) for value in values]
