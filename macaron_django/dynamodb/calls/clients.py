"""Keeps the process's botocore client, and the client's fast lane, for the current engine and settings.

The fast lane sends calls, but bypasses the code that botocore runs for each call. The client and the lane are replaced
after a fork, and when the engine or the settings change. botocore is imported when something needs it. Until then, an
``EarlyLane`` makes the calls if it can. An ``EarlyLane`` has no botocore client.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from macaron_django.attempts import Circuit, CircuitRules
from macaron_django.conf import Section, settings
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls.client_configurations import Configuration
from macaron_django.dynamodb.calls.fast_lane.early.early_lane import ConnectionLimits, EarlyLane
from macaron_django.dynamodb.calls.fast_lane.early.early_places import early_place, is_imported, is_untouched
from macaron_django.dynamodb.calls.fast_lane.http import HTTPAnswer
from macaron_django.dynamodb.calls.fast_lane.lane_calls import Lane

if TYPE_CHECKING:
    import botocore.session
    from botocore.client import BaseClient

__all__ = ["Clients", "MadeClient", "clients", "reset"]

#: The number of seconds for which calls are refused after a failure: the first pause, and the longest.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0


class MadeClient(NamedTuple):
    """A client, and the engine, settings and configuration that it was made from. The region and the credentials change
    only if the engine or the settings section changes.

    ``botocore_client`` is None as long as the early lane makes the calls.
    """

    engine: engines.Engine
    section: Section
    configuration: Configuration
    botocore_client: BaseClient | None
    lane: Lane | None
    circuit: Circuit
    #: The rules by which ``circuit`` refuses calls; None if it never refuses any.
    circuit_rules: CircuitRules | None

    @property
    def client(self) -> Any:
        """botocore's client."""
        return self.botocore_client or clients.with_botocore().botocore_client


class Clients:
    """The process's botocore session, and the client that fits the present configuration."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        # Also called after a fork: the child shares its parent's sockets, and the parent's lock may have been held.
        self._lock = threading.Lock()
        self._sessions: dict[bool, botocore.session.Session] = {}
        self._made: MadeClient | None = None
        self._finders: list[Any] = []

    def current(self) -> MadeClient:
        """Returns the client for the present configuration, with its fast lane if it has one."""
        return self.present() or self._new(engines.current(), settings.DYNAMODB)

    def with_botocore(self) -> MadeClient:
        """Does what ``current`` does, but first imports botocore, so that the result has botocore's client."""
        import botocore.client  # noqa: F401 (the early lane ends as soon as anyone has imported it)

        return self.current()

    def present(self) -> MadeClient | None:
        """Returns the client for the present configuration if it already exists; otherwise, None. Doesn't make a
        client, because that takes a while.
        """
        made = self._made
        if made is None:  # also after a fork
            return None
        if made.botocore_client is None and (is_imported() or sys.meta_path != self._finders):
            return None
        engine = engines.current()
        if (
            made.section is settings.DYNAMODB
            and made.engine is engine
            and made.configuration.endpoint_url == engine.endpoint_url  # (a restarted server may have a new address)
        ):
            return made
        return None

    def _new(self, engine: engines.Engine, section: Section) -> MadeClient:
        configuration = Configuration.of(engine, section)
        with self._lock:
            made = self._made
            is_same = made is not None and made.configuration == configuration
            if made is not None and is_same and (made.botocore_client is not None or is_untouched()):
                made = made._replace(engine=engine, section=section)
            else:
                circuit = made.circuit if made is not None and is_same else Circuit()
                made = self._early(engine, section, configuration, circuit) or self._of_botocore(
                    engine, section, configuration, circuit
                )
                # If botocore found no credentials, the client caches this result, and would never look for credentials
                # again.
                if made.botocore_client is not None and made.client._request_signer._credentials is None:
                    return made
            self._finders = list(sys.meta_path)
            self._made = made
            return made

    def _early(
        self, engine: engines.Engine, section: Section, configuration: Configuration, circuit: Circuit
    ) -> MadeClient | None:
        """Returns a client that has only an early lane. Returns None if calls need botocore, or if botocore has been
        imported.
        """
        if not configuration.fast_lane or not is_untouched():
            return None
        place = early_place(
            configuration.endpoint_url,
            configuration.region,
            configuration.credentials,
            is_local=configuration.is_local,
        )
        if place is None:
            return None
        limits = ConnectionLimits(
            configuration.max_connections, configuration.connect_timeout, configuration.read_timeout
        )
        try:
            lane = EarlyLane(place, limits, _read_by_botocore)
        except ValueError:  # the access key has characters that headers can't have
            return None
        return MadeClient(engine, section, configuration, None, lane, circuit, _circuit_rules(configuration))

    def _of_botocore(
        self, engine: engines.Engine, section: Section, configuration: Configuration, circuit: Circuit
    ) -> MadeClient:
        from macaron_django.dynamodb.calls.aws_sdk.botocore_clients import new_client
        from macaron_django.dynamodb.calls.aws_sdk.botocore_sessions import new_session
        from macaron_django.dynamodb.calls.fast_lane.lane import FastLane

        is_local = configuration.is_local
        session = self._sessions.get(is_local) or new_session(isolated=is_local)
        self._sessions[is_local] = session
        client: Any = new_client(session, configuration)
        has_credentials = client._request_signer._credentials is not None
        lane = FastLane.beside(client) if configuration.fast_lane and has_credentials else None
        rules = _circuit_rules(configuration) if has_credentials else None
        return MadeClient(engine, section, configuration, client, lane, circuit, rules)


def _read_by_botocore(operation: str, answer: HTTPAnswer) -> dict[str, Any]:
    client = clients.with_botocore().botocore_client
    from macaron_django.dynamodb.calls.fast_lane.botocore_answers import read_by_botocore

    return read_by_botocore(client, operation, answer)


def _circuit_rules(configuration: Configuration) -> CircuitRules | None:
    """Returns the circuit's rules. While DynamoDB doesn't respond, the circuit refuses a request's calls immediately.

    Returns None if calls are never refused.
    """
    if configuration.circuit_failures is None:
        return None
    patience = configuration.connect_timeout + configuration.read_timeout
    return CircuitRules(configuration.circuit_failures, _FIRST_PAUSE, _LONGEST_PAUSE, patience)


clients = Clients()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=clients.forget)


def reset() -> None:
    """Drops the session and the client. The next call creates new objects."""
    clients.forget()
