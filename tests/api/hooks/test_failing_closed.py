"""What a project says about who may do what holds, whenever and wherever it says so."""

from __future__ import annotations

import abc
from typing import Any

import pytest
from django.urls import resolve
from rest_framework import filters, permissions, throttling
from rest_framework.generics import GenericAPIView

from tests.api.hooks.kinds import Kinds, subclass

LINES = ("GET /plain/a", "PUT /plain/a", "PATCH /plain/a", "DELETE /plain/a")


class Nobody(permissions.BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class NoObject(permissions.BasePermission):
    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return False


class Never(throttling.BaseThrottle):
    def allow_request(self, request: Any, view: Any) -> bool:
        return False


class OnlyB(filters.BaseFilterBackend):
    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        return queryset.filter(id="b")


def statuses(kinds: Kinds) -> list[int]:
    return [kinds.ask(line, {"text": "y"} if "P" in line[:2] else None).status_code for line in LINES]


@pytest.mark.parametrize("hook", ["perform_authentication", "determine_version", "perform_content_negotiation"])
@pytest.mark.parametrize(
    ("attribute", "classes", "status"), [("permission_classes", [Nobody], 403), ("throttle_classes", [Never], 429)]
)
def test_what_one_check_sets_on_the_view_counts_in_the_next(
    kinds: Kinds, hook: str, attribute: str, classes: list[type], status: int
) -> None:
    def change(viewset: Any) -> Any:
        def set_it(self: Any, *args: Any, **kwargs: Any) -> Any:
            setattr(self, attribute, classes)
            return getattr(super(made, self), hook)(*args, **kwargs)

        made = subclass(viewset, **{hook: set_it})
        return made

    kinds.serve("plain", change)
    kinds.has("plain", id="a", text="x")
    assert statuses(kinds) == [status] * 4


def test_filter_backends_of_the_settings_narrow_every_operation(kinds: Kinds, monkeypatch: Any) -> None:
    monkeypatch.setattr(GenericAPIView, "filter_backends", [OnlyB])  # where DRF has put the setting
    kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    assert statuses(kinds) == [404] * 4


def test_filter_backends_that_were_there_before_this_package_narrow_every_operation(kinds: Kinds) -> None:
    viewset = kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    backends = viewset.filter_backends
    backends.append(OnlyB)  # the list that DRF has read from the settings: nothing has overridden it
    try:
        assert statuses(kinds) == [404] * 4
    finally:
        backends.remove(OnlyB)


def test_a_query_set_of_nothing_is_404_for_every_operation(kinds: Kinds) -> None:
    def change(viewset: Any) -> Any:
        made = subclass(viewset, get_queryset=lambda self: super(made, self).get_queryset().none())
        return made

    kinds.serve("plain", change)
    kinds.has("plain", id="a", text="x")
    assert statuses(kinds) == [404] * 4


def test_a_hook_of_updates_runs_for_the_items_of_the_query_set_only(kinds: Kinds) -> None:
    seen: list[str] = []

    def change(viewset: Any) -> Any:
        def perform_update(self: Any, serializer: Any) -> None:
            seen.append(self.kwargs["id"])
            serializer.save()

        made = subclass(
            viewset,
            get_queryset=lambda self: super(made, self).get_queryset().filter(text="mine"),
            perform_update=perform_update,
        )
        return made

    kinds.serve("plain", change)
    kinds.has("plain", id="a", text="theirs")
    assert [kinds.ask(line, {"text": "y"}).status_code for line in ("PUT /plain/a", "PATCH /plain/a")] == [404, 404]
    assert seen == []


def test_permissions_appended_in_place_are_asked_about_objects(kinds: Kinds) -> None:
    viewset = kinds.serve("plain", lambda generated: subclass(generated, permission_classes=[permissions.AllowAny]))
    kinds.has("plain", id="a", text="x")
    assert kinds.ask("GET /plain/a").status_code == 200
    viewset.permission_classes.append(NoObject)
    assert kinds.ask("GET /plain/a").status_code == 403


@pytest.mark.parametrize("hooks", [{}, {"perform_update": lambda self, serializer: serializer.save()}])
def test_a_permission_that_is_changed_later_is_asked_about_objects(kinds: Kinds, hooks: Any, monkeypatch: Any) -> None:
    class Anybody(permissions.BasePermission):
        pass

    kinds.serve("plain", lambda generated: subclass(generated, permission_classes=[Anybody], **hooks))
    kinds.has("plain", id="a", text="x")
    assert kinds.ask("PUT /plain/a", {"text": "y"}).status_code == 200
    monkeypatch.setattr(Anybody, "has_object_permission", lambda *_: False, raising=False)
    assert statuses(kinds) == [403] * 4


def test_methods_that_a_client_invents_share_a_plan(kinds: Kinds) -> None:
    kinds.serve("plain")
    for number in range(20):
        assert kinds.client.generic(f"FOO{number}", "/plain/a").status_code == 405
    plans = resolve("/plain/a", kinds.urls).func.initkwargs["plans"]
    assert len(plans._known[1]) == 1


def test_attributes_may_be_properties_that_ask_for_the_request(kinds: Kinds) -> None:
    never_for_put = property(lambda self: [Never] if self.request.META["REQUEST_METHOD"] == "PUT" else [])
    kinds.serve("plain", lambda viewset: subclass(viewset, throttle_classes=never_for_put))
    kinds.has("plain", id="a", text="x")
    assert statuses(kinds)[:2] == [200, 429]


def test_abstract_mixins_may_stand_before_a_viewset(kinds: Kinds) -> None:
    class Abstract(abc.ABC):
        @abc.abstractmethod
        def get_queryset(self) -> Any: ...

    kinds.serve("plain", lambda viewset: type(viewset)("Plain", (viewset, Abstract), {"__module__": __name__}))
    kinds.has("plain", id="a", text="x")
    assert kinds.ask("GET /plain/a").status_code == 200


def test_a_list_of_another_schemas_items_shows_what_its_own_schema_names(kinds: Kinds) -> None:
    others = kinds.api.persistences["Open"].model.objects
    kinds.serve("plain", lambda viewset: subclass(viewset, get_queryset=lambda self: others.all()))
    kinds.has("open", id="a", text="x", secret="s")
    assert kinds.ask("GET /plain").json() == [{"id": "a", "text": "x"}]


@pytest.mark.parametrize("kind", ["plain", "open"])
def test_a_patch_removes_no_attribute_that_clients_are_not_shown(kinds: Kinds, kind: str) -> None:
    kinds.serve(kind)
    persistence = kinds.api.persistences[kind.capitalize()]
    hidden = {"__persistence_class__": {"S": "service.Item"}, **({"other": {"S": "kept"}} if kind == "plain" else {})}
    persistence.put_item({"id": {"S": "a"}, "text": {"S": "x"}, **hidden})
    patch = {"text": "y", **dict.fromkeys(hidden)}
    assert kinds.ask(f"PATCH /{kind}/a", patch).status_code == 200
    stored = persistence.get_item({"id": {"S": "a"}})
    assert stored == {"id": {"S": "a"}, "text": {"S": "y"}, **hidden}
