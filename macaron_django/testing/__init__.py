"""Provides what a project's tests need: new tables on an engine in memory, test clients, mocks and a fault proxy.

``isolated`` gives a ``with`` block its own tables on an engine. ``FaultProxy`` is a proxy that injects faults into the
calls to an engine. ``APIClient`` passes requests to the project as a web server would. ``ClientMock`` answers calls to
other services. ``MacaronTestCase`` is the base class of acceptance tests, and provides their assertions.

The main modules:

- ``isolation``: the tables
- ``faults``: the proxy
- ``api_client``: the client
- ``client_mocks``: the mock
- ``plugin``: the fixtures for pytest, and the guard against other engines
- ``recorded_engines``: the calls that are recorded to write an IAM policy
- ``http_assertions``: the assertions of acceptance tests
- ``live_test_case`` and ``server_targets``: the server that acceptance tests call
- ``served_projects``: the server that acceptance tests start

pytest loads this package in every run of every project, so its modules are imported only when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.testing.api_client import APIClient
    from macaron_django.testing.client_mocks import CallRefusedError, ClientMock, mocked_clients
    from macaron_django.testing.faults import Fault, FaultProxy, RandomFaults
    from macaron_django.testing.isolation import EngineRefusedError, engine_in_memory, isolated
    from macaron_django.testing.live_test_case import MacaronTestCase
    from macaron_django.testing.server_targets import load_port_host_token

__all__ = [
    "APIClient",
    "CallRefusedError",
    "ClientMock",
    "EngineRefusedError",
    "Fault",
    "FaultProxy",
    "MacaronTestCase",
    "RandomFaults",
    "engine_in_memory",
    "isolated",
    "load_port_host_token",
    "mocked_clients",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "api_client": ("APIClient",),
        "client_mocks": ("CallRefusedError", "ClientMock", "mocked_clients"),
        "faults": ("Fault", "FaultProxy", "RandomFaults"),
        "isolation": ("EngineRefusedError", "engine_in_memory", "isolated"),
        "live_test_case": ("MacaronTestCase",),
        "server_targets": ("load_port_host_token",),
    },
)
