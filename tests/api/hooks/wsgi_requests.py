"""Sends requests at the WSGI interface, as a server does."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

#: A request: "METHOD /target", and, where it has them, its body, its headers, and more of its WSGI environ.
Ask = Sequence[Any]
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def follow(known: dict[str, str], headers: Sequence[tuple[str, str]]) -> None:
    """Remember what later requests may ask for."""
    for name, value in headers:
        if name == "Location":
            known["location"] = urlsplit(value).path
        elif name == "Link":
            parts = urlsplit(value[1 : value.index(">")])
            known["next"] = f"{parts.path}?{parts.query}"
        elif name == "ETag":
            known["etag"] = value


def environ_of(one: Ask, known: Mapping[str, str]) -> dict[str, Any]:
    line, body, headers, more = (*one, *(None, None, None)[len(one) - 1 :])
    method, target = line.split(" ", 1)
    for name, value in known.items():
        target = target.replace(f"{{{name}}}", value)
    path, _, query = target.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": target,
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if body is not None:
        environ["CONTENT_TYPE"] = "application/json"
        if isinstance(body, list) and body and isinstance(body[0], bytes):  # chunks: nobody says how long they are
            body = b"".join(body)
            environ |= {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
        else:
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body or b"")
    for name, value in (headers or {}).items():
        variable = name.upper().replace("-", "_")
        variable = variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"
        environ[variable] = value.format(**known) if "{" in value else value
    environ |= more or {}
    return {name: value for name, value in environ.items() if value is not None}


def send(handler: Any, one: Ask, known: Mapping[str, str]) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status, headers and body of the answer to a request."""
    answer: list[Any] = []
    response = handler(environ_of(one, known), lambda status, headers, exc_info=None: answer.extend((status, headers)))
    try:
        body = b"".join(response)
    finally:
        response.close()
    return answer[0], answer[1], body
