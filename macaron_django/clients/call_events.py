"""Tells subscribers of ``macaron_django.events`` about calls to other services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from macaron_django import events
from macaron_django.clients.messages.call_answers import ReceivedAnswer
from macaron_django.clients.messages.call_requests import CallRequest
from macaron_django.exceptions import ErrorAnswered, PyMacaronException, ServiceError
from macaron_django.openapi import Operation

__all__ = ["told_call"]


class _Told:
    """The facts about a call that are known so far."""

    status = 0
    attempts = 0

    def __init__(self, *, is_told: bool) -> None:
        self._is_told = is_told

    def sent(self, request: CallRequest) -> CallRequest:
        """Returns the request to send.

        If a subscriber has begun a span for the call, the request has the span's trace context.
        """
        return request.within_span() if self._is_told else request

    def received(self, answer: ReceivedAnswer) -> ReceivedAnswer:
        """Records the status of the response, and returns the response."""
        self.status, self.attempts = answer.status, answer.attempts
        return answer


@contextmanager
def told_call(api: str, operation: Operation) -> Iterator[_Told]:
    """Sends events to the subscribers when the ``with`` block begins and ends. The block makes the call."""
    told = _Told(is_told=bool(events.CLIENT_CALLS.subscribers))
    if not events.CLIENT_CALLS.subscribers:
        yield told
        return
    described = api, operation.operation_id or "", operation.method.upper(), operation.path, events.within()
    observed = events.CLIENT_CALLS.begin(events.ClientCallBegan(*described))
    failure: BaseException | None = None
    try:
        yield told
    except BaseException as error:
        failure = error
        raise
    finally:
        observed.leave()
        observed.end(_ended(described, told, observed.duration, failure))


def _ended(
    described: tuple[str, str, str, str, events.Within | None],
    told: _Told,
    duration: float,
    failure: BaseException | None,
) -> events.ClientCallEnded:
    attempts = told.attempts or (failure.attempts if isinstance(failure, ServiceError) else 0)
    status = failure.status_code if isinstance(failure, ErrorAnswered) else told.status
    code = failure.code if isinstance(failure, PyMacaronException) else type(failure).__name__ if failure else ""
    return events.ClientCallEnded(*described, status, attempts, duration, code, failure)
