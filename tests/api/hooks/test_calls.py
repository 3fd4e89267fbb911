"""One request asks DynamoDB exactly what it has to, whatever kind of resource it is about and whoever has a hook."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db.models.signals import post_delete, post_init, post_save, pre_delete, pre_init, pre_save
from rest_framework import filters, pagination, permissions, throttling, versioning

from tests.api.hooks.kinds import KINDS, Kinds, subclass

#: What is asked of a resource that has the items "a" and "b": the body, the status, and DynamoDB's calls.
STORED: dict[str, tuple[Any, int, list[str]]] = {
    "GET /a": (None, 200, ["GetItem"]),
    "GET /none": (None, 404, ["GetItem"]),
    "HEAD /a": (None, 200, ["GetItem"]),
    "PUT /a": ({"text": "new"}, 200, ["UpdateItem"]),
    "PUT /b": ({"text": "as it is"}, 200, ["UpdateItem"]),
    "PUT /none": ({"text": "new"}, 404, ["UpdateItem"]),
    "POST /": ({"id": "new", "text": "new"}, 201, ["PutItem"]),
    "POST / taken": ({"id": "a", "text": "new"}, 409, ["PutItem"]),
    "PATCH /a": ({"text": "newer"}, 200, ["GetItem", "UpdateItem"]),
    "PATCH /none": ({"text": "newer"}, 404, ["GetItem"]),
    "PATCH /a nothing": ({}, 200, ["GetItem"]),
    "GET /": (None, 200, ["Scan"]),
    "DELETE /a": (None, 204, ["DeleteItem"]),
    "DELETE /none": (None, 404, ["DeleteItem"]),
}
#: What becomes of it where a row has to be seen.
OF_ROWS = {
    "PUT /a": ["GetItem", "UpdateItem"],
    "PUT /b": ["GetItem", "UpdateItem"],
    "PUT /none": ["GetItem"],
    "DELETE /a": ["GetItem", "DeleteItem"],
    "DELETE /none": ["GetItem"],
}


def costs(kinds: Kinds, kind: str) -> dict[str, tuple[int, list[str]]]:
    """Status and calls of each request for a kind that has been served."""
    group = {"group": "g"} if kind == "ranged" else {}
    path = "/groups/g/ranged" if group else f"/{kind}"
    for key in ("a", "b"):
        kinds.has(kind, id=key, text="as it is", **group)
    found = {}
    for one, (body, _, _) in STORED.items():
        method, place = one.split(" ")[:2]
        body = {**group, **body} if method == "POST" else body
        answer = kinds.ask(f"{method} {path}{place.rstrip('/')}", body)
        found[one] = (answer.status_code, kinds.calls)
    return found


def expected(kind: str = "plain", rows: Any = ()) -> dict[str, tuple[int, list[str]]]:
    """What ``costs`` should find where the methods ``rows`` have to be shown rows."""
    calls = {one: (status, calls) for one, (_, status, calls) in STORED.items()}
    calls |= {one: (calls[one][0], of_rows) for one, of_rows in OF_ROWS.items() if one.split(" ")[0] in rows}
    if kind == "ranged":
        calls["GET /"] = (200, ["Query"])
    return calls


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_resource_costs_one_call_for_each_thing_done(kinds, kind):
    kinds.serve(kind)
    assert costs(kinds, kind) == expected(kind)


class Anybody(permissions.BasePermission):
    def has_permission(self, request, view):
        return True


class Owners(Anybody):
    def has_object_permission(self, request, view, obj):
        return True


class Often(throttling.SimpleRateThrottle):
    rate = "1000/second"

    def get_cache_key(self, request, view):
        return "often"


class Version(versioning.QueryParameterVersioning):
    default_version = "1"


class Pages(pagination.PageNumberPagination):
    page_size = 10


class WithText(filters.BaseFilterBackend):
    def filter_queryset(self, request, queryset, view):
        return queryset.exclude(text="hidden")


class Everything(filters.BaseFilterBackend):
    def filter_queryset(self, request, queryset, view):
        return queryset


def passing(name: str) -> Any:
    """An override that changes nothing."""

    def change(viewset: Any) -> Any:
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            return getattr(super(made, self), name)(*args, **kwargs)

        made = subclass(viewset, **{name: method})
        return made

    return change


def with_attribute(**members: Any) -> Any:
    return lambda viewset: subclass(viewset, **members)


ITEMS = ("GET", "PUT", "PATCH", "DELETE")
#: What a project overrides, and the methods that have to be shown rows for it.
HOOKS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "permission_classes": (with_attribute(permission_classes=[Anybody]), ()),
    "object permissions": (with_attribute(permission_classes=[Owners]), ITEMS),
    "object permissions among others": (with_attribute(permission_classes=[Anybody & (Owners | Anybody)]), ITEMS),
    "throttle_classes": (with_attribute(throttle_classes=[Often]), ()),
    "versioning_class": (with_attribute(versioning_class=Version), ()),
    "filter_backends": (with_attribute(filter_backends=[Everything]), ()),
    "filter_backends that narrow": (with_attribute(filter_backends=[WithText]), ()),
    "perform_create": (passing("perform_create"), ("POST",)),
    "perform_update": (passing("perform_update"), ("PUT",)),
    "perform_destroy": (passing("perform_destroy"), ("DELETE",)),
    "get_object": (passing("get_object"), ITEMS),
    "get_queryset": (passing("get_queryset"), ()),
    "filter_queryset": (passing("filter_queryset"), ()),
    "get_serializer": (passing("get_serializer"), (*ITEMS, "POST")),
    "get_serializer_class": (passing("get_serializer_class"), (*ITEMS, "POST")),
    "get_serializer_context": (passing("get_serializer_context"), (*ITEMS, "POST")),
    "check_object_permissions": (passing("check_object_permissions"), ITEMS),
    **{
        name: (passing(name), ())
        for name in (
            *("dispatch", "initialize_request", "initial", "finalize_response", "handle_exception"),
            *("perform_authentication", "check_throttles", "get_throttles", "determine_version"),
            *("perform_content_negotiation", "get_renderers", "get_parsers", "get_authenticators"),
            *("get_renderer_context", "get_parser_context", "get_exception_handler", "get_view_name"),
            *("create", "update", "partial_update", "retrieve", "destroy", "list"),
            *("paginate_queryset", "get_paginated_response"),
        )
    },
}


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_costs_only_the_operations_that_have_to_show_it_rows(kinds, name):
    change, rows = HOOKS[name]
    kinds.serve("plain", change)
    assert costs(kinds, "plain") == expected(rows=rows)


def test_an_item_that_is_to_be_changed_is_read_as_it_is_now(kinds, monkeypatch):
    reads: list[bool] = []

    def watch(operation: str, body: bytes) -> None:
        reads.extend([json.loads(body).get("ConsistentRead", False)] * (operation == "GetItem"))

    monkeypatch.setattr(kinds.proxy, "_watch", watch)
    kinds.serve("plain", passing("get_object"))
    kinds.has("plain", id="a", text="x")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        kinds.ask(f"{method} /plain/a", {"text": "y"} if method[0] == "P" else None)
    assert reads == [False, True, True, True]


SIGNALS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "pre_save": (pre_save, ("PUT",)),
    "post_save": (post_save, ()),
    "pre_delete": (pre_delete, ("DELETE",)),
    "post_delete": (post_delete, ("DELETE",)),
    "pre_init": (pre_init, ("PUT", "DELETE")),
    "post_init": (post_init, ("PUT", "DELETE")),
}


def costs_with_receiver(kinds: Kinds, name: str) -> dict[str, Any]:
    kinds.serve("plain")
    model, told = kinds.api.persistences["Plain"].model, []

    def note(sender, **_):
        told.append(sender.__name__)

    SIGNALS[name][0].connect(note, sender=model)
    try:
        return costs(kinds, "plain")
    finally:
        SIGNALS[name][0].disconnect(note, sender=model)
        assert set(told) == {"Plain"}


@pytest.mark.parametrize("name", SIGNALS)
def test_receivers_cost_only_the_operations_that_send_them_rows(kinds, name):
    assert costs_with_receiver(kinds, name) == expected(rows=SIGNALS[name][1])


INVALID: dict[str, tuple[str, Any]] = {
    "POST": ("POST /plain", {"id": "new", "text": 5}),
    "POST of another type": ("POST /plain", []),
    "PUT": ("PUT /plain/a", {"text": 5}),
    "PUT of what isn't there": ("PUT /plain/none", {"size": "x"}),
}


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_body_is_read_and_judged_once_and_asks_nothing(kinds, name):
    kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    assert kinds.ask(*INVALID[name]).status_code == 400
    assert (kinds.calls, kinds.read, kinds.judged) == ([], 1, 1)


def test_an_invalid_patch_is_judged_once_with_the_item_that_it_would_make(kinds):
    kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    assert kinds.ask("PATCH /plain/a", {"text": 5}).status_code == 400
    assert (kinds.calls, kinds.read, kinds.judged) == (["GetItem"], 1, 1)


@pytest.mark.parametrize("line", ["POST /plain", "PUT /plain/a", "PATCH /plain/a"])
def test_a_malformed_body_is_read_once_and_asks_nothing(kinds, line):
    kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    assert kinds.ask(line, "{").status_code == 400
    assert (kinds.calls, kinds.read, kinds.judged) == ([], 1, 0)


@pytest.mark.parametrize("change", [lambda viewset: viewset, passing("get_serializer")], ids=["store", "rows"])
@pytest.mark.parametrize("line", ["POST /plain", "PUT /plain/a", "PATCH /plain/a"])
def test_a_valid_body_is_read_and_judged_once(kinds, line, change):
    kinds.serve("plain", change)
    kinds.has("plain", id="a", text="x")
    assert kinds.ask(line, {"text": "new", **({"id": "new"} if "POST" in line else {})}).status_code < 300
    assert (kinds.read, kinds.judged) == (1, 1)


@pytest.mark.parametrize("line", ["GET /tokens/a", "PUT /tokens/a", "DELETE /tokens/a", "POST /tokens", "GET /tokens"])
def test_whoever_has_no_token_asks_nothing(kinds, line):
    kinds.serve("tokens")
    assert kinds.ask(line, {"id": "a"} if line[0] == "P" else None).status_code == 401
    assert (kinds.calls, kinds.judged) == ([], 0)
