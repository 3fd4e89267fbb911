"""Filters and sorts a generated list by the request's path and query parameters.

The argument ``view`` of the functions is the request's ``ResourceViewSet``. If a database refuses a value, the
functions find the parameter that contained it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from django.core.exceptions import FieldDoesNotExist, FieldError, ValidationError
from django.db import DataError, NotSupportedError
from django.db.models.constants import LOOKUP_SEP
from django.http import Http404

from macaron_django.api.rules.list_parameters import ORDERING
from macaron_django.exceptions import PyMacaronException, RequestInvalid, UnstorableValue, UnsupportedQuery
from macaron_django.openapi import Schema, json_pointers
from macaron_django.schemas import Violation
from macaron_django.schemas.models.stores import UNCOMPARABLE, Unmatched

__all__ = [
    "UnanswerableParameter",
    "absent",
    "narrowed",
    "ordered",
    "refuse_unstorable",
    "refuse_values",
    "refused",
    "unanswered",
]


class UnanswerableParameter(PyMacaronException):
    """The request sends a query parameter that the spec declares, but that a generated list can't use."""

    code = "NOT_IMPLEMENTED"
    status = 501


def narrowed(view: Any, queryset: Any) -> Any:
    """Returns the query set, filtered by the path, the caller and the declared query parameters."""
    given = view.path_values(as_lookups=True)
    try:
        # All filters apply together. A query parameter with the same keyword as the path doesn't replace the path's
        # filter.
        lookups = [dict(given)]
        for _, name, value in _sent_filters(view):
            if name in lookups[0]:
                lookups.append({name: value})
            else:
                lookups[0][name] = value
        return reduce(lambda found, each: found.filter(**each), filter(None, lookups), queryset)
    except (FieldError, NotSupportedError) as error:  # its text lists the model's fields, so it isn't shown
        raise UnanswerableParameter("The spec declares this filter, but the list doesn't support it.") from error
    except UnstorableValue as error:
        refuse_unstorable(view, error)
        raise
    except (ValueError, ValidationError) as error:
        refuse_values(view, error)
        raise


def _sent_filters(view: Any) -> Iterator[tuple[str, str, Any]]:
    """Yields the sent parameters that filter this list, each with its keyword and value for ``filter()``."""
    sent = view.parameters.by_location
    for narrowing in view.generated.filters:
        key = ("query", narrowing.parameter)
        if key in sent:
            try:
                name, value = view.store.filter_lookup(narrowing.path, narrowing.lookup, sent[key])
            except Unmatched as error:
                raise refused(narrowing.parameter, str(error)) from error
            yield narrowing.parameter, name, value


def refuse_values(view: Any, error: Exception) -> None:
    """Raises ``RequestInvalid`` or ``Http404`` if a query has failed because of a value that the client sent."""
    if any(view.store.refuses(name, value) for name, value in view.path_values(as_lookups=True).items()):
        raise absent(view.store.schema, view.path_values()) from error
    filters = list(_sent_filters(view)) if view.generated.action == "list" else []
    names = [parameter for parameter, name, value in filters if view.store.refuses(name, value)]
    if isinstance(error, DataError):  # the transaction has ended, so the store can't be queried
        names = names or [parameter for parameter, _, _ in filters]
    if names:
        raise RequestInvalid(violations=[_uncomparable(name) for name in names]) from error


def refuse_unstorable(view: Any, error: UnstorableValue) -> None:
    """Raises ``RequestInvalid`` or ``Http404`` if a value in the query or the path can't be stored in any item."""
    names = [
        parameter
        for path, parameter in ((each.path[:1], each.parameter) for each in view.generated.filters)
        if ("query", parameter) in view.parameters.by_location and error.pointer == json_pointers.join(path)
    ]
    if names:
        violations = [Violation(error.reason, json_pointers.join([name]), "", "storable", "query") for name in names]
        raise RequestInvalid(violations=violations) from error
    if error.pointer in {json_pointers.join([name]) for name in view.path_values()}:
        raise absent(view.store.schema, view.path_values()) from error


def ordered(view: Any, queryset: Any) -> Any:
    """Returns the query set in the order that the request chooses."""
    name = view.generated.paging.get(ORDERING)
    given = view.parameters.by_location.get(("query", name)) if name else None
    if name is None or not given:
        return queryset
    order = []
    for term in given if isinstance(given, (list, tuple)) else str(given).split(","):
        plain = term.lstrip("+-")
        prop = view.store.schema.properties.get(plain)
        if prop is None or prop.write_only:  # the order would reveal the values of a writeOnly property
            raise refused(name, f"{plain[:50]!r} isn't a property that this list can be ordered by")
        lookup = _column(queryset.model, view.store.lookup([plain]))
        if lookup is None:
            raise refused(name, f"{plain[:50]!r} is stored in other rows, so this list can't be ordered by it")
        order.append(("-" if term.startswith("-") else "") + lookup)
    try:
        return queryset.order_by(*order)
    except UnsupportedQuery as error:
        raise refused(name, str(error)) from error
    except FieldError as error:  # a property that no column holds
        raise refused(name, "this list can't be ordered this way") from error


def _column(model: Any, lookup: str) -> str | None:
    """Returns the lookup of a column of the row itself; None if the values are in other rows.

    Cursors don't work for values in other rows.
    """
    try:
        field = model._meta.get_field(lookup)
    except FieldDoesNotExist:
        return None if LOOKUP_SEP in lookup else lookup
    if not field.is_relation or lookup != field.name:
        return lookup
    return field.attname if field.concrete and not field.many_to_many else None


def absent(schema: Schema, values: Mapping[str, Any]) -> Http404:
    """Returns the exception for a path whose item doesn't exist."""
    named = " and ".join(f"{name} {str(value)!r}" for name, value in values.items())
    return Http404(f"There is no {schema.name} with {named}.")


def unanswered(parameter: str) -> Violation:
    """Returns the violation for a filter that needs a scan of the whole table."""
    message = "would read the whole table, unless another filter narrows the list"
    return Violation(message, json_pointers.join([parameter]), "", "scan", "query")


def _uncomparable(parameter: str) -> Violation:
    return Violation(UNCOMPARABLE, json_pointers.join([parameter]), "", "type", "query")


def refused(parameter: str, message: str) -> RequestInvalid:
    """Returns the exception for an invalid value of a query parameter."""
    return RequestInvalid(violations=[Violation(message, json_pointers.join([parameter]), "", "type", "query")])
