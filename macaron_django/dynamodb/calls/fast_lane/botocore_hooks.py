"""Finds the code that hooks into a botocore client's calls: event handlers, moto, tracers, and patched methods.

The fast lane lets botocore make the call if a project, a plug-in or botocore's Stubber has registered a handler. It
also does so if moto's ``mock_aws`` is active, or if a method has a patch that ``macaron_django.tracers`` doesn't list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import is_
from typing import Any, Final

from botocore.client import BaseClient
from botocore.discovery import block_endpoint_discovery_required_operations
from botocore.endpoint import Endpoint
from botocore.parsers import ResponseParser

from macaron_django.dynamodb.calls.fast_lane.traced_calls import TracedCalls
from macaron_django.tracers import has_other_code, name_of, unwrapped
from macaron_django.tracers.known_tracers import CALLS, CLOSURES, HANDLERS, PREPARED_REQUESTS, RESPONSE_PARSERS

__all__ = ["BotocoreHooks", "Watchers", "patches"]

#: The events that botocore emits during a call, in this order.
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
#: Modules of botocore whose handlers do what the fast lane does, or do nothing for DynamoDB. Handlers in botocore's
#: other modules (adaptive retries, endpoint discovery, Stubber) were registered on purpose.
_OWN: Final = frozenset({"botocore.handlers", "botocore.retries.standard", "botocore.signers", "botocore.useragent"})
#: botocore registers this handler if a client has no endpoint URL. The handler refuses operations that require endpoint
#: discovery. No operation of DynamoDB requires it.
_BLOCKS_DISCOVERY: Final = block_endpoint_discovery_required_operations
_MOTO: Final = "moto.core.botocore_stubber"

#: The methods of botocore that the lane doesn't call, and their known wrappers.
_METHODS: Final[Mapping[tuple[type, str], frozenset[str]]] = {
    (BaseClient, "_make_api_call"): CALLS,
    (BaseClient, "_make_request"): frozenset(),
    (Endpoint, "make_request"): frozenset(),
    (Endpoint, "create_request"): frozenset(),
    (Endpoint, "prepare_request"): PREPARED_REQUESTS,
    (Endpoint, "_send"): frozenset(),
    (ResponseParser, "parse"): frozenset(RESPONSE_PARSERS),
}
_PLACES: Final = tuple((vars(owner), name) for owner, name in _METHODS)


@dataclass(frozen=True)
class Watchers:
    """The code that hooks into calls to one operation. ``traced`` makes the calls inside the tracers' wrappers, if
    there are tracers.
    """

    #: moto's handlers, which do nothing while no ``mock_aws`` is active.
    stubbers: tuple[Any, ...] = ()
    traced: TracedCalls | None = None
    #: The names of hooks that the lane doesn't know. If there are any, botocore must make all calls.
    strangers: list[str] = field(default_factory=list)

    @property
    def leave(self) -> bool:
        """Whether botocore must make the calls."""
        return bool(self.strangers) or any(stubber.enabled for stubber in self.stubbers)


class BotocoreHooks:
    """The hooks of one client. Handlers that come from the modules in ``own`` are ignored."""

    def __init__(self, client: BaseClient, own: frozenset[str]) -> None:
        self._client = client
        self._own = _OWN | own
        self._emitter: Any = client.meta.events._emitter  # type: ignore[attr-defined]
        # botocore makes a new cache at each registration. All values are in one tuple, because threads share them.
        self._known: tuple[Any, list[Any], dict[str, Watchers]] = (self._emitter._lookup_cache, _methods(), {})

    def watchers(self, operation: str) -> Watchers:
        """Returns the code that hooks into calls to ``operation``."""
        cache, methods, watchers_by_operation = self._known
        now = _methods()
        # Compared by identity, because a wrapper of wrapt equals the object that it wraps.
        if self._emitter._lookup_cache is not cache or not all(map(is_, now, methods)):
            watchers_by_operation = {}
            self._known = (self._emitter._lookup_cache, now, watchers_by_operation)
        watchers = watchers_by_operation.get(operation)
        if watchers is None:
            watchers = watchers_by_operation[operation] = self._watchers(operation)
        return watchers

    def _watchers(self, operation: str) -> Watchers:
        stubbers, handlers, others = [], [], patches()
        for handler in self._handlers(operation):
            module, name = _module(handler), name_of(handler)
            if module == _MOTO and hasattr(handler, "enabled"):
                stubbers.append(handler)
            elif name in HANDLERS:
                handlers.append((HANDLERS[name], handler))
            elif not (module in self._own or handler is _BLOCKS_DISCOVERY):
                others.append(name)
        traced = None if others else TracedCalls.of(self._client, operation, handlers)
        return Watchers(tuple(stubbers), traced, others)

    def _handlers(self, operation: str) -> Iterator[Any]:
        for event in _EVENTS:
            yield from self._emitter._handlers.prefix_search(f"{event}.dynamodb.{operation}")


def patches() -> list[str]:
    """Returns the names of unknown functions that wrap or replace botocore's methods."""
    found = []
    for (owner, method), known in _METHODS.items():
        layers, function = unwrapped(vars(owner)[method], CLOSURES)
        found += [layer.name for layer in layers if not _is_known(layer, known)]
        if not name_of(function).startswith("botocore.") or has_other_code(
            function
        ):  # (a method that botocore has decorated is defined in another module of botocore)
            found.append(f"{name_of(function)} (instead of {owner.__name__}.{method})")
    return found


def _is_known(layer: Any, known: frozenset[str]) -> bool:
    does_something = RESPONSE_PARSERS.get(layer.name)
    return layer.name in known and not (does_something is not None and does_something(layer.wrapper))


def _methods() -> list[Any]:
    return [members[name] for members, name in _PLACES]


def _module(handler: Any) -> str:
    """Returns the name of the module that defines ``handler``, which is a function, a method or an object with
    ``__call__``.
    """
    owner = getattr(handler, "__self__", handler)
    return str(getattr(handler, "__module__", None) or type(owner).__module__)
