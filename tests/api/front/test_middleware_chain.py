"""The front knows a middleware by its exact class, and while nobody has replaced its methods."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from django.core.checks.registry import registry
from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.middleware.common import CommonMiddleware
from django.test import override_settings
from django.utils.decorators import async_only_middleware

from macaron_django.api.front.known_middleware import KNOWN
from macaron_django.api.front.middleware_chain import MiddlewareChain, unknown_middleware
from macaron_django.checks import check_front

HERE = __name__
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"


class Sub(CommonMiddleware):
    pass


class Unused:
    def __init__(self, get_response: Any) -> None:
        raise MiddlewareNotUsed


def factory(get_response: Any) -> Any:
    return CommonMiddleware(get_response)


@async_only_middleware
def asynchronous(get_response: Any) -> Any:
    async def answer(request: Any) -> Any:
        return await get_response(request)

    return answer


def bare(get_response: Any) -> Any:
    return lambda request: get_response(request)


def chain(*middleware: str) -> MiddlewareChain:
    with override_settings(MIDDLEWARE=middleware):
        return MiddlewareChain.of(WSGIHandler())


@pytest.mark.parametrize("dotted", sorted(KNOWN))
def test_each_class_of_the_table_is_known(dotted):
    assert chain(*([SESSIONS] if dotted == USERS else []), dotted).is_known
    with override_settings(MIDDLEWARE=[dotted]):
        assert unknown_middleware() == []


@pytest.mark.parametrize("name", ["Sub", "asynchronous", "bare"])
def test_what_is_not_in_the_table_is_not(name):
    found = chain(COMMON, f"{HERE}.{name}", SESSIONS)
    assert not found.is_known
    assert found.unknown
    with override_settings(MIDDLEWARE=[COMMON, f"{HERE}.{name}"]):
        assert unknown_middleware() == [f"{HERE}.{name}"]


def test_what_a_factory_makes_counts_not_its_name():
    assert chain(f"{HERE}.factory").is_known


def test_a_middleware_that_takes_itself_out_is_not_there():
    assert chain(f"{HERE}.Unused", COMMON).is_known


def test_users_need_sessions_before_them():
    assert chain(USERS, SESSIONS).unknown == [USERS]


@pytest.mark.parametrize(
    ("owner", "name"),
    [(CommonMiddleware, "process_response"), (BaseHandler, "get_response"), (WSGIHandler, "__call__")],
)
def test_a_replaced_method_leaves_django_in_charge(owner, name):
    found = chain(SESSIONS, COMMON)
    assert found.is_known
    with mock.patch.object(owner, name):
        assert not found.is_known
        if owner is not WSGIHandler:
            assert not chain(COMMON).is_known
    assert found.is_known


def test_a_wrapped_method_does_too():
    original = BaseHandler.get_response

    def traced(self: Any, request: Any) -> Any:
        return original(self, request)

    traced.__module__, traced.__wrapped__ = original.__module__, original  # type: ignore[attr-defined]
    with mock.patch.object(BaseHandler, "get_response", traced):
        assert chain(COMMON).unknown == ["BaseHandler.get_response (replaced)"]


def test_check_deploy_names_what_is_unknown():
    with override_settings(MIDDLEWARE=[COMMON, f"{HERE}.Sub"]):
        (message,) = check_front(None)
        assert (message.id, f"{HERE}.Sub" in message.msg) == ("macaron_django.W101", True)
        with override_settings(MACARON={"FRONT": False}):
            assert check_front(None) == []
    with override_settings(MIDDLEWARE=[COMMON]):
        assert check_front(None) == []
        with mock.patch.object(BaseHandler, "get_response"):
            (message,) = check_front(None)
            assert "BaseHandler.get_response was replaced" in message.msg
    assert check_front in registry.deployment_checks
