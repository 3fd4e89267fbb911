"""Sends item operations to DynamoDB in a process that hasn't imported botocore yet. So the first response doesn't wait
for the import.

This lane sends the same requests as the module ``lane``, except for the User-Agent. Tests compare the requests. If this
lane returns None, botocore's client is created and makes the call. botocore's client also parses each response whose
status isn't 200.
"""

from __future__ import annotations

import platform
import socket
import ssl
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from macaron_django.dynamodb.calls.fast_lane.early.early_places import EarlyPlace, is_imported
from macaron_django.dynamodb.calls.fast_lane.early.opened_connections import OpenedConnections
from macaron_django.dynamodb.calls.fast_lane.http import HTTPAnswer
from macaron_django.dynamodb.calls.fast_lane.lane_calls import (
    Lane,
    RequestTemplate,
    in_lambda,
    names_resources,
    request_head,
)
from macaron_django.dynamodb.calls.fast_lane.loop_connections import LoopConnections, Place
from macaron_django.dynamodb.calls.fast_lane.signing import CONTENT_TYPE, Signer

__all__ = ["MEMBERS", "PARAMETERS", "ConnectionLimits", "EarlyLane"]

_EXPRESSIONS: Final = frozenset({"ExpressionAttributeNames", "ExpressionAttributeValues"})
_ANY: Final = frozenset({"TableName", "ReturnConsumedCapacity"})
_WRITE: Final = _ANY | _EXPRESSIONS | {"ConditionExpression", "ReturnValues", "ReturnValuesOnConditionCheckFailure"}
_PAGE: Final = (
    _ANY
    | _EXPRESSIONS
    | {"ConsistentRead", "ExclusiveStartKey", "FilterExpression", "IndexName", "Limit"}
    | {"ProjectionExpression", "Select"}
)
#: The parameters that this package uses for each operation. botocore makes calls with other parameters.
PARAMETERS: Final[Mapping[str, frozenset[str]]] = {
    "BatchGetItem": frozenset({"RequestItems", "ReturnConsumedCapacity"}),
    "BatchWriteItem": frozenset({"RequestItems", "ReturnConsumedCapacity"}),
    "DeleteItem": _WRITE | {"Key"},
    "GetItem": _ANY | {"Key", "ConsistentRead", "ExpressionAttributeNames", "ProjectionExpression"},
    "PutItem": _WRITE | {"Item"},
    "Query": _PAGE | {"KeyConditionExpression", "ScanIndexForward"},
    "Scan": _PAGE | {"Segment", "TotalSegments"},
    "TransactGetItems": frozenset({"TransactItems", "ReturnConsumedCapacity"}),
    "TransactWriteItems": frozenset({"TransactItems", "ReturnConsumedCapacity", "ClientRequestToken"}),
    "UpdateItem": _WRITE | {"Key", "UpdateExpression"},
}
_WRITTEN: Final = frozenset({"Attributes", "ConsumedCapacity", "ItemCollectionMetrics"})
_READ_PAGE: Final = frozenset({"Items", "Count", "ScannedCount", "LastEvaluatedKey", "ConsumedCapacity"})
#: The members of each operation's response, by DynamoDB's API reference and botocore's model.
MEMBERS: Final[Mapping[str, frozenset[str]]] = {
    "BatchGetItem": frozenset({"Responses", "UnprocessedKeys", "ConsumedCapacity"}),
    "BatchWriteItem": frozenset({"UnprocessedItems", "ItemCollectionMetrics", "ConsumedCapacity"}),
    "DeleteItem": _WRITTEN,
    "GetItem": frozenset({"Item", "ConsumedCapacity"}),
    "PutItem": _WRITTEN,
    "Query": _READ_PAGE,
    "Scan": _READ_PAGE,
    "TransactGetItems": frozenset({"Responses", "ConsumedCapacity"}),
    "TransactWriteItems": frozenset({"ConsumedCapacity", "ItemCollectionMetrics"}),
    "UpdateItem": _WRITTEN,
}
_TARGET: Final = "DynamoDB_20120810"
#: As in urllib3: TCP sends small requests at once, instead of waiting for more bytes.
_SOCKET_OPTIONS: Final = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)


class ConnectionLimits(NamedTuple):
    """The size of the connection pool, and the seconds to wait for a connection and for a response."""

    connections: int
    connect_timeout: float
    read_timeout: float


class EarlyLane(Lane):
    """A fast lane that needs no botocore client. It sends all its calls to ``place``. ``read_refusal`` passes a
    response to botocore's parser.
    """

    def __init__(
        self, place: EarlyPlace, limits: ConnectionLimits, read_refusal: Callable[[str, HTTPAnswer], dict[str, Any]]
    ) -> None:
        super().__init__()
        self._place = place
        self._read_refusal = read_refusal
        self._host = _host(place.url)
        self._signer = Signer(
            place.access_key, place.secret_key, place.token, region=place.region, service="dynamodb", host=self._host
        )
        parts = urlsplit(place.url)
        connections = self._connections = Place(
            parts.hostname or "",
            parts.port or (443 if parts.scheme == "https" else 80),
            _tls() if parts.scheme == "https" else None,
            limits.connections,
            limits.connect_timeout,
            limits.read_timeout,
            _SOCKET_OPTIONS,
        )
        self._idle = OpenedConnections(connections)
        self._on_loops = LoopConnections(lambda: connections)  # a reference to self would keep the connections open
        self._templates: dict[str, RequestTemplate] = {}

    @property
    def imports_parser(self) -> bool:
        return not is_imported()

    def renew_credentials(self) -> None:
        """Does nothing, because access keys in the environment don't change."""

    def _template(self, operation: str, parameters: Mapping[str, Any]) -> RequestTemplate | None:
        name = parameters.get("TableName")
        if ":" in name if name is not None else names_resources(parameters):
            return None  # an ARN names an account, and the endpoint may depend on the account
        template = self._templates.get(operation)
        if template is None and operation in PARAMETERS:
            template = self._templates[operation] = self._make_template(operation)
        return template

    def _make_template(self, operation: str) -> RequestTemplate:
        target = f"{_TARGET}.{operation}"
        lines = {
            "Host": self._host,
            "Accept-Encoding": "identity",
            "X-Amz-Target": target,
            "Content-Type": CONTENT_TYPE,
            "User-Agent": f"macaron_django lang/python#{platform.python_version()}",
        }
        return RequestTemplate(
            self._place,
            self._place.url,
            self._signer,
            self._idle,
            self._on_loops,
            target,
            request_head("/", lines),
            in_lambda(),
            PARAMETERS[operation],
            MEMBERS[operation],
        )

    def _read_by_botocore(self, operation: str, answer: HTTPAnswer) -> dict[str, Any]:
        return self._read_refusal(operation, answer)


def _host(url: str) -> str:
    """Returns the Host header for requests to ``url``, without a port if it is the scheme's default.

    >>> _host("http://localhost:8000/"), _host("https://dynamodb.eu-west-1.amazonaws.com"), _host("http://[::1]:80")
    ('localhost:8000', 'dynamodb.eu-west-1.amazonaws.com', '[::1]')
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f"{host}:{parts.port}"


def _tls() -> ssl.SSLContext:
    """Returns a TLS context with the certificate authorities that botocore trusts: certifi's, or else botocore's own
    file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        authorities = str(import_module("certifi").where())
    except ImportError:
        import botocore  # only the package's __init__, which is small

        authorities = f"{botocore.BOTOCORE_ROOT}/cacert.pem"
    context.load_verify_locations(authorities)
    context.set_alpn_protocols(["http/1.1"])
    return context
