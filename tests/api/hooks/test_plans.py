"""A plan lists what an operation's requests have to go through, whatever its viewset's other operations need."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client, RequestFactory, override_settings
from django.urls import resolve
from rest_framework import (
    authentication,
    filters,
    pagination,
    permissions,
    renderers,
    serializers,
    throttling,
    versioning,
)
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.test import APIClient
from rest_framework.views import APIView

from macaron_django.api.views.actions import ACTIONS
from macaron_django.api.views.operation_viewsets import DATA, OperationViewSet
from macaron_django.api.views.resource_viewsets import ResourceViewSet
from macaron_django.auth import generate_token
from macaron_django.overrides import Hooks
from tests.api.hooks.kinds import Kinds, subclass
from tests.calls import count_calls

PUBLIC = ("negotiate", "admit_anybody", "read_parameters")
SECURED = ("negotiate", "authenticate", "check_permissions", "read_parameters")
SILENT = ("negotiate", "authenticate_by_header_or_session", "read_parameters")
KEYED = ("refuse_control_characters",)


class Owners(permissions.BasePermission):
    def has_object_permission(self, request, view, obj):
        return True


class Seldom(throttling.SimpleRateThrottle):
    rate = "1/day"

    def get_cache_key(self, request, view):
        return None


class Often(throttling.UserRateThrottle):
    rate = "1000000/day"


class Bare(APIView):
    def get(self, request):
        return Response({})


class Backend(filters.BaseFilterBackend):
    def filter_queryset(self, request, queryset, view):
        return queryset


def summary(kinds: Kinds, kind: str) -> dict[str, Any]:
    """What the plans of a kind's operations say, to be compared."""
    return {
        line: (plan.steps, plan.stores, plan.headers, type(plan.renderer), plan.has_pages)
        for line, plan in kinds.plans(kind).items()
    }


@pytest.mark.parametrize(
    ("kind", "steps"), [("plain", PUBLIC), ("tokens", SECURED), ("asking", SECURED), ("silent", SILENT)]
)
def test_a_plan_holds_the_steps_that_the_document_asks_for(kinds, kind, steps):
    kinds.serve(kind)
    for line, plan in kinds.plans(kind).items():
        assert plan.steps == (*(KEYED if line.endswith("/a") else ()), *steps)
        assert plan.stores
        assert plan.renderer is not None
        assert plan.headers is not None
        assert plan.headers["Allow"]
        assert not plan.overridden


@pytest.mark.django_db
def test_drfs_authenticators_are_asked_wherever_they_may_know_somebody(kinds, monkeypatch):
    users = []

    def saw_user(self, request, *args, **kwargs):
        users.append((str(request.user), request.auth, request.successful_authenticator))
        return super(type(self), self).list(request, *args, **kwargs)

    kinds.serve("silent", lambda generated: subclass(generated, list=saw_user))
    joe = get_user_model()(username="joe")
    with override_settings(MIDDLEWARE=[]):
        assert kinds.ask("GET /silent").status_code == 200
        assert kinds.ask("GET /silent", Authorization="Basic wrong").status_code == 403
        forced = APIClient()
        forced.force_authenticate(joe)
        assert forced.get("/silent").status_code == 200
        with monkeypatch.context() as patching:
            patching.setattr(authentication.SessionAuthentication, "authenticate", lambda self, request: (joe, "own"))
            assert kinds.ask("GET /silent").status_code == 200
    with override_settings(MIDDLEWARE=[f"{__name__}.{knows_joe.__name__}"]):
        assert Client().get("/silent").status_code == 200
    kinds_of = [type(authenticator).__name__ for _, _, authenticator in users]
    assert [user for user, *_ in users] == ["AnonymousUser", "joe", "joe", "joe"]
    assert [auth for _, auth, _ in users] == [None, None, "own", None]
    assert kinds_of == ["NoneType", "ForcedAuthentication", "SessionAuthentication", "SessionAuthentication"]


def knows_joe(get_response):
    """A middleware that says who is logged in."""

    def answer(request):
        request.user = get_user_model()(username="joe")
        return get_response(request)

    return answer


def test_options_and_unknown_methods_are_left_to_drf(kinds):
    kinds.serve("plain")
    for line in ("OPTIONS /plain/a", "TRACE /plain/a", "POST /plain/a"):
        plan = kinds.plan(line)
        assert (plan.stores, plan.renderer, plan.parsers) == (False, None, None)
        assert "check_permissions" in plan.steps


def inserted(steps: tuple[str, ...], step: str, before: str) -> tuple[str, ...]:
    place = steps.index(before)
    return (*steps[:place], step, *steps[place:])


CLASS_ATTRIBUTES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "permission_classes": ([permissions.IsAuthenticated], inserted(PUBLIC, "check_permissions", "read_parameters")),
    "authentication_classes": (
        [authentication.BasicAuthentication],
        ("negotiate", "authenticate", "read_parameters"),
    ),
    "throttle_classes": ([Seldom], inserted(PUBLIC, "check_throttles", "read_parameters")),
    "versioning_class": (versioning.QueryParameterVersioning, inserted(PUBLIC, "determine_version", "admit_anybody")),
    "filter_backends": ([Backend], PUBLIC),
    "pagination_class": (pagination.PageNumberPagination, PUBLIC),
    "parser_classes": ([], PUBLIC),
    "renderer_classes": ([renderers.JSONRenderer], PUBLIC),
}


@pytest.mark.parametrize("name", CLASS_ATTRIBUTES)
@pytest.mark.parametrize("how", ["subclass", "as_view", "patched", "patched on DRF's"])
def test_an_attribute_puts_its_own_step_in_however_it_is_set(kinds, monkeypatch, name, how):
    value, steps = CLASS_ATTRIBUTES[name]
    viewset = kinds.serve("plain", lambda each: subclass(each, **{name: value}) if how == "subclass" else each)
    before = kinds.plan("GET /plain").steps
    if how == "as_view":
        view = viewset.as_view({"get": "list"}, served=next(iter(viewset.routes.values())), **{name: value})
        plan = view.initkwargs["plans"].of("GET")
    else:
        if how != "subclass":
            owner = viewset if how == "patched" else next(each for each in viewset.__mro__[::-1] if name in vars(each))
            monkeypatch.setattr(owner, name, value, raising=False)
        plan = kinds.plan("GET /plain")
    assert before == (steps if how == "subclass" else PUBLIC)
    # What this package's own attributes stand for isn't replaced where DRF's are.
    hidden = how == "patched on DRF's" and name in {"pagination_class", "parser_classes", "renderer_classes"}
    assert plan.steps == (PUBLIC if hidden else steps)
    assert name in plan.overridden


METHODS: dict[str, str | None] = {
    "check_permissions": "check_permissions",
    "get_permissions": "check_permissions",
    "permission_denied": "check_permissions",
    "perform_authentication": "authenticate",
    "get_authenticators": "authenticate",
    "check_throttles": "check_throttles",
    "get_throttles": "check_throttles",
    "throttled": "check_throttles",
    "determine_version": "determine_version",
    "perform_create": None,
    "perform_update": None,
    "perform_destroy": None,
    "get_object": None,
    "get_queryset": None,
    "get_serializer": None,
    "get_serializer_class": None,
    "finalize_response": None,
    "handle_exception": None,
    "initial": None,
    "dispatch": None,
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_puts_its_own_step_in_and_no_other(kinds, monkeypatch, name):
    step = METHODS[name]
    viewset = kinds.serve("plain")
    before = summary(kinds, "plain")
    method = getattr(viewset, name)
    monkeypatch.setattr(viewset, name, lambda self, *args, **kwargs: method(self, *args, **kwargs), raising=False)
    for line, (steps, *_) in before.items():
        expected = set(steps) | ({step} if step else set())
        expected -= {"admit_anybody"} if step == "authenticate" else set()
        assert set(kinds.plan(line).steps) == expected, line
    monkeypatch.undo()
    assert summary(kinds, "plain") == before


@pytest.mark.parametrize("name", ["perform_create", "perform_update", "perform_destroy", "get_serializer", "retrieve"])
def test_an_override_leaves_the_plans_of_all_operations_equal(kinds, name):
    kinds.serve("plain")
    before = summary(kinds, "plain")
    kinds.serve("plain", lambda viewset: subclass(viewset, **{name: getattr(viewset, name)}))
    assert summary(kinds, "plain") == before


def test_an_override_of_one_resource_leaves_the_plans_of_the_others(kinds):
    kinds.serve("plain")
    before = {kind: summary(kinds, kind) for kind in ("open", "versioned", "tokens")}
    kinds.serve("plain", lambda viewset: subclass(viewset, permission_classes=[Owners], throttle_classes=[Seldom]))
    assert {kind: summary(kinds, kind) for kind in before} == before


PERMISSIONS = [Owners, permissions.AllowAny & Owners, permissions.AllowAny | Owners, ~Owners]


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_a_permission_that_looks_at_objects_is_given_them(kinds, permission):
    kinds.serve("plain", lambda viewset: subclass(viewset, permission_classes=[permission]))
    assert not kinds.plan("GET /plain/a").stores


@pytest.mark.parametrize(
    "permission", [permissions.IsAuthenticated, permissions.IsAuthenticated & permissions.IsAdminUser]
)
def test_a_permission_that_looks_at_no_object_leaves_it_to_the_store(kinds, permission):
    kinds.serve("plain", lambda viewset: subclass(viewset, permission_classes=[permission]))
    assert kinds.plan("GET /plain/a").stores


@pytest.mark.parametrize("name", ["check_object_permissions", "check_permissions", "get_permissions"])
def test_a_method_that_may_look_at_objects_is_given_them(kinds, name):
    kinds.serve("plain", lambda viewset: subclass(viewset, **{name: getattr(viewset, name)}))
    assert not kinds.plan("GET /plain/a").stores


# ------------------------------------------------------------------ when plans are made again


def test_a_plan_is_made_once(kinds):
    kinds.serve("plain")
    kinds.has("plain", id="a")
    plan = kinds.plan("GET /plain/a")
    for _ in range(3):
        assert kinds.ask("GET /plain/a").status_code == 200
    assert kinds.plan("GET /plain/a") is plan
    assert kinds.plan("HEAD /plain/a") is not plan


@pytest.mark.parametrize(
    "changes",
    [
        {"REST_FRAMEWORK": {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}},
        {"MACARON": {"REQUIRE_IF_MATCH": True}},
        {"LANGUAGE_CODE": "de"},
    ],
    ids=["DRF's", "this package's", "Django's"],
)
def test_plans_are_made_again_when_settings_change(kinds, settings, changes):
    kinds.serve("tokens")
    plan = kinds.plan("GET /tokens/a")
    if "MACARON" in changes:
        changes = {"MACARON": {**settings.MACARON, **changes["MACARON"]}}
    with override_settings(**changes):
        assert kinds.plan("GET /tokens/a") is not plan
    assert kinds.plan("GET /tokens/a") is not plan
    assert kinds.plan("GET /tokens/a").steps == plan.steps


def test_default_permissions_count_as_soon_as_settings_name_them(kinds):
    kinds.serve("tokens")
    with override_settings(REST_FRAMEWORK={"DEFAULT_PERMISSION_CLASSES": [f"{__name__}.Owners"]}):
        assert not kinds.plan("GET /tokens/a").stores
    assert kinds.plan("GET /tokens/a").stores


@pytest.mark.parametrize("name", ["save", "to_json", "__init__", "from_db"])
def test_plans_are_made_again_when_a_method_of_the_row_is_patched(kinds, monkeypatch, name):
    kinds.serve("plain")
    assert kinds.plan("PUT /plain/a").stores
    with monkeypatch.context() as patch:
        model = kinds.api.persistences["Plain"].model
        method = vars(next(each for each in model.__mro__ if name in vars(each)))[name]
        function = getattr(method, "__func__", method)
        other = lambda self, *args, **kwargs: function(self, *args, **kwargs)  # noqa: E731 (one of many)
        patch.setattr(model, name, classmethod(other) if isinstance(method, classmethod) else other)
        assert not kinds.plan("PUT /plain/a").stores
    assert kinds.plan("PUT /plain/a").stores


# ------------------------------------------------------------------ which plans are taken step by step


class Setting(permissions.BasePermission):
    """Sets a hook on the view, as only code that is given the view can."""

    def has_permission(self, request, view):
        view.finalize_response = lambda request, response, *args, **kwargs: finalized(view, request, response)
        return True


def finalized(view, request, response):
    answer = type(view).finalize_response(view, request, response)
    answer["X-Set"] = "1"
    return answer


@pytest.mark.parametrize("kind", ["plain", "tokens"])
def test_a_plan_is_closed_to_hooks_where_no_code_of_the_projects_is_given_the_view(kinds, kind):
    kinds.serve(kind)
    plan = kinds.plan(f"GET /{kind}/a")
    assert plan.is_direct
    assert plan.is_closed


@pytest.mark.parametrize("permission", [Setting, Setting & permissions.AllowAny])
def test_a_hook_that_a_default_permission_sets_on_the_view_is_called(kinds, permission, monkeypatch):
    kinds.serve("tokens")
    monkeypatch.setattr(api_settings, "DEFAULT_PERMISSION_CLASSES", [permission])
    with override_settings(LANGUAGE_CODE="de"):  # plans are made again
        kinds.has("tokens", id="a")
        assert not kinds.plan("GET /tokens/a").is_closed
        answer = kinds.ask("GET /tokens/a", Authorization=f"Bearer {generate_token('ada')}")
    assert (answer.status_code, answer["X-Set"]) == (200, "1")


@pytest.mark.parametrize(
    ("attributes", "closes"),
    [
        ({"throttle_classes": [Seldom]}, True),
        ({"permission_classes": [Setting]}, True),
        ({"permission_classes": [Owners]}, False),  # is also asked by the action
        ({"throttle_classes": [Seldom], "perform_create": vars(OperationViewSet)["answer"]}, False),
    ],
)
def test_a_plan_is_closed_after_the_checks_where_only_these_are_given_the_view(kinds, attributes, closes):
    kinds.serve("plain", lambda viewset: subclass(viewset, **attributes))
    plan = kinds.plan("GET /plain/a")
    assert plan.is_direct
    assert not plan.is_closed
    assert (plan.after_checks is not None) is closes
    if closes:
        assert plan.after_checks.is_closed
        assert plan.after_checks.overridden == plan.overridden


class Looking(permissions.BasePermission):
    """Looks at the methods of a view."""

    seen: list[Any] = []  # emptied by the test

    def has_permission(self, request, view):
        self.seen += [view.get == view.retrieve, view.head == view.retrieve, view.put == view.update]
        self.seen += [hasattr(view, "post"), hasattr(view, "trace"), view.allowed_methods]
        return True


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_view_has_the_methods_of_its_path_and_no_others(kinds, accept):
    Looking.seen.clear()
    viewset = kinds.serve("plain", lambda viewset: subclass(viewset, permission_classes=[Looking]))
    kinds.has("plain", id="a")
    assert kinds.ask("GET /plain/a", Accept=accept).status_code == 200
    allowed = ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    assert Looking.seen[:5] == [True, True, True, False, False]
    assert sorted(Looking.seen[5]) == sorted(allowed)
    assert not hasattr(viewset, "get")


def test_a_view_s_own_method_is_replaced_by_the_action_as_in_drf(kinds):
    Looking.seen.clear()
    own = {"get": lambda self, request: Response({"own": True}), "permission_classes": [Looking]}
    kinds.serve("plain", lambda viewset: subclass(viewset, **own))
    kinds.has("plain", id="a")
    answer = kinds.ask("GET /plain/a", Accept="application/json")
    assert answer.json() == {"id": "a"}
    assert Looking.seen[:3] == [True, True, True]
    assert not kinds.plan("GET /plain/a").is_direct


class Tracing:
    """A mixin to the right of a viewset, with methods that are named after HTTP methods."""

    def trace(self, request, **kwargs):
        return Response({"traced": True})

    def query(self):
        return "asked"


def test_a_mixin_to_the_right_keeps_its_methods(kinds):
    asked = []

    def perform_create(self, serializer):
        asked.append(self.query())
        serializer.save()

    def mixed(viewset):
        return type(viewset)("Plain", (viewset, Tracing), {"__module__": __name__, "perform_create": perform_create})

    viewset = kinds.serve("plain", mixed)
    assert kinds.ask("POST /plain", {"id": "a"}).status_code == 201
    assert asked == ["asked"]
    assert kinds.ask("TRACE /plain/a").json() == {"traced": True}
    assert not hasattr(viewset, "get")


class Light(serializers.Serializer):
    id = serializers.CharField()


class Choosing(filters.BaseFilterBackend):
    def filter_queryset(self, request, queryset, view):
        view.serializer_class = Light
        return queryset


@pytest.mark.parametrize("attributes", [{}, {"throttle_classes": [Seldom]}])
def test_a_hook_that_a_default_filter_backend_sets_on_the_view_counts(kinds, attributes, monkeypatch):
    # As if the setting had named the backend before DRF was imported: then it isn't an override.
    monkeypatch.setattr(GenericAPIView, "filter_backends", [Choosing])
    hooks = Hooks(ResourceViewSet, *(mixin for _, mixin in ACTIONS.values()), data=DATA)
    monkeypatch.setattr(ResourceViewSet, "hooks", hooks)
    kinds.serve("open", lambda viewset: subclass(viewset, **attributes))
    kinds.has("open", id="a", text="hidden")
    with override_settings(LANGUAGE_CODE="de"):  # plans are made again
        assert kinds.plan("GET /open").overridden == attributes.keys()
        assert kinds.ask("GET /open").json() == [{"id": "a"}]


def added_calls(view: Any, throttled: Any, request: Any) -> int:
    """The calls that a throttle adds to a view's."""
    for each in (view, throttled, throttled):
        each(request())
    return count_calls(throttled, request()) - count_calls(view, request())


def test_a_throttle_adds_hardly_more_calls_than_on_a_bare_view(kinds):
    kinds.has("plain", id="a")
    cache.clear()

    def generated(**attributes: Any) -> Any:
        kinds.serve("plain", lambda viewset: subclass(viewset, **attributes))
        match = resolve("/plain/a", kinds.urls)

        def view(request: Any) -> Any:
            request.resolver_match = match
            answer = match.func(request, *match.args, **match.kwargs)
            assert answer.status_code == 200
            return answer

        return view

    def request() -> Any:
        return RequestFactory().get("/plain/a", headers={"Accept": "application/json"})

    with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}):
        own = added_calls(generated(description="as it is"), generated(throttle_classes=[Often]), request)
        bare = added_calls(Bare.as_view(), Bare.as_view(throttle_classes=[Often]), request)
    # A bare view calls check_throttles() and get_throttles() even without throttles. Here, both are calls more, as are
    # the step itself and the question whether the throttle has set a hook.
    assert own <= bare + 6


@pytest.mark.parametrize("name", ["dispatch", "initialize_request", "initial", "default_response_headers"])
def test_drfs_dispatch_runs_where_it_or_a_part_of_it_is_overridden(kinds, name):
    kinds.serve("plain", lambda viewset: subclass(viewset, **{name: vars(OperationViewSet)[name]}))
    assert not kinds.plan("GET /plain/a").is_direct
    assert kinds.ask("GET /plain/a").status_code == 404


def test_an_own_constructor_is_called(kinds):
    def construct(self, **kwargs):
        super(type(self), self).__init__(**kwargs)
        self.throttle_classes = [Never]

    kinds.serve("plain", lambda viewset: subclass(viewset, __init__=construct))
    assert kinds.ask("GET /plain/a").status_code == 429


class Never(throttling.BaseThrottle):
    def allow_request(self, request, view):
        return False
