"""The fast lane: an item operation sent over an open connection of a botocore client, without botocore's own path.

In goes a botocore client; out comes, for an operation and its parameters, what the client would have answered or
raised, or ``None`` where the call has to be the client's. Of the client are the endpoint, the signing region, the
credentials, and the connections with their proxies, TLS and timeouts: the lane opens none, so that the first call of
each connection is botocore's; which of them it may use is ``idle_connections``'. An answer other than 200 is read by
botocore's own parser. Whether anything is sent again is ``connection``'s to say, as it is after a call of botocore's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit
from zlib import crc32

import botocore.exceptions
from botocore.auth import _host_from_url  # type: ignore[attr-defined]  # (missing in its stubs)
from botocore.httpsession import URLLib3Session

from macaron_django.dynamodb.exchanges import HTTPAnswer, exchange
from macaron_django.dynamodb.idle_connections import IdleConnections, OpenConnection
from macaron_django.dynamodb.listeners import Listeners
from macaron_django.dynamodb.signing import CONTENT_TYPE, Signer
from macaron_django.dynamodb.wire import ReadMembers, request_body, response_members

if TYPE_CHECKING:
    from botocore.client import BaseClient

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

    fmt = "The answer to {operation} was damaged on its way: {reason}"


def check_answer(operation: str, headers: Mapping[str, str], body: bytes) -> None:
    """DamagedAnswerError if the answer has a checksum that isn't its body's."""
    checksum = headers.get("x-amz-crc32")
    if checksum is not None and checksum.strip() != str(crc32(body)):
        raise DamagedAnswerError(operation=operation, reason="its CRC32 doesn't fit")


@dataclass(frozen=True)
class _Route:
    """Where calls of one operation go with one set of credentials, and what doesn't change between them."""

    credentials: Any
    url: str
    signer: Signer
    idle: IdleConnections
    target: str
    head: str  # the request's first lines
    in_lambda: bool
    parameters: frozenset[str]  # that botocore knows
    members: frozenset[str]


class FastLane:
    """The lane beside one botocore client; None in its place where the client is none that it knows how to follow."""

    def __init__(self, client: BaseClient) -> None:
        self._client: Any = client
        self._listeners = Listeners(client, own=frozenset({_CLIENTS}))
        self._routes: dict[str, _Route] = {}
        self._idle: dict[Any, IdleConnections] = {}  # by pool
        self._second: tuple[int, str] = (0, "")

    @classmethod
    def beside(cls, client: BaseClient) -> FastLane | None:
        """The lane of ``client``, if its requests are signed and sent in the ordinary way."""
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
        self, operation: str, parameters: Mapping[str, Any], *, read: ReadMembers | None = None
    ) -> dict[str, Any] | None:
        """What ``client._make_api_call`` would return or raise; None: call that.

        ``read``: what the caller wants to have read the answer, without ResponseMetadata.
        """
        if operation not in OPERATIONS or self._listeners.care_about(operation):
            return None
        route = self._route(operation, parameters)
        if route is None or not parameters.keys() <= route.parameters:
            return None
        body = request_body(parameters)
        if body is None:
            return None
        opened = route.idle.take()
        if opened is None:
            return None
        signed = route.signer.header_lines(route.target, body, self._timestamp())
        trace = _trace_line() if route.in_lambda else ""
        request = f"{route.head}{trace}{signed}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body
        answer = self._exchange(route, opened, request)
        if answer.status == 200:
            _check_checksum(operation, answer)
            members = (read or response_members)(answer.body, route.members)
            if members is not None:
                if read is None:
                    members["ResponseMetadata"] = _metadata(answer)
                return members
        return self._read_by_botocore(operation, answer)

    def _exchange(self, route: _Route, opened: OpenConnection, request: bytes) -> HTTPAnswer:
        kept = False
        try:
            answer = exchange(opened.socket, request)
            kept = answer.keeps_alive
        except TimeoutError as error:
            raise botocore.exceptions.ReadTimeoutError(endpoint_url=route.url, error=error) from error
        except OSError as error:
            raise botocore.exceptions.ConnectionClosedError(
                endpoint_url=route.url, request=None, error=error
            ) from error
        finally:
            if kept:
                route.idle.give_back(opened)
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

    def _route(self, operation: str, parameters: Mapping[str, Any]) -> _Route | None:
        provider = self._client._request_signer._credentials
        if provider is None or _names_resources(parameters):
            return None
        credentials = provider.get_frozen_credentials()
        route = self._routes.get(operation)
        if route is None or route.credentials != credentials or route.idle.pool.pool is None:
            route = self._make_route(operation, parameters, credentials)
            if route is not None:
                self._routes[operation] = route
        return route

    def _make_route(self, operation: str, parameters: Mapping[str, Any], credentials: Any) -> _Route | None:
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
            # Only a proxy that requests are sent to as they are, not through a tunnel, sees what is for it.
            **(pool.proxy_headers if proxy and parts.scheme == "http" else {}),
        }
        place = session._get_request_target(f"{parts.scheme}://{parts.netloc}/", proxy)
        head = "".join([f"POST {place} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in lines.items())])
        return _Route(
            credentials,
            url,
            signer,
            self._idle_of(pool),
            target,
            head,
            "AWS_LAMBDA_FUNCTION_NAME" in os.environ,
            frozenset(model.input_shape.members),
            frozenset(model.output_shape.members),
        )

    def _idle_of(self, pool: Any) -> IdleConnections:
        if pool not in self._idle:
            self._idle = {open_pool: idle for open_pool, idle in self._idle.items() if open_pool.pool is not None}
            self._idle[pool] = IdleConnections(pool)
        return self._idle[pool]


def _check_checksum(operation: str, answer: HTTPAnswer) -> None:
    lowered = answer.head.lower()
    begin = lowered.find(_CHECKSUM) + len(_CHECKSUM)
    end = lowered.find(b"\r\n", begin)
    # One that isn't there, or is there in another form, is looked for among the headers.
    if lowered[begin : end if end >= 0 else None] != b"%d" % crc32(answer.body) or lowered.count(_CHECKSUM) != 1:
        check_answer(operation, answer.headers, answer.body)


def _metadata(answer: HTTPAnswer) -> dict[str, Any]:
    headers = answer.headers
    metadata = {"HTTPStatusCode": 200, "HTTPHeaders": headers, "RetryAttempts": 0}
    if "x-amzn-requestid" in headers:
        metadata["RequestId"] = headers["x-amzn-requestid"]
    return metadata


def _trace_line() -> str:
    """In AWS Lambda: what botocore sends so that AWS notices functions that call themselves."""
    trace = os.environ.get("_X_AMZN_TRACE_ID")
    if not trace:
        return ""
    return f"X-Amzn-Trace-Id: {quote(trace, safe=_TRACE_SAFE)}\r\n"


def _names_resources(parameters: Mapping[str, Any]) -> bool:
    """Whether a table is named by its ARN, whose account decides on the endpoint."""
    name = parameters.get("TableName")
    if name is not None:
        return ":" in name
    if "RequestItems" in parameters:
        return any(":" in table for table in parameters["RequestItems"])
    actions = (action for item in parameters.get("TransactItems", ()) for action in item.values())
    return any(":" in action["TableName"] for action in actions)


_CHECKSUM: Final = b"\r\nx-amz-crc32: "
_TRACE_SAFE: Final = "-=;:+&[]{}\"',"
_CLIENTS: Final = "macaron_django.dynamodb.clients"
