"""Handlers are found, checked and given their arguments."""

from __future__ import annotations

import functools

import pytest
from django.test import override_settings

from macaron_django.api.plans.operation_handlers import HandlerUnavailable, handler_for

HERE = __name__
BODY = {"content": {"application/json": {"schema": {"type": "object"}}}}
REQUEST = object()


def parameter(name, location="query", **more):
    return {"name": name, "in": location, "schema": {"type": "string"}, "required": location == "path", **more}


def takes_id(profile_id):
    return profile_id


def takes_body_and_id(profile, profile_id, verbose=False):
    return profile, profile_id, verbose


def takes_request(request, profile_id):
    return request, profile_id


def takes_body_by_name(profile_id, *, body):
    return profile_id, body


def takes_all(*args, **kwargs):
    return args, kwargs


def takes_body_by_position(thing, /, *, profile_id):
    return thing, profile_id


async def is_async(profile_id):
    return f"async {profile_id}"


def needs_more(profile_id, something):
    return profile_id, something


class Profiles:
    @staticmethod
    def get(profile_id):
        return f"static {profile_id}"


not_callable = 7


def shouting(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return f"{function(*args, **kwargs)}!"

    return wrapper


def twice(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return 2 * function(*args, **kwargs)

    return wrapper


def failing(function):
    raise RuntimeError("no")


@pytest.fixture
def handler(operation):
    def make(name, route="post /profiles/{profile_id}", **described):
        described.setdefault("parameters", [parameter("profile_id", "path")])
        return handler_for(operation(route, **{"x-bind-server": f"{HERE}.{name}", **described}))

    return make


@pytest.mark.parametrize(
    ("name", "described", "values", "expected"),
    [
        ("takes_id", {}, {"profile_id": "7"}, "7"),
        ("takes_body_and_id", {"requestBody": BODY}, {"profile_id": "7"}, ({"a": 1}, "7", False)),
        ("takes_request", {}, {"profile_id": "7"}, (REQUEST, "7")),
        ("takes_body_by_name", {"requestBody": BODY}, {"profile_id": "7"}, ("7", {"a": 1})),
        ("takes_all", {"requestBody": BODY}, {"profile_id": "7"}, (({"a": 1},), {"profile_id": "7"})),
        ("takes_body_by_position", {"requestBody": BODY}, {"profile_id": "7"}, ({"a": 1}, "7")),
        ("is_async", {}, {"profile_id": "7"}, "async 7"),
        ("Profiles.get", {}, {"profile_id": "7"}, "static 7"),
    ],
)
def test_arguments_follow_the_signature(handler, name, described, values, expected):
    found = handler(name, **described)
    assert found.problems() == []
    assert found.call(REQUEST, {"a": 1}, values) == expected


def test_what_wasnt_sent_is_left_to_the_default_else_none(handler):
    parameters = [parameter("profile_id", "path"), parameter("verbose")]
    found = handler("takes_body_and_id", requestBody=BODY, parameters=parameters)
    assert found.call(REQUEST, None, {"profile_id": "7"}) == (None, "7", False)
    assert found.call(REQUEST, None, {"profile_id": "7", "verbose": True}) == (None, "7", True)
    assert handler("takes_id").call(REQUEST, None, {}) is None


def test_parameters_have_safe_names(handler):
    found = handler("takes_all", "post /profiles", parameters=[parameter("class"), parameter("X-Trace-ID", "header")])
    assert found.call(REQUEST, None, {"class_": "a", "x_trace_id": "b"}) == ((), {"class_": "a", "x_trace_id": "b"})


def test_headers_and_cookies_may_be_left(handler):
    parameters = [parameter("profile_id", "path"), parameter("X-Trace", "header"), parameter("c", "cookie")]
    found = handler("takes_id", parameters=parameters)
    assert found.problems() == []
    assert found.call(REQUEST, None, {"profile_id": "7", "x_trace": "t", "c": "d"}) == "7"


def test_decorators_wrap_from_the_inside_out(handler):
    decorators = [f"{HERE}.twice", f"{HERE}.shouting"]
    assert handler("takes_id", **{"x-decorate-server": decorators}).call(REQUEST, None, {"profile_id": "a"}) == "a!a!"


def test_a_decorated_async_handler_is_awaited(handler):
    def passing(name):
        return handler(name, **{"x-decorate-server": f"{HERE}.passing_on"})

    assert passing("is_async").call(REQUEST, None, {"profile_id": "7"}) == "async 7"


def passing_on(function):
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@pytest.mark.parametrize(
    ("name", "described", "finding", "words"),
    [
        ("nothing_here", {}, "E301", "can't be imported"),
        ("not_callable", {}, "E301", "is a int, not a function"),
        ("needs_more", {}, "E302", "requires an argument 'something'"),
        ("takes_id", {"requestBody": BODY}, "E302", "no argument for the body"),
        (
            "takes_id",
            {"parameters": [parameter("other")]},
            "E302",
            "no argument 'other' for the query parameter 'other'",
        ),
        ("takes_id", {"x-decorate-server": "nowhere.at_all"}, "E303", "x-decorate-server 'nowhere.at_all'"),
        ("takes_id", {"x-decorate-server": f"{HERE}.failing"}, "E303", "raised RuntimeError: no"),
    ],
)
def test_what_a_handler_cant_do_is_a_finding(handler, name, described, finding, words):
    found = handler(name, **described).problems()
    assert found[0].id == finding
    assert words in found[0].message
    assert all(each.level == "error" and each.hint for each in found)


def test_a_module_that_fails_to_import_something_says_what(handler, operation, tmp_path, monkeypatch):
    (tmp_path / "half_broken.py").write_text("import not_installed_anywhere\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = handler_for(operation("get /x", **{"x-bind-server": "half_broken.view"}))
    (problem,) = found.problems()
    assert "not_installed_anywhere" in problem.message
    with pytest.raises(HandlerUnavailable, match="not_installed_anywhere"):
        found.call(REQUEST, None, {})


def test_x_bind_server_comes_before_a_dotted_operation_id(operation):
    one = operation("get /x", operationId=f"{HERE}.takes_id", **{"x-bind-server": f"{HERE}.takes_all"})
    assert handler_for(one).dotted == f"{HERE}.takes_all"
    assert handler_for(operation("get /x", operationId=f"{HERE}.takes_id")).dotted == f"{HERE}.takes_id"
    assert handler_for(operation("get /x", operationId="takes_id")) is None


def test_what_was_not_sent_is_none_in_keyword_arguments_too(handler):
    parameters = [parameter("profile_id", "path"), parameter("verbose"), parameter("X-Trace", "header")]
    found = handler("takes_all", parameters=parameters)
    assert found.call(REQUEST, None, {"profile_id": "7"}) == ((), {"profile_id": "7", "verbose": None, "x_trace": None})


def test_settings_say_which_of_two_handlers_answers(operation):
    described = {"x-bind-server": f"{HERE}.takes_id", "operationId": f"{HERE}.is_async"}
    both = operation("get /profiles/{profile_id}", parameters=[parameter("profile_id", "path")], **described)
    assert handler_for(both).dotted == f"{HERE}.takes_id"
    with override_settings(MACARON={"COMPAT": True}):
        assert handler_for(both).dotted == f"{HERE}.is_async"
        assert handler_for(both).problems() == []
        plain = operation("get /a", **{"x-bind-server": f"{HERE}.takes_id", "operationId": "show"})
        assert handler_for(plain).dotted == f"{HERE}.takes_id"


def test_a_handler_that_is_missing_is_blamed_on_what_names_it(operation):
    described = {"x-bind-server": f"{HERE}.takes_id", "operationId": f"{HERE}.nowhere"}
    with override_settings(MACARON={"COMPAT": True}):
        (problem,) = handler_for(operation("get /a", **described)).problems()
    assert "operationId 'tests.api.test_handlers.nowhere' can't be imported" in problem.message
