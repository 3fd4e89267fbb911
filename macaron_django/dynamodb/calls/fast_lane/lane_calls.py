"""Sends the calls of a lane, and reads the responses. The two subclasses of ``Lane`` make the requests.

The subclass in ``lane`` uses a botocore client's settings for its requests. The subclass in ``early_lane`` needs no
client.
"""

from __future__ import annotations

import os
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote
from zlib import crc32

import botocore.exceptions

from macaron_django.drivers import in_thread
from macaron_django.dynamodb.calls.fast_lane.blocking_exchange import exchange
from macaron_django.dynamodb.calls.fast_lane.http import HTTPAnswer
from macaron_django.dynamodb.calls.fast_lane.idle_connections import IdleConnections, OpenConnection
from macaron_django.dynamodb.calls.fast_lane.loop_connections import LoopConnections, NotConnectedError
from macaron_django.dynamodb.calls.fast_lane.signing import NO_HEADERS, Signer, TracedHeaders
from macaron_django.dynamodb.codec.wire import ReadMembers, request_body, response_members

if TYPE_CHECKING:
    from macaron_django.dynamodb.calls.fast_lane.traced_calls import TracedCalls

__all__ = [
    "OPERATIONS",
    "DamagedAnswerError",
    "Lane",
    "Measuring",
    "RequestTemplate",
    "check_answer",
    "in_lambda",
    "names_resources",
    "request_head",
    "trace_header",
]

OPERATIONS: Final = frozenset(
    {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)


class DamagedAnswerError(botocore.exceptions.BotoCoreError):
    """A response was damaged on its way from DynamoDB."""

    fmt = "The response to {operation} was damaged in transit: {reason}"


def check_answer(operation: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raises DamagedAnswerError if the response has a checksum that doesn't match the body."""
    checksum = headers.get("x-amz-crc32")
    if checksum is not None and checksum.strip() != str(crc32(body)):
        raise DamagedAnswerError(operation=operation, reason="its CRC32 doesn't match")


@dataclass(frozen=True)
class RequestTemplate:
    """The parts that are the same in all requests with the same operation and the same credentials."""

    credentials: Any = field(repr=False)  # not in repr(), because error reports show local variables
    url: str
    signer: Signer
    idle: IdleConnections
    on_loops: LoopConnections | None  # None if a proxy is used
    target: str
    head: str  # the request's first lines
    in_lambda: bool
    parameters: frozenset[str]  # the parameters in botocore's model
    members: frozenset[str]

    def headers(self, traced: TracedCalls | None) -> TracedHeaders:
        """Returns the headers that differ between requests, including headers that tracers add."""
        trace = trace_header() if self.in_lambda else ()
        return TracedHeaders((), trace) if traced is None else traced.headers(self.url, trace)

    def request(self, body: bytes, timestamp: str, headers: TracedHeaders = NO_HEADERS) -> bytes:
        """Returns the complete, signed request."""
        signed = self.signer.header_lines(self.target, body, timestamp, headers.signed)
        unsigned = "".join(f"{name}: {value}\r\n" for name, value in headers.unsigned)
        return f"{self.head}{unsigned}{signed}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


class Measuring(Protocol):
    """Receives the sizes of the bodies of a call's request and response, in bytes."""

    request_size: int
    response_size: int


class Lane(ABC):
    """Sends item operations, and reads the responses."""

    def __init__(self) -> None:
        self._second: tuple[int, str] = (0, "")

    def answer(
        self,
        operation: str,
        parameters: dict[str, Any],
        tally: Measuring | None = None,
        *,
        read: ReadMembers | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any] | None:
        """Returns the dict that botocore's ``_make_api_call`` would return, or raises the exception that it would
        raise. Returns None if the caller must call ``_make_api_call`` instead.

        If ``read`` is given, it parses the response's body, and the result has no ResponseMetadata unless the call is
        traced. Otherwise, ``response_members`` parses the body. ``timeout`` is in seconds, and applies if it is shorter
        than the client's own timeout. ``tally`` receives the sizes.
        """
        return self._answer(operation, parameters, read, timeout, tally)

    async def answer_on_loop(
        self,
        operation: str,
        parameters: dict[str, Any],
        tally: Measuring | None = None,
        *,
        read: ReadMembers | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any] | None:
        """Does what ``answer`` does, without blocking the running event loop."""
        return await self._answer_on_loop(operation, parameters, read, timeout, tally)

    @property
    def imports_parser(self) -> bool:
        """Whether botocore must be imported to read a response with a status other than 200. The import blocks."""
        return False

    @property
    def renews_credentials(self) -> bool:
        """Whether the next call must first get new credentials. Getting credentials blocks."""
        return False

    @abstractmethod
    def renew_credentials(self) -> None:
        """Gets new credentials if they are about to expire."""

    @abstractmethod
    def _template(self, operation: str, parameters: Mapping[str, Any]) -> RequestTemplate | None:
        """Returns the template for a call's request; None if botocore must make the call."""

    @abstractmethod
    def _read_by_botocore(self, operation: str, answer: HTTPAnswer) -> dict[str, Any]:
        """Returns the dict that botocore makes from a response, or raises the exception that it makes."""

    def _answer(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        read: ReadMembers | None,
        timeout: float | None,
        tally: Measuring | None,
        traced: TracedCalls | None = None,
    ) -> dict[str, Any] | None:
        prepared = self._prepared(operation, parameters)
        if prepared is None:
            return None
        template, body = prepared
        begun = 0.0 if timeout is None else time.monotonic()
        try:
            opened = template.idle.take(timeout)
        except NotConnectedError as error:
            raise _not_sent(template.url, error) from error
        if opened is None:
            return None
        if timeout is not None:
            timeout -= time.monotonic() - begun
            if timeout <= 0:  # the lane would send a write, but not wait for its response
                template.idle.give_back(opened)
                raise botocore.exceptions.ConnectTimeoutError(endpoint_url=template.url)
        headers = template.headers(traced) if traced is not None or template.in_lambda else NO_HEADERS
        request = template.request(body, self._timestamp(), headers)
        answer = self._exchange(template, opened, request, timeout)
        if tally is not None:
            tally.request_size, tally.response_size = len(body), len(answer.body)
        return self._members(operation, template, answer, read, has_metadata=traced is not None)

    async def _answer_on_loop(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        read: ReadMembers | None,
        timeout: float | None,
        tally: Measuring | None,
        traced: TracedCalls | None = None,
    ) -> dict[str, Any] | None:
        prepared = self._prepared(operation, parameters)
        if prepared is None or prepared[0].on_loops is None:
            return None
        template, body = prepared
        connections: Any = template.on_loops
        headers = template.headers(traced) if traced is not None or template.in_lambda else NO_HEADERS
        try:
            answer = await connections.exchange(lambda: template.request(body, self._timestamp(), headers), timeout)
        except NotConnectedError as error:
            raise _not_sent(template.url, error) from error
        except OSError as error:
            raise _broken_off(template.url, error) from error
        if tally is not None:
            tally.request_size, tally.response_size = len(body), len(answer.body)
        members = partial(self._members, operation, template, answer, read, has_metadata=traced is not None)
        return await in_thread(members) if answer.status != 200 and self.imports_parser else members()

    def _prepared(self, operation: str, parameters: Mapping[str, Any]) -> tuple[RequestTemplate, bytes] | None:
        """Returns the template and the body of a call's request; None if botocore must make the call."""
        template = self._template(operation, parameters)
        if template is None or not parameters.keys() <= template.parameters:
            return None
        body = request_body(parameters)
        return None if body is None else (template, body)

    def _members(
        self,
        operation: str,
        template: RequestTemplate,
        answer: HTTPAnswer,
        read: ReadMembers | None,
        *,
        has_metadata: bool,
    ) -> dict[str, Any]:
        """Returns the members of a response, or raises the exception that botocore would raise."""
        if answer.status == 200:
            _check_checksum(operation, answer)
            members = (read or response_members)(answer.body, template.members)
            if members is not None:
                if read is None or has_metadata:
                    members["ResponseMetadata"] = _metadata(answer)
                return members
        return self._read_by_botocore(operation, answer)

    def _exchange(
        self, template: RequestTemplate, opened: OpenConnection, request: bytes, timeout: float | None
    ) -> HTTPAnswer:
        kept = False
        is_shorter = timeout is not None and (opened.timeout is None or timeout < opened.timeout)
        if is_shorter:
            opened.wait_at_most(timeout)
        try:
            answer = exchange(opened.socket, request)
            kept = answer.keeps_alive
        except OSError as error:
            raise _broken_off(template.url, error) from error
        finally:
            if kept:
                if is_shorter:
                    opened.wait_at_most(None)
                template.idle.give_back(opened)
            else:
                opened.connection.close()
        return answer

    def _timestamp(self) -> str:
        now = int(time.time())
        second, text = self._second
        if second != now:
            text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
            self._second = (now, text)
        return text


def _broken_off(url: str, error: OSError) -> Exception:
    """Returns botocore's exception for a missing or incomplete response."""
    if isinstance(error, TimeoutError):
        return botocore.exceptions.ReadTimeoutError(endpoint_url=url, error=error)
    return botocore.exceptions.ConnectionClosedError(endpoint_url=url, request=None, error=error)


def _not_sent(url: str, error: NotConnectedError) -> Exception:
    """Returns botocore's exception for a connection that couldn't be opened."""
    cause = error.__cause__
    if isinstance(cause, ssl.SSLError):
        return botocore.exceptions.SSLError(endpoint_url=url, error=cause)
    if isinstance(cause, TimeoutError):
        return botocore.exceptions.ConnectTimeoutError(endpoint_url=url, error=error)
    return botocore.exceptions.EndpointConnectionError(endpoint_url=url, error=cause)


def _check_checksum(operation: str, answer: HTTPAnswer) -> None:
    lowered = answer.head.lower()
    begin = lowered.find(_CHECKSUM) + len(_CHECKSUM)
    end = lowered.find(b"\r\n", begin)
    # If the checksum's header is missing or spelled differently, ``check_answer`` searches all headers for the
    # checksum.
    if lowered[begin : end if end >= 0 else None] != b"%d" % crc32(answer.body) or lowered.count(_CHECKSUM) != 1:
        check_answer(operation, answer.headers, answer.body)


def _metadata(answer: HTTPAnswer) -> dict[str, Any]:
    headers = answer.headers
    metadata = {"HTTPStatusCode": 200, "HTTPHeaders": headers, "RetryAttempts": 0}
    if "x-amzn-requestid" in headers:
        metadata["RequestId"] = headers["x-amzn-requestid"]
    return metadata


def trace_header() -> tuple[tuple[str, str], ...]:
    """Returns the header that botocore sends in AWS Lambda. With this header, AWS detects functions that call
    themselves.
    """
    trace = os.environ.get("_X_AMZN_TRACE_ID")
    return (("X-Amzn-Trace-Id", quote(trace, safe=_TRACE_SAFE)),) if trace else ()


def names_resources(parameters: Mapping[str, Any]) -> bool:
    """Returns whether a batch or a transaction names a table by its ARN."""
    if "RequestItems" in parameters:
        return any(":" in table for table in parameters["RequestItems"])
    actions = (action for item in parameters.get("TransactItems", ()) for action in item.values())
    return any(":" in action["TableName"] for action in actions)


def in_lambda() -> bool:
    """Returns whether this process runs in AWS Lambda."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def request_head(place: str, lines: Mapping[str, str]) -> str:
    """Returns the request line, followed by the headers.

    ``place`` is the path, or the URL if a proxy gets the request. ``lines`` maps the headers' names to their values.
    """
    return "".join([f"POST {place} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in lines.items())])


_CHECKSUM: Final = b"\r\nx-amz-crc32: "
_TRACE_SAFE: Final = "-=;:+&[]{}\"',"
