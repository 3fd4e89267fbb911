"""An engine in memory, and a way to call it that shows what the client sees."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from macaron_django.dynamodb.engines import Engine
from macaron_django.testing import engine_in_memory


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@pytest.fixture(scope="session")
def memory() -> Iterator[Engine]:
    engine = engine_in_memory("embedded")
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def call() -> Callable[..., Answer]:
    """Call an operation at a URL, once, with nothing between this and the socket."""

    def call(url: str, operation: str, **parameters: object) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        headers = {
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20200101/eu-west-1/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Date": "20200101T000000Z",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        }
        try:
            connection.request("POST", "/", json.dumps(parameters), headers)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    return call


@pytest.fixture
def table(memory: Engine, call: Callable[..., Answer], request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty table whose key is `id`."""
    name = "things"
    made = call(
        memory.endpoint_url,
        "CreateTable",
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert made.status == 200, made.body
    yield name
    call(memory.endpoint_url, "DeleteTable", TableName=name)


@pytest.fixture
def eventually_gone(call: Callable[..., Answer]) -> Callable[[str], None]:
    """Wait until nothing answers at a URL; fail after a minute."""

    def wait(url: str) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                call(url, "ListTables")
            except OSError:
                return
            time.sleep(0.05)
        pytest.fail(f"{url} answers still")

    return wait
