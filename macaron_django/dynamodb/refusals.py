"""What Django's query sets can do and DynamoDB can't: each refused in one plain sentence, before any call.

In goes a call of such a method; out comes ``UnsupportedQuery``. Apart from the query set so that what it can do
isn't lost among what it can't. Without these, the manager would answer with an AttributeError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from macaron_django.exceptions import UnsupportedQuery

__all__ = ["Refusals"]


def _refuse(name: str, reason: str) -> Callable[..., NoReturn]:
    def refused(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
        raise UnsupportedQuery(reason)

    refused.__name__ = refused.__qualname__ = name
    refused.__doc__ = reason
    return refused


class Refusals:
    """The methods that only say why not."""

    _COMPUTE = "DynamoDB computes nothing over items: read them and compute in Python."
    _COMBINE = "DynamoDB combines no queries: filter by Q(…) | Q(…), or chain the rows in Python."
    _SQL = "DynamoDB reads no SQL: filter() says what it can be asked, and get_table() is the door to PynamoDB."

    aggregate = _refuse("aggregate", _COMPUTE)
    annotate = _refuse("annotate", _COMPUTE)
    alias = _refuse("alias", _COMPUTE)
    dates = _refuse("dates", _COMPUTE)
    datetimes = _refuse("datetimes", _COMPUTE)
    union = _refuse("union", _COMBINE)
    intersection = _refuse("intersection", _COMBINE)
    difference = _refuse("difference", _COMBINE)
    extra = _refuse("extra", _SQL)
    raw = _refuse("raw", _SQL)
    select_for_update = _refuse(
        "select_for_update",
        "DynamoDB locks no items: declare `version` in x-persist, and a save of a stale row raises StaleItem.",
    )
    resolve_expression = _refuse(
        "resolve_expression", "DynamoDB has no subqueries: read the values first and filter by name__in=[…]."
    )

    def select_related(self: Any, *fields: Any) -> Any:
        """Without arguments (or None) nothing to do: items have no relations."""
        if any(fields):
            raise UnsupportedQuery(
                f"DynamoDB joins nothing: {self.model._meta.label} has no relations for select_related(), "
                "nested objects come with their item."
            )
        return self._clone()

    def prefetch_related(self: Any, *lookups: Any) -> Any:
        if any(lookups):
            raise UnsupportedQuery(
                f"DynamoDB joins nothing: {self.model._meta.label} has no relations for prefetch_related()."
            )
        return self._clone()

    def distinct(self: Any, *names: str) -> Any:
        """Items are distinct by their keys; distinct values of properties DynamoDB doesn't know."""
        if names or self._values is not None:
            raise UnsupportedQuery("DynamoDB has no distinct values: collect them in a Python set.")
        return self._clone()

    def fetch_mode(self: Any, mode: Any) -> Any:
        """Django 6.1's choice of how relations are loaded; items have none."""
        return self._clone()
