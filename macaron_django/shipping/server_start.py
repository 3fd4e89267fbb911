"""Does what a server's process does once, before its first request."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

from django.urls import get_resolver

from macaron_django.openapi.reading.source import collector_paused

__all__ = ["started"]

Application = TypeVar("Application")


def started(get_application: Callable[[], Application]) -> Application:
    """Returns Django's application, after importing the root URLconf; raises what the import raises.

    Django would import the URLconf with the first request. What was loaded before that lives as long as the process, so
    the garbage collector doesn't look at it, now or later: a full collection takes longer than a small project's own
    start, finds next to nothing, and would stop all requests each time. A process that has frozen its objects itself
    (``gc.freeze()``) is left as it is.
    """
    with collector_paused():
        application = get_application()
        _ = get_resolver().url_patterns
    if not gc.get_freeze_count():
        gc.freeze()
    return application
