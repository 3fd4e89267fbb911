"""Defines what each known middleware does before and after the view of an operation. These parts are called *steps*.

The steps are the middleware's own methods. A step is left out if its result is already known. For example, no session
is created if no code opens it. Headers with constant values are written directly into Django's dictionary of headers,
without Django's checks and encoding.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase, ResponseHeaders
from django.utils.cache import patch_vary_headers

from macaron_django.api.front.requests import Giver
from macaron_django.conf import django_setting

__all__ = ["KNOWN", "Known", "Steps"]

Environ = Mapping[str, Any]
#: The values of X-Frame-Options, which need no encoding.
_FRAME_OPTIONS = frozenset({"DENY", "SAMEORIGIN"})
#: The greatest number of valid hosts that are remembered.
_MOST_HOSTS = 100


@dataclass(frozen=True)
class Steps:
    """The steps by which a middleware handles a request for an operation."""

    #: Returns whether Django's handler must serve a request, given the WSGI environ and the decoded path.
    leaves: Callable[[Environ, str], bool] | None = None
    before: Callable[[Any], object] | None = None
    after: Callable[[Any, HttpResponseBase], HttpResponseBase] | None = None
    #: Called if the view raises, before Django turns the exception into a response.
    failed: Callable[[Any, Exception], object] | None = None
    #: The middleware itself, if it must wrap the rest of the chain.
    around: Any = None
    #: Whether ``before`` and ``after`` must run in one context, and so in one thread.
    in_one_context: bool = False
    #: The attributes that the middleware adds to requests, and the functions that set them.
    attributes: Mapping[str, Giver] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """A known middleware class."""

    #: Returns the steps of an instance.
    steps: Callable[[Any], Steps]
    #: The methods that the steps replace. If one of them is overwritten, the class is no longer known.
    methods: Sequence[str]
    #: The dotted path of another middleware that must precede this middleware.
    after: str | None = None


class _Bare(WSGIRequest):
    """A request that has only a host and a scheme."""

    def __init__(self, environ: Environ) -> None:
        self.environ = self.META = environ  # type: ignore[assignment]  # it is only read


def _security(middleware: Any) -> Steps:
    constant = ResponseHeaders({})
    if middleware.content_type_nosniff:
        constant["X-Content-Type-Options"] = "nosniff"
    if policy := middleware.referrer_policy:
        values = [value.strip() for value in policy.split(",")] if isinstance(policy, str) else policy
        constant["Referrer-Policy"] = ",".join(values)
    if middleware.cross_origin_opener_policy:
        constant["Cross-Origin-Opener-Policy"] = middleware.cross_origin_opener_policy
    pairs = [*constant._store.items()]

    def leaves(environ: Environ, path: str) -> bool:
        return not _Bare(environ).is_secure()

    def after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        store = response.headers._store
        for name, pair in pairs:
            if name not in store:
                store[name] = pair
        return response

    return Steps(
        leaves=leaves if middleware.redirect else None,
        after=middleware.process_response if middleware.sts_seconds else after,
    )


def _sessions(middleware: Any) -> Steps:
    engine = middleware.SessionStore.__module__
    if not engine.startswith("django.contrib.sessions.backends."):
        return Steps(before=middleware.process_request, after=middleware.process_response)

    def before(request: HttpRequest) -> None:
        cookies = request.META.get("HTTP_COOKIE")
        if cookies and django_setting("SESSION_COOKIE_NAME") in cookies:
            middleware.process_request(request)

    def after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if "session" in vars(request):
            return middleware.process_response(request, response)  # type: ignore[no-any-return]
        return response  # the session has no cookie, and was neither read nor changed

    return Steps(before=before, after=after, attributes={"session": middleware.process_request})


def _common(middleware: Any) -> Steps:
    hosts = _Hosts()

    def leaves(environ: Environ, path: str) -> bool:
        agent = environ.get("HTTP_USER_AGENT")
        if agent is not None and any(each.search(agent) for each in django_setting("DISALLOWED_USER_AGENTS")):
            return True
        return bool(django_setting("PREPEND_WWW")) or not hosts.allow(environ)

    def after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # The path is an operation's path, so Django wouldn't redirect a 404 to the path with a slash.
        if response.status_code == 404 and hasattr(request, "urlconf"):
            return middleware.process_response(request, response)  # type: ignore[no-any-return]
        store = response.headers._store
        if not response.streaming and "content-length" not in store:
            store["content-length"] = ("Content-Length", str(len(response.content)))  # type: ignore[attr-defined]
        return response

    return Steps(leaves=leaves, after=after)


class _Hosts:
    """Remembers the hosts that ``ALLOWED_HOSTS`` allows."""

    def __init__(self) -> None:
        self._known: tuple[list[str], set[str]] = ([], set())

    def allow(self, environ: Environ) -> bool:
        """Returns whether Django would accept the request's host."""
        host = environ.get("HTTP_HOST")
        allowed, known = self._known
        if allowed != django_setting("ALLOWED_HOSTS"):
            allowed, known = self._known = [*django_setting("ALLOWED_HOSTS")], set()
        is_plain = host is not None and not django_setting("USE_X_FORWARDED_HOST")
        if is_plain and host in known:
            return True
        try:
            _Bare(environ).get_host()
        except DisallowedHost:
            return False
        if is_plain and len(known) < _MOST_HOSTS:
            known.add(str(host))
        return True


def _csrf(middleware: Any) -> Steps:
    def before(request: HttpRequest) -> None:
        cookies = request.META.get("HTTP_COOKIE")
        if django_setting("CSRF_USE_SESSIONS") or (cookies and django_setting("CSRF_COOKIE_NAME") in cookies):
            middleware.process_request(request)

    def after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):
            return middleware.process_response(request, response)  # type: ignore[no-any-return]
        return response

    return Steps(before=before, after=after)


def _authentication(middleware: Any) -> Steps:
    return Steps(attributes={"user": middleware.process_request, "auser": middleware.process_request})


def _messages(middleware: Any) -> Steps:
    if not django_setting("MESSAGE_STORAGE").startswith("django.contrib.messages.storage."):
        return Steps(before=middleware.process_request, after=middleware.process_response)

    def after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if "_messages" in vars(request):
            return middleware.process_response(request, response)  # type: ignore[no-any-return]
        return response

    return Steps(after=after, attributes={"_messages": middleware.process_request})


def _x_frame_options(middleware: Any) -> Steps:
    def after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        store = response.headers._store
        if "x-frame-options" not in store and not getattr(response, "xframe_options_exempt", False):
            value = middleware.get_xframe_options_value(request, response)
            if value in _FRAME_OPTIONS:
                store["x-frame-options"] = ("X-Frame-Options", value)
            else:
                response.headers["X-Frame-Options"] = value
        return response

    return Steps(after=after)


def _as_it_is(middleware: Any) -> Steps:
    return Steps(
        before=getattr(middleware, "process_request", None), after=getattr(middleware, "process_response", None)
    )


def _opentelemetry(middleware: Any) -> Steps:
    def before(request: Any) -> None:
        # The middleware builds the request's URL three times, to find out whether the URL is excluded.
        vars(request)["build_absolute_uri"] = _KnownAddress(request)
        middleware.process_request(request)
        match = request.resolver_match
        middleware.process_view(request, match.func, match.args, match.kwargs)

    def after(request: Any, response: HttpResponseBase) -> HttpResponseBase:
        try:
            return middleware.process_response(request, response)  # type: ignore[no-any-return]
        finally:
            vars(request).pop("build_absolute_uri", None)

    return Steps(before=before, after=after, failed=middleware.process_exception, in_one_context=True)


class _KnownAddress:
    """Replaces a request's ``build_absolute_uri()``, and remembers the result for the request's own path."""

    __slots__ = ("_own", "_request")

    def __init__(self, request: HttpRequest) -> None:
        self._own, self._request = request.build_absolute_uri("?"), weakref.ref(request)

    def __call__(self, location: str | None = None) -> str:
        if location == "?":
            return self._own
        request: Any = self._request()
        return type(request).build_absolute_uri(request, location)  # type: ignore[no-any-return]


def _xray(middleware: Any) -> Steps:
    return Steps(around=middleware, failed=middleware.process_exception)


def _cors(middleware: Any) -> Steps:
    def leaves(environ: Environ, path: str) -> bool:
        return environ["REQUEST_METHOD"].upper() == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ

    def after(request: Any, response: HttpResponseBase) -> HttpResponseBase:
        if not request._cors_enabled:
            return response
        if request.META.get("HTTP_ORIGIN"):
            middleware.add_response_headers(request, response)
        else:
            patch_vary_headers(response, ("origin",))
        return response

    return Steps(leaves=leaves, before=middleware.check_preflight, after=after)


def _whitenoise(middleware: Any) -> Steps:
    def leaves(environ: Environ, path: str) -> bool:
        return bool(middleware.autorefresh) or path in middleware.files

    return Steps(leaves=leaves)


_BOTH = ("process_request", "process_response")
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
#: The known middleware classes, by their dotted paths. A subclass of a known class isn't known.
KNOWN: Mapping[str, Known] = {
    "django.middleware.security.SecurityMiddleware": Known(_security, _BOTH),
    _SESSIONS: Known(_sessions, _BOTH),
    "django.middleware.common.CommonMiddleware": Known(_common, (*_BOTH, "should_redirect_with_slash")),
    "django.middleware.csrf.CsrfViewMiddleware": Known(_csrf, (*_BOTH, "process_view")),
    "django.contrib.auth.middleware.AuthenticationMiddleware": Known(
        _authentication, ("process_request",), after=_SESSIONS
    ),
    "django.contrib.messages.middleware.MessageMiddleware": Known(_messages, _BOTH),
    "django.middleware.clickjacking.XFrameOptionsMiddleware": Known(_x_frame_options, ("process_response",)),
    "django.middleware.locale.LocaleMiddleware": Known(_as_it_is, _BOTH),
    "django.middleware.http.ConditionalGetMiddleware": Known(_as_it_is, ("process_response",)),
    "django.middleware.gzip.GZipMiddleware": Known(_as_it_is, ("process_response",)),
    "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware": Known(
        _opentelemetry, ("__call__", *_BOTH, "process_view", "process_exception")
    ),
    "aws_xray_sdk.ext.django.middleware.XRayMiddleware": Known(_xray, ("__call__", "process_exception")),
    "macaron_django.observability.request_middleware.RequestMiddleware": Known(_as_it_is, ("__call__", *_BOTH)),
    "corsheaders.middleware.CorsMiddleware": Known(_cors, ("__call__", "check_preflight", "add_response_headers")),
    "whitenoise.middleware.WhiteNoiseMiddleware": Known(_whitenoise, ("__call__",)),
}
