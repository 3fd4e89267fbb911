"""Small documents for the tests of the api layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.test import Client, override_settings

from macaron_django import openapi as spec
from macaron_django.schemas import Classes

Operations = Mapping[str, Any]


@pytest.fixture
def document() -> Callable[..., spec.Document]:
    """Make an OpenAPI 3.1 document of paths and schemas."""

    def make(paths: Operations, schemas: Mapping[str, Any] | None = None, **root: Any) -> spec.Document:
        return spec.load(
            {
                "openapi": "3.1.0",
                "info": {"title": "Test", "version": "1"},
                "paths": dict(paths),
                "components": {"schemas": dict(schemas or {}), **root.pop("components", {})},
                **root,
            }
        )

    return make


@pytest.fixture
def operation(document: Callable[..., spec.Document]) -> Callable[..., spec.Operation]:
    """Make one operation: ``operation("get /profiles/{id}", parameters=[…])``."""

    def make(route: str, schemas: Mapping[str, Any] | None = None, **described: Any) -> spec.Operation:
        method, path = route.split(" ")
        described.setdefault("responses", {"200": {"description": "Good."}})
        return document({path: {method: described}}, schemas).operations[0]

    return make


@pytest.fixture
def serve() -> Iterator[Callable[..., Any]]:
    """Serve documents: ``serve(document)`` returns a Django test client; viewsets are in its ``.viewsets``."""
    overrides: list[override_settings] = []

    def make(document: spec.Document, name: str = "test", **settings: Any) -> Any:
        from macaron_django.api import build_viewsets, docs_patterns, url_patterns

        made = build_viewsets(name, document, Classes(name, document))
        change = override_settings(**settings)
        change.enable()
        overrides.append(change)
        patterns = [*url_patterns(name, made), *docs_patterns(lambda: {name: document})]
        change = override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": patterns}))
        change.enable()
        overrides.append(change)
        client: Any = Client(raise_request_exception=False)
        client.viewsets = made
        return client

    yield make
    for change in reversed(overrides):
        change.disable()
