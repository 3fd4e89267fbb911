"""A path leads to an operation where the root URLconf's resolver says so, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.urls import Resolver404, URLPattern, get_resolver, include, path, re_path
from django.urls.resolvers import RegexPattern, RoutePattern, URLResolver
from django.utils.functional import lazy
from hypothesis import given, settings
from hypothesis import strategies as st

from macaron_django.api.front.routes import Routes
from macaron_django.api.routing.routers import Route, mounted, route_patterns
from macaron_django.api.views.operation_viewsets import OperationViewSet


def page(request: Any, **arguments: Any) -> HttpResponse:
    raise NotImplementedError


def operations(*paths: str, greedy: tuple[str, ...] = ()) -> Any:
    """The patterns of an API with these paths: two operations each."""
    routes = []
    for number, each in enumerate(paths):
        found: Any = [SimpleNamespace(operation_id=f"{m}{number}", greedy_parameters=greedy) for m in ("get", "put")]
        view = type(f"View{number}", (OperationViewSet,), {}).as_view({"get": "head"})
        routes.append(Route(each, found, view))
    return mounted("api", route_patterns(routes))


def urlconf(*patterns: Any) -> URLResolver:
    return URLResolver(RegexPattern(r"^/"), [*patterns])


def compared(resolver: URLResolver, path_info: str) -> bool:
    """Whether the path leads to an operation; fails where the resolver says something else."""
    found = Routes(resolver).find(path_info)
    try:
        match = resolver.resolve(path_info)
    except Resolver404:
        assert found is None, path_info
        return False
    if found is None:
        return False
    route, arguments = found
    assert (match.func, match.args, match.kwargs) == (route.view, (), arguments), path_info
    return True


API = operations("/things", "/things/{id}", "/things/{id}/parts/{part}", "/things/{id}.json", "/a b/é", "/")
PATHS = ["/things", "/things/7", "/things/7/parts/8", "/things/7.json", "/a b/é", "/", "/things/%2F", "/things/\n"]


@pytest.mark.parametrize("path_info", PATHS)
@pytest.mark.parametrize("prefix", ["", "v1/", "v1/é/"])
def test_each_operation_is_found_below_a_prefix(path_info, prefix):
    resolver = urlconf(path("", page), path("admin/", include([path("x", page)])), path(prefix, include([API])))
    assert compared(resolver, f"/{prefix}{path_info[1:]}") is (prefix != "" or path_info != "/")


@pytest.mark.parametrize(
    "path_info", ["", "things", "//things", "/things/", "/nothing", "/things/7/parts", "/things/7/x/8"]
)
def test_other_paths_are_not(path_info):
    assert not compared(urlconf(API), path_info)


EARLIER = {
    "a path": path("things/7", page),
    "a converter": path("things/<int:number>", page),
    "a converter of everything": path("<path:all>", page),
    "a regular expression": re_path(r"^things/\d", page),
    "an include": path("things/", include([path("7", page)])),
    "an include without a prefix": path("", include([path("things/7", page)])),
    "an include below a converter": path("<slug:one>/", include([path("7", page)])),
    "a prefix that ends in a segment": path("th", include([path("ings/7", page)])),
}


@pytest.mark.parametrize("name", EARLIER)
def test_an_earlier_pattern_that_matches_comes_first(name):
    resolver = urlconf(EARLIER[name], API)
    assert resolver.resolve("/things/7").func is page
    assert Routes(resolver).find("/things/7") is None


@pytest.mark.parametrize("name", EARLIER)
def test_an_earlier_pattern_that_does_not_match_changes_nothing(name):
    resolver = urlconf(EARLIER[name], API)
    assert compared(resolver, "/things") is (name != "a converter of everything")


@pytest.mark.parametrize("name", EARLIER)
def test_a_later_pattern_changes_nothing(name):
    assert compared(urlconf(API, EARLIER[name]), "/things/7")


def german(text: str) -> Any:
    return lazy(lambda: text, str)()


class OwnPattern(RoutePattern):
    def match(self, path: str) -> Any:
        return ("", (), {})


class OwnResolver(URLResolver):
    def resolve(self, path: str) -> Any:
        raise NotImplementedError


UNKNOWN = {
    "a language": i18n_patterns(API)[0],
    "a translated prefix": path(german("v1/"), include([API])),
    "a parameter in the prefix": path("<slug:tenant>/", include([API])),
    "arguments of the prefix": path("v1/", include([API]), {"more": 1}),
    "a prefix that ends in a segment": path("v1", include([API])),
    "a pattern of another kind": URLPattern(OwnPattern("v1/things"), page),
    "a resolver of another kind": OwnResolver(RoutePattern("v1/"), [API]),
    "a regular expression": re_path("^v1/", include([API])),
}


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("path_info", ["/v1/things/7", "/en/things", "/en-us/things", "/v1things"])
def test_what_depends_on_more_than_the_path_is_left_to_django(name, path_info):
    assert Routes(urlconf(UNKNOWN[name])).find(path_info) is None


@pytest.mark.parametrize("name", UNKNOWN)
def test_it_hides_nothing_that_begins_differently(name):
    found = Routes(urlconf(UNKNOWN[name], path("v2/", include([API])))).find("/v2/things")
    hiding = {"a language", "a translated prefix", "a parameter in the prefix", "a pattern of another kind"}
    assert (found is None) is (name in hiding | {"a resolver of another kind"})


SEGMENT = st.sampled_from(["a", "b", "7", "", "é", "a.json", "x y"])
TEMPLATE = st.lists(st.sampled_from(["a", "b", "{x}", "{y}", "{z}.json", "a-{x}", ""]), max_size=3, unique=True)
ROUTE = st.lists(st.sampled_from(["a", "b", "<int:n>", "<path:p>", "7"]), max_size=3, unique=True)


@settings(max_examples=300, deadline=None)
@given(
    earlier=st.lists(ROUTE, max_size=2),
    prefix=st.sampled_from(["", "a/", "b/", "a/b/"]),
    templates=st.lists(TEMPLATE, min_size=1, max_size=4, unique_by=tuple),
    paths=st.lists(st.lists(SEGMENT, max_size=4), min_size=1, max_size=6),
)
def test_whatever_the_patterns_a_found_route_is_the_resolvers(earlier, prefix, templates, paths):
    named = [path("/".join(each), page) for each in earlier]
    api = operations(*("/" + "/".join(each) for each in templates), greedy=("z",))
    resolver = urlconf(*named, path(prefix, include([api])))
    for each in paths:
        compared(resolver, "/" + "/".join(each))


def test_the_project_of_the_tests_leads_to_its_operations():
    assert compared(get_resolver(), "/profiles/7")
    assert not compared(get_resolver(), "/docs/")
    assert not compared(get_resolver(), "/admin/")
