"""Two ways through one API: its generated viewsets, and subclasses that override a DRF hook and change nothing.

Whoever overrides a hook takes DRF's ordinary path, so whatever tells the two apart is a fault. Both get the same
requests at the WSGI interface over the same items; what only chance makes differ (keys and times that the server
makes, cursors, error_ids) is replaced by what it is.
"""

from __future__ import annotations

import gzip
import http.client
import io
import itertools
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, transaction
from django.test import override_settings
from django.utils import translation
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from macaron_django import spec
from macaron_django.api import build_viewsets, url_patterns
from macaron_django.api.viewsets import OperationViewSet, register
from macaron_django.auth.current import forget
from macaron_django.dynamodb import engines, persist
from macaron_django.dynamodb.tables import create_table
from macaron_django.registry import API, registry
from macaron_django.schemas import Classes

FIXTURES = Path(__file__).parents[2] / "fixtures"
#: A request: "METHOD /target", and, where it has them, its body, its headers, and more of its WSGI environ.
Ask = Sequence[Any]
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

#: DRF's settings that its classes copy when they are imported: where a project's would be by then.
COPIED = {
    "DEFAULT_AUTHENTICATION_CLASSES": "authentication_classes",
    "DEFAULT_PARSER_CLASSES": "parser_classes",
    "DEFAULT_PERMISSION_CLASSES": "permission_classes",
    "DEFAULT_RENDERER_CLASSES": "renderer_classes",
    "DEFAULT_THROTTLE_CLASSES": "throttle_classes",
    "DEFAULT_VERSIONING_CLASS": "versioning_class",
}


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A request's language stays with its thread: the next module's tests aren't to be answered in it."""
    yield
    translation.deactivate()


class Normal:
    """Texts of one side with everything in them that only chance decides replaced."""

    _uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    _token = re.compile(r"[A-Za-z0-9_-]{60,}|(?<=csrftoken=)\w{32}|(?<=expires=)[^;]+|(?<=^Expires: ).*|[0-9a-f]{32}")
    _number = re.compile(r"(?<![\d.])\d{10}(?![\d.])")

    def __init__(self) -> None:
        self.uuids: dict[str, str] = {}
        self._now = re.compile(time.strftime("%Y") + r"-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|\+00:00)")

    def anonymous(self, text: str) -> str:
        text = self._token.sub(lambda found: f"<{len(found[0])} characters>", self._now.sub("<now>", text))
        return self._number.sub(lambda found: "<now>" if abs(int(found[0]) - time.time()) < 600 else found[0], text)

    def __call__(self, text: str) -> str:
        text = self._uuid.sub(lambda found: self.uuids.setdefault(found[0], f"<uuid {len(self.uuids)}>"), text)
        return self.anonymous(text)


class Body(str):
    """A body as text, equal to another one byte for byte.

    What a schema doesn't declare has no order: DynamoDB's maps have none, and engines give them as it comes.
    """

    declared: frozenset[str] = frozenset()

    def _read(self) -> Any:
        def members(pairs: list[tuple[str, Any]]) -> Any:
            return [name for name, _ in pairs if name in self.declared], dict(pairs), len(pairs)

        return json.loads(self, object_pairs_hook=members, parse_float=str, parse_int=str)

    def __eq__(self, other: object) -> bool:
        if str.__eq__(self, other) is True or not isinstance(other, Body) or sorted(self) != sorted(other):
            return str.__eq__(self, other) is True
        try:
            return bool(self._read() == other._read())
        except ValueError:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


class Tables:
    """What an API's tables hold, as the engine says it: nothing of the package stands between."""

    def __init__(self, persistences: Mapping[str, Any], seeds: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.persistences, self.seeds = dict(persistences), seeds
        self.connection = http.client.HTTPConnection(urlsplit(str(engines.current().endpoint_url)).netloc)
        self.held: dict[str, tuple[bytes, frozenset[str]]] = {}  # what each table held, as scanned and by item
        for persistence in self.persistences.values():
            create_table(persistence.table, safeguards=False)

    def _ask(self, operation: str, persistence: Any, **request: Any) -> bytes:
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"DynamoDB_20120810.{operation}"}
        # The engine looks at the form of the signature only.
        scope = "local/20200101/eu-west-1/dynamodb/aws4_request"
        headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        headers["X-Amz-Date"] = "20200101T000000Z"
        self.connection.request("POST", "/", json.dumps({"TableName": persistence.table_name, **request}), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return text

    def changes(self) -> list[str]:
        """The items that came or went since somebody asked before."""
        changes = []
        for name, persistence in self.persistences.items():
            text, before = self.held.get(name, (b"", frozenset()))
            scanned = self._ask("Scan", persistence)
            if scanned != text:
                items = frozenset(json.dumps(item, sort_keys=True) for item in json.loads(scanned)["Items"])
                self.held[name] = (scanned, items)
                changes += [f"{'+' if item in items else '-'} {name} {item}" for item in sorted(before ^ items)]
        return changes

    def reset(self) -> None:
        for name, persistence in self.persistences.items():
            keys = [key for key in (persistence.hash_key, persistence.range_key) if key]
            for item in json.loads(self._ask("Scan", persistence))["Items"]:
                self._ask("DeleteItem", persistence, Key={key: item[key] for key in keys})
            for item in self.seeds.get(name, ()):
                self._ask("PutItem", persistence, Item=item)
        self.changes()


class Side:
    """One way through an API: the URLs that lead that way."""

    normal = Normal

    def __init__(self, api: API, change: Callable[[type], type] | None) -> None:
        declared = frozenset(name for schema in api.document.schemas.values() for name in schema.properties)
        self.body = type("Body", (Body,), {"declared": declared})
        self.viewsets = build_viewsets(api.name, api.document, api.classes, api.persistences)
        for viewset in self.viewsets.values() if change is not None else ():
            changed = change(viewset)
            if changed is not viewset:
                register(changed)
        self.urls: Any = ModuleType(f"urls_of_{api.name}")
        self.urls.urlpatterns = url_patterns(api.name, self.viewsets)
        self.notes: list[str] = []

    def run(self, asked: Sequence[Ask], tables: Tables) -> list[dict[str, Any]]:
        """What became of each request, in words that can be compared; what can be called is called in between."""
        tables.reset()
        cache.clear()
        forget()
        normal, found = self.normal(), []
        known = {"location": "/nowhere", "next": "/nowhere", "etag": '"none"'}
        log = _Log(self.notes)
        loggers = [logging.getLogger(name) for name in ("macaron_django", "django.request", "django.security")]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.addHandler(log)
            logger.setLevel(logging.INFO)
        try:
            with override_settings(ROOT_URLCONF=self.urls), rolled_back():
                handler = WSGIHandler()
                for one in asked:
                    if callable(one):
                        one()
                        continue
                    self.notes.clear()
                    status, headers, body = send(handler, one, known)
                    follow(known, headers)
                    if ("Content-Encoding", "gzip") in headers:  # however long it is, chance decides that, too
                        headers = [header for header in headers if header[0] != "Content-Length"]
                        body = gzip.decompress(body)
                    # What is refused writes nothing: if it did, the last of them all says so.
                    may_write = one[0].split(" ")[0] not in SAFE and status[0] != "4"
                    changes = tables.changes() if may_write or one is asked[-1] else []
                    found.append(
                        {
                            "status": status,
                            "headers": sorted(normal(f"{name}: {value}") for name, value in headers),
                            "body": self.body(normal(body.decode("utf-8", "surrogateescape"))),
                            "seen": [normal(note) for note in self.notes],
                            "stored": list(map(normal, changes)),
                        }
                    )
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.removeHandler(log)
                logger.setLevel(level)
        return found


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo what the ORM keeps."""
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


class _Log(logging.Handler):
    def __init__(self, notes: list[str]) -> None:
        super().__init__()
        self.notes = notes

    def emit(self, record: logging.LogRecord) -> None:
        self.notes.append(f"{record.name} {record.levelname} {record.getMessage()} {bool(record.exc_info)}")


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


def ordinary(viewset: type[Any]) -> type[Any]:
    """The viewset with an override that changes nothing: it takes DRF's ordinary path."""

    def initial(self: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        super(changed, self).initial(request, *args, **kwargs)

    # A project's class is of a project's module.
    members = {"initial": initial, "__doc__": viewset.__doc__, "__module__": __name__}
    changed: type[Any] = type(viewset.__name__, (viewset,), members)
    return changed


def told_apart(found: Any, wanted: Any) -> str:
    """Both, from a little before where they begin to differ."""
    texts = str(found), str(wanted)
    start = max(0, next((n for n, (one, other) in enumerate(zip(*texts, strict=False)) if one != other), 0) - 60)
    return "\n".join(
        f"  {name} {text[start : start + 300]}" for name, text in zip(("generated", "ordinary "), texts, strict=True)
    )


class BothPaths:
    """An API, its tables, and what differs between its two ways."""

    ordinary = staticmethod(ordinary)
    send = staticmethod(send)

    def __init__(self, api: API, seeds: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.api, self.monkeypatch = api, monkeypatch
        self.tables = Tables(api.persistences, seeds)
        self.notes: list[str] = []

    def side(self, change: Callable[[type], type] | None = None) -> Side:
        """One way through the API; of viewsets as generated, or as ``change`` makes them."""
        made = Side(self.api, change)
        made.notes = self.notes
        return made

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Give DRF's classes what they copy from settings when they are imported."""
        for name in settings.get("REST_FRAMEWORK", {}):
            if name in COPIED:
                attribute, value = COPIED[name], getattr(api_settings, name)
                self.monkeypatch.setattr(APIView, attribute, value)
                ours = vars(OperationViewSet).get(attribute)
                if hasattr(ours, "configured"):
                    self.monkeypatch.setattr(ours, "configured", list(value))

    def differences(
        self, asked: Sequence[Ask], change: Callable[[type], type] | None = None, **settings: Any
    ) -> list[str]:
        """Each thing that the two ways answer differently, in a line; ``change`` is made to the generated side."""
        with override_settings(**settings):
            self.configure(settings)
            sides = self.side(change), self.side(ordinary)
            generated, other = (side.run(asked, self.tables) for side in sides)
        self.answers = generated
        return [
            f"{str((*one,))[:300]}: {what}\n{told_apart(found[what], wanted[what])}"
            for one, found, wanted in zip((one for one in asked if not callable(one)), generated, other, strict=True)
            for what in wanted
            if found[what] != wanted[what]
        ]


numbers = itertools.count()


@pytest.fixture(scope="session")
def load_api() -> Iterator[Callable[..., API]]:
    """Load the spec of tests/fixtures/<path> as the registry would; its models are gone afterwards."""
    labels: list[str] = []
    loaded: dict[str, API] = {}

    def load(path: str) -> API:
        if path not in loaded:
            name = Path(path).stem
            document = spec.load(FIXTURES / path)
            api = loaded[path] = API(name, document, Classes(name, document), {})
            for schema in document.schemas.values():
                if schema.extensions.persist is not None:
                    labels.append(f"both_paths_{next(numbers)}")
                    api.persistences[str(schema.name)] = persist(name, labels[-1], schema, api.classes)
        return loaded[path]

    yield load
    for label in labels:
        apps.all_models.pop(label, None)


@pytest.fixture
def both_paths(
    load_api: Callable[..., API], dynamodb: Any, db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., BothPaths]]:
    """Make the two ways through an API: of the example project by its name, or of a fixture by its path."""
    made: list[BothPaths] = []

    def make(name: str, seeds: Mapping[str, Any] | None = None) -> BothPaths:
        assert connection.in_atomic_block
        api = registry[name] if name in registry._apis else load_api(name)
        if name not in registry._apis:
            monkeypatch.setitem(registry._apis, api.name, api)
        made.append(BothPaths(api, seeds or {}, monkeypatch))
        return made[-1]

    # A password's hash is expensive on purpose.
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield make
    for each in made:
        each.tables.connection.close()
