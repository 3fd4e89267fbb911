"""What a request made goes when it is answered: nothing of it waits for the garbage collector."""

from __future__ import annotations

import gc
from collections import Counter
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler

from tests.api.hooks.kinds import Kinds
from tests.api.hooks.wsgi_requests import send

#: What only a request makes. (Django's own request is in cycles with what its middleware adds.)
MADE = {"OperationRequest", "Response", "JSONAnswer", "CursorPages", "CursorPage", "Plain", "ItemQuerySet"}
REQUESTS: dict[str, Any] = {
    "GET /plain/a": None,
    "GET /plain/none": None,
    "GET /plain": None,
    "PUT /plain/a": {"text": "new"},
    "PATCH /plain/a": {"text": "newer"},
    "POST /plain": {"id": "new", "text": 5},
    "DELETE /plain/none": None,
}


@pytest.mark.parametrize("line", REQUESTS)
def test_a_request_leaves_no_garbage(kinds: Kinds, line: str) -> None:
    kinds.serve("plain")
    kinds.has("plain", id="a", text="x")
    handler = WSGIHandler()
    asked = (line, REQUESTS[line], {"Content-Type": "application/merge-patch+json"} if "PATCH" in line else None)
    send(handler, asked, {})  # the first makes plans
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(3):
            send(handler, asked, {})
        gc.collect()
        left = Counter(type(each).__name__ for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert not {name: number for name, number in left.items() if name in MADE}
