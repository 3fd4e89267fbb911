"""Every method that DRF documents as a hook is called, and has its effect, however a project overrides it."""

from __future__ import annotations

from types import MethodType
from typing import Any
from unittest import mock

import pytest
from django.http import HttpRequest
from rest_framework import exceptions, permissions, throttling
from rest_framework.renderers import JSONRenderer

from macaron_django.api.views.operation_viewsets import OperationViewSet
from tests.api.hooks.kinds import Kinds, subclass


class Teapot(exceptions.APIException):
    status_code = 418


class Nobody(permissions.BasePermission):
    def has_permission(self, request, view):
        return False


class Never(throttling.BaseThrottle):
    def allow_request(self, request, view):
        return False


LIST, CREATE = "GET /plain", "POST /plain"
RETRIEVE, REPLACE, PATCH, DESTROY = (f"{method} /plain/a" for method in ("GET", "PUT", "PATCH", "DELETE"))
ITEM = (RETRIEVE, REPLACE, PATCH, DESTROY)
ALL = (LIST, CREATE, *ITEM)
BODIES = {CREATE: {"id": "new", "text": "new"}, REPLACE: {"text": "new"}, PATCH: {"text": "new"}}
#: hook → the requests that call it inside of DRF's try: what it raises is answered by DRF's exception handler
METHODS: dict[str, tuple[str, ...]] = {
    "get_queryset": (LIST, *ITEM),
    "filter_queryset": (LIST, *ITEM),
    "get_object": ITEM,
    "get_serializer": (LIST, CREATE, RETRIEVE, REPLACE, PATCH),
    "get_serializer_class": (LIST, CREATE, RETRIEVE, REPLACE, PATCH),
    "get_serializer_context": (LIST, CREATE, RETRIEVE, REPLACE, PATCH),
    "paginate_queryset": (LIST,),
    "get_paginated_response": (LIST,),
    "perform_create": (CREATE,),
    "perform_update": (REPLACE, PATCH),
    "perform_destroy": (DESTROY,),
    "list": (LIST,),
    "create": (CREATE,),
    "retrieve": (RETRIEVE,),
    "update": (REPLACE,),
    "partial_update": (PATCH,),
    "destroy": (DESTROY,),
    "initial": ALL,
    "determine_version": ALL,
    "perform_authentication": ALL,
    "check_permissions": ALL,
    "get_permissions": ALL,
    "check_object_permissions": ITEM,
    "check_throttles": ALL,
    "get_throttles": ALL,
}
#: hook → the requests that call it outside of it
OUTSIDE: dict[str, tuple[str, ...]] = {
    "dispatch": ALL,
    "initialize_request": ALL,
    "get_parsers": ALL,
    "get_authenticators": ALL,
    "get_parser_context": ALL,
    "perform_content_negotiation": ALL,
    "get_content_negotiator": ALL,
    "get_renderers": ALL,
    "finalize_response": ALL,
    "get_renderer_context": ALL,
    "handle_exception": ("GET /plain/none", "POST /plain/a"),
    "get_exception_handler": ("GET /plain/none",),
    "get_exception_handler_context": ("GET /plain/none",),
    "http_method_not_allowed": ("POST /plain/a",),
    "options": ("OPTIONS /plain/a",),
    "get_view_name": ("OPTIONS /plain/a",),
    "get_view_description": ("OPTIONS /plain/a",),
}


def on_class(kinds: Kinds, name: str, method: Any) -> None:
    kinds.serve("plain", lambda viewset: subclass(viewset, **{name: method(getattr(viewset, name))}))


def patched_later(kinds: Kinds, name: str, method: Any) -> None:
    viewset = kinds.serve("plain")
    for line in (*ALL, "GET /plain/none"):  # whatever is worked out once is worked out
        kinds.ask(line, BODIES.get(line))
    kinds.stack.enter_context(mock.patch.object(viewset, name, method(getattr(viewset, name))))


def patched_by_mock(kinds: Kinds, name: str, method: Any) -> None:
    viewset = kinds.serve("plain")
    function = method(getattr(viewset, name))
    made = mock.patch.object(viewset, name, autospec=True, side_effect=function)
    kinds.stack.enter_context(made)


def on_instance(kinds: Kinds, name: str, method: Any) -> None:
    def change(viewset: Any) -> Any:
        def __init__(self: Any, **kwargs: Any) -> None:  # noqa: N807
            super(made, self).__init__(**kwargs)
            setattr(self, name, MethodType(method(getattr(viewset, name)), self))

        made = subclass(viewset, __init__=__init__)
        return made

    kinds.serve("plain", change)


WAYS = {
    "on the class": on_class,
    "patched later": patched_later,
    "patched by mock": patched_by_mock,
    "on the instance": on_instance,
}


def is_asked(view: Any) -> bool:
    """Whether a view answers a request: plans are made with views, too."""
    return type(getattr(view, "request", None)) is not HttpRequest


def fill(kinds: Kinds) -> None:
    model = kinds.api.persistences["Plain"].model
    for found in model.objects.all():
        found.delete()
    for key in ("a", "b"):
        kinds.has("plain", id=key, text="x")


def cases(names: Any) -> Any:
    return pytest.mark.parametrize(
        ("name", "way"), [pytest.param(name, way, id=f"{name} {way}") for name in names for way in WAYS]
    )


@cases(METHODS)
def test_what_a_method_raises_is_the_answer(kinds, name, way):
    def method(_: Any) -> Any:
        def raising(self: Any, *args: Any, **kwargs: Any) -> Any:
            if is_asked(self):
                raise Teapot

        return raising

    WAYS[way](kinds, name, method)
    fill(kinds)
    answers = {line: kinds.ask(line, BODIES.get(line)).status_code for line in METHODS[name]}
    assert answers == dict.fromkeys(METHODS[name], 418)


@cases({**METHODS, **OUTSIDE})
def test_a_method_that_leaves_the_rest_to_its_base_changes_nothing(kinds, name, way):
    lines = {**METHODS, **OUTSIDE}[name]
    kinds.serve("plain")
    fill(kinds)
    wanted = {line: _shown(kinds.ask(line, BODIES.get(line))) for line in lines}
    calls: list[str] = []

    def method(function: Any) -> Any:
        def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
            if is_asked(self):
                calls.append(name)
            return function(self, *args, **kwargs)

        return counted

    WAYS[way](kinds, name, method)
    fill(kinds)
    for line in lines:
        calls.clear()
        assert _shown(kinds.ask(line, BODIES.get(line))) == wanted[line]
        assert calls, line


#: What DRF asks where a request's parsers and authenticators aren't known beforehand.
PARSING = ("initialize_request", "get_parsers", "get_parser_context", "get_authenticators", "get_content_negotiator")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PARSING)
def test_a_method_is_called_where_json_is_all_that_is_rendered(kinds, monkeypatch, name, way):
    monkeypatch.setattr(vars(OperationViewSet)["renderer_classes"], "configured", [JSONRenderer])
    test_a_method_that_leaves_the_rest_to_its_base_changes_nothing(kinds, name, way)


def _shown(answer: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    body = answer.content if answer.status_code < 400 else b""  # an error has an error_id
    return answer.status_code, sorted(answer.headers.items() if body else ()), body
