"""The process's botocore session and client, for the engine and the settings of the moment.

In go engine and settings, as they are at each call; out come a client and the fast lane beside it. They are made anew
after a fork and when engine or settings change. botocore gets one attempt a call, and its answers are looked at for
damage. Apart from ``connection``, which decides what is sent and what is sent again.
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

from macaron_django.conf import Section, settings
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.fast_lane import DamagedAnswerError, FastLane, check_answer
from macaron_django.dynamodb.sessions import new_session

__all__ = ["Clients", "Configuration", "clients", "reset"]


@dataclass(frozen=True)
class Configuration:
    """Everything that a client is bound to: times in seconds."""

    endpoint_url: str | None
    region: str
    credentials: tuple[str, str] | None
    connect_timeout: float
    read_timeout: float
    max_connections: int
    fast_lane: bool

    @classmethod
    def current(cls) -> Configuration:
        return cls.of(engines.current(), settings.DYNAMODB)

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
        )


class _Made(NamedTuple):
    """A client, and what it was made from: while engine and section are these, their regions and keys are, too."""

    engine: engines.Engine
    section: Section
    configuration: Configuration
    client: BaseClient
    lane: FastLane | None


class Clients:
    """The process's botocore session, and the client that fits the present configuration."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        # After a fork, too: sockets are shared with the parent, and its lock may have been held.
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._session: botocore.session.Session | None = None
        self._made: _Made | None = None

    def current(self) -> _Made:
        """The client, and the fast lane beside it where there is one."""
        engine, section = engines.current(), settings.DYNAMODB
        if self._process != os.getpid():
            self.forget()
        made = self._made
        if (
            made is not None
            and made.section is section
            and made.engine is engine
            and made.configuration.endpoint_url == engine.endpoint_url  # (a server may come back elsewhere)
        ):
            return made
        configuration = Configuration.of(engine, section)
        with self._lock:
            made = self._made
            if made is None or made.configuration != configuration:
                client = self._make(configuration)
                # botocore caches that it found no credentials; such a client would never recover.
                if client._request_signer._credentials is None:  # type: ignore[attr-defined]
                    return _Made(engine, section, configuration, client, None)
                lane = FastLane.beside(client) if configuration.fast_lane else None
                made = _Made(engine, section, configuration, client, lane)
            else:
                made = made._replace(engine=engine, section=section)
            self._made = made
            return made

    def _make(self, configuration: Configuration) -> BaseClient:
        if self._session is None:
            self._session = new_session()
        access_key, secret_key = configuration.credentials or (None, None)
        client: BaseClient = self._session.create_client(
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
            ),
        )
        client.meta.events.register("before-parse.dynamodb.*", _check_answer)
        return client


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
