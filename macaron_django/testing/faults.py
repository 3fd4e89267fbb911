"""Runs a proxy for a DynamoDB engine. The proxy injects faults, in a given order or at random from a seed.

The proxy doesn't depend on the client, so it can test every program that uses DynamoDB's protocol.

>>> proxy = FaultProxy("http://127.0.0.1:8000", [Fault.DROP_AFTER], operations={"PutItem"})
>>> with proxy, engines.use(EndpointEngine(proxy.url)):              # doctest: +SKIP
...     Profile.objects.create(name="Ada")                           # is applied, but gets no response
"""

from __future__ import annotations

import contextlib
import enum
import http.client
import json
import random
import socket
import threading
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Exchange", "Fault", "FaultProxy", "RandomFaults"]

JSON: TypeAlias = dict[str, Any]

_TARGET = "DynamoDB_20120810."
_HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "proxy-connection", "te", "transfer-encoding"})
_BATCHES = {"BatchWriteItem": "UnprocessedItems", "BatchGetItem": "UnprocessedKeys"}


class Fault(enum.Enum):
    """A fault that can happen to a request."""

    DELAY = "the response arrives late"
    DROP_BEFORE = "the connection breaks before the engine gets the request"
    DROP_AFTER = "the connection breaks after the engine has applied the request"
    TRUNCATE = "the response ends after half of its body"
    DAMAGE = "a byte of the response is changed, so that the CRC32 doesn't match"
    SERVER_ERROR = "500 InternalServerError, and the engine never gets the request"
    SERVER_ERROR_AFTER = "500 InternalServerError, though the engine has applied the request"
    THROUGHPUT_EXCEEDED = "400 ProvisionedThroughputExceededException"
    THROTTLED = "400 ThrottlingException"
    EXPIRED_TOKEN = "400 ExpiredTokenException"  # noqa: S105 (the name of an error)
    PARTIAL_BATCH = "half of a batch isn't processed; other calls succeed"


_REFUSALS = {
    Fault.SERVER_ERROR: (500, "com.amazonaws.dynamodb.v20120810#InternalServerError", "Internal server error"),
    Fault.SERVER_ERROR_AFTER: (500, "com.amazonaws.dynamodb.v20120810#InternalServerError", "Internal server error"),
    Fault.THROUGHPUT_EXCEEDED: (
        400,
        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded.",
    ),
    Fault.THROTTLED: (400, "com.amazon.coral.availability#ThrottlingException", "Rate exceeded"),
    Fault.EXPIRED_TOKEN: (
        400,
        "com.amazon.coral.service#ExpiredTokenException",
        "The security token included in the request is expired",
    ),
}


class RandomFaults:
    """An endless sequence of random faults.

    ``chances`` has the probability of each fault. With the remaining probability, a request has no fault.

    The same seed gives the same sequence. But the order in which requests arrive also decides which fault each
    request gets.

    Raises ValueError if the probabilities are negative or add up to more than 1.

    >>> faults = RandomFaults({Fault.DROP_AFTER: 0.5}, seed=1)
    >>> [fault is Fault.DROP_AFTER for fault, _ in zip(faults, range(4))]
    [True, False, False, True]
    """

    chances: dict[Fault, float]
    seed: int

    def __init__(self, chances: Mapping[Fault, float], *, seed: int) -> None:
        if min(chances.values(), default=0) < 0 or sum(chances.values()) > 1:
            raise ValueError(f"The probabilities of faults can't be negative or add up to more than 1: {chances}")
        self.chances, self.seed = dict(chances), seed

    def __iter__(self) -> Iterator[Fault | None]:
        generator = random.Random(self.seed)  # noqa: S311 (it must be repeatable)
        faults = [*self.chances, None]
        weights = [*self.chances.values(), 1 - sum(self.chances.values())]
        while True:
            yield generator.choices(faults, weights)[0]


@dataclass(frozen=True)
class Exchange:
    """A request that the proxy has handled. ``applied`` says whether the engine responded with the status 200."""

    operation: str
    fault: Fault | None
    applied: bool


class FaultProxy:
    """A context manager that runs a proxy at ``url``. The proxy passes requests on to ``target``, the engine's URL.

    Each request gets the next fault in ``faults``. After the last fault, requests are passed on unchanged. If
    ``operations`` isn't None, requests for other operations are always passed on unchanged. ``delay`` is the delay of a
    late response in seconds. ``exchanges`` records the requests in the order of completion. ``watch`` is called with
    the operation and the body of each request, before the request is passed on.
    """

    def __init__(
        self,
        target: str,
        faults: Iterable[Fault | None] = (),
        *,
        operations: Collection[str] | None = None,
        delay: float = 0.2,
        watch: Callable[[str, bytes], None] | None = None,
    ) -> None:
        parts = urlsplit(target)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{target!r} isn't the URL of an engine on this machine, such as 'http://127.0.0.1:8000'")
        self._target = (parts.hostname, parts.port or 80)
        self._operations, self._delay, self._watch = operations, delay, watch
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server: _FaultServer | None = None
        self.exchanges: list[Exchange] = []
        self.inject(faults)

    def inject(self, faults: Iterable[Fault | None]) -> None:
        """Replaces the remaining faults. The next request gets the first of the new faults."""
        with self._lock:
            self._faults = iter(faults)

    def end_connections(self) -> None:
        """Closes the connections that clients keep open, as an engine does when it stops or restarts."""
        if self._server is not None:
            self._server.end_connections()

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("The fault proxy has a URL only inside its `with` block.")
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._closing.clear()
        self._server = _FaultServer(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="fault proxy", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is None:
            return
        self._closing.set()
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()
        self._server = None

    def _next_fault(self, operation: str) -> Fault | None:
        if self._operations is not None and operation not in self._operations:
            return None
        with self._lock:
            fault = next(self._faults, None)
        return None if fault is Fault.PARTIAL_BATCH and operation not in _BATCHES else fault

    def _serve(self, request: _ProxiedRequest) -> _EngineAnswer:
        """Returns the response for the client. Calls the engine first, unless the request's fault prevents that."""
        if self._watch is not None:
            self._watch(request.operation, request.body)
        fault = self._next_fault(request.operation)
        answer = None
        try:
            answer = self._answer(request, fault)
        finally:
            # A partly applied batch counts as applied.
            applied = answer is not None and answer.applied
            self.exchanges.append(Exchange(request.operation, fault, applied))
        return answer

    def _answer(self, request: _ProxiedRequest, fault: Fault | None) -> _EngineAnswer:
        if fault is Fault.DROP_BEFORE:
            return _EngineAnswer.nothing()
        if fault is Fault.PARTIAL_BATCH:
            return self._half_a_batch(request)
        if fault in _REFUSALS and fault is not Fault.SERVER_ERROR_AFTER:
            return _EngineAnswer.refusal(fault)
        answer = self._ask_engine(request)
        if fault is Fault.DROP_AFTER:
            return replace(answer, sent=0.0)
        if fault is Fault.SERVER_ERROR_AFTER:
            return replace(_EngineAnswer.refusal(fault), applied=answer.applied)
        if fault is Fault.TRUNCATE:
            return replace(answer, sent=0.5)
        if fault is Fault.DAMAGE and answer.body:
            middle = len(answer.body) // 2
            flipped = bytes([answer.body[middle] ^ 1])
            return replace(answer, body=answer.body[:middle] + flipped + answer.body[middle + 1 :])
        if fault is Fault.DELAY:
            self._closing.wait(self._delay)
        return answer

    def _half_a_batch(self, request: _ProxiedRequest) -> _EngineAnswer:
        batch = json.loads(request.body)
        kept, held_back = _split(request.operation, batch["RequestItems"])
        if not kept:  # DynamoDB's response if it can't process any part of a batch
            return _EngineAnswer.refusal(Fault.THROUGHPUT_EXCEEDED)
        answer = self._ask_engine(replace(request, body=json.dumps({**batch, "RequestItems": kept}).encode()))
        if not answer.applied:
            return answer
        text = json.loads(answer.body)
        unprocessed = text.setdefault(_BATCHES[request.operation], {})
        for table, rest in held_back.items():
            if request.operation == "BatchWriteItem":
                unprocessed[table] = unprocessed.get(table, []) + rest
            else:
                unprocessed[table] = {**rest, "Keys": unprocessed.get(table, {"Keys": []})["Keys"] + rest["Keys"]}
        return answer.with_body(json.dumps(text).encode())

    def _ask_engine(self, request: _ProxiedRequest) -> _EngineAnswer:
        # Each request has its own connection. If the engine closed a kept connection, the proxy couldn't know whether
        # the engine has applied the request.
        connection = http.client.HTTPConnection(*self._target, timeout=60)
        try:
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers:
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body)
            response = connection.getresponse()
            headers = tuple((name, value) for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP)
            return _EngineAnswer(response.status, headers, response.read(), applied=response.status == 200)
        except (OSError, http.client.HTTPException):
            return _EngineAnswer.nothing()  # the engine broke the connection, so the proxy breaks its own
        finally:
            connection.close()


@dataclass(frozen=True)
class _ProxiedRequest:
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    operation: str


@dataclass(frozen=True)
class _EngineAnswer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    applied: bool = False
    sent: float = 1.0  # the part of the body that reaches the client; 0: nothing of the response does

    @classmethod
    def nothing(cls) -> _EngineAnswer:
        return cls(0, (), b"", sent=0.0)

    @classmethod
    def refusal(cls, fault: Fault) -> _EngineAnswer:
        status, error_type, message = _REFUSALS[fault]
        headers = (("Content-Type", "application/x-amz-json-1.0"), ("x-amzn-RequestId", "FAULTPROXY"))
        return cls(status, headers, b"").with_body(json.dumps({"__type": error_type, "message": message}).encode())

    def with_body(self, body: bytes) -> _EngineAnswer:
        headers = tuple((name, value) for name, value in self.headers if name.lower() != "x-amz-crc32")
        return replace(self, headers=(*headers, ("x-amz-crc32", str(zlib.crc32(body)))), body=body)


def _split(operation: str, tables: JSON) -> tuple[JSON, JSON]:
    """Returns the first and the second half of a batch's requests, both in the form of ``RequestItems``."""
    requests = [
        (table, request)
        for table, wanted in tables.items()
        for request in (wanted if operation == "BatchWriteItem" else wanted["Keys"])
    ]
    halves: tuple[JSON, JSON] = ({}, {})
    for number, (table, request) in enumerate(requests):
        half = halves[number >= len(requests) // 2]
        if operation == "BatchWriteItem":
            half.setdefault(table, []).append(request)
        else:
            half.setdefault(table, {**tables[table], "Keys": []})["Keys"].append(request)
    return halves


class _FaultServer(ThreadingHTTPServer):
    daemon_threads = False  # server_close() waits for the threads, after their connections have been closed
    request_queue_size = 128

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _FaultHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints nothing, because clients may close their connections at any time."""


class _FaultHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _FaultServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = tuple((name, value) for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP)
        operation = self.headers.get("X-Amz-Target", "").removeprefix(_TARGET)
        answer = self.server.proxy._serve(_ProxiedRequest(self.command, self.path, headers, body, operation))
        if answer.sent == 0:
            self.close_connection = True
            return
        lines = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, '')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        lines += [f"Content-Length: {len(answer.body)}", "", ""]
        sent = answer.body[: int(len(answer.body) * answer.sent)]
        self.close_connection = self.close_connection or answer.sent < 1
        self.wfile.write("\r\n".join(lines).encode("latin-1") + sent)

    do_GET = do_POST  # noqa: N815 (some engines' health pages)

    def log_message(self, *_: object) -> None:
        """Prints nothing, because ``exchanges`` records the requests."""
