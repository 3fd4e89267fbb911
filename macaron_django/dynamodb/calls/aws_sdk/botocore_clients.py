"""Makes botocore's client for an engine. The client makes one attempt at each call, and detects damaged responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import botocore.config
import botocore.session
from botocore.client import BaseClient
from botocore.httpsession import URLLib3Session
from urllib3 import Timeout

from macaron_django.dynamodb.calls import deadlines
from macaron_django.dynamodb.calls.aws_sdk.botocore_sessions import new_session
from macaron_django.dynamodb.calls.client_configurations import Configuration
from macaron_django.dynamodb.calls.fast_lane.botocore_hooks import BotocoreHooks
from macaron_django.dynamodb.calls.fast_lane.lane_calls import OPERATIONS, DamagedAnswerError, check_answer

__all__ = ["new_client", "strangers"]


def new_client(session: botocore.session.Session, configuration: Configuration) -> BaseClient:
    """Returns a client that ``session`` creates. If the engine runs on this machine, the session must be isolated."""
    access_key, secret_key = configuration.credentials or (None, None)
    client: BaseClient = session.create_client(
        "dynamodb",
        configuration.region,
        endpoint_url=configuration.endpoint_url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=botocore.config.Config(
            parameter_validation=False,  # as in PynamoDB: DynamoDB validates anyway
            connect_timeout=configuration.connect_timeout,
            read_timeout=configuration.read_timeout,
            max_pool_connections=configuration.max_connections,
            retries={"total_max_attempts": 1, "mode": "standard"},
            proxies={} if configuration.is_local else None,
        ),
    )
    client.meta.events.register("before-parse.dynamodb.*", _check_answer)
    _bound(client)
    return client


def strangers() -> list[str]:
    """Returns the names of the hooks that affect every client. If there are such hooks, the fast lane leaves all
    calls to botocore.
    """
    configuration = Configuration("http://localhost", "eu-west-1", ("a", "b"), 1, 1, 1, fast_lane=True)
    hooks = BotocoreHooks(new_client(new_session(), configuration), own=frozenset({__name__}))
    found = [name for operation in sorted(OPERATIONS) for name in hooks.watchers(operation).strangers]
    return list(dict.fromkeys(found))


class _BoundTimeout(Timeout):
    """The timeouts of one client. urllib3 clones them for each attempt. A clone's timeouts end at the deadline of the
    Django request that makes the call.
    """

    def clone(self) -> Timeout:
        remaining = deadlines.left()
        return super().clone() if remaining is None else Timeout(remaining, self._connect, self._read)


def _bound(client: Any) -> None:
    session: Any = client._endpoint.http_session
    kind: object = type(session)
    if kind is URLLib3Session:
        timeout = session._timeout
        session._timeout = _BoundTimeout(connect=timeout.connect_timeout, read=timeout.read_timeout)
        session._manager.connection_pool_kw["timeout"] = session._timeout


def _check_answer(
    operation_model: Any, response_dict: Mapping[str, Any], customized_response_dict: Mapping[str, Any], **_: Any
) -> None:
    # botocore would read a truncated response with status 200 as an empty response, so that an item would seem missing.
    check_answer(operation_model.name, response_dict["headers"], response_dict["body"])
    if "x-amz-crc32" not in response_dict["headers"] and response_dict["status_code"] < 300:
        try:
            json.loads(response_dict["body"])
        except ValueError as error:
            raise DamagedAnswerError(operation=operation_model.name, reason=error) from error
