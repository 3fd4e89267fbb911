"""The index finds what Django's search finds."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.checks.urls import check_resolver
from django.test import override_settings
from django.urls import (
    Resolver404,
    URLResolver,
    get_resolver,
    include,
    path,
    re_path,
    register_converter,
    resolve,
    reverse,
)
from django.urls.converters import IntConverter, get_converters
from django.urls.resolvers import RoutePattern
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from macaron_django.api.routing.routers import Route, mounted, route_patterns
from macaron_django.api.routing.url_index import IndexedResolver
from macaron_django.registry import registry

COMPARED = ("func", "args", "kwargs", "url_name", "app_name", "app_names", "namespace", "namespaces", "view_name")
COMPARED += ("route", "captured_kwargs", "extra_kwargs", "_func_path")


class Minutes(IntConverter):
    regex = "[0-9]+(?:/[0-9]+)?"  # which may hold a slash, as any converter may

    def to_python(self, value):
        if value == "0":
            raise ValueError("none")
        return value.split("/")


if "minutes" not in get_converters():
    register_converter(Minutes, "minutes")


def operation(name, greedy=()):
    return SimpleNamespace(operation_id=name, greedy_parameters=frozenset(greedy))


def view(name):
    def answer(request, **arguments):
        raise NotImplementedError

    answer.__name__ = name
    return answer


def patterns(templates):
    """The patterns of an API with these paths: each has two operations, and parameters named z may hold slashes."""
    routes = []
    for number, template in enumerate(dict.fromkeys(templates)):
        operations = [operation(f"{method}_{number}", ["z"]) for method in ("get", "put")]
        routes.append(Route(template, operations, view(f"view_{number}")))
    return route_patterns(routes)


def pages():
    return [
        path("docs/", view("index"), name="docs"),
        path("docs/a/<path:name>", view("asset"), name="asset"),
        path("docs/<str:api>/", view("page"), {"suffix": "html"}, name="page"),
        path("docs/<str:api>.json", view("page"), {"suffix": "json"}, name="document"),
        path("a/<minutes:x>", view("minutes"), name="minutes"),
        re_path("^a/([0-9]+)/b", view("groups"), name="groups"),
    ]


def both(*apis):
    """The same patterns below the index and below Django's own resolvers."""
    groups = [("pages", pages()), *((f"api{number}", patterns(api)) for number, api in enumerate(apis))]
    linear = [path("", include((found, name), namespace=name)) for name, found in groups]
    return IndexedResolver([mounted(name, found) for name, found in groups]), URLResolver(RoutePattern(""), linear)


def outcome(resolver, asked):
    """All that can be seen of a search: its match or error, and what was tried."""
    try:
        match = resolver.resolve(asked)
    except Resolver404 as error:
        found = error.args[0]
        return {"path": found["path"]}, trails(found["tried"])
    return {name: getattr(match, name) for name in COMPARED}, trails(match.tried)


def trails(tried):
    return [[(str(each.pattern), getattr(each, "name", None)) for each in trail] for trail in tried]


literals = st.sampled_from(["a", "b", "ab", ".json", ":do", "docs", "1", "", "{", "}", "日", "a.b", "$", "\n"])
parameters = st.sampled_from(["{x}", "{y}", "{z}", "{a-b}", "{x/y}", "{}"])
segments = st.one_of(literals, parameters, st.lists(st.one_of(literals, parameters), max_size=3).map("".join))
templates = st.lists(segments, min_size=1, max_size=4).map(lambda found: "/" + "/".join(found))
values = st.sampled_from(
    ["a", "b", "1", "0", "ab", "a.json", "x:do", "", "1/2", "a/", "\n", "a\n", "日", "{x}", "%2F", "a.b"]
)


@st.composite
def asked_paths(draw, written):
    """A path that one of the templates may match, or nearly does, or any."""
    asked = draw(st.one_of(st.sampled_from(written), templates))
    for parameter in ("{x/y}", "{a-b}", "{x}", "{y}", "{z}", "{}"):
        while parameter in asked and draw(st.integers(0, 9)):
            asked = asked.replace(parameter, draw(values), 1 if draw(st.booleans()) else -1)
    return asked.removeprefix("/") + draw(st.sampled_from(["", "", "", "/", "\n", "x"]))


@st.composite
def searches(draw):
    apis = draw(st.lists(st.lists(templates, min_size=1, max_size=8), min_size=1, max_size=2))
    known = [template for api in apis for template in api] + ["/docs/", "/docs/a/{z}", "/docs/{x}.json", "/a/{x}/b"]
    return apis, draw(st.lists(asked_paths(known), min_size=1, max_size=12))


EXAMPLES = (
    ([["/{x}/a", "/a/{y}", "/a/a", "/{z}"], ["/a/a"]], ["a/a", "b/a", "a/b", "b/b", "a", "a/b/c", "/a/a", "//"]),
    ([["/{x}{y}", "/{x}.json", "/{x}/{x}", "/{z}/b/{z}"]], ["ab", ".json", "a/a", "a/b", "a/c/b/a/c", "a\n/a\n"]),
)


def compare(search):
    apis, paths = search
    indexed, linear = both(*apis)
    for asked in paths:
        expected, all_tried = outcome(linear, asked)
        found, tried = outcome(indexed, asked)
        assert found == expected
        in_order = iter(all_tried)
        assert all(each in in_order for each in tried)
        assert tried == all_tried[-1:] or "path" in found
        with override_settings(DEBUG=True):
            assert outcome(indexed, asked) == (expected, all_tried)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(searches())
@example(EXAMPLES[0])
@example(EXAMPLES[1])
def test_the_index_finds_what_djangos_search_finds(search):
    compare(search)


@pytest.mark.soak
@settings(max_examples=3_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(searches())
def test_the_index_finds_what_djangos_search_finds_for_long(search):
    compare(search)


def test_it_compares_matches_and_misses():
    found = [outcome(both(*apis)[0], asked)[0] for apis, paths in EXAMPLES for asked in paths]
    assert {"func" in each for each in found} == {True, False}


@pytest.fixture
def mount():
    """Serve patterns below a prefix with arguments of its own, as a project's URLconf does."""
    contexts = []

    def make(prefix, urlpatterns, **arguments):
        root = type("urls", (), {"urlpatterns": [path(prefix, include((urlpatterns, None)), arguments)]})
        contexts.append(override_settings(ROOT_URLCONF=root))
        contexts[-1].enable()

    yield make
    for context in contexts:
        context.disable()


def test_a_mount_keeps_its_prefix_and_its_arguments(mount):
    api = mounted("api", patterns(["/profiles/{id}", "/profiles/{id}/{x}:do"]))
    mount("<int:tenant>/v1/", [IndexedResolver([api])], region="eu")
    for asked, name, arguments in (
        ("/7/v1/profiles/a", "get_0", {"id": "a"}),
        ("/7/v1/profiles/a/b:do", "get_1", {"id": "a", "x": "b"}),
    ):
        match = resolve(asked)
        assert match.kwargs == {"tenant": 7, "region": "eu", **arguments}
        assert [match.captured_kwargs, match.extra_kwargs] == [arguments, {"region": "eu"}]
        assert [match.view_name, match.app_name, match.namespaces] == [f"api:{name}", "api", ["api"]]
        assert match.route.startswith("<int:tenant>/v1/profiles/(?P<id>[^/]+)")
        assert reverse(f"api:put{name[3:]}", kwargs={"tenant": 7, **arguments}) == asked


def test_matches_share_nothing_that_one_could_change(mount):
    mount("", [mounted("api", patterns(["/profiles/{id}"]))])
    first, second = (resolve("/profiles/a") for _ in range(2))
    first.kwargs["id"] = first.captured_kwargs["more"] = first.extra_kwargs["more"] = "changed"
    first.namespaces.append("changed")
    assert [second.kwargs, second.captured_kwargs, second.namespaces] == [{"id": "a"}, {"id": "a"}, ["api"]]
    assert resolve("/profiles/a").extra_kwargs == {}


def test_the_page_of_an_unknown_path_lists_every_path(mount, client):
    mount("v1/", [IndexedResolver([mounted("api", patterns(["/profiles/{id}", "/notes"]))])])
    with override_settings(DEBUG=True):
        page = client.get("/v1/nothing")
    assert page.status_code == 404
    for shown in ("v1/", "^profiles/(?P&lt;id&gt;[^/]+)$", "get_0", "put_0", "^notes$"):
        assert shown in page.content.decode()


def test_everything_is_found_below_one_resolver_that_the_checks_and_others_see_through():
    (everything,) = registry.urls()
    assert isinstance(everything, IndexedResolver)
    assert check_resolver(everything) == []
    assert [each.namespace for each in everything.url_patterns] == ["macaron_django", *(api.name for api in registry)]
    assert get_resolver("macaron_django.urls").resolve("/ping").namespaces == ["ping"]
