"""A query set → one page of it and the cursor of the next: DRF's pagination protocol over both stores.

``limit`` and ``cursor`` are read on every generated list, declared or not. The next page is in the ``Link``
header (RFC 8288), and in the envelope's own field where the response schema is an envelope.

A query set with ``page(limit, cursor)`` (DynamoDB's) makes its own pages. The ORM's are found by key, not by
offset: a page costs the same wherever it is, and rows that come or go in between shift nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpRequest
from rest_framework import pagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from macaron_django.api.lists import CURSOR, LIMIT, Envelope
from macaron_django.api.resources import GeneratedOperation
from macaron_django.conf import settings
from macaron_django.dynamodb.cursors import open_cursor, seal
from macaron_django.exceptions import InvalidCursor, ValidationFailed
from macaron_django.schemas import Violation

__all__ = ["CursorPages", "Keyset", "KeysetPage", "keyset_page", "next_url", "page_size"]


@dataclass(frozen=True)
class KeysetPage:
    """Some rows, and where the next ones begin; ``next_cursor`` is None on the last page."""

    rows: list[Any]
    next_cursor: str | None


class CursorPages(pagination.BasePagination):
    """Pages of generated lists. It asks its view for ``generated``, the operation being answered."""

    page: Any = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request, self.view, self.queryset = request, view, queryset
        self.generated: GeneratedOperation | None = getattr(view, "generated", None)
        limit = self._limit()
        cursor = self._given(CURSOR) or None
        if hasattr(queryset, "page"):
            self.page = queryset.page(limit, cursor)
        else:
            self.page = keyset_page(queryset, limit, cursor)
        return list(self.page.rows)

    def get_paginated_response(self, data: Any) -> Response:
        link = self.next_link()
        headers = {"Link": f'<{link}>; rel="next"'} if link else {}
        envelope = self.generated.envelope if self.generated is not None else None
        body = data if envelope is None else self._enveloped(data, envelope, link)
        return Response(body, headers=headers)

    def next_link(self) -> str | None:
        """The absolute URL of the next page: this one's with another cursor."""
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
        sent = parameters.by_location if parameters is not None else {}
        return sent.get(("query", name), self.request.query_params.get(name))

    def _limit(self) -> int:
        given = self._given(LIMIT)
        limit = page_size(given)
        if limit is None:
            raise _refused(self._name(LIMIT), "minimum", f"{str(given)[:50]!r} is not an integer of at least 1")
        return limit

    # -------------------------------------------------------------- what drf-spectacular and DRF's schemas ask

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": LIMIT,
                "in": "query",
                "required": False,
                "description": "How many a page holds at most.",
                "schema": {"type": "integer", "minimum": 1, "maximum": int(settings.MAX_PAGE_SIZE)},
            },
            {
                "name": CURSOR,
                "in": "query",
                "required": False,
                "description": "Where the page starts, from the Link header of the page before.",
                "schema": {"type": "string"},
            },
        ]


def page_size(given: Any) -> int | None:
    """How many rows a page holds when a client asks for ``given``, which is nothing as a rule; None if it can't be."""
    if given in {None, ""}:
        return int(settings.PAGE_SIZE)
    try:
        limit = int(given)
    except (TypeError, ValueError):
        return None
    return min(limit, int(settings.MAX_PAGE_SIZE)) if limit >= 1 else None


def next_url(request: HttpRequest | Request, name: str, cursor: str) -> str:
    """The absolute URL of the next page: this one's, with another cursor in its parameter ``name``."""
    return str(replace_query_param(request.build_absolute_uri(), name, cursor))


def _refused(name: str, keyword: str, message: str) -> ValidationFailed:
    return ValidationFailed(
        violations=[
            Violation(message=message, pointer=f"/{name}", schema_pointer="", keyword=keyword, location="query")
        ]
    )


# ------------------------------------------------------------------ the ORM's pages


def keyset_page(queryset: QuerySet[Any], limit: int, cursor: str | None) -> KeysetPage:
    """At most ``limit`` rows of an ORM query set, from ``cursor`` on.

    The order is the query set's own as far as it names fields of the model, then the primary key; null comes
    last in every database. The cursor is sealed, and good for the same model, filters and order only.
    """
    keyset = Keyset(queryset)
    rows = list(keyset.rows(cursor)[: limit + 1])
    if len(rows) <= limit:
        return KeysetPage(rows, None)
    return KeysetPage(rows[:limit], keyset.cursor(rows[limit - 1]))


class Keyset:
    """A query set in an order that can be continued after any of its rows."""

    def __init__(self, queryset: QuerySet[Any]) -> None:
        self.terms = _terms(queryset)
        self.scope = _scope(queryset, self.terms)
        self.ordered: QuerySet[Any] = queryset.order_by(
            *(_order_by(field, descending) for field, descending in self.terms)
        )

    def rows(self, cursor: str | None) -> QuerySet[Any]:
        """All rows, or those that come after the one that ``cursor`` was made of; ``InvalidCursor``."""
        if cursor is None:
            return self.ordered
        following: QuerySet[Any] = self.ordered.filter(_after(self.terms, _opened(cursor, self.scope, self.terms)))
        return following

    def cursor(self, last: Model) -> str:
        """Where the rows after ``last`` begin."""
        position = [None if getattr(last, f.attname) is None else f.value_to_string(last) for f, _ in self.terms]
        return seal({"position": {"S": json.dumps(position)}}, self.scope)


Term = tuple["Field[Any, Any]", bool]  # field, descending


def _terms(queryset: QuerySet[Any]) -> list[Term]:
    meta = queryset.model._meta
    order = queryset.query.order_by or (meta.ordering if queryset.query.default_ordering else ())
    terms: list[Term] = []
    for each in order:
        term = _term(each, meta)
        if term is None:  # an expression, a relation's field, "?": only keys can be continued after
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
    # Ordering by a relation orders by the related model's own ordering.
    return (field, descending) if field.concrete and not (field.is_relation and name == field.name) else None


def _order_by(field: Field[Any, Any], descending: bool) -> OrderBy:
    expression = F(field.attname)
    if not field.null:
        return expression.desc() if descending else expression.asc()
    return expression.desc(nulls_last=True) if descending else expression.asc(nulls_last=True)


def _after(terms: Sequence[Term], position: Sequence[Any]) -> Q:
    """What comes after ``position``: larger in the first term, or equal there and larger in the second …"""
    after = Q(pk__in=[])
    equal = Q()
    for (field, descending), value in zip(terms, position, strict=True):
        name = field.attname
        if value is not None:
            beyond = Q(**{f"{name}__{'lt' if descending else 'gt'}": value})
            after |= equal & (beyond | Q(**{f"{name}__isnull": True}) if field.null else beyond)
        equal &= Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})
    return after


def _scope(queryset: QuerySet[Any], terms: Sequence[Term]) -> str:
    order = ",".join(f"{'-' if descending else ''}{field.attname}" for field, descending in terms)
    # str() of the condition holds the filters' values, so that a cursor of one list is refused by another.
    return f"orm:{queryset.model._meta.label}:{order}:{queryset.query.where}"


def _opened(cursor: str, scope: str, terms: Sequence[Term]) -> list[Any]:
    try:
        position = json.loads(open_cursor(cursor, scope)["position"]["S"])
        return [
            None if text is None else field.to_python(text) for (field, _), text in zip(terms, position, strict=True)
        ]
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise InvalidCursor("The cursor doesn't belong to this list: start from the first page.") from error
