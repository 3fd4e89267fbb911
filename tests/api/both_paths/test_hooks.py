"""Whoever overrides a hook of DRF or of the generated viewsets has it called: as often as on DRF's ordinary path."""

from __future__ import annotations

import inspect
import itertools
from collections import Counter
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from django.utils.decorators import method_decorator
from rest_framework.views import APIView

from macaron_django.api import url_patterns

SEEDS = {"Part": [{"id": {"S": f"p{n}"}, "created": {"S": "2020-01-02T03:04:05.000000Z"}} for n in range(3)]}
#: What a viewset is made of, and what is asked when URLs are made.
NOT_HOOKS = {"api", "as_view", "basename", "classes", "detail", "is_routed", "item", "replacement", "routes", "served"}
NOT_HOOKS |= {
    "store",
    "suffix",
    "name",
    "description",
    "action_map",
    "get_extra_actions",
    "http_method_names",
    "schema",
}
CALLED = {
    *("dispatch", "initial", "initialize_request", "get_queryset", "filter_queryset", "get_object", "get_serializer"),
    *("get_serializer_class", "perform_create", "perform_update", "create", "update", "retrieve", "list", "settings"),
    *("get_permissions", "check_permissions", "check_object_permissions", "get_authenticators", "get_throttles"),
    *("check_throttles", "finalize_response", "handle_exception", "get_exception_handler", "permission_classes"),
    *("renderer_classes", "throttle_classes", "pagination_class", "filter_backends", "parser_classes", "queryset"),
    *("serializer_class", "entity_tag", "location", "created", "changed", "checked", "json_body", "path_values"),
    *("with_path_values", "get_renderers", "get_parsers", "perform_authentication", "paginate_queryset", "represented"),
    *("perform_content_negotiation", "determine_version", "get_exception_handler_context", "default_response_headers"),
    *("get_renderer_context", "get_parser_context", "get_paginated_response", "parameters", "operation", "paginator"),
}


def requests(name: str) -> list[Any]:
    return [
        ("GET /v1/parts/p1",),
        ("GET /v1/parts?limit=2",),
        ("POST /v1/parts", {"id": f"of-{name}", "value": 1.5}),
        ("PUT /v1/parts/p1", {"value": 2.5}),
        ("GET /v1/parts/nothing",),
        ("POST /v1/parts", {"value": "x"}),
        ("POST /v1/parts", {"id": f"of-{name}"}),
        ("PUT /v1/parts/nothing", {}),
    ]


class Counting:
    """A data descriptor in an attribute's place: counts who reads it of a view."""

    def __init__(self, owner: Any, name: str, calls: Counter[str]) -> None:
        self.owner, self.name, self.calls = owner, name, calls

    def __get__(self, view: Any, owner: Any) -> Any:
        if view is None:
            return getattr(super(self.owner[0], owner), self.name)
        self.calls[self.name] += 1
        return getattr(super(self.owner[0], view), self.name)


def overriding(viewset: type[Any], names: Any, calls: Counter[str]) -> type[Any]:
    """A subclass that overrides these, counts, and leaves the rest to its base."""
    made: list[Any] = []

    def method(name: str) -> Any:
        def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
            calls[name] += 1
            return getattr(super(made[0], self), name)(*args, **kwargs)

        return counted

    members: dict[str, Any] = {}
    for name in names:
        static = inspect.getattr_static(viewset, name)
        if isinstance(static, classmethod):
            members[name] = classmethod(method(name))
        elif inspect.isfunction(static):
            members[name] = method(name)
        else:
            members[name] = Counting(made, name, calls)
    made.append(type("Parts", (viewset,), {**members, "__module__": __name__}))
    return made[0]


class Served:
    """The parts of the API as generated; each call serves them by another class."""

    def __init__(self, both_paths: Any) -> None:
        self.both = both_paths("both-paths/apis/everything.yaml", SEEDS)
        self.both.tables.reset()
        self.viewsets = self.both.side().viewsets
        self.generated = self.viewsets["Parts"]

    def statuses(self, viewset: Any, name: str, between: Any = None, asked: Any = None) -> list[str]:
        self.generated.replacement = viewset
        urls: Any = type("urls", (), {"urlpatterns": url_patterns("everything", self.viewsets)})
        with override_settings(ROOT_URLCONF=urls):
            handler, found = WSGIHandler(), []
            for one in asked or requests(name):
                found.append(self.both.send(handler, one, {})[0])
                if between is not None:
                    between()
        return found

    def calls(self, viewset: Any, name: str, calls: Counter[str]) -> tuple[list[str], list[Counter[str]]]:
        """Statuses, and how often each request called what counts into ``calls``."""
        snapshots = [Counter[str]()]
        found = self.statuses(viewset, name, lambda: snapshots.append(calls.copy()))
        return found, [after - before for before, after in itertools.pairwise(snapshots)]


@pytest.fixture
def parts(both_paths: Any) -> Served:
    return Served(both_paths)


def test_every_override_is_called(parts):
    hooks = [name for name in dir(parts.generated) if not name.startswith("_") and name not in NOT_HOOKS]
    assert set(hooks) >= CALLED
    everything: Counter[str] = Counter()
    statuses, wanted = parts.calls(overriding(parts.generated, hooks, everything), "all", everything)
    assert [status[:3] for status in statuses] == ["200", "200", "201", "200", "404", "400", "409", "404"]
    assert set(everything) >= CALLED

    wrong = []
    for name in hooks:
        calls: Counter[str] = Counter()
        found, counted = parts.calls(overriding(parts.generated, [name], calls), name, calls)
        counts, expected = [[each[name] for each in counters] for counters in (counted, wanted)]
        # Who overrides a list's serializer gets rows, which ask more.
        counts[1], expected[1] = min(counts[1], 1), min(expected[1], 1)
        if counts != expected or found != statuses:
            wrong.append(f"{name}: called {counts} times instead of {expected}; {found}")
    assert not wrong, "\n".join(wrong)


class Mixin:
    """A project's own, above the generated viewset."""

    calls: Counter[str] = Counter()

    def get_queryset(self):
        self.calls["mixin"] += 1
        return super().get_queryset()


def counting(calls, name, function=None):
    def counted(self, *args, **kwargs):
        calls[name] += 1
        return function(self, *args, **kwargs)

    return counted


def decorated(calls, viewset):
    def decorator(function):
        def inner(request, *args, **kwargs):
            calls["decorated"] += 1
            return function(request, *args, **kwargs)

        return inner

    return method_decorator(decorator, name="dispatch")(type("Parts", (viewset,), {"__module__": __name__}))


def test_every_way_to_override_is_seen(parts):
    calls: Counter[str] = Counter()
    Mixin.calls = calls
    generated = parts.generated

    class OfItsOwn(generated):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            calls["__init__"] += 1

    class Reading(generated):
        def __getattribute__(self, name):
            calls["__getattribute__"] += 1
            return super().__getattribute__(name)

    class Setting(generated):
        def __setattr__(self, name, value):
            calls["__setattr__"] += 1
            super().__setattr__(name, value)

    made = {
        "mixin": type("Parts", (Mixin, generated), {"__module__": __name__}),
        "decorated": decorated(calls, generated),
        "__init__": OfItsOwn,
        "__getattribute__": Reading,
        "__setattr__": Setting,
    }
    for name, viewset in made.items():
        parts.statuses(viewset, name)
        assert calls[name] >= 8 if name != "mixin" else calls[name], name


PATCHED = ["initial", "dispatch", "finalize_response", "check_permissions", "initialize_request"]


@pytest.mark.parametrize("name", PATCHED)
@pytest.mark.parametrize("where", ["the generated class", "a subclass"])
def test_what_is_patched_later_counts_at_once(parts, monkeypatch, name, where):
    """Tests patch whatever they like, also after the first request."""
    calls: Counter[str] = Counter()
    viewset = type("Parts", (parts.generated,), {"__module__": __name__}) if where == "a subclass" else None
    patched = viewset or parts.generated

    def patch():
        if not calls["patched"]:
            calls["patched"] += 1
            monkeypatch.setattr(patched, name, counting(calls, name, getattr(patched, name)))

    asked = requests(name)[:4]
    parts.statuses(viewset, name, patch, [asked[0], *asked])
    monkeypatch.undo()
    assert calls[name] == 4


@pytest.mark.parametrize("name", PATCHED)
def test_what_monitoring_patches_in_drf_is_called(parts, monkeypatch, name):
    calls: Counter[str] = Counter()
    monkeypatch.setattr(APIView, name, counting(calls, name, getattr(APIView, name)))
    parts.statuses(None, name, None, requests(name)[:4])
    assert calls[name] == 4


@pytest.mark.parametrize(
    "name", ["save", "to_json", "__init__", "full_clean", "save_base", "from_db", "_from_properties"]
)
def test_methods_of_rows_are_called(parts, monkeypatch, name):
    """A test patches the model, or x-parent gives it methods: as often called as on the ordinary path."""
    model = parts.generated.store.model
    counts = []
    for viewset in (None, parts.both.ordinary(parts.generated)):
        calls: Counter[str] = Counter()
        with monkeypatch.context() as patch:
            original = getattr(model, name)
            if inspect.ismethod(original):
                patch.setattr(model, name, classmethod(counting(calls, name, original.__func__)))
            else:
                patch.setattr(model, name, counting(calls, name, original))
            parts.statuses(viewset, name, None, requests(f"{name}-{len(counts)}"))
        counts.append(calls)
    generated, ordinary = counts
    assert generated == ordinary


class Saving:
    """A parent whose rows are saved in a way of their own."""

    def save(self, *args, **kwargs):
        self.n = (self.n or 0) + 100
        super().save(*args, **kwargs)


class Showing:
    """A parent whose rows show something else than they hold."""

    def to_json(self):
        return {**super().to_json(), "n": 7}


class Reading:
    """A parent whose rows are read in a way of their own."""

    @classmethod
    def from_db(cls, *args, **kwargs):
        row = super().from_db(*args, **kwargs)
        row.n = 5
        return row


def test_rows_with_methods_of_their_own_are_answered_alike(both_paths):
    nested = {"t": "A", "ro": "x", "wo": "hidden"}
    stored = {"M": {name: {"S": value} for name, value in nested.items()}}
    seeds = {name: [{"id": {"S": "a"}, "n": {"N": "1"}}, {"id": {"S": "b"}}] for name in ("Saved", "Shown", "Read")}
    seeds["Nested"] = [
        {
            "id": {"S": "a"},
            "ends": {"N": "99"},
            "kind": stored,
            "one": stored,
            "many": {"L": [{"M": {"t": {"S": "B"}}}]},
        }
    ]
    both = both_paths("both-paths/apis/parents.yaml", seeds)
    asked = [
        (line, body)
        for name in ("saved", "shown", "read")
        for line, body in (
            *((f"GET /{name}{key}", None) for key in ("", "/a", "/b")),
            *((f"POST /{name}", {"id": "c", "n": 2}), (f"GET /{name}/c", None)),
            *((f"PUT /{name}/{key}", {"n": 3}) for key in ("a", "b", "nobody")),
            (f"GET /{name}/a", None),
        )
    ]
    b = {"t": "B", "wo": "s", "at": "2020-01-01T00:00:00+01:00"}
    bodies = (
        {"one": nested},
        {"kind": nested, "many": [b]},
        {"kind": {**b, "more": 1}},
        {"ends": 2**40},
        {},
        {"one": b},
    )
    bodies = (*bodies, {"kind": {"t": "C"}}, {"many": [{**b, "wo": 5}]}, {"ends": -1}, {"ends": 1.5})
    asked += [("GET /nested/a", None), ("GET /nested", None)]
    for n, body in enumerate(bodies):
        asked += [("PUT /nested/a", body), ("GET /nested/a", None), ("POST /nested", {"id": f"n{n}", **body})]
    differences = both.differences(asked)
    assert not differences, "\n".join(differences)
    assert {answer["status"][:3] for answer in both.answers} == {"200", "201", "400", "404"}
    assert '"n":102' in str(both.answers)
