"""Real specs, whose mock servers are Prism's: every operation is called, and Prism calls no request invalid.

The specs are those of the folder that MACARON_SPEC_CORPUS names; Prism comes with ``npm ci``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from macaron_django.api.mock.samples import NoSample, sample_of
from macaron_django.api.routing.argument_names import operation_arguments
from macaron_django.clients.messages.call_answers import Answer
from macaron_django.exceptions import ErrorAnswered
from macaron_django.openapi import Document, Operation, Schema, load
from macaron_django.openapi.operations.media_types import MULTIPART, URL_ENCODED, essence, is_json
from macaron_django.registry import registry
from macaron_django.schemas import APIObject, SchemaError, validator_for
from macaron_django.schemas.serializers.uploads import is_binary
from tests.clients.conftest import fresh_clients
from tests.conftest import PATIENCE, ROOT, free_port

PRISM = ROOT / "node_modules" / ".bin" / "prism"
CORPUS = os.environ.get("MACARON_SPEC_CORPUS")

#: Specs of each version, with parameters in all places, forms and files.
USUAL = [
    "real/Redocly__museum-openapi-example/openapi.yaml",
    "real/prometheus__alertmanager/api/v2/openapi.yaml",
    "real/gotify__server/docs/spec.json",
]
LONG = [
    "real/firecracker-microvm__firecracker/src/firecracker/swagger/firecracker.yaml",
    "real/openservicebrokerapi__servicebroker/openapi.yaml",
    "real/ory__hydra/spec/swagger.json",
    "real/XeroAPI__Xero-OpenAPI/xero_bankfeeds.yaml",
    "real/ably__open-specs/definitions/control-v1.yaml",
    "real/typesense__typesense-api-spec/openapi.yml",
    "real/codatio__oas/yaml/Codat-Bank-Feeds.yaml",
    "real/box__box-openapi/openapi/openapi-v2025.0.json",
]
#: What Prism answers of its own accord where it doesn't accept a request.
REFUSALS = re.compile(
    r"https://stoplight\.io/prism/errors#"
    r"(UNPROCESSABLE_ENTITY|UNAUTHORIZED|NO_PATH_MATCHED_ERROR|NO_METHOD_MATCHED_ERROR|NO_SERVER_MATCHED_ERROR"
    r"|INVALID_CONTENT_TYPE|NO_SERVER_CONFIGURATION_PROVIDED_ERROR)"
)
#: One of the violations that it lists in a header, which it cuts off where they are many.
VIOLATION = re.compile(r'\{"location":\["request"[^{}]*"severity":"Error"[^{}]*\}')


@pytest.fixture
def prism() -> Iterator[Any]:
    servers: list[subprocess.Popen[str]] = []

    def start(spec: Path) -> str:
        if not PRISM.exists():
            pytest.fail(f"{PRISM} isn't there: run `npm ci`.", pytrace=False)
        port = free_port()
        command = [str(PRISM), "mock", "--host", "127.0.0.1", "--port", str(port), str(spec)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        servers.append(server)
        printed = []
        timer = threading.Timer(PATIENCE, server.kill)
        timer.start()
        assert server.stdout is not None
        for line in server.stdout:
            printed.append(line)
            if "Prism is listening" in line:
                timer.cancel()
                threading.Thread(target=server.stdout.read, daemon=True).start()  # so that it never waits for a reader
                return f"http://127.0.0.1:{port}"
        timer.cancel()
        pytest.fail("".join(printed))

    yield start
    for server in servers:
        server.kill()
        server.wait()
        assert server.stdout is not None
        server.stdout.close()


def credentials(document: Document) -> dict[str, Any]:
    """Something for each security scheme."""
    return {
        name: ("user", "password") if (scheme.type, scheme.scheme) == ("http", "basic") else "credential"
        for name, scheme in document.security_schemes.items()
    }


def sample(schema: Schema) -> Any:
    return sample_of(validator_for(schema, "request"))


def arguments(operation: Operation) -> tuple[list[Any], dict[str, Any]]:
    """Generated arguments: every parameter, and a body. Those that are optional are left out where there is none."""
    names = operation_arguments(operation)
    keywords: dict[str, Any] = {}
    for parameter in operation.parameters:
        if parameter.location == "header" and parameter.name.lower() in ("accept", "content-type", "authorization"):
            continue  # described by media types and security schemes
        try:
            value = sample(parameter.schema)
        except (NoSample, SchemaError):
            assert not parameter.required, f"no value for {parameter.name}"
            continue
        if value not in ("", [], {}) or parameter.required:
            keywords[names[parameter.location, parameter.name]] = value
    return body(operation), keywords


def body(operation: Operation) -> list[Any]:
    if operation.request_body is None or not operation.request_body.content:
        return []
    name, media = min(operation.request_body.content.items(), key=lambda item: not is_json(item[0]))
    if media.schema is None and is_json(name):
        return [{}]
    if media.schema is None or (is_binary(media.schema) and not is_json(name)):
        return [b"octets"]
    value = sample(media.schema)
    if essence(name) in (MULTIPART, URL_ENCODED):
        properties = media.schema.properties
        return [
            {
                key: b"octets" if key in properties and is_binary(properties[key].schema) else each
                for key, each in value.items()
            }
        ]
    return [value if is_json(name) or isinstance(value, str) else json.dumps(value)]


def complaints(answer: Answer) -> list[str]:
    """What Prism says against the request that it has answered."""
    found = VIOLATION.findall(answer.headers.get("sl-violations", ""))
    value = answer.value.answer if isinstance(answer.value, ErrorAnswered) else answer.value
    json_value = value.to_json() if isinstance(value, APIObject) else value
    return found + [match[0] for match in [REFUSALS.search(json.dumps(json_value, default=repr))] if match]


@contextmanager
def mocked(path: str, prism: Any, **more: Any) -> Iterator[tuple[Document, Any]]:
    """A spec's document, and a client of its mock server."""
    spec = Path(CORPUS or "", path)
    document = load(spec)
    options = {
        **more,
        "SPEC": spec,
        "BASE_URL": prism(spec),
        "CREDENTIALS": credentials(document),
        "READ_TIMEOUT": PATIENCE,
        "DEADLINE": None,
        "CIRCUIT_FAILURES": None,
        "MAX_ATTEMPTS": 1,
        "VALIDATE_ANSWERS": "off",
        "ERRORS": "return",
    }
    with override_settings(MACARON={**settings.MACARON, "CLIENTS": {"mocked": options}}):
        try:
            yield document, registry.add("mocked", document, persist=False).classes.client
        finally:
            fresh_clients()
            registry._unserved_classes.pop("mocked", None)


def call_all(path: str, prism: Any) -> tuple[int, dict[str, Any]]:
    """Calls every operation of a spec; returns how many, and those with complaints."""
    wrong: dict[str, Any] = {}
    with mocked(path, prism) as (document, client):
        for operation in document.operations:
            args, keywords = arguments(operation)
            found = complaints(client[operation.method, operation.path].answer(*args, **keywords))
            if found:
                wrong[f"{operation.method.upper()} {operation.path}"] = found, args, keywords
    return len(document.operations), wrong


if CORPUS:

    @pytest.mark.parametrize("path", USUAL)
    def test_a_mock_server_calls_no_request_invalid(path: str, prism: Any) -> None:
        called, wrong = call_all(path, prism)
        assert called >= 8
        assert wrong == {}

    def test_a_mock_server_calls_wrong_requests_invalid(prism: Any) -> None:
        with mocked(USUAL[0], prism, VALIDATE_REQUESTS=False) as (_, client):
            assert complaints(client["POST", "/special-events"].answer({"name": 7}))
            assert complaints(client["GET", "/museum-hours"].answer(startDate="soon"))

    @pytest.mark.soak
    @pytest.mark.parametrize("path", LONG)
    def test_more_mock_servers_call_no_request_invalid(path: str, prism: Any) -> None:
        called, wrong = call_all(path, prism)
        assert called >= 5
        assert wrong == {}
