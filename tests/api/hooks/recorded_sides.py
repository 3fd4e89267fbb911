"""Records what becomes of requests: the answers, what is stored, signalled and logged, without what chance decides."""

from __future__ import annotations

import gzip
import http.client
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from django.test import override_settings

from macaron_django.api import build_viewsets, url_patterns
from macaron_django.api.front import WSGIFront
from macaron_django.api.viewsets import register
from macaron_django.auth.caller import forget
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.registry import API
from tests.api.hooks.wsgi_requests import SAFE, Ask, follow, send


class Normal:
    """Texts of one side with everything in them that only chance decides replaced."""

    _uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    _token = re.compile(r"[A-Za-z0-9_-]{60,}|(?<=csrftoken=)\w{32}|(?<=expires=)[^;]+|(?<=^Expires: ).*|[0-9a-f]{32}")
    _number = re.compile(r"(?<![\d.])\d{10}(?![\d.])")

    def __init__(self) -> None:
        self.uuids: dict[str, str] = {}
        self._now = re.compile(time.strftime("%Y") + r"-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?(?:Z|\+00:00)")

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
    front = False

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
        #: The names of each answer's headers, in their order.
        self.sent: list[list[str]] = []

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
                handler = WSGIFront(WSGIHandler()) if self.front else WSGIHandler()
                for one in asked:
                    if callable(one):
                        one()
                        continue
                    self.notes.clear()
                    status, headers, body = send(handler, one, known)
                    follow(known, headers)
                    self.sent.append([name for name, _ in headers])
                    if ("Content-Encoding", "gzip") in headers:  # however long it is, chance decides that, too
                        headers = [header for header in headers if header[0] != "Content-Length"]
                        body = gzip.decompress(body)
                    # A moment on the second is shown shorter than the others.
                    counted = ("Content-Length", str(len(body)))
                    headers = [
                        (name, "<the body's>") if (name, value) == counted else (name, value) for name, value in headers
                    ]
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
