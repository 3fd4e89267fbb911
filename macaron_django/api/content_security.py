"""Which hosts a documentation page may ask: its assets and document go in, a Content-Security-Policy comes out.

Apart from the pages because it is what proves that they stay at home: Redoc's footer shows a logo from its makers'
server, Swagger UI offers documents to an online validator, and a description's Markdown may embed any image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from macaron_django.spec import Document

__all__ = ["content_security_policy"]

#: Where Swagger UI itself sends requests to authorise somebody; an ``authorizationUrl`` is a window of its own.
_FETCHED = ("tokenUrl", "refreshUrl", "deviceAuthorizationUrl")


def content_security_policy(assets: Iterable[str], document: Document | None = None) -> str:
    """A policy that allows this host, the hosts that ``assets`` are configured to come from, and nothing else.

    Requests may also go to the authorisation servers that the document names. Styles are allowed inline: both
    programs write them into the page; scripts are not.
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
    """The origins of absolute URLs; a relative one is this host's. What could end a directive is left out."""
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
