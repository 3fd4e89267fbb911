"""Creates Django's requests. An attribute that a middleware adds to a request is set when code first uses it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import LimitedStream, WSGIRequest
from django.urls import ResolverMatch, get_resolver

__all__ = ["Giver", "OperationMatch", "asgi_request_class", "request_class"]

#: A function that sets an attribute of a request, such as a middleware's ``process_request``.
Giver = Callable[[Any], object]
#: Content types that Django's parser of header values returns unchanged, without parameters.
_PLAIN_TYPES = frozenset({"", "application/json"})
#: The headers whose names in ``META`` have no prefix.
_UNPREFIXED = frozenset({b"content-length", b"content-type"})
#: The names in ``META`` for which Django has special rules: cookies, and "" for a header that Django leaves out.
_SPECIAL_NAMES = frozenset({"", "HTTP_COOKIE"})


class OperationMatch(ResolverMatch):
    """The resolver match for an operation's path.

    Calls Django's resolver only if code reads an attribute other than the view and its arguments.
    """

    def __init__(self, route: Any, arguments: dict[str, Any], path_info: str) -> None:
        self.func, self.args, self.kwargs = route.view, (), arguments
        self._route, self._path_info = route, path_info

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        attributes = vars(self)
        operation = attributes["_route"]
        if name not in operation.match_attributes:
            found = vars(get_resolver().resolve(attributes["_path_info"]))
            attributes.update({each: value for each, value in found.items() if each not in attributes})
            operation.match_attributes.update({each: attributes[each] for each in _OF_ROUTE if each in attributes})
        try:
            return attributes[name] if name in attributes else operation.match_attributes[name]
        except KeyError:
            raise AttributeError(name) from None


#: The attributes of a match that are the same for all paths of a route.
_OF_ROUTE = ("_func_path", "app_name", "app_names", "namespace", "namespaces", "route", "url_name", "view_name")


class _Given:
    """An attribute that a middleware sets on each request. The middleware is called when code first reads it."""

    def __init__(self, name: str, give: Giver) -> None:
        self.name, self.give = name, give

    def __get__(self, request: Any, owner: type | None = None) -> Any:
        if request is None:
            return self
        self.give(request)
        return vars(request)[self.name]


def request_class(base: type[WSGIRequest], attributes: Mapping[str, Giver]) -> Any:
    """Returns a subclass of ``base`` that adds ``attributes``, and keeps the name and representation of ``base``.

    The arguments of the class are the environ, the decoded script name, the decoded path below the script name, and the
    match.
    """
    givers = {**attributes}
    initialize = _by_base(base)
    if base.__init__ is WSGIRequest.__init__ and _is_as_django_has_it():
        initialize, givers["_stream"] = _initialize, _open_stream
    return _with(base, givers, initialize)


def asgi_request_class(base: type[ASGIRequest], attributes: Mapping[str, Giver]) -> Any:
    """Returns a class for ASGI, as ``request_class`` does for WSGI. The arguments are the scope and the script name.

    The body and the resolver match are set later.
    """
    is_django = base.__init__ is ASGIRequest.__init__ and _is_scope_read_as_django_does()

    def initialize(self: Any, scope: dict[str, Any], script_name: str) -> None:
        meta = _meta_of(scope) if is_django and not script_name else None
        if meta is None:
            base.__init__(self, scope, None)  # type: ignore[arg-type]  # (the body comes later)
        else:
            _initialize_of_scope(self, scope, meta)

    return _with(base, attributes, initialize)


def _with(base: type[Any], givers: Mapping[str, Giver], initialize: Any) -> Any:
    members: dict[str, Any] = {name: _Given(name, give) for name, give in givers.items()}
    members |= {"__init__": initialize, "__module__": base.__module__, "__doc__": base.__doc__}
    return type(base.__name__, (base,), members)


def _by_base(base: type[WSGIRequest]) -> Any:
    def initialize(self: Any, environ: dict[str, Any], script_name: str, path_info: str, match: ResolverMatch) -> None:
        base.__init__(self, environ)
        self.resolver_match = match

    return initialize


def _initialize(self: Any, environ: dict[str, Any], script_name: str, path_info: str, match: Any) -> None:
    """Sets the same attributes as ``WSGIRequest``, but doesn't decode the path again, and doesn't open the body."""
    self.environ = self.META = environ
    environ["PATH_INFO"], environ["SCRIPT_NAME"] = path_info, script_name
    self.path_info = path_info
    self.path = f"{script_name.rstrip('/')}/{path_info.replace('/', '', 1)}"
    self.method = environ["REQUEST_METHOD"].upper()
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type in _PLAIN_TYPES:
        self.content_type, self.content_params = content_type, {}
    else:
        self._set_content_type_params(environ)
    self._read_started = False
    self.resolver_match = match


def _initialize_of_scope(self: Any, scope: dict[str, Any], meta: dict[str, Any]) -> None:
    """Sets the same attributes as ``ASGIRequest`` for a scope without a script name."""
    self.scope, self.META = scope, meta
    self._post_parse_error = self._read_started = False
    self.resolver_match = self._stream = None
    self.path = self.path_info = meta["PATH_INFO"]
    self.script_name, self.method = "", meta["REQUEST_METHOD"]
    content_type = meta.get("CONTENT_TYPE", "")
    if content_type in _PLAIN_TYPES:
        self.content_type, self.content_params = content_type, {}
    else:
        self._set_content_type_params(meta)


def _meta_of(scope: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the ``META`` of a scope; None if Django itself must create it or refuse the request."""
    client, server = scope.get("client"), scope.get("server")
    query, headers = scope.get("query_string"), scope.get("headers")
    if not client or not server or type(query) is not bytes or not query.isascii() or type(headers) is not list:
        return None
    meta = {
        "REQUEST_METHOD": scope["method"].upper(),
        "QUERY_STRING": query.decode(),
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"],
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "REMOTE_ADDR": client[0],
        "REMOTE_HOST": client[0],
        "REMOTE_PORT": client[1],
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
    }
    before = len(meta)
    for name, value in headers:
        meta[_meta_name(name)] = value.decode("latin1")
    return meta if len(meta) == before + len(headers) and meta.keys().isdisjoint(_SPECIAL_NAMES) else None


@lru_cache(maxsize=256)
def _meta_name(header: bytes) -> str:
    """Returns the name of a header in ``META``; "" for a header that Django leaves out."""
    name = header.decode("latin1")
    if "_" in name:
        return ""
    name = name.upper().replace("-", "_")
    return name if header in _UNPREFIXED else f"HTTP_{name}"


def _open_stream(request: Any) -> None:
    try:
        length = int(request.environ.get("CONTENT_LENGTH"))
    except (ValueError, TypeError):
        length = 0
    request._stream = LimitedStream(request.environ["wsgi.input"], length)


def _is_as_django_has_it() -> bool:
    """Returns whether ``_initialize`` sets the same attributes as this version of Django."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/a//b", "SCRIPT_NAME": "/c/", "CONTENT_TYPE": "application/json"}
    environ |= {"CONTENT_LENGTH": "1", "wsgi.input": io.BytesIO(b"{")}  # type: ignore[dict-item]
    theirs = vars(WSGIRequest({**environ}))
    ours = WSGIRequest.__new__(WSGIRequest)
    _initialize(ours, {**environ}, "/c/", "/a//b", None)
    _open_stream(ours)
    return {**theirs, "_stream": 0} == {**vars(ours), "_stream": 0}


def _is_scope_read_as_django_does() -> bool:
    """Returns whether ``_initialize_of_scope`` sets the same attributes as this version of Django."""
    scope: dict[str, Any] = {"type": "http", "method": "post", "path": "/a//b", "query_string": b"c=%64"}
    scope |= {"client": ("192.0.2.1", 4321), "server": ("192.0.2.2", 80)}
    scope["headers"] = [(b"content-type", b"application/json"), (b"content-length", b"1"), (b"x-y-z", b"\xe9")]
    ours, meta = ASGIRequest.__new__(ASGIRequest), _meta_of(scope)
    if meta is None:
        return False
    _initialize_of_scope(ours, scope, meta)
    return vars(ours) == vars(ASGIRequest(scope, None))  # type: ignore[arg-type]  # (no body is read)
