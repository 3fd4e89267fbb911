"""Finds out who else takes part in a botocore client's calls: event handlers, moto, and patched methods.

The fast lane leaves a call to botocore where a project, a plug-in or botocore's Stubber has registered a handler, where
moto's ``mock_aws`` is active, and where ``_make_api_call`` is patched.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any, Final

from botocore.client import BaseClient
from botocore.discovery import block_endpoint_discovery_required_operations

__all__ = ["BotocoreHooks"]

#: What a call emits, in this order.
_EVENTS: Final = (
    "provide-client-params",
    "before-parameter-build",
    "before-endpoint-resolution",
    "before-call",
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "before-parse",
    "response-received",
    "needs-retry",
    "after-call",
    "after-call-error",
)
#: botocore's own handlers of these events do what the fast lane does, or nothing for DynamoDB. Handlers of other
#: modules of botocore (adaptive retries, endpoint discovery, Stubber) were registered on purpose.
_OWN: Final = frozenset({"botocore.handlers", "botocore.retries.standard", "botocore.signers", "botocore.useragent"})
#: Registered where there is no endpoint URL, so for AWS itself; refuses operations that can't do without endpoint
#: discovery, and DynamoDB has none.
_BLOCKS_DISCOVERY: Final = block_endpoint_discovery_required_operations
_MOTO: Final = "moto.core.botocore_stubber"


class BotocoreHooks:
    """The hooks of one client. ``own``: names of further modules whose handlers don't count."""

    def __init__(self, client: BaseClient, own: frozenset[str]) -> None:
        self._client = client
        self._own = _OWN | own
        self._emitter: Any = client.meta.events._emitter  # type: ignore[attr-defined]
        # botocore drops its cache with each registration; one tuple, as threads share it.
        self._known: tuple[Any, dict[str, tuple[Any, ...] | None]] = (self._emitter._lookup_cache, {})

    def intercept(self, operation: str) -> bool:
        """Whether anything takes part in calls of ``operation``, so that botocore has to make them."""
        make_api_call = BaseClient.__dict__["_make_api_call"]
        if type(make_api_call) is not FunctionType or make_api_call.__module__ != "botocore.client":
            return True
        cache, stubbers_by_operation = self._known
        if self._emitter._lookup_cache is not cache:
            stubbers_by_operation = {}
            self._known = (self._emitter._lookup_cache, stubbers_by_operation)
        if operation not in stubbers_by_operation:
            stubbers_by_operation[operation] = self._stubbers(operation)
        stubbers = stubbers_by_operation[operation]
        return stubbers is None or any(stubber.enabled for stubber in stubbers)

    def _stubbers(self, operation: str) -> tuple[Any, ...] | None:
        """moto's handlers, which do nothing while no ``mock_aws`` is active; None: there are others."""
        stubbers = []
        for handler in self._handlers(operation):
            module = _module(handler)
            if module == _MOTO and hasattr(handler, "enabled"):
                stubbers.append(handler)
            elif not (module in self._own or handler is _BLOCKS_DISCOVERY):
                return None
        return tuple(stubbers)

    def _handlers(self, operation: str) -> Iterator[Any]:
        for event in _EVENTS:
            yield from self._emitter._handlers.prefix_search(f"{event}.dynamodb.{operation}")


def _module(handler: Any) -> str:
    """Where a function, a method or an object with ``__call__`` was defined."""
    owner = getattr(handler, "__self__", handler)
    return str(getattr(handler, "__module__", None) or type(owner).__module__)
