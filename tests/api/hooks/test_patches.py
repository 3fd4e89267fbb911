"""What tests and monitoring patch at any time counts from the next request on, and until it is taken back."""

from __future__ import annotations

from collections import Counter
from typing import Any
from unittest import mock

import pytest
from django.db.models.signals import post_delete, post_init, post_save, pre_delete, pre_init, pre_save
from django.test import override_settings
from django.utils.decorators import method_decorator
from rest_framework import permissions
from rest_framework.generics import GenericAPIView
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSetMixin

from macaron_django.api.views.actions import ACTIONS
from macaron_django.api.views.operation_viewsets import OperationViewSet
from macaron_django.api.views.resource_viewsets import ResourceViewSet
from macaron_django.auth import generate_token
from macaron_django.schemas.models.row_models import Row
from tests.api.hooks.kinds import Kinds, subclass

LINES = ("GET /plain", "POST /plain", "GET /plain/a", "PUT /plain/a", "PATCH /plain/a", "DELETE /plain/a")


def ask_all(kinds: Kinds) -> list[int]:
    kinds.has("plain", id="a", text="x")
    bodies = {"POST": {"id": "new"}, "PUT": {"text": "y"}, "PATCH": {"text": "z"}}
    found = [kinds.ask(line, bodies.get(line.split(" ")[0])).status_code for line in LINES]
    kinds.api.persistences["Plain"].model.objects.get(id="new").delete()
    return found


def counted(calls: Counter[str], owner: type, name: str) -> Any:
    function = getattr(owner, name)

    def count(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls[name] += 1
        return function(self, *args, **kwargs)

    return mock.patch.object(owner, name, count)


#: The methods of DRF's own classes that this package leaves in force, and how many of six operations call them.
DRF: dict[tuple[type, str], int] = {
    (APIView, "dispatch"): 6,
    (APIView, "initialize_request"): 6,
    (APIView, "initial"): 6,
    (APIView, "finalize_response"): 6,
    (APIView, "perform_authentication"): 6,
    (APIView, "perform_content_negotiation"): 6,
    (APIView, "check_permissions"): 6,
    (APIView, "check_throttles"): 6,
    (APIView, "get_throttles"): 6,
    (APIView, "determine_version"): 6,
    (APIView, "get_parsers"): 6,
    (APIView, "get_renderers"): 6,
    (APIView, "check_object_permissions"): 4,
    (GenericAPIView, "get_serializer"): 5,
    (GenericAPIView, "get_serializer_context"): 5,
    (GenericAPIView, "paginate_queryset"): 1,
    (GenericAPIView, "get_paginated_response"): 1,
    (ViewSetMixin, "initialize_request"): 6,
}


@pytest.mark.parametrize(("owner", "name"), DRF, ids=[f"{owner.__name__}.{name}" for owner, name in DRF])
def test_a_method_that_is_patched_in_drf_is_called(kinds, owner, name):
    kinds.serve("plain")
    before = ask_all(kinds)
    calls: Counter[str] = Counter()
    with counted(calls, owner, name):
        assert ask_all(kinds) == before
    assert calls[name] >= DRF[owner, name]
    told = calls[name]
    assert ask_all(kinds) == before
    assert calls[name] == told


OURS: dict[tuple[type, str], int] = {
    (OperationViewSet, "initialize_request"): 6,
    (OperationViewSet, "initial"): 6,
    (OperationViewSet, "finalize_response"): 6,
    (OperationViewSet, "get_permissions"): 6,
    (OperationViewSet, "get_authenticators"): 6,
    (ResourceViewSet, "get_queryset"): 5,
    (ResourceViewSet, "filter_queryset"): 5,
    (ResourceViewSet, "get_object"): 4,
    (ResourceViewSet, "get_serializer_class"): 5,
    (ACTIONS["create"][1], "perform_create"): 1,
    (ACTIONS["replace"][1], "perform_update"): 2,
    (ACTIONS["destroy"][1], "perform_destroy"): 1,
}


@pytest.mark.parametrize(("owner", "name"), OURS, ids=[f"{owner.__name__}.{name}" for owner, name in OURS])
def test_a_method_that_is_patched_in_this_package_is_called(kinds, owner, name):
    kinds.serve("plain")
    before = ask_all(kinds)
    calls: Counter[str] = Counter()
    with counted(calls, owner, name):
        assert ask_all(kinds) == before
    assert calls[name] >= OURS[owner, name]


class Mixin:
    """A project's own, above the generated viewset."""

    calls: Counter[str] = Counter()

    def get_queryset(self):
        self.calls["mixin"] += 1
        return super().get_queryset()  # type: ignore[misc]


def test_a_mixin_is_asked(kinds, monkeypatch):
    monkeypatch.setattr(Mixin, "calls", Counter())
    kinds.serve("plain", lambda viewset: type(viewset)("Plain", (Mixin, viewset), {"__module__": __name__}))
    assert ask_all(kinds) == [200, 201, 200, 200, 200, 204]
    assert Mixin.calls["mixin"] >= 5


def test_a_query_set_isnt_asked_where_an_item_is_created(kinds, monkeypatch):
    monkeypatch.setattr(Mixin, "calls", Counter())
    kinds.serve("plain", lambda viewset: type(viewset)("Plain", (Mixin, viewset), {"__module__": __name__}))
    assert kinds.ask("POST /plain", {"id": "new"}).status_code == 201
    assert not Mixin.calls


def test_a_mixin_that_is_patched_later_is_asked(kinds, monkeypatch):
    class Later:
        pass

    kinds.serve("plain", lambda viewset: type(viewset)("Plain", (Later, viewset), {"__module__": __name__}))
    before = ask_all(kinds)
    monkeypatch.setattr(Later, "permission_classes", [permissions.IsAdminUser], raising=False)
    assert kinds.ask("GET /plain").status_code == 403
    monkeypatch.undo()
    assert ask_all(kinds) == before


def test_a_decorator_is_called(kinds):
    calls: list[Any] = []

    def decorator(function):
        def inner(request, *args, **kwargs):
            calls.append(request.method)
            return function(request, *args, **kwargs)

        return inner

    kinds.serve("plain", lambda viewset: method_decorator(decorator, name="dispatch")(subclass(viewset)))
    ask_all(kinds)
    assert calls == [line.split(" ")[0] for line in LINES]


def test_attributes_that_a_class_looks_after_itself_are_asked(kinds):
    read: Counter[str] = Counter()

    def __getattribute__(self, name):  # noqa: N807
        read[name] += 1
        return super(made, self).__getattribute__(name)

    made: Any = None

    def change(viewset):
        nonlocal made
        made = subclass(viewset, __getattribute__=__getattribute__)
        return made

    kinds.serve("plain", change)
    assert ask_all(kinds) == [200, 201, 200, 200, 200, 204]
    assert read["dispatch"] >= 6


SIGNALS = {
    "pre_init": (pre_init, "GET /plain/a"),
    "post_init": (post_init, "GET /plain/a"),
    "pre_save": (pre_save, "PUT /plain/a"),
    "post_save": (post_save, "PUT /plain/a"),
    "pre_delete": (pre_delete, "DELETE /plain/a"),
    "post_delete": (post_delete, "DELETE /plain/a"),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_a_receiver_that_is_connected_late_is_told_until_it_leaves(kinds, name):
    signal, line = SIGNALS[name]
    kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    told: list[str] = []

    def note(sender, **_):
        told.append(sender.__name__)

    body = {"text": "y"} if line[0] == "P" else None
    kinds.ask(line, body)
    if line[0] == "D":
        kinds.has("plain", id="a", text="x")
    signal.connect(note)
    try:
        assert kinds.ask(line, body).status_code < 300
        assert "Plain" in told
    finally:
        signal.disconnect(note)
    told.clear()
    kinds.ask(line, body)
    assert not told


def with_text(self, *args, **kwargs):
    return {**Row.to_json(self, *args, **kwargs), "text": "patched"}


def saved(self, *args, **kwargs):
    self.text = "patched"
    Row.save(self, *args, **kwargs)


def kept(self, *args, **kwargs):
    return 0, {}


PATCHES = {
    "save of a new row": ("save", saved, "POST /plain"),
    "save": ("save", saved, "PUT /plain/a"),
    "save of a change": ("save", saved, "PATCH /plain/a"),
    "to_json of an item": ("to_json", with_text, "GET /plain/a"),
    "to_json of a list": ("to_json", with_text, "GET /plain"),
    "delete": ("delete", kept, "DELETE /plain/a"),
}


@pytest.mark.parametrize("name", PATCHES)
def test_a_method_of_rows_that_is_patched_has_its_effect(kinds, name):
    kinds.serve("plain")
    method, function, line = PATCHES[name]
    model = kinds.api.persistences["Plain"].model
    before = ask_all(kinds)
    kinds.has("plain", id="a", text="x")
    body = {"POST": {"id": "new"}, "PUT": {"text": "y"}, "PATCH": {"text": "z"}}.get(line.split(" ")[0])
    with mock.patch.object(model, method, function):
        answer = kinds.ask(line, body)
    if method == "delete":
        assert kinds.ask("GET /plain/a").status_code == 200
    else:
        assert b'"text":"patched"' in answer.content
    model.objects.all().delete()
    assert ask_all(kinds) == before


def test_default_permissions_count_while_settings_name_them(kinds):
    kinds.serve("tokens")
    kinds.has("tokens", id="a")
    token = f"Bearer {generate_token('ada')}"
    assert kinds.ask("GET /tokens/a", Authorization=token).status_code == 200
    with override_settings(REST_FRAMEWORK={"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"]}):
        assert kinds.ask("GET /tokens/a", Authorization=token).status_code == 403
    assert kinds.ask("GET /tokens/a", Authorization=token).status_code == 200


def test_drfs_test_tools_sign_somebody_in(kinds, django_user_model):
    seen: list[Any] = []

    def retrieve(self, request, *args, **kwargs):
        seen.append(str(request.user))
        return super(type(self), self).retrieve(request, *args, **kwargs)

    viewset = kinds.serve("plain", lambda each: subclass(each, retrieve=retrieve))
    kinds.has("plain", id="a")
    client = APIClient()
    client.force_authenticate(django_user_model(username="ada"))
    assert client.get("/plain/a").status_code == 200
    route = next(methods for path, methods in viewset.routes.items() if "{" in path)
    request = APIRequestFactory().get("/plain/a")
    force_authenticate(request, django_user_model(username="bob"))
    assert viewset.as_view({"get": "retrieve"}, served=route)(request, id="a").status_code == 200
    assert client.get("/plain/a").status_code == 200
    assert seen == ["ada", "bob", "ada"]
