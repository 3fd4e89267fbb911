"""Answers with JSON that is encoded at once, if nothing may read or change the response before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import responses
from typing import Any

from django.http import HttpResponse

from macaron_django.openapi.media_types import JSON
from macaron_django.schemas.values.json_text import dump_json

__all__ = ["JSONAnswer"]


class JSONAnswer(HttpResponse):
    """Replaces DRF's ``Response`` as it is once ``JSONRenderer`` has rendered it: the same status, headers and bytes.

    Tests and logs can read from it what they read from DRF's. ``data`` is the value that was written as JSON; None
    makes an empty body. Changing ``data`` later doesn't change the body. ``view`` is the view that answered.

    >>> JSONAnswer({"name": "Ada"}, 200).content
    b'{"name":"Ada"}'
    """

    exception = False

    def __init__(
        self,
        data: Any,
        status: int,
        headers: Mapping[str, str] | None = None,
        view: Any = None,
        media_type: str = JSON,
    ) -> None:
        super().__init__(b"" if data is None else dump_json(data), media_type, status)
        self.data, self.view = data, view
        if data is None:
            del self.headers["Content-Type"]
        for name, value in (headers or {}).items():
            self.headers[name] = value

    @property
    def status_text(self) -> str:
        """The reason phrase of the status."""
        return responses.get(self.status_code, "")

    @property
    def accepted_renderer(self) -> Any:
        """The renderer that this replaces."""
        return self.view.request.accepted_renderer

    @property
    def accepted_media_type(self) -> Any:
        """The media type that was negotiated."""
        return self.view.request.accepted_media_type

    @property
    def renderer_context(self) -> dict[str, Any]:
        """What DRF gives its renderers."""
        return {**self.view.get_renderer_context(), "response": self}

    def __getstate__(self) -> dict[str, Any]:
        """Returns what caches store: only the answer, not the objects that made it."""
        left_out = {"view", "resolver_match", "client", "request", "json", "wsgi_request"}
        state = {name: value for name, value in vars(self).items() if name not in left_out}
        return {**state, "view": None, "_resource_closers": []}
