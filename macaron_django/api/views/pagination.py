"""Splits query sets into pages with cursors: a DRF pagination class for DynamoDB and the ORM.

Every generated list accepts the parameters ``limit`` and ``cursor``, even if the spec doesn't declare them.

The ``Link`` header (RFC 8288) has the URL of the next page. If the response schema is an envelope, a property of the
envelope also has this URL.

DynamoDB's query sets create their own pages. For each page, a query set reads a limited number of items. If it reaches
this limit, the page ends early. A page of ORM rows begins after a key, not at an offset. So every page costs the same,
and rows that are added or deleted between two requests don't shift the other rows.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit, urlunsplit

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpRequest
from rest_framework import pagination
from rest_framework.request import Request
from rest_framework.response import Response

from macaron_django.api.rules.envelopes import Envelope
from macaron_django.api.rules.list_parameters import CURSOR, LIMIT
from macaron_django.api.rules.resources import GeneratedOperation
from macaron_django.api.views.locations import own_url
from macaron_django.conf import settings
from macaron_django.cursors import open_cursor, seal
from macaron_django.exceptions import InvalidCursor, RequestInvalid
from macaron_django.openapi import json_pointers
from macaron_django.schemas import Violation

__all__ = ["CursorPages", "Keyset", "KeysetPage", "keyset_page", "next_url", "page_size"]


@dataclass(frozen=True)
class KeysetPage:
    """The rows of a page, and the cursor of the next page. ``next_cursor`` is None on the last page."""

    rows: list[Any]
    next_cursor: str | None


class CursorPages(pagination.BasePagination):
    """Splits generated lists into pages. The view's attribute ``generated`` is the operation of the request."""

    page: Any = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request, self.queryset = request, queryset
        self.view = view if view is None else weakref.proxy(view)  # the view refers to its paginator
        self.generated: GeneratedOperation | None = getattr(view, "generated", None)
        limit = self._limit()
        cursor = self._given(CURSOR) or None
        if hasattr(queryset, "page"):
            section = settings.DYNAMODB
            own = self.generated.operation.extensions.read_limit if self.generated is not None else None
            self.page = queryset.page(
                limit, cursor, read_limit=int(own or section.READ_LIMIT), max_bytes=int(section.MAX_PAGE_BYTES)
            )
        else:
            self.page = keyset_page(queryset, limit, cursor, self._list())
        return list(self.page.rows)

    def get_paginated_response(self, data: Any) -> Response:
        body, status, headers = self.page_answer(data)
        return Response(body, status=status, headers=headers)

    def page_answer(self, data: Any) -> tuple[Any, int, dict[str, str]]:
        """Returns the body, status and headers of the response for a page."""
        link = self.next_link()
        headers = {"Link": f'<{link}>; rel="next"'} if link else {}
        envelope = self.generated.envelope if self.generated is not None else None
        return (data if envelope is None else self._enveloped(data, envelope, link)), 200, headers

    def next_link(self) -> str | None:
        """Returns the absolute URL of the next page; None on the last page."""
        cursor = self.page.next_cursor
        return None if cursor is None else next_url(self.request, self._name(CURSOR), cursor)

    def _enveloped(self, rows: Any, envelope: Envelope, link: str | None) -> dict[str, Any]:
        body: dict[str, Any] = {envelope.items: rows}
        for name, value in ((envelope.next_url, link), (envelope.next_cursor, self.page.next_cursor)):
            if name is None:
                continue
            if value is not None:
                body[name] = value
            elif name in envelope.nullable:
                body[name] = None
            elif name in envelope.required:
                body[name] = ""
        if envelope.more is not None:
            body[envelope.more] = link is not None
        if envelope.total is not None and (envelope.total in envelope.required or isinstance(self.queryset, QuerySet)):
            body[envelope.total] = self.queryset.count()
        body.update({name: None for name in envelope.nullable & envelope.required if name not in body})
        return body

    def _name(self, meaning: str) -> str:
        return self.generated.paging.get(meaning, meaning) if self.generated is not None else meaning

    def _given(self, meaning: str) -> Any:
        name = self._name(meaning)
        parameters = getattr(self.view, "parameters", None)
        if parameters is not None:
            if ("query", name) in parameters.by_location:
                return parameters.by_location["query", name]
            served = getattr(self.view, "current", None)
            if served is not None and name in served.parameters.in_query:
                return None
        return self.request.query_params.get(name)

    def _list(self) -> str:
        """Returns a string that identifies the list.

        The string has the list's path and parameters, except for the limit and the cursor. It doesn't have the
        conditions in ``get_queryset()``, because they may differ between two requests for the same list: for example, a
        condition on the current time.
        """
        parameters = getattr(self.view, "parameters", None)
        if parameters is None:
            sent = {name: self.request.query_params.getlist(name) for name in self.request.query_params}
        else:
            sent = {
                name: value
                for (location, name), value in parameters.by_location.items()
                if location.startswith("query")
            }
        asked = {name: value for name, value in sent.items() if name not in {self._name(LIMIT), self._name(CURSOR)}}
        return f"{self.request.path}?{json.dumps(asked, sort_keys=True, default=str)}"

    def _limit(self) -> int:
        given = self._given(LIMIT)
        limit = page_size(given)
        if limit is None:
            raise _refused(self._name(LIMIT), "minimum", f"{str(given)[:50]!r} is not an integer of at least 1")
        return limit

    # -------------------------------------------------------------- for drf-spectacular and DRF's schemas

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": LIMIT,
                "in": "query",
                "required": False,
                "description": "The maximum number of items on a page.",
                "schema": {"type": "integer", "minimum": 1, "maximum": int(settings.MAX_PAGE_SIZE)},
            },
            {
                "name": CURSOR,
                "in": "query",
                "required": False,
                "description": "The start of the page: the cursor in the Link header of the previous page.",
                "schema": {"type": "string"},
            },
        ]


def page_size(given: Any) -> int | None:
    """Returns the maximum number of rows on a page. ``given`` is the limit that the client sent.

    If ``given`` is None, returns the default. Returns None if the limit isn't valid.
    """
    if given in {None, ""}:
        return int(settings.PAGE_SIZE)
    try:
        limit = int(given)
    except (TypeError, ValueError):
        return None
    return min(limit, int(settings.MAX_PAGE_SIZE)) if limit >= 1 else None


def next_url(request: HttpRequest | Request, name: str, cursor: str) -> str:
    """Returns the absolute URL of the request, but replaces the cursor in the parameter ``name`` with ``cursor``.

    The other parameters stay as the client spelled them: an encoded comma is part of a value, but a plain comma can be
    the end of a value.
    """
    url = urlsplit(own_url(getattr(request, "_request", request)))
    others = (each for each in url.query.split("&") if each and unquote_plus(each.partition("=")[0]) != name)
    return urlunsplit(url._replace(query="&".join([urlencode({name: cursor}), *others])))


def _refused(name: str, keyword: str, message: str) -> RequestInvalid:
    return RequestInvalid(violations=[Violation(message, json_pointers.join([name]), "", keyword, "query")])


# ------------------------------------------------------------------ pages of the ORM


def keyset_page(queryset: QuerySet[Any], limit: int, cursor: str | None, scope: str) -> KeysetPage:
    """Returns at most ``limit`` rows of an ORM query set, from ``cursor`` on. Raises ``InvalidCursor``.

    The rows are in the query set's order. Rows that are equal in this order are sorted by the primary key. If the
    order contains anything other than columns of the model, such as an expression or a relation, all rows are sorted by
    the primary key alone. Nulls sort last in every database. The cursor is encrypted, and valid only for the same
    model, order and ``scope``.
    """
    keyset = Keyset(queryset, scope)
    rows = list(keyset.rows(cursor)[: limit + 1])
    if len(rows) <= limit:
        return KeysetPage(rows, None)
    return KeysetPage(rows[:limit], keyset.cursor(rows[limit - 1]))


class Keyset:
    """An ORM query set, ordered so that a page can begin after any row."""

    def __init__(self, queryset: QuerySet[Any], scope: str) -> None:
        self.terms = _terms(queryset)
        order = ",".join(f"{'-' if descending else ''}{field.attname}" for field, descending in self.terms)
        self.scope = f"orm:{queryset.model._meta.label}:{order}:{scope}"
        self.ordered: QuerySet[Any] = queryset.order_by(
            *(_order_by(field, descending) for field, descending in self.terms)
        )

    def rows(self, cursor: str | None) -> QuerySet[Any]:
        """Returns the rows after the row from which ``cursor`` was created. Without a cursor, returns all rows.

        Can raise ``InvalidCursor``.
        """
        if cursor is None:
            return self.ordered
        following: QuerySet[Any] = self.ordered.filter(_after(self.terms, _opened(cursor, self.scope, self.terms)))
        return following

    def cursor(self, last: Model) -> str:
        """Returns the cursor for the rows after ``last``."""
        position = [None if getattr(last, f.attname) is None else f.value_to_string(last) for f, _ in self.terms]
        return seal({"position": {"S": json.dumps(position)}}, self.scope)


Term = tuple["Field[Any, Any]", bool]  # field, descending


def _terms(queryset: QuerySet[Any]) -> list[Term]:
    meta = queryset.model._meta
    order = queryset.query.order_by or (meta.ordering if queryset.query.default_ordering else ())
    terms: list[Term] = []
    for each in order:
        term = _term(each, meta)
        if term is None:  # an expression, a relation's field, "?": there is no position to continue from
            terms = []
            break
        terms.append(term)
        if term[0].unique and not term[0].null:
            return terms
    return [*terms, (meta.pk, False)]


def _term(order: Any, meta: Any) -> Term | None:
    if isinstance(order, OrderBy) and isinstance(order.expression, F):
        name, descending = str(order.expression.name), order.descending  # type: ignore[attr-defined]
    elif isinstance(order, str):
        name, descending = order.lstrip("+-"), order.startswith("-")
    else:
        return None
    if name == "pk":
        return meta.pk, descending
    try:
        field = meta.get_field(name)
    except FieldDoesNotExist:
        return None
    # A relation isn't accepted, because ordering by it means the related model's default ordering.
    return (field, descending) if field.concrete and not (field.is_relation and name == field.name) else None


def _order_by(field: Field[Any, Any], descending: bool) -> OrderBy:
    expression = F(field.attname)
    if not field.null:
        return expression.desc() if descending else expression.asc()
    return expression.desc(nulls_last=True) if descending else expression.asc(nulls_last=True)


def _after(terms: Sequence[Term], position: Sequence[Any]) -> Q:
    """Returns the condition for rows after ``position``: equal in the earlier terms, and beyond it in the next term."""
    after = Q(pk__in=[])
    equal = Q()
    for (field, descending), value in zip(terms, position, strict=True):
        name = field.attname
        if value is not None:
            beyond = Q(**{f"{name}__{'lt' if descending else 'gt'}": value})
            after |= equal & (beyond | Q(**{f"{name}__isnull": True}) if field.null else beyond)
        equal &= Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})
    return after


def _opened(cursor: str, scope: str, terms: Sequence[Term]) -> list[Any]:
    try:
        position = json.loads(open_cursor(cursor, scope)["position"]["S"])
        return [
            None if text is None else field.to_python(text) for (field, _), text in zip(terms, position, strict=True)
        ]
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise InvalidCursor("The cursor doesn't belong to this list: start at the first page.") from error
