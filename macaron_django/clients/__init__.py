"""Calls other services as their specs describe. An example is ``apipool.login.client.do_login(body)``.

A client sends requests, and returns API objects or raises exceptions. httpx and tenacity are imported with the first
call. The modules and folders:

- ``api_clients``: the objects that a project calls
- ``client_options``: the options of these objects
- ``client_names``: the names of operations
- ``messages``: how requests are built, and how responses are parsed
- ``sending``: connections, retries and circuits
- ``call_events``: the events that subscribers get
- ``client_checks``: the findings of ``manage.py check``
- ``client_stubs``: type stubs
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
