"""Keeps the process's botocore client, and the fast lane beside it, for the current engine and settings.

Both are made again after a fork, and when the engine or the settings change. botocore gets one attempt for each call,
and its answers are checked for damage.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import botocore.config
import botocore.session
from botocore.client import BaseClient
from botocore.httpsession import URLLib3Session
from urllib3 import Timeout

from macaron_django.conf import Section, settings
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls import deadlines
from macaron_django.dynamodb.calls.botocore_sessions import new_session
from macaron_django.dynamodb.calls.circuits import Circuit
from macaron_django.dynamodb.calls.fast_lane.botocore_hooks import BotocoreHooks
from macaron_django.dynamodb.calls.fast_lane.lane import OPERATIONS, DamagedAnswerError, FastLane, check_answer

__all__ = ["Clients", "Configuration", "MadeClient", "clients", "reset", "strangers"]


@dataclass(frozen=True)
class Configuration:
    """Everything that a client is bound to. Times are in seconds."""

    endpoint_url: str | None
    region: str
    credentials: tuple[str, str] | None
    connect_timeout: float
    read_timeout: float
    max_connections: int
    fast_lane: bool
    #: Whether the engine runs here: AWS's settings and the proxies of the environment aren't for it.
    is_local: bool = False
    #: Failures in a row after which requests' calls are refused for a while; None: never.
    circuit_failures: int | None = None

    @classmethod
    def of(cls, engine: engines.Engine, section: Section) -> Configuration:
        return cls(
            engine.endpoint_url,
            engine.region,
            engine.credentials,
            section.CONNECT_TIMEOUT,
            section.READ_TIMEOUT,
            section.MAX_CONNECTIONS,
            section.FAST_LANE,
            engine.local,
            section.CIRCUIT_FAILURES,
        )


class MadeClient(NamedTuple):
    """A client, and what it was made from. While engine and section stay the same, so do region and credentials."""

    engine: engines.Engine
    section: Section
    configuration: Configuration
    client: BaseClient
    lane: FastLane | None
    circuit: Circuit | None = None


class Clients:
    """The process's botocore session, and the client that fits the present configuration."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        # After a fork, too: sockets are shared with the parent, and its lock may have been held.
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._sessions: dict[bool, botocore.session.Session] = {}
        self._made: MadeClient | None = None

    def current(self) -> MadeClient:
        """The client, and the fast lane beside it where there is one."""
        return self.present() or self._new(engines.current(), settings.DYNAMODB)

    def present(self) -> MadeClient | None:
        """As ``current``, but None if that would have to make a client, which takes a while."""
        made = self._made
        if made is None or self._process != os.getpid():
            return None
        engine = engines.current()
        if (
            made.section is settings.DYNAMODB
            and made.engine is engine
            and made.configuration.endpoint_url == engine.endpoint_url  # (a server may come back elsewhere)
        ):
            return made
        return None

    def _new(self, engine: engines.Engine, section: Section) -> MadeClient:
        if self._process != os.getpid():
            self.forget()
        configuration = Configuration.of(engine, section)
        with self._lock:
            made = self._made
            if made is None or made.configuration != configuration:
                client = self._make(configuration)
                # botocore caches that it found no credentials; such a client would never recover.
                if client._request_signer._credentials is None:  # type: ignore[attr-defined]
                    return MadeClient(engine, section, configuration, client, None)
                lane = FastLane.beside(client) if configuration.fast_lane else None
                made = MadeClient(engine, section, configuration, client, lane, _circuit(configuration))
            else:
                made = made._replace(engine=engine, section=section)
            self._made = made
            return made

    def _make(self, configuration: Configuration) -> BaseClient:
        is_local = configuration.is_local
        session = self._sessions.get(is_local) or new_session(isolated=is_local)
        self._sessions[is_local] = session
        access_key, secret_key = configuration.credentials or (None, None)
        client: BaseClient = session.create_client(
            "dynamodb",
            configuration.region,
            endpoint_url=configuration.endpoint_url,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=botocore.config.Config(
                parameter_validation=False,  # PynamoDB's choice, too: DynamoDB validates, botocore only costs time
                connect_timeout=configuration.connect_timeout,
                read_timeout=configuration.read_timeout,
                max_pool_connections=configuration.max_connections,
                retries={"total_max_attempts": 1, "mode": "standard"},
                proxies={} if is_local else None,
            ),
        )
        client.meta.events.register("before-parse.dynamodb.*", _check_answer)
        _bound(client)
        return client


def _circuit(configuration: Configuration) -> Circuit | None:
    patience = configuration.connect_timeout + configuration.read_timeout
    return None if configuration.circuit_failures is None else Circuit(configuration.circuit_failures, patience)


class _BoundTimeout(Timeout):
    """The timeouts of one client. urllib3 clones them for each attempt, which ends at its request's deadline."""

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
    # botocore would take a cut-off 200 for one without content: an item would seem missing.
    check_answer(operation_model.name, response_dict["headers"], response_dict["body"])
    if "x-amz-crc32" not in response_dict["headers"] and response_dict["status_code"] < 300:
        try:
            json.loads(response_dict["body"])
        except ValueError as error:
            raise DamagedAnswerError(operation=operation_model.name, reason=error) from error


clients = Clients()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=clients.forget)


def reset() -> None:
    """Drop session and client; the next call makes new ones."""
    clients.forget()


def strangers() -> list[str]:
    """Returns the names of what makes the fast lane leave calls to botocore, for any client that is made here."""
    client = clients._make(Configuration("http://localhost", "eu-west-1", ("a", "b"), 1, 1, 1, fast_lane=True))
    hooks = BotocoreHooks(client, own=frozenset({__name__}))
    found = [name for operation in sorted(OPERATIONS) for name in hooks.watchers(operation).strangers]
    return list(dict.fromkeys(found))
