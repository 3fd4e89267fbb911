"""Finds out which lookups a model can't answer, and which values its database refuses."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Final

from django.core.exceptions import FieldError, ValidationError
from django.db import DatabaseError, NotSupportedError, connections, transaction
from django.db.models import Model, QuerySet

__all__ = ["REFUSALS", "has_lookup", "is_refused"]

#: The exceptions of Django, database drivers and databases for a value that they can't compare with a column.
REFUSALS: Final = (ValueError, TypeError, ArithmeticError, ValidationError, DatabaseError)

#: A value that the lookup accepts, for each lookup that doesn't accept "1".
_SAMPLES: Final[Mapping[str, Any]] = {"in": [], "isnull": True, "range": ["1", "2"]}


def has_lookup(model: type[Model], name: str, lookup: str) -> bool:
    """Returns whether ``model`` has the field at the path ``name``, and the field or DynamoDB supports the lookup."""
    try:
        model._base_manager.filter(**{f"{name}__{lookup}": _SAMPLES.get(lookup, "1")})
    except (FieldError, NotSupportedError):
        return False
    except REFUSALS:
        return True  # the lookup exists: the field refuses only the sample value
    return True


def is_refused(model: type[Model], lookup: str, value: Any) -> bool:
    """Returns whether a query fails because of this lookup's value.

    It queries the database, so call it only after the query has failed.
    """
    rows = model._base_manager.order_by()
    return _fails(rows, {lookup: value}) and not _fails(rows, {})


def _fails(rows: QuerySet[Any], lookups: Mapping[str, Any]) -> bool:
    # A failure within a transaction makes PostgreSQL refuse the rest of it, unless a savepoint comes before it.
    within = transaction.atomic(using=rows.db) if connections[rows.db].in_atomic_block else nullcontext()
    try:
        with within:
            list(rows.filter(**lookups).values_list("pk")[:1])
    except REFUSALS:
        return True
    return False
