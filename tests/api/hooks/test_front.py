"""The front answers as Django's handler does: bytes, headers, signals, log lines, and what middleware does."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception, request_finished, request_started
from django.db import connection
from django.db import connections as connection_handler
from django.http import FileResponse, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import get_token, rotate_token
from django.test import override_settings
from django.urls import get_script_prefix, get_urlconf
from django.utils.translation import get_language

from macaron_django.api.front import WSGIFront
from macaron_django.auth import generate_token
from tests.api.hooks.both_ways import report, told_apart
from tests.api.hooks.item_requests import COMMON
from tests.api.hooks.item_seeds import READING
from tests.api.hooks.project_settings import HERE, STARTPROJECT, merged
from tests.api.hooks.wsgi_requests import send

HERE_TOO = __name__
SECURITY, *INNER = STARTPROJECT
CORS, WHITENOISE = "corsheaders.middleware.CorsMiddleware", "whitenoise.middleware.WhiteNoiseMiddleware"
SITE = "https://site.example"

#: Settings under which the front answers, by what they are about.
KNOWN: dict[str, dict[str, Any]] = {
    "no middleware": {"MIDDLEWARE": []},
    "startproject's": {"MIDDLEWARE": STARTPROJECT},
    "startproject's, strict": {
        "MIDDLEWARE": STARTPROJECT,
        "SECURE_HSTS_SECONDS": 60,
        "SECURE_HSTS_PRELOAD": True,
        "SECURE_REFERRER_POLICY": "origin, same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": None,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_REDIRECT_EXEMPT": ["counters/1$"],
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "X_FRAME_OPTIONS": "sameorigin",
        "ALLOWED_HOSTS": ["testserver", ".example.com"],
        "CSRF_USE_SESSIONS": True,
        "SESSION_SAVE_EVERY_REQUEST": True,
    },
    "proxies believed": {
        "MIDDLEWARE": STARTPROJECT,
        "USE_X_FORWARDED_HOST": True,
        "ALLOWED_HOSTS": ["testserver", "p.example"],
        "DISALLOWED_USER_AGENTS": [re.compile("^Bad")],
    },
    "www. prepended": {"MIDDLEWARE": STARTPROJECT, "PREPEND_WWW": True},
    "no slash appended": {"MIDDLEWARE": STARTPROJECT, "APPEND_SLASH": False},
    "corsheaders and whitenoise": {
        "MIDDLEWARE": [SECURITY, WHITENOISE, CORS, *INNER],
        "CORS_ALLOWED_ORIGINS": [SITE],
        "CORS_ALLOW_CREDENTIALS": True,
        "CORS_EXPOSE_HEADERS": ["ETag", "Location"],
        "CORS_URLS_REGEX": "^/v1/(?!tickets)",
    },
    "all origins": {"MIDDLEWARE": [CORS], "CORS_ALLOW_ALL_ORIGINS": True, "CORS_ALLOW_PRIVATE_NETWORK": True},
    "languages": {"MIDDLEWARE": [*INNER[:1], "django.middleware.locale.LocaleMiddleware", *INNER[1:]]},
    "conditional": {"MIDDLEWARE": ["django.middleware.http.ConditionalGetMiddleware", *STARTPROJECT]},
    "sessions authenticate": {
        "MIDDLEWARE": STARTPROJECT,
        "REST_FRAMEWORK": {
            "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
        },
    },
    "exceptions left to Django": {
        "MIDDLEWARE": STARTPROJECT,
        "REST_FRAMEWORK": {"EXCEPTION_HANDLER": f"{HERE}.reraising_handler"},
    },
    "other stores": {
        "MIDDLEWARE": STARTPROJECT,
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
    },
}


class Counting:
    """A middleware that nobody knows."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        response = self.get_response(request)
        response["X-Own"] = type(request).__name__
        return response


class OwnCommon(CommonMiddleware):
    """A subclass, which may do anything."""

    def process_response(self, request: Any, response: Any) -> Any:
        response["X-Own"] = "common"
        return super().process_response(request, response)


def as_function(get_response: Any) -> Any:
    def answer(request: Any) -> Any:
        response = get_response(request)
        response["X-Own"] = "function"
        return response

    return answer


UNKNOWN = {
    "a class": [*STARTPROJECT, f"{HERE_TOO}.Counting"],
    "a subclass": [f"{HERE_TOO}.OwnCommon"],
    "a function": [*STARTPROJECT[:3], f"{HERE_TOO}.as_function", *STARTPROJECT[3:]],
    "users without sessions": [each for each in STARTPROJECT if "sessions" not in each],
}


def asked(session: str, token: str) -> list[Any]:
    own = {"Authorization": f"Bearer {token}"}
    return [
        *COMMON,
        ("GET /v1/settings/a", None, own),
        ("PUT /v1/settings/b", {"name": "b", "value": 2}, own),
        ("GET /v1/counters/1", None, {"X-Forwarded-Proto": "https"}),
        ("GET /v1/counters/2", None, {"X-Forwarded-Proto": "https, http", "Origin": SITE}),
        ("POST /v1/counters", {"number": 70}, {"Origin": SITE, "Cookie": f"sessionid={session}; csrftoken=short"}),
        ("POST /v1/counters", {"number": 71}, {"Cookie": f"sessionid={session}"}),
        ("POST /v1/counters", {"number": 72}, {"Cookie": "sessionid=gone; messages=x", "X-Forwarded-Proto": "https"}),
        ("GET /v1/counters/1", None, {"Cookie": f"sessionid={session}; csrftoken={'a' * 32}"}),
        ("GET /v1/counters/1", None, {"Cookie": "sessionid="}),
        ("GET /v1/counters/1", None, {"Cookie": "csrftoken=(("}),
        ("GET /v1/counters/1", None, {"Origin": "https://other.example"}),
        ("GET /v1/tickets?queue=inbox", None, {"Origin": SITE}),
        ("GET /v1/counters/1", None, {"Origin": "http://["}),
        ("OPTIONS /v1/counters/1", None, {"Origin": SITE, "Access-Control-Request-Method": "PUT"}),
        ("OPTIONS /v1/counters/1", None, {"Origin": SITE}),
        ("GET /v1/counters/1", None, {"Host": "elsewhere.example"}),
        ("GET /v1/counters/1", None, {"Host": "a b"}),
        ("GET /v1/counters/1", None, {"Host": "sub.example.com"}),
        ("GET /v1/counters/1", None, {"X-Forwarded-Host": "p.example"}),
        ("GET /v1/counters/1", None, {"X-Forwarded-Host": "q.example"}),
        ("GET /v1/counters/1", None, {"User-Agent": "Bad robot"}),
        ("GET /v1/counters/1/",),
        ("GET /v1/counters/1%00",),
        ("GET /v1/parts/%C3%A9",),
        ("GET /v1/parts/%FF%FE",),
        ("GET /v1/parts/a%2Fb",),
        ("GET /v1//counters/1",),
        ("GET //v1/counters/1",),
        ("GET /nothing",),
        ("GET /static/app.css",),
        ("TRACE /v1/counters/1",),
        ("get /v1/counters/1",),
        ("PROPFIND /v1/counters/1",),
        ("DELETE /v1/counters",),
        ("GET /v1/counters/1", None, None, {"SCRIPT_NAME": "/mounted", "HTTP_HOST": None}),
        ("POST /v1/tickets", {"title": "Mounted"}, None, {"SCRIPT_NAME": "/moünted".encode().decode("latin-1")}),
        ("POST /v1/tickets", {"title": "Rewritten"}, None, {"SCRIPT_URL": "/old//v1/tickets"}),
        ("POST /v1/tickets", [b'{"title": ', b'"Chunked"}']),
        ("POST /v1/tickets", b'{"title": "Cut', {"Content-Length": "90"}),
        ("POST /v1/tickets", {"title": "Long"}, {"Content-Length": "many"}),
        ("POST /v1/tickets", b"title=Form", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("POST /v1/tickets", {"title": "E"}, {"Expect": "100-continue", "Content-Type": "application/json; charset=x"}),
        ("GET /v1/counters/1", None, {"Accept": "text/html"}),
        ("GET /v1/counters/1", None, {"If-None-Match": "*", "If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}),
        (f"GET {READING}", None, {"If-None-Match": '"1"'}),
    ]


@contextmanager
def signals_noted(notes: list[str]) -> Iterator[None]:
    """Notes each signal of a request, with its sender."""

    def receiver(name: str) -> Any:
        def note(sender: Any, **arguments: Any) -> None:
            known = sorted(arguments.keys() - {"signal"})
            notes.append(f"{name} from {getattr(sender, '__name__', sender)} with {known}")

        return note

    signals = {"started": request_started, "finished": request_finished, "exception": got_request_exception}
    receivers = {name: receiver(name) for name in signals}
    for name, signal in signals.items():
        signal.connect(receivers[name])
    try:
        yield
    finally:
        for name, signal in signals.items():
            signal.disconnect(receivers[name])


_KEY = re.compile("sessionid=[a-z0-9]{32};")  # of a new session, which chance decides


class Compared:
    """What the front and Django's handler make of the same requests."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.answers: list[dict[str, Any]] = []
        self.fronted: list[bool] = []

    def run(self, requests: Sequence[Any], change: Any = None, **settings: Any) -> None:
        """Fails where they differ."""
        found, orders = [], []
        with override_settings(**settings):
            self.api.configure(settings)
            for front in (True, False):
                side = self.api.side(change)
                side.front = front
                with signals_noted(side.notes):
                    found.append(side.run(requests, self.api.tables))
                orders.append(side.sent)
                assert len(found[-1]) == len(requests)
        for answer in (answer for answers in found for answer in answers):
            answer["headers"] = [
                re.sub("sessionid=[a-z0-9]{32};", "sessionid=<key>;", line) for line in answer["headers"]
            ]
        self.answers = found[0]
        differences = [
            f"{str((*one,))[:300]}: {what}\n{told_apart(answer[what], other[what])}"
            for one, answer, other in zip(requests, *found, strict=True)
            for what in other
            if answer[what] != other[what]
        ]
        assert not differences, report(differences)
        assert orders[0] == orders[1]


@pytest.fixture
def compared(everything_api: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Compared:
    made = Compared(everything_api)
    (tmp_path / "app.css").write_text("a {}")
    monkeypatch.setattr(django_settings, "STATIC_ROOT", str(tmp_path))
    monkeypatch.setattr(django_settings, "STATIC_URL", "/static/")
    return made


@pytest.fixture
def fronted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that the front has answered itself."""
    found: list[str] = []
    answer = WSGIFront._answer

    def note(self: Any, request: Any, *arguments: Any) -> Any:
        found.append(request.path_info)
        return answer(self, request, *arguments)

    monkeypatch.setattr(WSGIFront, "_answer", note)
    return found


@pytest.fixture
def session(db: None) -> str:
    """The key of a session that Ada has logged in to."""
    ada = User.objects.create_user("ada", password="ada")
    store = SessionStore()
    store["_auth_user_id"], store["_auth_user_backend"] = str(ada.pk), "django.contrib.auth.backends.ModelBackend"
    store["_auth_user_hash"] = ada.get_session_auth_hash()
    store.save()
    return str(store.session_key)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # chunks are gathered in a file
@pytest.mark.parametrize("name", KNOWN)
def test_the_front_answers_as_django_does(compared, fronted, session, name):
    requests = asked(session, generate_token("ada"))
    compared.run(requests, **merged(**KNOWN[name]))
    statuses = {answer["status"][:3] for answer in compared.answers}
    if name == "www. prepended":
        assert (statuses >= {"301"}, fronted) == (True, [])
    elif name == "startproject's, strict":
        assert statuses >= {"200", "301", "400"}
        assert 0 < len(fronted) < 10
    else:
        assert statuses >= {"200", "400", "404"}
        assert len(fronted) > 60


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_middleware_sends_everything_to_django(compared, fronted, session, name):
    compared.run(asked(session, generate_token("ada")), MIDDLEWARE=UNKNOWN[name])
    assert not fronted
    own = ["X-Own" in str(answer["headers"]) for answer in compared.answers]
    assert sum(own) == 0 if name == "users without sessions" else sum(own) > 60


def deeds() -> dict[str, Any]:
    """What views do with a request, by name; each returns the response."""

    def shown(look: Any) -> Any:
        return lambda request: HttpResponse(repr(look(request)))

    def with_headers(request: Any) -> Any:
        response = HttpResponse(
            "x", headers={"X-Frame-Options": "ALLOW", "Referrer-Policy": "none", "Content-Length": "1"}
        )
        response.set_cookie("own", "1")
        response["Vary"] = "Accept-Encoding, Origin"
        return response

    def exempt(request: Any) -> Any:
        response = HttpResponse("x")
        response.xframe_options_exempt = True  # type: ignore[attr-defined]
        return response

    def interrupted(request: Any) -> Any:
        request.session["a"] = 1
        Session.objects.filter(pk=request.session.session_key).delete()
        return HttpResponse("x")

    def suspicious(request: Any) -> Any:
        raise SuspiciousOperation("odd")

    def changed(request: Any) -> Any:
        request.session["a"] = request.session.get("a", 0) + 1
        return HttpResponse("x")

    def failing(request: Any) -> Any:
        request.session["a"] = 1
        raise ZeroDivisionError

    def spoken_to(request: Any) -> Any:
        messages.info(request, "hello")
        return HttpResponse("x")

    return {
        "changes the session": changed,
        "fails after it changed the session": failing,
        "reads the session": shown(lambda request: sorted(request.session.items())),
        "flushes the session": shown(lambda request: request.session.flush()),
        "whose session is gone": interrupted,
        "adds a message": spoken_to,
        "reads messages": shown(lambda request: [str(each) for each in messages.get_messages(request)]),
        "asks for a token": shown(lambda request: len(get_token(request))),
        "rotates the token": shown(rotate_token),
        "looks at the user": shown(lambda request: (request.user.username, type(request.auser).__name__)),
        "sets headers": with_headers,
        "may be framed": exempt,
        "streams": lambda request: StreamingHttpResponse(iter([b"a", b"b"])),
        "sends a file": lambda request: FileResponse(io.BytesIO(b"file"), filename="a.txt"),
        "answers with nothing": lambda request: None,
        "is not modified": lambda request: HttpResponseNotModified(),
        "is suspicious": suspicious,
        "shows where it is": shown(lambda request: (get_urlconf().__name__, get_script_prefix(), request.path)),
        "shows its match": shown(lambda request: match_of(request.resolver_match)),
        "shows the request": shown(lambda request: (repr(request), request.content_type, request.content_params)),
        "shows its body": shown(lambda request: (request.read(3), request.META.get("CONTENT_LENGTH"))),
        "shows its query": shown(lambda request: (request.GET, request.encoding, request.get_full_path())),
        "shows whether it is atomic": shown(lambda _: len(connection.savepoint_ids)),
        "speaks": shown(lambda request: (get_language(), getattr(request, "LANGUAGE_CODE", None))),
    }


def match_of(match: Any) -> Any:
    names = (
        "url_name",
        "app_names",
        "namespaces",
        "route",
        "captured_kwargs",
        "extra_kwargs",
        "app_name",
        "_func_path",
    )
    return [getattr(match, name) for name in names], match[1:], match.view_name, match.func.cls.__name__, repr(match)


def doing(viewset: type[Any]) -> type[Any]:
    """The viewset; a GET on an item does what its header says."""
    if not hasattr(viewset, "retrieve"):
        return viewset

    def retrieve(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        deed = deeds().get(request.headers.get("X-Do", ""))
        return deed(request._request) if deed is not None else super(changed, self).retrieve(request, *args, **kwargs)

    changed: type[Any] = type(viewset.__name__, (viewset,), {"retrieve": retrieve, "__module__": __name__})
    return changed


AROUND: dict[str, dict[str, Any]] = {
    "startproject's": {"MIDDLEWARE": STARTPROJECT},
    "conditions and languages": {
        "MIDDLEWARE": [
            "django.middleware.http.ConditionalGetMiddleware",
            CORS,
            *STARTPROJECT[:2],
            "django.middleware.locale.LocaleMiddleware",
            *STARTPROJECT[2:],
        ],
        "CORS_ALLOW_ALL_ORIGINS": True,
        "CSRF_USE_SESSIONS": True,
    },
    "sessions in cookies": {
        "MIDDLEWARE": STARTPROJECT,
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        "SESSION_SAVE_EVERY_REQUEST": True,
    },
    "users before sessions": {"MIDDLEWARE": STARTPROJECT[::-1]},
}


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
@pytest.mark.parametrize("name", AROUND)
def test_views_find_the_request_as_django_makes_it(compared, fronted, session, name):
    requests = [
        (
            "GET /v1/counters/1?a=1&a=%E9",
            b"body",
            {"X-Do": each, "Cookie": cookie, "Accept-Language": "de", **more},
            own,
        )
        for each in deeds()
        for cookie, more, own in (
            ("", {"Accept-Language": "de"}, {}),
            (f"sessionid={session}; csrftoken={'b' * 32}", {"Origin": SITE}, {"SCRIPT_NAME": "/at"}),
            (f"sessionid={session}", {"Content-Type": "text/plain; charset=latin-1"}, {"HTTP_X_OWN": "é"}),
        )
    ]
    with mock.patch("django.core.signing.time", SimpleNamespace(time=lambda: 1e9)):  # signed cookies tell the second
        compared.run(requests, doing, **AROUND[name])
    statuses = {answer["status"][:3] for answer in compared.answers}
    assert statuses >= ({"500"} if "before" in name else {"200", "304", "400", "500"})
    assert bool(fronted) is ("before" not in name)


@pytest.mark.parametrize("name", ["startproject's", "sessions in cookies"])
def test_requests_are_atomic_where_the_database_says_so(compared, fronted, session, name):
    connections = connection_handler.settings["default"]
    requests = [("GET /v1/counters/1", None, {"X-Do": "shows whether it is atomic"}), ("GET /v1/counters/1",)]
    compared.run(requests, doing, **AROUND[name])
    before = compared.answers[0]["body"]
    with mock.patch.dict(connections, ATOMIC_REQUESTS=True):
        compared.run(requests, doing, **AROUND[name])
    assert (int(before) + 1, len(fronted)) == (int(compared.answers[0]["body"]), 4)


def test_a_server_gets_the_file_and_closes_it(compared):
    """Where the server has a wrapper for files, it closes the wrapper, and that the response."""
    closed: list[str] = []

    def wrapper(file: Any, size: int) -> Any:
        found = io.BytesIO(file.read())
        found.close = lambda: (closed.append("file"), file.close())  # type: ignore[method-assign]
        return found

    asked_for = [("GET /v1/counters/1", None, {"X-Do": "sends a file"}, {"wsgi.file_wrapper": wrapper})]
    compared.run(asked_for, doing, MIDDLEWARE=STARTPROJECT)
    assert (compared.answers[0]["body"], closed) == ("file", ["file", "file"])


def test_settings_are_read_at_each_request(compared, fronted):
    """As Django reads them: what a test overrides counts for the requests within."""
    with override_settings(MIDDLEWARE=STARTPROJECT, ROOT_URLCONF=compared.api.side().urls):
        front, django = WSGIFront(WSGIHandler()), WSGIHandler()
        one = ("GET /v1/counters/2", None, {"User-Agent": "Bad", "Cookie": "other=x"})
        for changes in (
            {},
            {"X_FRAME_OPTIONS": "sameorigin"},
            {"ALLOWED_HOSTS": ["other.example"]},
            {"DISALLOWED_USER_AGENTS": [re.compile("Bad")]},
            {"SESSION_COOKIE_NAME": "other"},
            {"CSRF_COOKIE_NAME": "other"},
            {"FORCE_SCRIPT_NAME": "/forced"},
            {"ROOT_URLCONF": type("urls", (), {"urlpatterns": []})},
            {"DEBUG": True},
        ):
            with override_settings(**changes):
                answers = [send(each, one, {}) for each in (front, django)]
            assert answers[0][0] == answers[1][0], changes
            assert sorted(answers[0][1]) == sorted(answers[1][1]) or "CSRF_COOKIE_NAME" in changes, changes
    assert len(fronted) == 5


def test_threads_are_answered_at_the_same_time(everything_api):
    """A front is shared by the threads of a server, and routes are made anew while they ask."""
    side = everything_api.side()
    everything_api.tables.reset()
    with override_settings(MIDDLEWARE=STARTPROJECT, ROOT_URLCONF=side.urls):
        front = WSGIFront(WSGIHandler())
        expected = send(front, ("GET /v1/counters/2",), {})

        def ask(number: int) -> Any:
            if number % 10 == 0:
                front._routes = None
            return send(front, ("GET /v1/counters/2",), {})

        with ThreadPoolExecutor(8) as pool:
            assert all(answer == expected for answer in pool.map(ask, range(200)))
    assert expected[0] == "200 OK"
