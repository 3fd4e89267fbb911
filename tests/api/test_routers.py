"""Paths become URL patterns exactly as they are written."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse

from macaron_django.api.routing.argument_names import argument_names, path_arguments
from macaron_django.api.routing.routers import (
    Route,
    control_characters,
    mounted,
    route_patterns,
    url_name,
)


def echo(request, **arguments):
    return HttpResponse(f"{request.path_info} {arguments}")


@pytest.fixture
def client(document):
    def make(*paths, greedy=()):
        described = {}
        for path in paths:
            parameters = [
                {"name": name, "in": "path", "required": True, "schema": {}, "x-path-greedy": name in greedy}
                for name in re.findall(r"\{(.*?)\}", path)
            ]
            described[path] = {"get": {"operationId": path.strip("/"), "parameters": parameters}}

        def view(path):
            return lambda request, **arguments: HttpResponse(f"{path} {arguments}")

        routes = [Route(o.route, [o], view(o.path)) for o in document(described).operations]
        urlconf = type("urls", (), {"urlpatterns": [mounted("api", route_patterns(routes))]})
        context = override_settings(ROOT_URLCONF=urlconf, APPEND_SLASH=False)
        context.enable()
        contexts.append(context)
        return Client()

    contexts = []
    yield make
    for context in contexts:
        context.disable()


@pytest.mark.parametrize(
    ("path", "target", "arguments"),
    [
        ("/a", "/a", {}),
        ("/a/", "/a/", {}),
        ("/a", "/a/", None),
        ("/a/", "/a", None),
        ("/users/{id}", "/users/7", {"id": "7"}),
        ("/users/{id}", "/users/a%20b.c", {"id": "a b.c"}),
        ("/users/{id}", "/users/7/8", None),
        ("/users/{id}", "/users/", None),
        ("/{id}.{format}", "/a.b.json", {"id": "a.b", "format": "json"}),
        ("/a/{from}-{to}", "/a/1-2", {"from_": "1", "to": "2"}),
        ("/users/{id}:archive", "/users/7:archive", {"id": "7"}),
        ("/users/{id}:archive", "/users/7:Archive", None),
        ("/a.b/(c)/{d}", "/a.b/(c)/x", {"d": "x"}),
        ("/a.b/(c)/{d}", "/aXb/(c)/x", None),
        ("/x/{a-b}/{a_b}", "/x/1/2", {"a_b": "1", "path_a_b": "2"}),
        ("/x/{id}/{id}", "/x/1/1", {"id": "1"}),
        ("/x/{id}/{id}", "/x/1/2", None),
        ("/日本/{名}", "/%E6%97%A5%E6%9C%AC/x", {"名": "x"}),
    ],
)
def test_a_path_matches_what_it_says(client, path, target, arguments):
    response = client(path).get(target)
    if arguments is None:
        assert response.status_code == 404
    else:
        assert response.content.decode() == f"{path} {arguments}"


def test_a_greedy_parameter_may_hold_slashes(client):
    browser = client("/files/{path}", greedy=["path"])
    assert browser.get("/files/a/b.txt").content.decode() == "/files/{path} {'path': 'a/b.txt'}"


@pytest.mark.parametrize("order", [1, -1])
def test_the_most_literal_path_wins_whatever_the_order(client, order):
    paths = ["/users/{id}", "/users/me", "/users/{id}:archive", "/users/{id}/x", "/{any}/me", "/{all}"]
    browser = client(*paths[::order], greedy=["all"])
    for target, path in {
        "/users/me": "/users/me",
        "/users/you": "/users/{id}",
        "/users/7:archive": "/users/{id}:archive",
        "/users/7/x": "/users/{id}/x",
        "/others/me": "/{any}/me",
        "/a/b/c": "/{all}",
    }.items():
        assert browser.get(target).content.decode().startswith(f"{path} "), target


def test_operations_reverse_by_their_ids(document):
    described = {
        "/v1/profiles/{profile-id}": {
            "get": {"operationId": "get_profile"},
            "put": {"operationId": "profiles.api.replace"},
            "delete": {},
            "patch": {"operationId": "a:b"},
        }
    }
    operations = document(described).operations
    patterns = [mounted("api", route_patterns([Route("/v1/profiles/{profile-id}", operations, echo)]))]
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": patterns})):
        for name in ("get_profile", "profiles.api.replace", "delete_v1_profiles_profile_id", "a_b"):
            assert reverse(f"api:{name}", kwargs={"profile_id": "a b"}) == "/v1/profiles/a%20b"
        with pytest.raises(NoReverseMatch):
            reverse("api:get_profile", kwargs={"profile_id": "a/b"})


def test_names_of_operations(operation):
    assert url_name(operation("get /a/{b-c}")) == "get_a_b_c"
    assert url_name(operation("get /a", operationId="listA")) == "listA"


def test_arguments_of_a_path_come_before_others():
    names = argument_names([("query", "id"), ("cookie", "id"), ("path", "id"), ("query", "request")])
    assert names == {
        ("path", "id"): "id",
        ("query", "id"): "query_id",
        ("cookie", "id"): "cookie_id",
        ("query", "request"): "request_",
    }
    assert path_arguments("/{class}/{}") == {"class": "class_", "": "parameter"}


@pytest.mark.parametrize(
    ("text", "found"), [("a\x00b", "id"), ("\n", "id"), ("\x7f", "id"), ("日本", None), ("a b", None)]
)
def test_control_characters_are_found(text, found):
    assert control_characters({"id": text}) == found
