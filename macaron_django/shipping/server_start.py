"""Does what a server's process does once, before its first request."""

from __future__ import annotations

import gc

from django.urls import get_resolver

__all__ = ["load_urls"]


def load_urls() -> None:
    """Imports the root URLconf, which Django would import with the first request. Raises what that raises.

    What is loaded by then lives as long as the process, so the garbage collector doesn't look at it again: a full
    collection would stop all requests for as long as they take for some hundred of them, and find nothing. A process
    that has frozen its objects itself (``gc.freeze()``) is left as it is.
    """
    _ = get_resolver().url_patterns
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
