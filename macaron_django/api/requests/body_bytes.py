"""Reads the bytes of request bodies, up to ``MAX_BODY_SIZE``, and determines the length of chunked bodies."""

from __future__ import annotations

import contextlib
import tempfile
import weakref
from typing import IO, Any

from django.conf import settings as django_settings
from django.core.handlers.wsgi import LimitedStream
from rest_framework.request import Empty, Request

from macaron_django.conf import settings
from macaron_django.exceptions import RequestError

__all__ = [
    "BodyTooLarge",
    "LengthRequired",
    "MalformedBody",
    "buffered_body",
    "has_body",
    "lacks_media_type",
    "read_limited",
]

_CHUNK = 64 * 1024
#: The largest body, in bytes, that is kept in memory after it has been parsed.
_BUFFERED = 1024 * 1024


class MalformedBody(RequestError):  # noqa: N818 (as its bases)
    """The body isn't written in the media type that its Content-Type names."""

    code = "MALFORMED_BODY"


class BodyTooLarge(RequestError):  # noqa: N818 (as its bases)
    """The body is larger than ``MACARON["MAX_BODY_SIZE"]``."""

    code = "BODY_TOO_LARGE"
    status = 413


class LengthRequired(RequestError):  # noqa: N818 (as its bases)
    """The body is chunked, and the WSGI server doesn't mark the end of the body."""

    code = "LENGTH_REQUIRED"
    status = 411


def has_body(request: Request) -> bool:
    """Returns whether the request has a body. If the body is chunked, also sets the request's Content-Length.

    Raises ``BodyTooLarge`` (413) or ``LengthRequired`` (411). Raises ``MalformedBody`` (400) if the Content-Length
    isn't a number, or if a chunked body is malformed or incomplete.
    """
    django_request: Any = request._request
    try:
        length = int(django_request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise MalformedBody("The Content-Length isn't a number.") from None
    if length == 0 and not _is_parsed(request):
        if hasattr(django_request, "scope"):
            # The body may be chunked. Over ASGI, the whole body has arrived. Without a length, DRF wouldn't read it.
            length = len(django_request.body)
            django_request.META["CONTENT_LENGTH"] = str(length)
        elif django_request.META.get("HTTP_TRANSFER_ENCODING"):
            length = _buffer_chunks(django_request)
    elif 0 < length <= settings.MAX_BODY_SIZE and not _is_buffered(request):
        _require_all_of(django_request, length)
    if length > settings.MAX_BODY_SIZE:
        if not _is_parsed(request):
            _discard(django_request)
        raise BodyTooLarge(_too_large(length))
    return length > 0


def lacks_media_type(request: Request) -> bool:
    """Returns whether a request lacks a Content-Type.

    If the client sends no Content-Type, wsgiref (and therefore ``runserver``) sets ``text/plain``.
    """
    meta = request._request.META
    sent = meta.get("CONTENT_TYPE", "")
    return not sent or (sent == "text/plain" and str(meta.get("SERVER_SOFTWARE", "")).startswith("WSGIServer/"))


def buffered_body(request: Any, limit: int) -> bytes | None:
    """Returns the whole body. Also stores the body where Django stores bodies, so that other code can read it.

    Returns None if the body is long, compressed, chunked, or not as long as the Content-Length says.
    """
    meta = request.META
    said = str(meta.get("CONTENT_LENGTH") or "")
    length = int(said) if said.isascii() and said.isdecimal() else 0
    if not 0 < length <= _BUFFERED or length > limit:
        return None
    if "HTTP_CONTENT_ENCODING" in meta or "HTTP_TRANSFER_ENCODING" in meta:
        return None
    if not hasattr(request, "_body"):
        if request._read_started:
            return None
        request._body = request.read(length)
    body: bytes = request._body
    if len(body) == length:
        return body
    if len(body) < length and not hasattr(request, "scope"):
        raise MalformedBody(_BROKEN_OFF)
    return None


def read_limited(stream: IO[bytes]) -> bytes:
    """Returns all bytes of ``stream``. Raises ``BodyTooLarge`` if it has more than ``MAX_BODY_SIZE`` bytes."""
    limit = settings.MAX_BODY_SIZE
    read = stream.read(limit + 1)
    if len(read) > limit:
        raise BodyTooLarge(_too_large())
    return read


def _buffer_chunks(request: Any) -> int:
    """Sets and returns the Content-Length of a chunked request over WSGI. Without it, Django wouldn't read the body."""
    if not request.META.get("wsgi.input_terminated"):
        raise LengthRequired("A chunked body isn't accepted here: send a Content-Length.")
    buffer = tempfile.SpooledTemporaryFile(max_size=django_settings.FILE_UPLOAD_MAX_MEMORY_SIZE)  # noqa: SIM115
    weakref.finalize(request, buffer.close)
    length = 0
    source = _WholeBody(request.environ["wsgi.input"])
    while chunk := source.read(_CHUNK):
        length += len(chunk)
        if length > settings.MAX_BODY_SIZE:
            buffer.close()
            request._stream = request.environ["wsgi.input"]
            return length
        buffer.write(chunk)
    buffer.seek(0)
    request._stream = buffer
    request.META["CONTENT_LENGTH"] = str(length)
    return length


class _WholeBody:
    """The stream of a body that must be complete. ``length`` is the body's length, if it is known.

    If a client disconnects or its chunks are malformed, some servers raise an exception, and other servers don't. Each
    server raises a different exception.
    """

    def __init__(self, stream: Any, length: int | None = None) -> None:
        self._stream, self._left = stream, length

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = size if size is not None and size >= 0 else self._left
        if self._left is not None and wanted is not None:
            wanted = min(wanted, self._left)
        data = self._got(self._stream.read, -1 if wanted is None else wanted)
        if self._left is not None and wanted is not None:
            while len(data) < wanted and (more := self._got(self._stream.read, wanted - len(data))):
                data += more
            if len(data) < wanted:
                raise MalformedBody(_BROKEN_OFF)
            self._left -= len(data)
        return data

    def readline(self, size: int | None = -1, /) -> bytes:
        line = self._got(self._stream.readline, -1 if size is None else size)
        if self._left is not None:
            self._left -= len(line)
        return line

    @staticmethod
    def _got(function: Any, size: int) -> bytes:
        try:
            return function(size)  # type: ignore[no-any-return]  # a stream of bytes
        except Exception as error:
            raise MalformedBody("The body is malformed or incomplete.") from error


def _is_buffered(request: Request) -> bool:
    """Returns whether the body was already read, or is JSON, which ``buffered_body`` will read."""
    is_json = request._request.META.get("CONTENT_TYPE", "").lower() in getattr(request, "json_types", ())
    return is_json or request._request._read_started or _is_parsed(request)  # type: ignore[attr-defined]


def _require_all_of(request: Any, length: int) -> None:
    """Replaces the stream of a WSGI body, so that reading an incomplete body raises ``MalformedBody``.

    Over ASGI, bodies are always complete.
    """
    # A middleware may have replaced the stream.
    if isinstance(getattr(request, "_stream", None), LimitedStream):
        request._stream = _WholeBody(request._stream, length)


def _discard(request: Any) -> None:
    """Reads the remaining bytes and discards them.

    If a server closes a connection with unread bytes, the client may not get the response.
    """
    left = 4 * settings.MAX_BODY_SIZE
    with contextlib.suppress(OSError):
        while left > 0 and (chunk := request.read(min(left, _CHUNK))):
            left -= len(chunk)


_BROKEN_OFF = "The body is shorter than its Content-Length."


def _too_large(length: int | None = None) -> str:
    size = f"{length:,}" if length else "more"
    return f"The body has {size} bytes; the limit is {settings.MAX_BODY_SIZE:,}."


def _is_parsed(request: Request) -> bool:
    """Returns whether ``request.data`` has already been read."""
    return getattr(request, "_full_data", Empty) is not Empty
