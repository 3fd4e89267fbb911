"""Calls other services as their specs describe. An example is ``apipool.login.client.do_login(body)``.

A client sends requests, and returns API objects or raises exceptions. Open ``api_clients`` for the objects that a
project calls, ``client_options`` for their options, and ``client_names`` for the names of operations. Open ``messages``
to change how a request is built or how a response is parsed. Open ``sending`` for connections, retries and circuits.
Open ``call_events`` for the events that subscribers get, ``client_checks`` for the findings of ``check``, and
``client_stubs`` for type stubs. httpx and tenacity are imported with the first call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.clients.client_options import client_specs
from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.clients.api_clients import APIClients, AsyncAPIClient, BlockingAPIClient
    from macaron_django.clients.client_checks import client_findings
    from macaron_django.clients.messages.call_answers import Answer

__all__ = ["APIClients", "Answer", "AsyncAPIClient", "BlockingAPIClient", "client_findings", "client_specs"]

__getattr__ = lazy_exports(
    __name__,
    {
        "api_clients": ("APIClients", "AsyncAPIClient", "BlockingAPIClient"),
        "client_checks": ("client_findings",),
        "messages.call_answers": ("Answer",),
    },
)
