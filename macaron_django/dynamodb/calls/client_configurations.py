"""Describes what a client of DynamoDB depends on: an engine's address and keys, and the settings of its calls."""

from __future__ import annotations

from dataclasses import dataclass

from macaron_django.conf import Section
from macaron_django.dynamodb import engines

__all__ = ["Configuration"]


@dataclass(frozen=True)
class Configuration:
    """Everything that a client depends on. Times are in seconds."""

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
