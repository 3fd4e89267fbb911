"""Describes the configuration of a DynamoDB client: the engine's address and keys, and the settings of its calls."""

from __future__ import annotations

from dataclasses import dataclass

from macaron_django.conf import Section
from macaron_django.dynamodb import engines

__all__ = ["Configuration"]


@dataclass(frozen=True)
class Configuration:
    """The configuration of a client. A new configuration requires a new client. Times are in seconds."""

    endpoint_url: str | None
    region: str
    credentials: tuple[str, str] | None
    connect_timeout: float
    read_timeout: float
    max_connections: int
    fast_lane: bool
    #: Whether the engine runs on this machine, so that the environment's AWS settings and proxies don't apply to it.
    is_local: bool = False
    #: After this number of failures in a row, calls that are made for a request are refused for a while. None means
    #: never.
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
