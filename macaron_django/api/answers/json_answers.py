"""Defines a response that writes its JSON when the response is created, not when it is rendered.

It is used if no other code can read or change the response.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from http.client import responses
from http.cookies import SimpleCookie
from typing import Any

from django.http import HttpResponse
from django.http.response import ResponseHeaders

from macaron_django.openapi.operations.media_types import JSON
from macaron_django.schemas.values.json_text import dump_json

__all__ = ["JSONAnswer"]


class JSONAnswer(HttpResponse):
    """A response with the same status, headers and bytes as DRF's ``Response`` after ``JSONRenderer`` has rendered it.

    It has the attributes that tests and logs read from DRF's ``Response``. ``data`` is the value that is written as
    JSON. If ``data`` is None, the body is empty. Changing ``data`` later doesn't change the body. ``view`` is the view
    that created the response.

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
        _initialize(self, b"" if data is None else dump_json(data), media_type, status)
        self.data, self.view = data, view
        if data is None:
            del self.headers["Content-Type"]
        if headers:
            for name, value in headers.items():
                self.headers[name] = value

    @property
    def status_text(self) -> str:
        """The reason phrase of the status."""
        return responses.get(self.status_code, "")

    @property
    def accepted_renderer(self) -> Any:
        """The renderer that would have written the same bytes."""
        return self.view.request.accepted_renderer

    @property
    def accepted_media_type(self) -> Any:
        """The media type that was negotiated."""
        return self.view.request.accepted_media_type

    @property
    def renderer_context(self) -> dict[str, Any]:
        """The context that DRF passes to renderers."""
        return {**self.view.get_renderer_context(), "response": self}

    def __getstate__(self) -> dict[str, Any]:
        """Returns the state to pickle. A cache stores the response without the view that created it."""
        left_out = {"view", "resolver_match", "client", "request", "json", "wsgi_request"}
        state = {name: value for name, value in vars(self).items() if name not in left_out}
        return {**state, "view": None, "_resource_closers": []}


@lru_cache(maxsize=256)
def _content_type(media_type: str) -> tuple[str, str]:
    """Returns a Content-Type header as Django stores it, checked and encoded."""
    return ResponseHeaders({"Content-Type": media_type})._store["content-type"]


def _as_django(answer: HttpResponse, content: bytes, media_type: str, status: int) -> None:
    HttpResponse.__init__(answer, content, media_type, status)


def _at_once(answer: HttpResponse, content: bytes, media_type: str, status: int) -> None:
    """Sets the same attributes as Django's constructor. Checks each Content-Type only once, not for each response."""
    if type(status) is not int or not 100 <= status <= 599:
        _as_django(answer, content, media_type, status)
        return
    headers = ResponseHeaders.__new__(ResponseHeaders)
    headers._store = {"content-type": _content_type(media_type)}
    answer.__dict__ = {
        "headers": headers,
        "_charset": None,
        "_resource_closers": [],
        "_handler_class": None,
        "cookies": SimpleCookie(),
        "closed": False,
        "status_code": status,
        "_reason_phrase": None,
        "_container": [content],
    }


def _is_as_django_has_it() -> bool:
    """Returns whether ``_at_once`` sets the same attributes as the constructor in this version of Django."""
    theirs, ours = HttpResponse(b"{}", JSON, 201), HttpResponse.__new__(HttpResponse)
    _at_once(ours, b"{}", JSON, 201)
    headers = [vars(each.headers) for each in (theirs, ours)]
    return headers[0] == headers[1] and {**vars(theirs), "headers": 0} == {**vars(ours), "headers": 0}


_initialize = _at_once if _is_as_django_has_it() else _as_django
