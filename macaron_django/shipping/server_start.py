"""Prepares a server process before its first request."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

from django.urls import get_resolver

from macaron_django.openapi.reading.source import collector_paused

__all__ = ["started"]

Application = TypeVar("Application")


def started(get_application: Callable[[], Application]) -> Application:
    """Imports the root URLconf, and returns Django's application. If the import fails, raises the import's exception.

    Django itself would import the URLconf at the first request. The objects that exist after the import stay until
    the process ends. So they are frozen (``gc.freeze()``): the garbage collector doesn't look at them any more. A full
    collection would take longer than the start of a small project, would find almost nothing, and would stop all
    requests. If the process has already frozen its objects, nothing is changed.
    """
    with collector_paused():
        application = get_application()
        _ = get_resolver().url_patterns
    if not gc.get_freeze_count():
        gc.freeze()
    return application
