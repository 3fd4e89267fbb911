"""Small documents for the tests of the api layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from macaron_django import spec

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
