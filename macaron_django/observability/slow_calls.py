"""Reports operations that took longer than PyMacaron's setting ``report_call_exceeding_ms``, as PyMacaron does."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from macaron_django import events
from macaron_django.api.answers.error_reports import report_warning
from macaron_django.observability.backends import slow_call_ms
from macaron_django.observability.event_backend import EventBackend

__all__ = ["SlowCalls", "report_slow"]

P = ParamSpec("P")
R = TypeVar("R")


class SlowCalls(EventBackend):
    """Logs a warning for each slow operation, and passes the warning to the ``ERROR_REPORTER``."""

    def operation_ended(self, ended: events.OperationEnded) -> None:
        milliseconds, most = round(ended.duration * 1000), slow_call_ms()
        if most is None or milliseconds <= most:
            return
        name = ended.operation_id or f"{ended.method} {ended.route}"
        facts = {
            "api": ended.api,
            "operation_id": ended.operation_id,
            "method": ended.method,
            "route": ended.route,
            "status": ended.status,
            "milliseconds": milliseconds,
        }
        title = f"{name} took {milliseconds} ms, which is more than {most}"
        report_warning(title, {"slow_call": facts}, request=ended.request)


def report_slow(max_ms: float | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Returns a decorator for a function. It reports each call that takes longer than ``max_ms`` milliseconds.

    If ``max_ms`` is None, the limit is the setting ``REPORT_CALL_EXCEEDING_MS``, or 1000. Calls that raise an exception
    aren't reported. Reports don't contain the arguments, because arguments can contain secrets.
    """

    def decorator(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            began = time.perf_counter()
            result = function(*args, **kwargs)
            milliseconds = round((time.perf_counter() - began) * 1000)
            most = max_ms if max_ms is not None else slow_call_ms()
            if milliseconds > (1000 if most is None else most):
                name = f"{function.__module__}.{function.__qualname__}"
                facts = {"function": name, "milliseconds": milliseconds}
                report_warning(f"{name} took {milliseconds} ms", {"slow_call": facts})
            return result

        return timed

    return decorator
