"""Writes the Content-Security-Policy of the documentation pages. The policy keeps browsers from calling other hosts.

Without this policy, Redoc's footer would load a logo from another server, Swagger UI would pass documents to an online
validator, and the Markdown of a description could embed any image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from macaron_django.openapi import Document

__all__ = ["content_security_policy"]

#: URLs that Swagger UI requests itself to authorise a user; an ``authorizationUrl`` opens in a separate window.
_FETCHED = ("tokenUrl", "refreshUrl", "deviceAuthorizationUrl")


def content_security_policy(assets: Iterable[str], document: Document | None = None) -> str:
    """Returns a policy that allows requests to this host, to the hosts in ``assets`` and to authorisation servers.

    The document names the authorisation servers. The policy also allows inline styles, because Swagger UI and Redoc
    write them into the page. Everything else is forbidden, for example inline scripts.
    """
    hosts = _origins(assets)
    directives: Mapping[str, list[str]] = {
        "default-src": ["'self'", *hosts],
        "script-src": ["'self'", *hosts],
        "style-src": ["'self'", "'unsafe-inline'", *hosts],
        "img-src": ["'self'", "data:", "blob:", *hosts],
        "font-src": ["'self'", "data:", *hosts],
        "connect-src": ["'self'", *hosts, *(_origins(_authorisation_urls(document)) if document is not None else ())],
        "worker-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(dict.fromkeys(sources))}" for name, sources in directives.items())


def _authorisation_urls(document: Document) -> Iterator[str]:
    for scheme in document.security_schemes.values():
        if scheme.open_id_connect_url:
            yield scheme.open_id_connect_url
        for flow in scheme.flows.values():
            if isinstance(flow, Mapping):
                yield from (str(flow[name]) for name in _FETCHED if name in flow)


def _origins(urls: Iterable[str]) -> list[str]:
    """Returns the origins of absolute URLs. Leaves out URLs with a character that could end a directive."""
    found: dict[str, None] = {}
    for url in urls:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            continue
        if host and not set(host) & set("; ,'\"\\"):
            host = f"[{host}]" if ":" in host else host
            origin = host if port is None else f"{host}:{port}"
            found[f"{parts.scheme}://{origin}" if parts.scheme in {"http", "https"} else origin] = None
    return list(found)
