"""Defines the request class of generated views, a subclass of DRF's request class.

The class parses most JSON bodies itself, so DRF doesn't have to choose a parser.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.conf import settings as django_settings
from django.http import HttpRequest, QueryDict
from django.http.request import HttpHeaders
from django.utils.datastructures import MultiValueDict
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Empty, Request

from macaron_django.api.requests.body_bytes import buffered_body
from macaron_django.api.requests.parsers import json_value_of
from macaron_django.conf import Section
from macaron_django.conf import settings as macaron_settings
from macaron_django.exceptions import PyMacaronException

__all__ = ["OperationRequest", "WeakContext", "request_state"]


class WeakContext(dict[str, Any]):
    """DRF's context for a parser or renderer, with weak references to the request and the response.

    The request and the response have references to the context. A reference cycle would keep the data of all three in
    memory until the garbage collector runs.
    """

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, weakref.proxy(value) if name in ("request", "response") else value)


class OperationRequest(Request):
    """The request of a generated view. If ``json_types`` has the complete Content-Type, the body is parsed as JSON."""

    json_types: frozenset[str] = frozenset()
    #: The package's settings, if the request has a plan.
    settings: Section | None = None
    _json: Any = Empty
    _view: Any = None

    @classmethod
    def planned(
        cls, request: HttpRequest, state: Mapping[str, Any], authenticators: Sequence[Any], view: Any
    ) -> OperationRequest:
        """Returns the same request as the constructor, but faster. ``state`` is the operation's ``request_state``."""
        made = cls.__new__(cls)
        attributes = made.__dict__
        attributes.update(state)
        attributes["_request"], attributes["_view"] = request, weakref.proxy(view)
        if authenticators:
            attributes["authenticators"] = authenticators
        return made

    @cached_property
    def parser_context(self) -> dict[str, Any]:  # type: ignore[override]  # an attribute of DRF's, made when it is used
        """The context that DRF passes to parsers."""
        view = self._view
        try:
            context = WeakContext({"view": view, "args": view.args, "kwargs": view.kwargs})
        except ReferenceError:  # the caller runs after the request, whose view no longer exists
            context = WeakContext({"args": (), "kwargs": {}})
        context["request"], context["encoding"] = self, self._request.encoding or django_settings.DEFAULT_CHARSET
        return context

    # DRF would get these attributes from Django's request with ``__getattr__``, which takes ten times as long.
    @property
    def META(self) -> dict[str, Any]:  # type: ignore[override]  # noqa: N802 (Django's name)
        return self._request.META

    @property
    def headers(self) -> RequestHeaders:  # type: ignore[override]  # the same mapping, made piece by piece
        return RequestHeaders(self._request)

    @property
    def method(self) -> str | None:  # type: ignore[override]
        return self._request.method

    @property
    def data(self) -> Any:
        value = self.plain_json()
        return super().data if value is Empty else value

    def plain_json(self) -> Any:
        """Returns the value of a JSON body. Returns DRF's ``Empty`` if the body has another media type, or if
        ``buffered_body`` can't read the body.
        """
        if self._json is not Empty:
            return self._json
        if self._request.META.get("CONTENT_TYPE", "").lower() not in self.json_types:
            return Empty
        known = self.settings or macaron_settings.current()
        body = buffered_body(self._request, known.MAX_BODY_SIZE)
        if body is None:
            return Empty
        try:
            self._keep(json_value_of(body, max_depth=known.MAX_BODY_DEPTH))
        except PyMacaronException:
            self._keep(QueryDict())  # as DRF does, so that the error page doesn't parse the body again
            raise
        return self._json

    def _keep(self, value: Any) -> None:
        """Stores the value of the body in DRF's attributes, where error reports also read it."""
        self._json = self._data = self._full_data = value
        self._files: Any = MultiValueDict()


def request_state(
    parsers: Sequence[BaseParser], negotiator: BaseContentNegotiation, json_types: frozenset[str], settings: Section
) -> Mapping[str, Any]:
    """Returns the attributes that DRF's constructor sets on each request of an operation."""
    made = OperationRequest(HttpRequest(), parsers, [], negotiator, {})
    state = {name: value for name, value in vars(made).items() if name not in {"_request", "parser_context"}}
    return {**state, "json_types": json_types, "settings": settings, "version": None, "versioning_scheme": None}


class RequestHeaders(Mapping[str, str]):
    """The ``headers`` of Django's request. Reading a single header doesn't create a dictionary of all headers."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __getitem__(self, name: str) -> str:
        key = name.replace("-", "_").upper()
        found = self._request.META.get(key if key in HttpHeaders.UNPREFIXED_HEADERS else f"HTTP_{key}")
        if found is None:
            raise KeyError(name)
        return str(found)

    def __iter__(self) -> Iterator[str]:
        return iter(self._request.headers)

    def __len__(self) -> int:
        return len(self._request.headers)
