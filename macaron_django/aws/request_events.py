"""Prevents clients from forging the headers and the address that a gateway or load balancer sets.

Ambiguous headers are removed before the event becomes a request. The caller's address comes from the gateway or load
balancer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["from_address", "is_request", "without_ambiguous_headers"]

Event = Mapping[str, Any]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def is_request(event: Event) -> bool:
    """Returns whether an event is an HTTP request, from API Gateway (versions 1 and 2), a load balancer or a
    function URL.
    """
    context = event.get("requestContext")
    return isinstance(context, Mapping) and ("http" in context or "httpMethod" in event)


def without_ambiguous_headers(event: Event) -> dict[str, Any]:
    """Returns an event without the headers that have an underscore in their name.

    WSGI has the same name for ``X-User`` and ``X_User``. A proxy that sets or removes ``X-User`` doesn't remove
    ``X_User``.
    """
    cleaned = dict(event)
    for group in ("headers", "multiValueHeaders"):
        if event.get(group):
            cleaned[group] = {name: value for name, value in event[group].items() if "_" not in name}
    return cleaned


def from_address(application: Application) -> Application:
    """Returns an application that gets the caller's address from the gateway or load balancer.

    A client can write the first address of X-Forwarded-For. The load balancer writes the last address, and
    can be configured to add the client's port (Application Load Balancers, "Client port preservation").
    """

    def addressed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        context = environ.get("apig_wsgi.request_context") or {}
        known = (context.get("identity") or context.get("http") or {}).get("sourceIp")
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        environ["REMOTE_ADDR"] = known or _without_port(forwarded) or environ["REMOTE_ADDR"]
        return application(environ, start_response)

    return addressed


def _without_port(address: str) -> str:
    """Returns an address without its port.

    >>> [_without_port(each) for each in ("1.2.3.4:5555", "1.2.3.4", "[2001:db8::1]:443", "2001:db8::1")]
    ['1.2.3.4', '1.2.3.4', '2001:db8::1', '2001:db8::1']
    """
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
