"""What straight answers have in common, wherever items are kept: how a plain request is read, how it is answered.

In go a generated operation and where its items are kept; a subclass for each action says what comes out. Apart from
``straight_items`` and ``straight_rows``, because a request says the same to both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from rest_framework.response import Response

from macaron_django.api.body_streams import kept_body
from macaron_django.api.contents import is_json, json_schema, success_status
from macaron_django.api.lists import CURSOR, LIMIT
from macaron_django.api.locations import location
from macaron_django.api.lookups import Store
from macaron_django.api.pagination import next_url, page_size
from macaron_django.api.preconditions import is_judged
from macaron_django.api.resources import GeneratedOperation
from macaron_django.api.responses import check_response, declared_response
from macaron_django.api.routers import control_characters
from macaron_django.api.straight_gate import Context, Gate
from macaron_django.api.viewsets import Served
from macaron_django.conf import settings
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas.json_text import JSONTextError, exact_json
from macaron_django.schemas.merge_patches import hides_write_only, without_write_only

__all__ = ["StraightAnswer", "StraightBody", "StraightCreation", "StraightPage"]


class StraightAnswer(ABC):
    """What answers one operation; ``item`` is an operation on one item's path, where a new item will be found."""

    status = 200

    def __init__(
        self, served: Served, store: Store, item: GeneratedOperation | None, gate: Gate, context: Context
    ) -> None:
        assert served.generated is not None  # noqa: S101 (as the caller has seen)
        self.served, self.store, self.item, self.gate, self.context = served, store, item, gate, context
        self.operation, self.generated = served.operation, served.generated
        self.model: Any = store.model

    def is_possible(self) -> bool:
        """Whether the operation answers with the item, and its path names nothing but the item's key."""
        declared = declared_response(self.operation, self.status)
        return declared is None or bool(declared.content)

    @abstractmethod
    def answer(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> Response | None:
        """The response to the request; None if the action has to be asked."""

    def is_unusual(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> bool:
        """Whether the request says more than its path and body do."""
        meta = request.META
        return bool(meta.get("QUERY_STRING") or is_judged(meta) or control_characters(kwargs) is not None)

    def parameters(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> Mapping[tuple[str, str], Any] | None:
        """The values of the parameters by location and name; None if the action has to say what is wrong with one."""
        try:
            return self.served.parameters.read(request, kwargs).by_location
        except ValidationFailed:
            return None

    def shown(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the answer says of an item with this JSON, held against its schema where settings say so."""
        data = without_write_only(self.store.schema, data)
        check_response(self.operation, self.status, data)
        return data

    def answered(
        self,
        request: HttpRequest,
        kwargs: Mapping[str, Any],
        body: Any,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        return self.gate.finished(Response(body, self.status, headers=headers), self.context(request, kwargs))


class StraightPage(StraightAnswer):
    """A page of all items: what is narrowed, ordered or put into an envelope is the viewset's to say."""

    def is_possible(self) -> bool:
        return super().is_possible() and not self.generated.keys and self.generated.envelope is None

    @cached_property
    def paging(self) -> tuple[str, str]:
        """The names of the two parameters that choose a page."""
        return self.generated.paging.get(LIMIT, LIMIT), self.generated.paging.get(CURSOR, CURSOR)

    def asked(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> tuple[int, str | None] | None:
        """How many items are asked for, and from where on; None if the request says more, or something wrong."""
        query = dict(request.GET.lists())
        if control_characters(kwargs) is not None or not query.keys() <= set(self.paging):
            return None
        sent = self.parameters(request, kwargs)
        if sent is None or any(len(values) > 1 for values in query.values()):
            return None
        # A filter may have a default.
        if any(where == "query" and name not in self.paging for where, name in sent):
            return None
        limit, cursor = (sent.get(("query", name), request.GET.get(name)) for name in self.paging)
        size = page_size(limit)
        return None if size is None else (size, cursor or None)

    def page(
        self, request: HttpRequest, kwargs: Mapping[str, Any], shown: list[Any], next_cursor: str | None
    ) -> Response:
        """The response that shows these items, and where the next ones are."""
        schema = self.store.schema
        if hides_write_only(schema):
            shown = [without_write_only(schema, each) for each in shown]
        check_response(self.operation, self.status, shown)
        link = None if next_cursor is None else next_url(request, self.paging[1], next_cursor)
        return self.answered(request, kwargs, shown, {"Link": f'<{link}>; rel="next"'} if link else None)


class StraightBody(StraightAnswer):
    """What is written from a JSON body."""

    def is_possible(self) -> bool:
        takes = self.operation.request_body
        content = takes.content if takes is not None else {}
        schema = json_schema(content)
        # An input schema of its own says other things than the item's.
        is_own = len(content) == 1 and schema is not None and schema.resolved == self.store.schema
        return super().is_possible() and is_own

    @cached_property
    def content_types(self) -> frozenset[str]:
        (name,) = self.operation.request_body.content  # type: ignore[union-attr]
        essence = name.strip().lower()
        if not is_json(essence) or "*" in essence or ";" in essence:
            return frozenset()
        return frozenset({essence, f"{essence}; charset=utf-8", f"{essence};charset=utf-8"})

    def is_unusual(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> bool:
        content_type = request.META.get("CONTENT_TYPE", "").lower()
        return content_type not in self.content_types or super().is_unusual(request, kwargs)

    def sent(self, request: HttpRequest) -> dict[str, Any] | None:
        """The body's object, unjudged; None if it isn't one."""
        body = kept_body(request)
        if body is None:
            return None
        try:
            value = exact_json(body, max_depth=settings.MAX_BODY_DEPTH)
        except JSONTextError:
            return None
        return value if isinstance(value, dict) else None

    @cached_property
    def read_only(self) -> frozenset[str]:
        return frozenset(name for name, prop in self.store.schema.properties.items() if prop.read_only)


class StraightCreation(StraightBody):
    """What is made of a body, under a path that names no item."""

    @cached_property
    def status(self) -> int:  # type: ignore[override]
        return success_status(self.operation, 201, 200)

    def is_possible(self) -> bool:
        return super().is_possible() and not self.generated.keys

    @abstractmethod
    def created(self, value: dict[str, Any], user: Any) -> Mapping[str, Any] | None:
        """The JSON of the item that is made and kept; None, and none is kept, if the action has to be asked."""

    def answer(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> Response | None:
        if self.is_unusual(request, kwargs) or self.parameters(request, kwargs) is None:
            return None
        value = self.sent(request)
        made = None if value is None else self.created(value, getattr(request, "user", None))
        if made is None:
            return None
        body = self.shown(made)
        where = location(request, self.item, kwargs, body)
        return self.answered(request, kwargs, body, {"Location": where} if where else None)
