"""Finds out which lookups a model supports, and which values its database refuses."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Final

from django.core.exceptions import FieldError, ValidationError
from django.db import DatabaseError, NotSupportedError, connections, transaction
from django.db.models import Model, QuerySet

__all__ = ["REFUSALS", "has_lookup", "is_refused"]

#: The exceptions that Django, database drivers and databases raise if they can't compare a value with a column.
REFUSALS: Final = (ValueError, TypeError, ArithmeticError, ValidationError, DatabaseError)

#: A sample value for each lookup that doesn't accept "1".
_SAMPLES: Final[Mapping[str, Any]] = {"in": [], "isnull": True, "range": ["1", "2"]}


def has_lookup(model: type[Model], name: str, lookup: str) -> bool:
    """Returns whether Django or DynamoDB supports ``lookup`` for the field at the path ``name``.

    Returns False if ``model`` has no such field.
    """
    try:
        model._base_manager.filter(**{f"{name}__{lookup}": _SAMPLES.get(lookup, "1")})
    except (FieldError, NotSupportedError):
        return False
    except REFUSALS:
        return True  # the lookup exists, but the field refuses the sample value
    return True


def is_refused(model: type[Model], lookup: str, value: Any) -> bool:
    """Returns whether a query failed because of the value of a lookup.

    This function queries the database, so call it only after the query has failed.
    """
    rows = model._base_manager.order_by()
    return _fails(rows, {lookup: value}) and not _fails(rows, {})


def _fails(rows: QuerySet[Any], lookups: Mapping[str, Any]) -> bool:
    # After a failure in a transaction, PostgreSQL refuses the transaction's further queries. A savepoint prevents that.
    within = transaction.atomic(using=rows.db) if connections[rows.db].in_atomic_block else nullcontext()
    try:
        with within:
            list(rows.filter(**lookups).values_list("pk")[:1])
    except REFUSALS:
        return True
    return False
