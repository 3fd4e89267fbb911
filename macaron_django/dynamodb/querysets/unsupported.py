"""Refuses the methods of Django's query sets that DynamoDB can't execute. The error has the reason, and is raised
before any call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeAlias

from macaron_django.dynamodb.querysets.field_lookups import NO_XOR
from macaron_django.exceptions import UnsupportedQuery

__all__ = ["NO_SUBQUERIES", "UnsupportedMethods"]

NO_SUBQUERIES: Final = "DynamoDB has no subqueries: read the values first and filter by name__in=[…]."

_Refused: TypeAlias = Callable[..., NoReturn]


def _refuse(name: str, reason: str) -> _Refused:
    def refused(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
        raise UnsupportedQuery(reason)

    refused.__name__ = refused.__qualname__ = name
    refused.__doc__ = reason
    return refused


class UnsupportedMethods:
    """The methods that raise UnsupportedQuery with the reason."""

    _COMPUTE = "DynamoDB can't aggregate items: read them and compute in Python."
    _COMBINE = "DynamoDB can't combine queries: filter by Q(…) | Q(…), or chain the rows in Python."
    _SQL = "DynamoDB has no SQL: use filter(), or PynamoDB through get_table()."

    aggregate: _Refused = _refuse("aggregate", _COMPUTE)
    annotate: _Refused = _refuse("annotate", _COMPUTE)
    alias: _Refused = _refuse("alias", _COMPUTE)
    dates: _Refused = _refuse("dates", _COMPUTE)
    datetimes: _Refused = _refuse("datetimes", _COMPUTE)
    union: _Refused = _refuse("union", _COMBINE)
    intersection: _Refused = _refuse("intersection", _COMBINE)
    difference: _Refused = _refuse("difference", _COMBINE)
    extra: _Refused = _refuse("extra", _SQL)
    raw: _Refused = _refuse("raw", _SQL)
    select_for_update: _Refused = _refuse(
        "select_for_update",
        "DynamoDB can't lock items. Declare `version` in x-persist: then saving a stale row raises StaleItem.",
    )
    resolve_expression: _Refused = _refuse("resolve_expression", NO_SUBQUERIES)
    __xor__: _Refused = _refuse("__xor__", NO_XOR)

    def select_related(self: Any, *fields: Any) -> Any:
        """Does nothing without arguments (or with None). Raises UnsupportedQuery if names are given, because items
        have no relations.
        """
        if any(fields):
            raise UnsupportedQuery(
                f"DynamoDB has no joins: {self.model._meta.label} has no relations for select_related(), "
                "and nested objects are part of their item."
            )
        return self._clone()

    def prefetch_related(self: Any, *lookups: Any) -> Any:
        if any(lookups):
            raise UnsupportedQuery(
                f"DynamoDB has no joins: {self.model._meta.label} has no relations for prefetch_related()."
            )
        return self._clone()

    def distinct(self: Any, *names: str) -> Any:
        """Does nothing for rows, which are always distinct. Raises UnsupportedQuery if names are given, or after
        ``values()``.
        """
        if names or self._values is not None:
            raise UnsupportedQuery("DynamoDB has no DISTINCT: collect the values in a Python set.")
        return self._clone()

    def fetch_mode(self: Any, mode: Any) -> Any:
        """Does nothing. In Django 6.1, this method sets how relations are loaded, but items have no relations."""
        return self._clone()
