"""An API whose operations the backends tell of, and what answers it: both fronts and both of Django's handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.test import override_settings
from django.urls import path

from macaron_django import openapi as spec
from macaron_django.api import build_viewsets, url_patterns
from macaron_django.api.front import ASGIFront, WSGIFront
from macaron_django.dynamodb import persist
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.observability.metrics.metrics_page import metrics
from macaron_django.schemas import Classes
from tests.api.hooks.test_asgi_front import ask
from tests.api.hooks.wsgi_requests import send

WAYS = ("WSGI front", "WSGI handler", "ASGI front", "ASGI handler")
NOTE = {
    "type": "object",
    "x-persist": {"table": "observed-notes", "hash_key": "id"},
    "properties": {"id": {"type": "string"}, "text": {"type": "string"}},
}
Answer = tuple[int, dict[str, str], bytes]


def fail() -> None:
    raise ZeroDivisionError


def _document() -> spec.Document:
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}}}
    answers = {"200": {"description": "It.", **content}}
    named = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    item = {
        "parameters": [named],
        "get": {"operationId": "readNote", "security": [], "responses": answers},
        "put": {"operationId": "writeNote", "security": [], "requestBody": content, "responses": answers},
    }
    failing = {"operationId": "fail", "x-bind-server": f"{__name__}.fail", "security": [], "responses": answers}
    paths = {"/notes/{id}": item, "/fail": {"get": failing}}
    root = {"openapi": "3.1.0", "info": {"title": "Notes", "version": "1"}, "paths": paths}
    return spec.load({**root, "components": {"schemas": {"Note": NOTE}}})


@pytest.fixture(scope="session")
def notes_api() -> Any:
    """The document, classes and persistence of an API of notes, made once: models stay in Django's registry."""
    document = _document()
    classes = Classes("observed_notes", document)
    persistence = persist("observed_notes", "macaron_observed_notes", document.schemas["Note"], classes)
    return document, classes, persistence


@pytest.fixture
def notes(notes_api: Any, dynamodb: Any, db: None) -> Iterator[Callable[..., Callable[..., Answer]]]:
    """Serve the notes: ``notes("WSGI front", BACKENDS=["emf"])`` returns what answers requests."""
    document, classes, persistence = notes_api
    create_table(persistence.table, safeguards=False)
    persistence.put_item({"id": {"S": "a"}, "text": {"S": "A"}})
    viewsets = build_viewsets("notes", document, classes, {"Note": persistence})
    urls = type("urls", (), {"urlpatterns": [*url_patterns("notes", viewsets), path("metrics", metrics)]})
    changed = []

    def serve(way: str = "WSGI front", *, settings: Any = None, **observability: Any) -> Callable[..., Answer]:
        macaron = {"OBSERVABILITY": {"METRICS_TOKEN": "a-token", **observability}}
        override = override_settings(**{"MIDDLEWARE": [], "DEBUG": False, "ROOT_URLCONF": urls, **(settings or {})})
        override.options.setdefault("MACARON", macaron)
        override.enable()
        changed.append(override)
        if way.startswith("WSGI"):
            return _over_wsgi(get_wsgi_application() if way.endswith("handler") else WSGIFront(get_wsgi_application()))
        return _over_asgi(get_asgi_application() if way.endswith("handler") else ASGIFront(get_asgi_application()))

    serve.table = persistence  # type: ignore[attr-defined]
    yield serve
    for override in reversed(changed):
        override.disable()


def _over_wsgi(application: Any) -> Callable[..., Answer]:
    def answered(*request: Any) -> Answer:
        status, headers, body = send(application, request, {})
        return int(status[:3]), {name.lower(): value for name, value in headers}, body

    return answered


def _over_asgi(application: Any) -> Callable[..., Answer]:
    def answered(*request: Any) -> Answer:
        answer = asyncio.run(ask(application, *request))
        assert answer is not None
        return answer.status, dict(answer.headers), answer.body

    return answered
