"""Answers are bytes where nothing may want to see a DRF response, and the same to the byte where something may."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import Http404
from django.test import Client, RequestFactory, override_settings
from django.urls import path, resolve
from rest_framework import renderers
from rest_framework.response import Response

from macaron_django import openapi
from macaron_django.api import build_viewsets, url_patterns
from macaron_django.api.answers.json_answers import JSONAnswer
from macaron_django.api.answers.renderers import JSONRenderer
from macaron_django.api.views.operation_viewsets import OperationViewSet
from macaron_django.schemas import Classes
from tests.api.hooks.kinds import MERGE_PATCH, Kinds, subclass
from tests.api.hooks.wsgi_requests import send

UNKNOWN = f"{__name__}.unknown"
ITEM = {"id": "a", "text": "é", "size": 12345678901234567890}
PATCHING = {"Content-Type": MERGE_PATCH}
REQUESTS: list[Any] = [
    ("POST /{kind}", ITEM),
    ("POST /{kind}", ITEM),
    ("POST /{kind}", {"id": "b c/d", "text": "x"}),
    ("POST /{kind}", {"id": "b", "text": 5}),
    ("POST /{kind}", {"id": "b", "text": "b"}, {"Host": "api.example.com:81"}),
    ("GET /{kind}/a",),
    ("HEAD /{kind}/a",),
    ("GET /{kind}/a", None, {"Accept": "application/json; indent=2"}),
    ("GET /{kind}/a", None, {"Accept": "text/html,*/*"}),
    ("GET /{kind}/a", None, {"Accept": "image/png"}),
    ("GET /{kind}/a", None, {"If-None-Match": '"1"'}),
    ("GET /{kind}/a?format=json",),
    ("GET /{kind}/none",),
    ("GET /{kind}",),
    ("GET /{kind}?limit=1",),
    ("GET /{kind}?limit=0",),
    ("PUT /{kind}/a", {"text": "new"}),
    ("PUT /{kind}/none", {"text": "new"}),
    ("PATCH /{kind}/a", {"size": None}, PATCHING),
    ("OPTIONS /{kind}/a",),
    ("TRACE /{kind}/a",),
    ("DELETE /{kind}/a",),
    ("DELETE /{kind}/a",),
]


def unknown(get_response):
    return lambda request: get_response(request)


class Envelopes:
    """A middleware that changes what a DRF response shows."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_template_response(self, request, response):
        response.data = {"envelope": response.data}
        return response


def answers(kinds: Kinds, kind: str) -> list[Any]:
    """Status, headers in their order, and bytes of each answer, without what differs from one request to another."""
    handler, found = WSGIHandler(), []
    for persistence in kinds.api.persistences.values():
        persistence.model.objects.all().delete()
    for line, *rest in REQUESTS:
        status, headers, body = send(handler, (line.format(kind=kind), *rest), {})
        if ("Content-Type", "text/html; charset=utf-8") in headers:  # with a token against forgery
            headers, body = [each for each in headers if each[0] not in {"Content-Length", "Set-Cookie"}], b""
        if status[0] == "4":  # with an error_id
            headers = [header for header in headers if header[0] != "Content-Length"]
            body = sorted(json.loads(body))
        found.append((line, status, [(name, "" if name == "Link" else value) for name, value in headers], body))
    return found


@pytest.mark.parametrize("kind", ["plain", "open", "texts", "versioned", "sets"])
@pytest.mark.parametrize("middleware", [[], ["django.middleware.gzip.GZipMiddleware"]])
def test_bytes_are_what_drf_would_have_rendered(kinds, kind, middleware):
    kinds.serve(kind)
    with override_settings(MIDDLEWARE=middleware):
        assert kinds.plan(f"GET /{kind}").gives_bytes
        as_bytes = answers(kinds, kind)
    with override_settings(MIDDLEWARE=[*middleware, UNKNOWN]):
        assert not kinds.plan(f"GET /{kind}").gives_bytes
        assert answers(kinds, kind) == as_bytes
    assert {status[:3] for _, status, _, _ in as_bytes} >= {"200", "201", "204", "400", "404", "405", "406", "409"}


def through_drf(self, request, *args, **kwargs):
    return super(type(self), self).initial(request, *args, **kwargs)


@pytest.mark.parametrize("kind", ["plain", "open", "versioned", "nested"])
@pytest.mark.parametrize("pages", [True, False])
def test_a_plans_steps_answer_as_drfs_dispatch_does(kinds, monkeypatch, kind, pages):
    if not pages:
        monkeypatch.setattr(vars(OperationViewSet)["renderer_classes"], "configured", [renderers.JSONRenderer])
    kinds.serve(kind)
    assert kinds.plan(f"GET /{kind}").is_direct
    assert kinds.plan(f"GET /{kind}").is_closed
    direct = answers(kinds, kind)
    kinds.serve(kind, lambda viewset: subclass(viewset, initial=through_drf))
    assert not kinds.plan(f"GET /{kind}").is_direct
    assert answers(kinds, kind) == direct


def test_every_successful_answer_of_an_operation_is_bytes(kinds):
    kinds.serve("plain")
    for line, *rest in REQUESTS:
        answer = kinds.ask(line.format(kind="plain"), *rest[:1])
        if answer.status_code < 300 and not line.startswith("OPTIONS") and "format=" not in line:
            assert type(answer) is JSONAnswer, line


def test_a_middleware_that_isnt_known_can_change_what_is_shown(kinds):
    kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    with override_settings(MIDDLEWARE=[f"{__name__}.Envelopes"]):
        assert kinds.ask("GET /plain/a").json() == {"envelope": {"id": "a", "text": "x"}}


def enveloped(self, request, response, *args, **kwargs):
    response = super(type(self), self).finalize_response(request, response, *args, **kwargs)
    response.data = {"envelope": response.data}
    return response


def changed(name):
    def method(self, *args, **kwargs):
        response = getattr(super(type(self), self), name)(*args, **kwargs)
        response.data["more"] = 1
        return response

    return {name: method}


SEEING: dict[str, dict[str, Any]] = {
    "finalize_response": {"finalize_response": enveloped},
    **{name: changed(name) for name in ("retrieve", "checked", "dispatch", "answered", "tagged")},
}


@pytest.mark.parametrize("name", SEEING)
def test_a_hook_that_sees_responses_can_change_what_is_shown(kinds, name):
    kinds.serve("versioned", lambda viewset: subclass(viewset, **SEEING[name]))
    kinds.has("versioned", id="a", text="x")
    assert not kinds.plan("GET /versioned/a").gives_bytes
    if name != "tagged":  # of rows only
        assert kinds.ask("GET /versioned/a").json().keys() & {"envelope", "more"}


def test_a_hook_that_sees_no_response_leaves_it_bytes(kinds):
    kinds.serve("plain", lambda viewset: subclass(viewset, perform_create=lambda self, serializer: serializer.save()))
    assert type(kinds.ask("POST /plain", {"id": "a"})) is JSONAnswer


class Shouting(renderers.JSONRenderer):
    def render(self, data, accepted_media_type=None, renderer_context=None):
        return super().render(data, accepted_media_type, renderer_context).upper()


def test_an_own_renderer_writes_the_answer(kinds):
    kinds.serve("plain", lambda viewset: subclass(viewset, renderer_classes=[Shouting]))
    kinds.has("plain", id="a", text="x")
    assert kinds.ask("GET /plain/a").content == b'{"ID":"A","TEXT":"X"}'


def test_a_renderer_that_a_hook_chooses_for_one_request_writes_the_answer(kinds):
    def initial(self, request, *args, **kwargs):
        super(type(self), self).initial(request, *args, **kwargs)
        request.accepted_renderer = Shouting()

    kinds.serve("plain", lambda viewset: subclass(viewset, initial=initial))
    kinds.has("plain", id="a", text="x")
    assert kinds.ask("GET /plain/a").content == b'{"ID":"A","TEXT":"X"}'


def test_a_hook_that_the_action_sets_on_the_view_is_called(kinds):
    def get_queryset(self):
        self.finalize_response = lambda request, response, *args, **kwargs: enveloped(self, request, response)
        return super(type(self), self).get_queryset()

    kinds.serve("plain", lambda viewset: subclass(viewset, get_queryset=get_queryset))
    kinds.has("plain", id="a", text="x")
    assert kinds.ask("GET /plain/a").json() == {"envelope": {"id": "a", "text": "x"}}


def test_headers_that_a_hook_sets_on_the_view_are_sent(kinds):
    def get_queryset(self):
        self.headers["X-Own"] = "1"
        return super(type(self), self).get_queryset()

    kinds.serve("plain", lambda viewset: subclass(viewset, get_queryset=get_queryset))
    kinds.has("plain", id="a")
    answer = kinds.ask("GET /plain/a")
    assert (type(answer), answer["X-Own"]) == (JSONAnswer, "1")


def test_a_view_that_is_called_by_itself_returns_drfs_response(kinds):
    kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    view = resolve("/plain/a", kinds.urls).func
    answer: Any = view(RequestFactory().get("/plain/a"), id="a")
    assert (type(answer), answer.data) == (Response, {"id": "a", "text": "x"})
    assert answer.render().content == b'{"id":"a","text":"x"}'


def test_what_is_around_a_view_in_the_urls_is_given_drfs_response(kinds):
    kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    view = resolve("/plain/a", kinds.urls).func

    def decorated(request, **kwargs):
        answer: Any = view(request, **kwargs)
        answer.data = {"envelope": answer.data}
        return answer

    kinds.urls.urlpatterns = [path("plain/<id>", decorated)]
    with override_settings(ROOT_URLCONF=kinds.urls):
        assert kinds.ask("GET /plain/a").json() == {"envelope": {"id": "a", "text": "x"}}


def test_an_answer_can_be_read_as_drfs_can(kinds):
    kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    answer = kinds.ask("GET /plain/a")
    assert (answer.data, answer.status_text, answer.exception) == ({"id": "a", "text": "x"}, "OK", False)
    assert type(answer.accepted_renderer) is JSONRenderer
    assert answer.accepted_media_type == "application/json"
    assert answer.renderer_context["view"].action == "retrieve"
    assert answer.renderer_context["response"] is answer


def test_a_refusal_is_bytes_that_can_be_read_as_drfs(kinds):
    kinds.serve("plain")
    for line, body, status in (("GET /plain/none", None, 404), ("POST /plain", {"id": 5}, 400)):
        answer = kinds.ask(line, body)
        assert (type(answer), answer.status_code, answer.exception) == (JSONAnswer, status, True)
        assert answer.data["error_id"] == answer.error_id == answer.json()["error_id"]
        assert answer.data["error"] == answer.error_code


@pytest.mark.parametrize("rest", [{}, {"EXCEPTION_HANDLER": f"{__name__}.own_handler"}])
def test_a_refusal_that_the_projects_code_makes_or_sees_is_drfs_response(kinds, rest):
    def get_queryset(self):
        if not rest:
            self.handle_exception = lambda error: Response({"own": type(error).__name__}, status=418)
        raise Http404

    kinds.serve("plain", lambda viewset: subclass(viewset, get_queryset=get_queryset))
    with override_settings(REST_FRAMEWORK=rest):
        answer = kinds.ask("GET /plain/a")
    assert (type(answer), answer.status_code, answer.json()) == (Response, 418, {"own": "Http404"})


def own_handler(exc, context):
    return Response({"own": type(exc).__name__}, status=418)


def named():
    return {"name": "Ada"}


def made():
    return {"name": "Ada"}, 201, {"X-Own": "1"}


def text():
    return "Ada"


def typed():
    return {"name": "Ada"}, 200, {"content-type": "text/x-own"}


def typed_bytes():
    return b"Ada", 200, {"Content-Type": "text/x-own"}


def typed_null():
    return None, 200, {"Content-Type": "text/x-own"}


def typed_stream():
    return iter(["Ada"]), 200, {"Content-Type": "text/x-own"}


TYPED = (typed, typed_bytes, typed_null, typed_stream)


def failing():
    raise Http404("nobody")


HANDLED = [(named, "application/json"), (made, "application/json"), (named, "application/vnd.shop+json")]
HANDLED += [(text, "text/plain"), (text, "application/json"), (failing, "application/json")]
HANDLED += [(each, "application/json") for each in TYPED]


def test_what_handlers_return_is_bytes_as_drf_would_have_rendered():
    paths = {}
    for number, (handler, media_type) in enumerate(HANDLED):
        answer = {"description": "Good.", "content": {media_type: {"schema": {}}}}
        bound = {"x-bind-server": f"{__name__}.{handler.__name__}", "responses": {"200": answer, "201": answer}}
        paths[f"/{number}"] = {"get": {"operationId": f"get{number}", "security": [], **bound}}
    document = openapi.load({"openapi": "3.1.0", "info": {"title": "Handlers", "version": "1"}, "paths": paths})
    viewsets = build_viewsets("handlers", document, Classes("handlers", document))
    urls = type("urls", (), {"urlpatterns": url_patterns("handlers", viewsets)})

    def asked(middleware):
        found = []
        with override_settings(ROOT_URLCONF=urls, MIDDLEWARE=middleware):
            for path in paths:
                answer = Client().get(path)
                sent = {name.title(): value for name, value in answer.items() if name != "Content-Length"}
                content = answer.getvalue()
                body = sorted(json.loads(content)) if answer.status_code == 404 else content
                found.append((answer.status_code, sent, body, type(answer) is JSONAnswer))
        return found

    as_bytes, as_drf = asked([]), asked([UNKNOWN])
    assert [each[:3] for each in as_bytes] == [each[:3] for each in as_drf]
    assert [sent["Content-Type"].split(";")[0] for _, sent, _, _ in as_bytes[:5]] == [of for _, of in HANDLED[:5]]
    assert {sent["Content-Type"] for _, sent, _, _ in as_bytes[-len(TYPED) :]} == {"text/x-own"}
    assert [is_bytes for *_, is_bytes in as_bytes[:7]] == [True, True, True, False, True, True, True]
    assert not any(is_bytes for *_, is_bytes in as_drf)


def test_caches_can_keep_an_answer(kinds):
    kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    kept = pickle.loads(pickle.dumps(kinds.ask("GET /plain/a")))  # noqa: S301 (made here)
    assert (kept.status_code, kept.content, kept.data) == (200, b'{"id":"a","text":"x"}', {"id": "a", "text": "x"})
    assert kept["Content-Type"] == "application/json"


@override_settings(
    MIDDLEWARE=["django.middleware.cache.UpdateCacheMiddleware", "django.middleware.cache.FetchFromCacheMiddleware"]
)
def test_a_page_that_django_caches_is_the_same_again(kinds):
    kinds.serve("plain")
    kinds.has("plain", id="cached", text="x")
    first, second = kinds.ask("GET /plain/cached"), kinds.ask("GET /plain/cached")
    assert kinds.calls == []
    assert first.content == second.content == b'{"id":"cached","text":"x"}'
