"""A request's body as it arrives: whether there is one, how long it is, and whether that is too much.

In: a DRF request. Out: yes or no, with a Content-Length that DRF's parsers can rely on. Apart from ``bodies``, which
says what a body means, because this is about servers: WSGI leaves open what a request without a length holds.
"""

from __future__ import annotations

import contextlib
import tempfile
from typing import IO, Any

from django.conf import settings as django_settings
from rest_framework.request import Empty, Request

from macaron_django.conf import settings
from macaron_django.exceptions import RequestError

__all__ = ["BodyTooLarge", "LengthRequired", "MalformedBody", "has_body", "kept_body", "limited"]

_CHUNK = 64 * 1024
#: Bytes of a body that is kept in memory beside what is made of it.
_KEPT = 1024 * 1024


class MalformedBody(RequestError):  # noqa: N818 (as its bases)
    """The body isn't written in the media type that its Content-Type names."""

    code = "MALFORMED_BODY"


class BodyTooLarge(RequestError):  # noqa: N818 (as its bases)
    """The body is over ``MACARON["MAX_BODY_SIZE"]``."""

    code = "BODY_TOO_LARGE"
    status = 413


class LengthRequired(RequestError):  # noqa: N818 (as its bases)
    """The body comes in chunks, and this server doesn't tell where it ends: send a Content-Length."""

    code = "LENGTH_REQUIRED"
    status = 411


def has_body(request: Request) -> bool:
    """Whether the request has a body. ``BodyTooLarge`` (413), ``LengthRequired`` (411), ``MalformedBody`` (400)."""
    django_request: Any = request._request
    try:
        length = int(django_request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise MalformedBody("The Content-Length is no number.") from None
    if length == 0 and not _is_parsed(request):
        if hasattr(django_request, "scope"):
            # Chunked, over ASGI: DRF looks at the length only, and here the whole body has arrived.
            length = len(django_request.body)
            django_request.META["CONTENT_LENGTH"] = str(length)
        elif django_request.META.get("HTTP_TRANSFER_ENCODING"):
            length = _gather(django_request)
    if length > settings.MAX_BODY_SIZE:
        if not _is_parsed(request):
            _discard(django_request)
        raise BodyTooLarge(_too_large(length))
    return length > 0


def kept_body(request: Any) -> bytes | None:
    """All of a body of ordinary length, which stays there to be read again; None: it has to be looked at more closely.

    It isn't compressed or chunked, and is as long as the request says.
    """
    meta = request.META
    length = str(meta.get("CONTENT_LENGTH") or "")
    if not (length.isascii() and length.isdecimal()) or not 0 < int(length) <= min(_KEPT, settings.MAX_BODY_SIZE):
        return None
    if "HTTP_CONTENT_ENCODING" in meta or "HTTP_TRANSFER_ENCODING" in meta:
        return None
    if not hasattr(request, "_body"):
        if request._read_started:
            return None
        request._body = request.read(int(length))
    body: bytes = request._body
    return body if len(body) == int(length) else None


def limited(stream: IO[bytes]) -> bytes:
    """All of ``stream``; ``BodyTooLarge`` if it holds more than ``MAX_BODY_SIZE``."""
    limit = settings.MAX_BODY_SIZE
    read = stream.read(limit + 1)
    if len(read) > limit:
        raise BodyTooLarge(_too_large())
    return read


def _gather(request: Any) -> int:
    """Give a chunked request over WSGI a length: Django would take it for one without a body."""
    if not request.META.get("wsgi.input_terminated"):
        raise LengthRequired("The body comes in chunks: send it with a Content-Length.")
    gathered = tempfile.SpooledTemporaryFile(max_size=django_settings.FILE_UPLOAD_MAX_MEMORY_SIZE)  # noqa: SIM115
    length = 0
    while chunk := request.environ["wsgi.input"].read(_CHUNK):
        length += len(chunk)
        if length > settings.MAX_BODY_SIZE:
            gathered.close()
            request._stream = request.environ["wsgi.input"]
            return length
        gathered.write(chunk)
    gathered.seek(0)
    request._stream = gathered
    request.META["CONTENT_LENGTH"] = str(length)
    return length


def _discard(request: Any) -> None:
    """Read on for a while: a server that closes a connection with unread bytes takes its answer from the client."""
    left = 4 * settings.MAX_BODY_SIZE
    with contextlib.suppress(OSError):
        while left > 0 and (chunk := request.read(min(left, _CHUNK))):
            left -= len(chunk)


def _too_large(length: int | None = None) -> str:
    size = f"{length:,}" if length else "more"
    return f"The body has {size} bytes; {settings.MAX_BODY_SIZE:,} are accepted at most."


def _is_parsed(request: Request) -> bool:
    """Whether somebody has asked for ``request.data`` already."""
    return getattr(request, "_full_data", Empty) is not Empty
