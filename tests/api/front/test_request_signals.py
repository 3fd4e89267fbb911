"""A request's signals reach every receiver, however they are sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, reset_queries
from django.test import override_settings

from macaron_django.api.front.request_signals import RequestSignal
from macaron_django.auth.caller import current_request, remember_request

pytestmark = pytest.mark.django_db  # receivers look at connections
CLOSED: list[Any] = []


class Closing(LocMemCache):
    def close(self, **kwargs: Any) -> None:
        CLOSED.append(self)


def sent(signal: Any) -> list[str]:
    """Whether Django sends the signal, or known receivers are called."""
    found: list[str] = []
    fast = RequestSignal(signal, WSGI)
    original = signal.send
    signal.send = lambda *arguments, **named: (found.append("by Django"), original(*arguments, **named))
    try:
        fast.send(environ={})
        fast.send(environ={})
    finally:
        del signal.send
    return found


class WSGI:
    pass


@pytest.mark.parametrize("signal", [request_started, request_finished])
def test_known_receivers_are_called_without_a_search(signal):
    assert sent(signal) == []


@pytest.mark.parametrize("signal", [request_started, request_finished])
@pytest.mark.parametrize("sender", [None, WSGI])
def test_another_receiver_gets_what_django_sends(signal, sender):
    told: list[Any] = []

    def receiver(**named: Any) -> None:
        told.append((named["signal"], named["sender"], type(named["environ"])))

    signal.connect(receiver, sender=sender)
    try:
        assert sent(signal) == ["by Django"] * 2
    finally:
        signal.disconnect(receiver, sender=sender)
    assert told == [(signal, WSGI, dict)] * 2
    assert sent(signal) == []


def test_a_receiver_of_another_sender_gets_nothing():
    request_started.connect(print, sender=str)
    try:
        assert sent(request_started) == []
    finally:
        request_started.disconnect(print, sender=str)


def test_an_asynchronous_receiver_is_awaited_by_django():
    told: list[Any] = []

    async def receiver(**named: Any) -> None:
        told.append(named["sender"])

    request_started.connect(receiver)
    try:
        RequestSignal(request_started, WSGI).send(environ={})
    finally:
        request_started.disconnect(receiver)
    assert told == [WSGI]


def test_what_a_receiver_raises_is_raised():
    def receiver(**named: Any) -> None:
        raise ZeroDivisionError

    fast = RequestSignal(request_started, WSGI)
    request_started.connect(receiver)
    try:
        with pytest.raises(ZeroDivisionError):
            fast.send(environ={})
    finally:
        request_started.disconnect(receiver)


def test_databases_are_looked_after_where_there_are_connections():
    connection.queries_log.append({"sql": "SELECT 1", "time": "0"})
    assert {reset_queries, close_old_connections} <= {*request_started._live_receivers(WSGI)[0]}
    RequestSignal(request_started, WSGI).send(environ={})
    assert not connection.queries_log


def test_the_packages_own_receivers_are_called():
    remember_request("a request")  # type: ignore[arg-type]
    RequestSignal(request_started, WSGI).send(environ={})
    assert current_request() is None


def test_caches_are_closed_if_closing_does_something():
    from django.core.cache import caches

    fast = RequestSignal(request_finished, WSGI)
    fast.send()
    with override_settings(CACHES={"default": {"BACKEND": f"{__name__}.Closing"}}):
        cache = caches["default"]
        fast.send()
        assert CLOSED[-1] is cache
    closed = len(CLOSED)  # Django's tests close it, too
    fast.send()
    assert len(CLOSED) == closed
