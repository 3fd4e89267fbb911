"""What a project's hooks return, refuse and change is in the answer, and in what is stored."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from rest_framework import exceptions, permissions, renderers, serializers, throttling
from rest_framework.response import Response

from macaron_django.auth import generate_token
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from tests.api.hooks.kinds import Kinds, subclass


class Nobody(permissions.BasePermission):
    def has_permission(self, request, view):
        return False


class Never(throttling.BaseThrottle):
    def allow_request(self, request, view):
        return False


class Shouting(renderers.JSONRenderer):
    def render(self, data, accepted_media_type=None, renderer_context=None):
        return super().render(data, accepted_media_type, renderer_context).upper()


def stored(kinds: Kinds, key: str) -> dict[str, Any] | None:
    row = kinds.api.persistences["Plain"].model.objects.filter(id=key).first()
    return None if row is None else row.to_json()


@pytest.fixture
def serve(kinds: Kinds) -> Any:
    """Serves plain things, "a" and "b", by a subclass that ``make`` gives its members, by name."""

    def make(**members: Any) -> Kinds:
        kinds.serve("plain", lambda viewset: subclass(viewset, **members))
        for key in ("a", "b"):
            kinds.has("plain", id=key, text="x")
        return kinds

    return make


def test_perform_create_saves_what_it_likes(serve):
    kinds = serve(perform_create=lambda self, serializer: serializer.save(text="by hook"))
    answer = kinds.ask("POST /plain", {"id": "new", "text": "by client"})
    assert (answer.status_code, answer.json()) == (201, {"id": "new", "text": "by hook"})
    assert stored(kinds, "new") == {"id": "new", "text": "by hook"}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_perform_update_saves_what_it_likes(serve, method):
    kinds = serve(perform_update=lambda self, serializer: serializer.save(text="by hook"))
    answer = kinds.ask(f"{method} /plain/a", {"text": "by client"})
    assert (answer.status_code, answer.json()) == (200, {"id": "a", "text": "by hook"})
    assert stored(kinds, "a") == {"id": "a", "text": "by hook"}


def test_a_patch_inside_an_object_keeps_what_others_write_into_it_meanwhile(kinds):
    persistence, meanwhile = kinds.api.persistences["Nested"], [{"M": {"city": {"S": "y"}, "zip": {"S": "1"}}}]

    def perform_update(self, serializer):
        if meanwhile:
            persistence.update_item(persistence.key("a"), {"place": meanwhile.pop()})
        serializer.save()

    kinds.serve("nested", lambda viewset: subclass(viewset, perform_update=perform_update))
    kinds.has("nested", id="a", place={"city": "x"})
    answer = kinds.ask("PATCH /nested/a", {"place": {"street": "s"}})
    assert answer.json() == {"id": "a", "place": {"city": "y", "zip": "1", "street": "s"}}
    assert kinds.ask("GET /nested/a").json() == answer.json()


def test_perform_destroy_may_keep_the_item(serve):
    kinds = serve(perform_destroy=lambda self, instance: None)
    assert kinds.ask("DELETE /plain/a").status_code == 204
    assert stored(kinds, "a") == {"id": "a", "text": "x"}


NARROWED: list[dict[str, Any]] = [{"id": "b"}, {"pk": "b"}, {"id__in": ["b", "c"]}, {"id__gt": "a"}, {"text": "y"}]


@pytest.mark.parametrize("lookup", NARROWED, ids=str)
@pytest.mark.parametrize("hook", ["get_queryset", "filter_queryset"])
def test_what_a_query_set_leaves_out_is_nowhere(serve, hook, lookup):
    def narrowed(self, *args):
        return self.store.queryset().filter(**lookup)

    kinds = serve(**{hook: narrowed})
    kinds.api.persistences["Plain"].model.objects.filter(id="b").update(text="y")
    assert kinds.ask("GET /plain").json() == [{"id": "b", "text": "y"}]
    lines = ("GET /plain/a", "PUT /plain/a", "PATCH /plain/a", "DELETE /plain/a")
    assert [kinds.ask(line, {"text": "y"} if line[0] == "P" else None).status_code for line in lines] == [404] * 4
    assert stored(kinds, "a") == {"id": "a", "text": "x"}
    lines = ("GET /plain/b", "PUT /plain/b", "PATCH /plain/b", "DELETE /plain/b")
    found = [kinds.ask(line, {"text": "y"} if line[0] == "P" else None).status_code for line in lines]
    assert found == [200, 200, 200, 204]


def test_what_a_query_set_leaves_out_is_nowhere_on_engines_that_give_no_reason(serve, dynamodb):
    kinds = serve(get_queryset=lambda self: self.store.queryset().filter(text="y"))
    with engines.use(EndpointEngine(str(dynamodb.endpoint_url))):
        lines = ("PUT /plain/a", "PATCH /plain/a", "DELETE /plain/a", "PUT /plain/none", "DELETE /plain/none")
        assert [kinds.ask(line, {"text": "y"} if line[0] == "P" else None).status_code for line in lines] == [404] * 5
    assert stored(kinds, "a") == {"id": "a", "text": "x"}


def test_get_object_finds_another_item(serve):
    kinds = serve(get_object=lambda self: self.store.model.objects.get(id="b"))
    assert kinds.ask("GET /plain/a").json() == {"id": "b", "text": "x"}
    assert kinds.ask("DELETE /plain/a").status_code == 204
    assert (stored(kinds, "a"), stored(kinds, "b")) == ({"id": "a", "text": "x"}, None)


class Own(serializers.Serializer[Any]):
    def to_representation(self, instance):
        return {"id": instance.id, "text": str(self.context.get("told", "own"))}


def test_get_serializer_class_chooses_for_each_request(serve):
    def get_serializer_class(self):
        return Own if self.action in ("list", "retrieve") else super(type(self), self).get_serializer_class()

    kinds = serve(get_serializer_class=get_serializer_class)
    assert kinds.ask("GET /plain/a").json() == {"id": "a", "text": "own"}
    assert kinds.ask("GET /plain").json() == [{"id": "a", "text": "own"}, {"id": "b", "text": "own"}]
    assert kinds.ask("PUT /plain/a", {"text": "y"}).json() == {"id": "a", "text": "y"}


def test_get_serializer_context_tells_the_serializer(serve):
    def get_serializer_context(self):
        return {**super(type(self), self).get_serializer_context(), "told": "by the view"}

    kinds = serve(get_serializer_context=get_serializer_context, serializer_class=Own)
    assert kinds.ask("GET /plain/a").json() == {"id": "a", "text": "by the view"}


def test_get_serializer_may_change_what_is_judged(serve):
    def get_serializer(self, *args, **kwargs):
        if "data" in kwargs:
            kwargs["data"] = {**kwargs["data"], "text": "by hook"}
        return super(type(self), self).get_serializer(*args, **kwargs)

    kinds = serve(get_serializer=get_serializer)
    assert kinds.ask("POST /plain", {"id": "new"}).json() == {"id": "new", "text": "by hook"}
    assert kinds.ask("PUT /plain/a", {}).json() == {"id": "a", "text": "by hook"}


def test_paginate_queryset_and_get_paginated_response_make_the_page(serve):
    kinds = serve(
        paginate_queryset=lambda self, queryset: list(queryset)[1:],
        get_paginated_response=lambda self, data: Response(data, headers={"X-Page": "last"}),
    )
    answer = kinds.ask("GET /plain")
    assert (answer.json(), answer["X-Page"]) == ([{"id": "b", "text": "x"}], "last")


def test_check_permissions_and_permission_denied_refuse(serve):
    def permission_denied(self, request, message=None, code=None):
        raise exceptions.NotFound("Nothing to see.")

    kinds = serve(permission_classes=[Nobody], permission_denied=permission_denied)
    answer = kinds.ask("DELETE /plain/a")
    assert (answer.status_code, kinds.calls) == (404, [])
    assert "Nothing to see." in answer.content.decode()


def test_get_permissions_chooses_for_each_action(serve):
    kinds = serve(get_permissions=lambda self: [Nobody()] if self.action == "destroy" else [])
    assert [kinds.ask(line).status_code for line in ("GET /plain/a", "DELETE /plain/a")] == [200, 403]
    assert stored(kinds, "a") is not None


def test_check_object_permissions_sees_each_object(serve):
    seen: list[Any] = []

    def check_object_permissions(self, request, obj):
        seen.append((request.method, obj.pk))
        if obj.pk == "b":
            raise exceptions.PermissionDenied

    kinds = serve(check_object_permissions=check_object_permissions)
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        for key, status in (("a", 204 if method == "DELETE" else 200), ("b", 403)):
            assert (
                kinds.ask(f"{method} /plain/{key}", {"text": "y"} if method[0] == "P" else None).status_code == status
            )
    assert seen == [(method, key) for method in ("GET", "PUT", "PATCH", "DELETE") for key in "ab"]
    assert stored(kinds, "b") == {"id": "b", "text": "x"}


def test_check_throttles_get_throttles_and_throttled_refuse(serve):
    def throttled(self, request, wait):
        raise exceptions.Throttled(wait=7)

    kinds = serve(get_throttles=lambda self: [Never()], throttled=throttled)
    answer = kinds.ask("GET /plain/a")
    assert (answer.status_code, answer["Retry-After"], kinds.calls) == (429, "7", [])


def test_perform_authentication_and_get_authenticators_say_who_asks(serve):
    class As:
        def authenticate(self, request):
            return type("User", (), {"pk": "ada", "is_authenticated": True})(), "token"

    asked: list[str] = []

    def check_permissions(self, request):
        asked.append(request.user.pk)

    kinds = serve(get_authenticators=lambda self: [As()], check_permissions=check_permissions)
    assert kinds.ask("GET /plain/a").status_code == 200
    assert asked == ["ada"]


def test_get_authenticate_header_challenges(kinds):
    kinds.serve("tokens", lambda viewset: subclass(viewset, get_authenticate_header=lambda self, request: "Own realm"))
    answer = kinds.ask("GET /tokens/a")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Own realm")


def test_determine_version_is_on_the_request(serve):
    seen: list[Any] = []

    def retrieve(self, request, *args, **kwargs):
        seen.append((request.version, request.versioning_scheme))
        return super(type(self), self).retrieve(request, *args, **kwargs)

    kinds = serve(determine_version=lambda self, request, *args, **kwargs: ("9", "own"), retrieve=retrieve)
    assert kinds.ask("GET /plain/a").status_code == 200
    assert seen == [("9", "own")]


def test_get_renderers_and_content_negotiation_choose_the_renderer(serve):
    kinds = serve(get_renderers=lambda self: [Shouting()])
    assert kinds.ask("GET /plain/a").content == b'{"ID":"A","TEXT":"X"}'
    assert kinds.ask("GET /plain/a", Accept="image/png").status_code == 406


def test_perform_content_negotiation_chooses_the_renderer(serve):
    def perform_content_negotiation(self, request, force=False):
        return Shouting(), "application/json"

    kinds = serve(perform_content_negotiation=perform_content_negotiation)
    assert kinds.ask("GET /plain/a", Accept="image/png").content == b'{"ID":"A","TEXT":"X"}'


def test_get_renderer_context_and_default_headers_reach_the_answer(serve):
    def headers(self):
        return {**super(type(self), self).default_response_headers, "X-Default": "yes"}

    def get_renderer_context(self):
        return {**super(type(self), self).get_renderer_context(), "indent": 2}

    kinds = serve(default_response_headers=property(headers), get_renderer_context=get_renderer_context)
    answer = kinds.ask("GET /plain/a")
    assert answer["X-Default"] == "yes"
    assert b'{\n  "id": "a"' in answer.content


def test_http_method_names_close_methods(serve):
    kinds = serve(http_method_names=["get", "head"])
    answer = kinds.ask("DELETE /plain/a")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert stored(kinds, "a") is not None


def test_http_method_not_allowed_answers(serve):
    kinds = serve(http_method_not_allowed=lambda self, request, *args, **kwargs: Response({"no": request.method}))
    assert kinds.ask("POST /plain/a", {}).json() == {"no": "POST"}


def test_handle_exception_answers(serve):
    kinds = serve(handle_exception=lambda self, exc: Response({"own": type(exc).__name__}, status=410))
    assert kinds.ask("GET /plain/none").status_code == 410


def test_get_exception_handler_answers_with_its_context(serve):
    def handler(exc, context):
        return Response({"own": context["told"]}, status=410)

    kinds = serve(
        get_exception_handler=lambda self: handler, get_exception_handler_context=lambda self: {"told": self.action}
    )
    answer = kinds.ask("PUT /plain/none", {"text": "y"})
    assert (answer.status_code, answer.json()) == (410, {"own": "update"})


def test_finalize_response_has_the_last_word(serve):
    def finalize_response(self, request, response, *args, **kwargs):
        response = super(type(self), self).finalize_response(request, response, *args, **kwargs)
        response["X-Final"] = self.action
        return response

    kinds = serve(finalize_response=finalize_response)
    lines = ("GET /plain", "GET /plain/a", "DELETE /plain/a", "GET /plain/none")
    assert [kinds.ask(line)["X-Final"] for line in lines] == ["list", "retrieve", "destroy", "retrieve"]


def test_dispatch_may_answer_by_itself(serve):
    kinds = serve(dispatch=lambda self, request, *args, **kwargs: HttpResponse("short", status=202))
    assert (kinds.ask("DELETE /plain/a").status_code, kinds.calls) == (202, [])


def test_initialize_request_may_change_the_request(serve):
    def initialize_request(self, request, *args, **kwargs):
        request.META["HTTP_ACCEPT"] = "image/png"
        return super(type(self), self).initialize_request(request, *args, **kwargs)

    kinds = serve(initialize_request=initialize_request)
    assert kinds.ask("GET /plain/a").status_code == 406


def test_initial_sees_the_request_as_drf_leaves_it(kinds):
    seen: list[Any] = []

    def initial(self, request, *args, **kwargs):
        super(type(self), self).initial(request, *args, **kwargs)
        seen.append((request.user.is_authenticated, request.accepted_media_type, kwargs, self.action))
        if request.method == "DELETE":
            raise exceptions.PermissionDenied

    kinds.serve("tokens", lambda viewset: subclass(viewset, initial=initial))
    kinds.has("tokens", id="a")
    token = f"Bearer {generate_token('ada')}"
    assert [kinds.ask(f"{m} /tokens/a", Authorization=token).status_code for m in ("GET", "DELETE")] == [200, 403]
    assert seen == [(True, "application/json", {"id": "a"}, action) for action in ("retrieve", "destroy")]


def test_options_answers_in_its_own_way(serve):
    kinds = serve(options=lambda self, request, *args, **kwargs: Response({"own": True}))
    assert kinds.ask("OPTIONS /plain/a").json() == {"own": True}


def test_get_view_name_and_description_are_shown(serve):
    kinds = serve(get_view_name=lambda self: "Own name", get_view_description=lambda self, html=False: "Own words")
    shown = kinds.ask("OPTIONS /plain/a").json()
    assert (shown["name"], shown["description"]) == ("Own name", "Own words")


@pytest.mark.parametrize("action", ["list", "create", "retrieve", "update", "partial_update", "destroy"])
def test_an_action_of_its_own_answers(serve, action):
    kinds = serve(**{action: lambda self, request, *args, **kwargs: Response({"own": self.action}, status=202)})
    lines = {
        "list": "GET /plain",
        "create": "POST /plain",
        "retrieve": "GET /plain/a",
        "update": "PUT /plain/a",
        "partial_update": "PATCH /plain/a",
        "destroy": "DELETE /plain/a",
    }
    answer = kinds.ask(lines[action], {} if lines[action][0] == "P" else None)
    assert (answer.status_code, answer.json(), kinds.calls) == (202, {"own": action}, [])


def test_what_validation_adds_does_not_hide_that_an_item_is_absent(serve):
    def get_serializer_class(self):
        class Own(super(type(self), self).get_serializer_class()):
            def validate_text(self, text):
                return object()

            def validate(self, attrs):
                return {**attrs, "found": object()}

        return Own

    kinds = serve(get_serializer_class=get_serializer_class)
    assert kinds.ask("PUT /plain/nobody", {"text": "x"}).status_code == 404


def test_a_patch_leaves_the_additional_properties_that_it_does_not_name_to_others(kinds):
    def perform_update(self, serializer):
        other = type(serializer.instance).objects.get(pk="a")
        other["more"] = "by others"
        other.save()
        serializer.save()

    kinds.serve("open", lambda viewset: subclass(viewset, perform_update=perform_update))
    kinds.has("open", id="a", more="x", mine=1)
    answer = kinds.ask("PATCH /open/a", {"text": "y", "mine": 2})
    assert answer.json() == {"id": "a", "text": "y", "more": "by others", "mine": 2}
