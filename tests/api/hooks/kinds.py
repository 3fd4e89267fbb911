"""An API with every operation on each kind of resource, by whichever class a test likes, its calls counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any
from unittest import mock

from django.test import Client, override_settings
from django.urls import resolve

from macaron_django.api import build_viewsets, url_patterns
from macaron_django.api.plans import OperationPlan
from macaron_django.api.requests import operation_requests, parsers
from macaron_django.api.requests.parsers import json_value_of
from macaron_django.api.viewsets import register
from macaron_django.registry import API
from macaron_django.schemas.validation.validators import SchemaValidator
from macaron_django.testing import FaultProxy

_ID = {"type": "string"}
_PROPERTIES: dict[str, Any] = {"id": _ID, "text": {"type": "string", "maxLength": 20}, "size": {"type": "integer"}}
_NESTED: dict[str, Any] = {"place": {"type": "object", "properties": {"city": {"type": "string"}}}}
_LABELS: dict[str, Any] = {"labels": {"type": "array", "uniqueItems": True, "items": {"type": "string"}}}
_VERSION: dict[str, Any] = {"version": {"type": "integer", "readOnly": True}}
#: kind → what its schema says besides key and text
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"additionalProperties": False},
    "open": {},
    "texts": {"additionalProperties": {"type": "string"}},
    "nested": {"properties": {**_PROPERTIES, **_NESTED}},
    "sets": {"properties": {**_PROPERTIES, **_LABELS}, "x-persist": {"sets": ["labels"]}},
    "versioned": {"properties": {**_PROPERTIES, **_VERSION}, "x-persist": {"version": "version"}},
    "ranged": {
        "properties": {"id": _ID, "group": {"type": "string"}, **_PROPERTIES},
        "x-persist": {"hash_key": "group", "range_key": "id"},
    },
}
#: Who may call the operations of which kind, besides everybody; None: the document doesn't say.
SECURED: dict[str, list[Any] | None] = {"tokens": [{"bearer": []}], "asking": [{"bearer": []}, {}], "silent": None}
MERGE_PATCH = "application/merge-patch+json"


def document() -> dict[str, Any]:
    """The document of an API that has all kinds."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for kind in (*KINDS, *SECURED):
        said = KINDS.get(kind, {})
        persist = {"table": f"kinds-{kind}", "hash_key": "id", "scan": "allowed", **said.get("x-persist", {})}
        name = kind.capitalize()
        schemas[name] = {"type": "object", "properties": _PROPERTIES, **said, "x-persist": persist}
        security = SECURED.get(kind, [])
        more = {} if security is None else {"security": security}
        paths |= _paths(kind, {"$ref": f"#/components/schemas/{name}"}, more)
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Every kind of resource", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"bearer": bearer}},
    }


def _paths(kind: str, schema: Any, more: dict[str, Any]) -> dict[str, Any]:
    collection, key = "/groups/{group}/ranged" if kind == "ranged" else f"/{kind}", ("group", "id")

    def parameters(names: Any) -> list[Any]:
        return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]

    def operation(status: str, takes: str = "", answers: Any = schema) -> dict[str, Any]:
        media_type = "application/vnd.texts+json" if kind == "texts" else "application/json"
        content = {media_type: {"schema": answers}} if answers is not None else {}
        described = {"responses": {status: {"description": "Done.", "content": content}}, **more}
        if takes:
            described["requestBody"] = {"required": True, "content": {takes: {"schema": schema}}}
        return described

    return {
        collection: {
            "parameters": parameters(key[:-1] if kind == "ranged" else ()),
            "get": operation("200", answers={"type": "array", "items": schema}),
            "post": operation("201", "application/json"),
        },
        f"{collection}/{{id}}": {
            "parameters": parameters(key if kind == "ranged" else key[1:]),
            "get": operation("200"),
            "put": operation("200", "application/json"),
            "patch": operation("200", MERGE_PATCH),
            "delete": operation("204", answers=None),
        },
    }


class Kinds:
    """The API, and what each request has DynamoDB do, as it is seen on the wire."""

    def __init__(self, api: API, proxy: FaultProxy, stack: ExitStack) -> None:
        self.api, self.proxy, self.stack = api, proxy, stack
        self.client = Client(raise_request_exception=False)
        #: What the last request had DynamoDB do, how many bodies were read for it, and how many were judged.
        self.calls: list[str] = []
        self.read = self.judged = 0
        self.viewset: Any = None
        self.urls: Any = None

    def serve(self, kind: str, change: Callable[[Any], Any] = lambda viewset: viewset, **initkwargs: Any) -> Any:
        """Serves all kinds as generated, and one of them by the class that ``change`` makes of the generated one."""
        viewsets = build_viewsets(self.api.name, self.api.document, self.api.classes, self.api.persistences)
        generated = next(each for each in viewsets.values() if each.store.schema.name == kind.capitalize())
        self.viewset = change(generated)
        if self.viewset is not generated:
            register(self.viewset)
        self.urls = ModuleType("urls_of_kinds")
        self.urls.urlpatterns = url_patterns(self.api.name, viewsets)
        self.stack.enter_context(override_settings(ROOT_URLCONF=self.urls))
        return self.viewset

    def plan(self, line: str) -> OperationPlan:
        """The plan of ``METHOD /path``."""
        method, path = line.split(" ")
        plan: OperationPlan = resolve(path, self.urls).func.initkwargs["plans"].of(method)  # type: ignore[attr-defined]
        return plan

    def plans(self, kind: str) -> Mapping[str, OperationPlan]:
        """The plans of a kind's operations."""
        lines = (f"GET /{kind}", f"POST /{kind}", *(f"{method} /{kind}/a" for method in _METHODS))
        return {line: self.plan(line) for line in lines}

    def has(self, kind: str, **properties: Any) -> None:
        """Stores an item."""
        self.api.persistences[kind.capitalize()].model.objects.create(**properties)

    def ask(self, line: str, body: Any = None, **headers: str) -> Any:
        """The answer to ``METHOD /path``, with what it cost noted."""
        method, path = line.split(" ")
        media_type = MERGE_PATCH if method == "PATCH" else "application/json"
        done = len(self.proxy.exchanges)
        with counting_json() as read, _counting(SchemaValidator, "clean_plain") as judgements:
            response = self.client.generic(
                method,
                path,
                body if isinstance(body, (str, bytes)) else "" if body is None else json.dumps(body),
                media_type,
                headers={name.replace("_", "-"): value for name, value in headers.items()},
            )
        self.calls = [exchange.operation for exchange in self.proxy.exchanges[done:]]
        self.read = len(read)
        self.judged = sum(validator._cleaner.schema is self.viewset.store.schema for validator, *_ in judgements)
        return response


@contextmanager
def counting_json() -> Iterator[list[Any]]:
    """Yields the JSON texts of bodies that are read in the block."""
    read: list[Any] = []

    def counted(text: Any, *args: Any, **options: Any) -> Any:
        read.append(text)
        return json_value_of(text, *args, **options)

    with (
        mock.patch.object(operation_requests, "json_value_of", counted),
        mock.patch.object(parsers, "json_value_of", counted),
    ):
        yield read


@contextmanager
def _counting(owner: type, name: str) -> Iterator[list[Any]]:
    method, calls = getattr(owner, name), []

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append((self, *args))
        return method(self, *args, **kwargs)

    with mock.patch.object(owner, name, counted):
        yield calls


def subclass(viewset: type, **members: Any) -> Any:
    """A project's subclass of a generated viewset."""
    return type(viewset)(viewset.__name__, (viewset,), {"__module__": __name__, **members})


_METHODS = ("GET", "PUT", "PATCH", "DELETE")
