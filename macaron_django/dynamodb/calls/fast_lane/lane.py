"""Sends item operations over a botocore client's open connections, without botocore's own code for each call.

Endpoint, signing region, credentials and connections, with their proxies, TLS and timeouts, are the client's, and its
parser reads every answer other than 200. Botocore opens a thread's connections, and makes the first call over each of
them; an event loop's are opened here, but not through proxies. Where the lane returns None, the call must be the
client's.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit
from zlib import crc32

import botocore.exceptions
from botocore.auth import _host_from_url  # type: ignore[attr-defined]  # (missing in its stubs)
from botocore.client import BaseClient
from botocore.credentials import RefreshableCredentials
from botocore.httpsession import URLLib3Session

from macaron_django.drivers import in_thread
from macaron_django.dynamodb.calls.fast_lane.blocking_exchange import exchange
from macaron_django.dynamodb.calls.fast_lane.botocore_hooks import BotocoreHooks
from macaron_django.dynamodb.calls.fast_lane.http import HTTPAnswer
from macaron_django.dynamodb.calls.fast_lane.idle_connections import IdleConnections, OpenConnection
from macaron_django.dynamodb.calls.fast_lane.loop_connections import LoopConnections, NotConnectedError
from macaron_django.dynamodb.calls.fast_lane.places import place_of
from macaron_django.dynamodb.calls.fast_lane.signing import CONTENT_TYPE, Signer
from macaron_django.dynamodb.calls.fast_lane.traced_calls import NO_HEADERS, TracedCalls, TracedHeaders
from macaron_django.dynamodb.codec.wire import ReadMembers, request_body, response_members
from macaron_django.tracers import can_await

__all__ = ["OPERATIONS", "DamagedAnswerError", "FastLane", "check_answer"]

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
    """An answer that isn't what DynamoDB sent."""

    fmt = "The answer to {operation} was damaged in transit: {reason}"


def check_answer(operation: str, headers: Mapping[str, str], body: bytes) -> None:
    """DamagedAnswerError if the answer has a checksum that isn't its body's."""
    checksum = headers.get("x-amz-crc32")
    if checksum is not None and checksum.strip() != str(crc32(body)):
        raise DamagedAnswerError(operation=operation, reason="its CRC32 doesn't fit")


@dataclass(frozen=True)
class _RequestTemplate:
    """What the requests of one operation with one set of credentials have in common."""

    credentials: Any
    url: str
    signer: Signer
    idle: IdleConnections
    on_loops: LoopConnections | None  # None if a proxy lies between
    target: str
    head: str  # the request's first lines
    in_lambda: bool
    parameters: frozenset[str]  # that botocore knows
    members: frozenset[str]

    def headers(self, traced: TracedCalls | None) -> TracedHeaders:
        """The headers that only this request has, including those of tracers."""
        trace = _trace_header() if self.in_lambda else ()
        return TracedHeaders((), trace) if traced is None else traced.headers(self.url, trace)

    def request(self, body: bytes, timestamp: str, headers: TracedHeaders = NO_HEADERS) -> bytes:
        """The whole request, signed."""
        signed = self.signer.header_lines(self.target, body, timestamp, headers.signed)
        unsigned = "".join(f"{name}: {value}\r\n" for name, value in headers.unsigned)
        return f"{self.head}{unsigned}{signed}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


class Measuring(Protocol):
    """Is given the bytes of the body of a call, and of its answer's."""

    request_size: int
    response_size: int


class FastLane:
    """The fast lane beside one botocore client."""

    def __init__(self, client: BaseClient) -> None:
        self._client: Any = client
        self._hooks = BotocoreHooks(client, own=frozenset({_CLIENTS}))
        self._templates: dict[str, _RequestTemplate] = {}
        #: By botocore's pool.
        self._connections: dict[Any, tuple[IdleConnections, LoopConnections | None]] = {}
        self._second: tuple[int, str] = (0, "")

    @classmethod
    def beside(cls, client: BaseClient) -> FastLane | None:
        """The lane of ``client``; None if its requests aren't signed and sent in botocore's default way."""
        inner: Any = client
        session = inner._endpoint.http_session
        ordinary = (
            inner._request_signer.signature_version == "v4"
            and inner.meta.service_model.resolved_protocol == "json"
            and not inner.meta.config.auth_scheme_preference
            and type(session) is URLLib3Session
        )
        return cls(client) if ordinary else None

    def answer(
        self,
        operation: str,
        parameters: dict[str, Any],
        tally: Measuring | None = None,
        *,
        read: ReadMembers | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any] | None:
        """Return or raise what ``client._make_api_call`` would; None if the caller must call that instead.

        ``read`` reads the answer instead of ``response_members``; the result then has no ResponseMetadata. ``timeout``:
        seconds after which to give up, where they are fewer than the client's. ``tally`` is given the sizes.
        """
        watchers = self._hooks.watchers(operation) if operation in OPERATIONS else None
        if watchers is None or watchers.leave:
            return None
        traced = watchers.traced
        if traced is None or not traced.are_recorded:
            return self._answer(operation, parameters, read, timeout, tally, traced)
        shown = None if traced.shows_items else read
        send = partial(self._answer, read=shown, timeout=timeout, tally=tally, traced=traced)
        return traced.call(parameters, send)

    async def answer_on_loop(
        self,
        operation: str,
        parameters: dict[str, Any],
        tally: Measuring | None = None,
        *,
        read: ReadMembers | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any] | None:
        """As ``answer``, without blocking the event loop that runs."""
        watchers = self._hooks.watchers(operation) if operation in OPERATIONS else None
        if watchers is None or watchers.leave:
            return None
        traced = watchers.traced
        if traced is None or not traced.are_recorded:
            return await self._answer_on_loop(operation, parameters, read, timeout, tally, traced)
        if not can_await():  # tracers' wrappers block, so that a thread has to wait in them
            return await in_thread(self.answer, operation, parameters, tally, read=read, timeout=timeout)
        shown = None if traced.shows_items else read
        send = partial(self._answer_on_loop, read=shown, timeout=timeout, tally=tally, traced=traced)
        return await traced.call_on_loop(parameters, send)

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
        opened = template.idle.take()
        if opened is None:
            return None
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
        return self._members(operation, template, answer, read, has_metadata=traced is not None)

    @property
    def renews_credentials(self) -> bool:
        """Whether the next call must first get new credentials, which blocks."""
        provider = self._client._request_signer._credentials
        return isinstance(provider, RefreshableCredentials) and provider.refresh_needed()

    def renew_credentials(self) -> None:
        """Get new credentials if they are about to expire."""
        self._client._request_signer._credentials.get_frozen_credentials()

    def _prepared(self, operation: str, parameters: Mapping[str, Any]) -> tuple[_RequestTemplate, bytes] | None:
        """What a call is sent with, and its body; None if botocore must make the call."""
        template = self._template(operation, parameters)
        if template is None or not parameters.keys() <= template.parameters:
            return None
        body = request_body(parameters)
        return None if body is None else (template, body)

    def _members(
        self,
        operation: str,
        template: _RequestTemplate,
        answer: HTTPAnswer,
        read: ReadMembers | None,
        *,
        has_metadata: bool,
    ) -> dict[str, Any]:
        """What an answer holds; raises what botocore would."""
        if answer.status == 200:
            _check_checksum(operation, answer)
            members = (read or response_members)(answer.body, template.members)
            if members is not None:
                if read is None or has_metadata:
                    members["ResponseMetadata"] = _metadata(answer)
                return members
        return self._read_by_botocore(operation, answer)

    def _exchange(
        self, template: _RequestTemplate, opened: OpenConnection, request: bytes, timeout: float | None
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

    def _read_by_botocore(self, operation: str, answer: HTTPAnswer) -> dict[str, Any]:
        """As ``Endpoint._do_get_response`` and ``BaseClient._make_api_call`` do after the sending."""
        client = self._client
        model = client.meta.service_model.operation_model(operation)
        response = {
            "headers": answer.headers,
            "status_code": answer.status,
            "context": {"operation_name": operation},
            "body": answer.body,
        }
        client.meta.events.emit(
            f"before-parse.dynamodb.{operation}",
            operation_model=model,
            response_dict=response,
            customized_response_dict={},
        )
        endpoint = client._endpoint
        parser = endpoint._response_parser_factory.create_parser(model.service_model.resolved_protocol)
        parsed: dict[str, Any] = parser.parse(response, model.output_shape)
        if answer.status >= 300:
            endpoint._add_modeled_error_fields(response, parsed, model, parser)
        parsed["ResponseMetadata"]["RetryAttempts"] = 0
        if answer.status >= 300:
            raise client.exceptions.from_code(parsed.get("Error", {}).get("Code"))(parsed, operation)
        return parsed

    # -- what a call needs ---------------------------------------------------------------------

    def _timestamp(self) -> str:
        now = int(time.time())
        second, text = self._second
        if second != now:
            text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
            self._second = (now, text)
        return text

    def _template(self, operation: str, parameters: Mapping[str, Any]) -> _RequestTemplate | None:
        provider = self._client._request_signer._credentials
        name = parameters.get("TableName")
        if provider is None or (":" in name if name is not None else _names_resources(parameters)):
            return None  # a table's ARN has an account, which may determine the endpoint
        credentials = provider.get_frozen_credentials()
        template = self._templates.get(operation)
        if template is None or template.credentials != credentials or template.idle.pool.pool is None:
            template = self._make_template(operation, parameters, credentials)
            if template is not None:
                self._templates[operation] = template
        return template

    def _make_template(
        self, operation: str, parameters: Mapping[str, Any], credentials: Any
    ) -> _RequestTemplate | None:
        client = self._client
        model = client.meta.service_model.operation_model(operation)
        context: dict[str, Any] = {
            "client_region": client.meta.region_name,
            "client_config": client.meta.config,
            "auth_type": model.resolved_auth_type,
        }
        # The endpoint may depend on the account that the credentials belong to.
        url, additional_headers, _ = client._resolve_endpoint_ruleset(model, parameters, context)
        parts = urlsplit(url)
        if additional_headers or context["auth_type"] not in (None, "v4") or parts.path not in ("", "/") or parts.query:
            return None
        signing = context.get("signing", {})
        host = _host_from_url(url)
        try:
            signer = Signer(
                credentials.access_key,
                credentials.secret_key,
                credentials.token,
                region=signing.get("region") or client._request_signer.region_name,
                service=signing.get("signing_name") or client._request_signer.signing_name,
                host=host,
            )
        except ValueError:
            return None
        session = client._endpoint.http_session
        proxy = session._proxy_config.proxy_url_for(url)
        pool = session._get_connection_manager(url, proxy).connection_from_url(url)
        # As URLLib3Session.send does, before each request.
        session._setup_ssl_cert(pool, url, session._verify)
        target = f"{model.metadata['targetPrefix']}.{operation}"
        lines = {
            "Host": host,
            "Accept-Encoding": "identity",
            "X-Amz-Target": target,
            "Content-Type": CONTENT_TYPE,
            "User-Agent": client._user_agent_creator.to_string(),
            # Only a proxy that gets the requests themselves, not a tunnel, reads its headers.
            **(pool.proxy_headers if proxy and parts.scheme == "http" else {}),
        }
        place = session._get_request_target(f"{parts.scheme}://{parts.netloc}/", proxy)
        head = "".join([f"POST {place} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in lines.items())])
        return _RequestTemplate(
            credentials,
            url,
            signer,
            *self._connections_of(pool, proxy),
            target,
            head,
            "AWS_LAMBDA_FUNCTION_NAME" in os.environ,
            frozenset(model.input_shape.members),
            frozenset(model.output_shape.members),
        )

    def _connections_of(self, pool: Any, proxy: str | None) -> tuple[IdleConnections, LoopConnections | None]:
        known = self._connections.get(pool)
        if known is None:
            self._connections = {each: kept for each, kept in self._connections.items() if each.pool is not None}
            on_loops = None if proxy is not None else LoopConnections(partial(place_of, pool))
            known = self._connections[pool] = (IdleConnections(pool), on_loops)
        return known


def _broken_off(url: str, error: OSError) -> Exception:
    """botocore's exception for a missing or incomplete answer."""
    if isinstance(error, TimeoutError):
        return botocore.exceptions.ReadTimeoutError(endpoint_url=url, error=error)
    return botocore.exceptions.ConnectionClosedError(endpoint_url=url, request=None, error=error)


def _not_sent(url: str, error: NotConnectedError) -> Exception:
    """botocore's exception for a connection that couldn't be opened."""
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
    # A checksum that is missing or spelled in another way is looked up among the headers.
    if lowered[begin : end if end >= 0 else None] != b"%d" % crc32(answer.body) or lowered.count(_CHECKSUM) != 1:
        check_answer(operation, answer.headers, answer.body)


def _metadata(answer: HTTPAnswer) -> dict[str, Any]:
    headers = answer.headers
    metadata = {"HTTPStatusCode": 200, "HTTPHeaders": headers, "RetryAttempts": 0}
    if "x-amzn-requestid" in headers:
        metadata["RequestId"] = headers["x-amzn-requestid"]
    return metadata


def _trace_header() -> tuple[tuple[str, str], ...]:
    """The header that botocore sends in AWS Lambda, by which AWS notices functions that call themselves."""
    trace = os.environ.get("_X_AMZN_TRACE_ID")
    return (("X-Amzn-Trace-Id", quote(trace, safe=_TRACE_SAFE)),) if trace else ()


def _names_resources(parameters: Mapping[str, Any]) -> bool:
    """Whether a table of a batch or a transaction is named by its ARN."""
    if "RequestItems" in parameters:
        return any(":" in table for table in parameters["RequestItems"])
    actions = (action for item in parameters.get("TransactItems", ()) for action in item.values())
    return any(":" in action["TableName"] for action in actions)


_CHECKSUM: Final = b"\r\nx-amz-crc32: "
_TRACE_SAFE: Final = "-=;:+&[]{}\"',"
_CLIENTS: Final = "macaron_django.dynamodb.calls.clients"
