"""Limits how long a request waits for DynamoDB, including attempts and pauses (``REQUEST_DEADLINE``).

When Django sends ``request_started``, the request gets a limit in seconds. Each call's time is subtracted from the
limit. Commands, tasks, other threads, and requests with a streamed response have no limit.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Final
from weakref import WeakKeyDictionary

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from django.core.signals import request_finished, request_started

from macaron_django.conf import settings

__all__ = ["begin", "end", "is_over", "left", "lift_deadline", "overdue", "pause", "pausing"]

#: If fewer seconds are left, no further attempt is made.
_TOO_FEW: Final = 0.01


class _RequestTime:
    """The seconds that a request has waited so far, and the limit for them. The request's threads and tasks share this
    object.
    """

    __slots__ = ("_most", "is_lifted", "waited")

    def __init__(self) -> None:
        self.waited = 0.0
        self.is_lifted = False
        self._most: float | None = -1  # not read from the settings yet, because many requests make no call

    @property
    def seconds(self) -> float | None:
        """The seconds that the request can still wait; None if nothing limits the waiting time."""
        if self._most == -1:
            self._most = settings.DYNAMODB.REQUEST_DEADLINE
        return None if self._most is None or self.is_lifted else self._most - self.waited


class _Waiting:
    """A call that has begun, and the seconds that it may take."""

    __slots__ = ("allowance", "seconds", "since")

    def __init__(self, allowance: _RequestTime, since: float, seconds: float) -> None:
        self.allowance, self.since, self.seconds = allowance, since, seconds


#: The time at which the current call of this thread or task must end. None if nothing limits the call.
_deadline: ContextVar[float | None] = ContextVar("macaron_django_call_deadline", default=None)
_allowance: ContextVar[_RequestTime | None] = ContextVar("macaron_django_request_deadline", default=None)


#: Waiting times of requests on an event loop. The key is the context that Django's ASGI handler opens for each request.
#: Context variables don't work there: signals are sent in separate tasks, whose context variables no other code can
#: read.
_of_contexts: Final[WeakKeyDictionary[ThreadSensitiveContext, _RequestTime]] = WeakKeyDictionary()


def _open(**_: object) -> None:
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is None:
        _allowance.set(_RequestTime())
    else:
        _of_contexts[context] = _RequestTime()


def _close(**_: object) -> None:
    # The thread of a server or a test still runs after the request, so the thread's value must be reset.
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is None:
        _allowance.set(None)
    else:
        _of_contexts.pop(context, None)


def _current() -> _RequestTime | None:
    """Returns the waiting time of the request that this thread or task handles; None if it handles no request."""
    allowance = _allowance.get()
    if allowance is None and _of_contexts:
        context = SyncToAsync.thread_sensitive_context.get(None)
        return None if context is None else _of_contexts.get(context)
    return allowance


request_started.connect(_open, dispatch_uid="macaron_django.dynamodb.calls.deadlines.open")
request_finished.connect(_close, dispatch_uid="macaron_django.dynamodb.calls.deadlines.close")


def lift_deadline() -> None:
    """Lets the current request wait for DynamoDB without a limit, because its response is streamed."""
    allowance = _current()
    if allowance is not None:
        allowance.is_lifted = True


def begin(operation: str) -> _Waiting | None:
    """Begins a call, and returns the argument for ``end``. Returns None if nothing limits the call, or if it is part of
    a call that is already limited.

    Raises TimeoutError if the request has no time left.
    """
    allowance = _allowance.get() or (_current() if _of_contexts else None)
    if allowance is None or _deadline.get() is not None:
        return None
    seconds = allowance.seconds
    if seconds is None:
        return None
    if seconds < _TOO_FEW:
        raise overdue(operation)
    now = time.monotonic()
    _deadline.set(now + seconds)
    return _Waiting(allowance, now, seconds)


def end(waiting: _Waiting) -> None:
    """Ends a call, and adds the call's duration to the request's waiting time."""
    _deadline.set(None)
    waiting.allowance.waited += time.monotonic() - waiting.since


def left() -> float | None:
    """Returns how many seconds the current call can still take, at least 0.01; None if nothing limits the call."""
    deadline = _deadline.get()
    return None if deadline is None else max(deadline - time.monotonic(), _TOO_FEW)


def is_over() -> bool:
    """Returns whether the current call has no time for another attempt."""
    deadline = _deadline.get()
    return deadline is not None and deadline - time.monotonic() <= _TOO_FEW


def pause(seconds: float) -> None:
    """Sleeps between two attempts, but not past the deadline."""
    time.sleep(pausing(seconds))


def pausing(seconds: float) -> float:
    """Returns how many seconds to pause between two attempts: ``seconds``, or less if the deadline comes sooner.

    Outside of calls, the pause is added to the request's waiting time.
    """
    remaining, allowance = left(), _current()
    if remaining is None and allowance is not None:
        remaining = allowance.seconds
        allowance.waited += seconds
    return seconds if remaining is None else min(seconds, max(remaining, 0))


def overdue(operation: str) -> TimeoutError:
    """Returns the exception for a call whose request has no time left. Use this exception only for reads, and for calls
    that haven't been sent.
    """
    return TimeoutError(
        f"{operation} ended: this request has waited for DynamoDB as long as "
        'MACARON["DYNAMODB"]["REQUEST_DEADLINE"] allows'
    )
