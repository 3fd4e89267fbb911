"""Finds the base URL of an operation: ``BASE_URL`` of the settings, or else the URL in the spec's ``servers``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import get_script_prefix

from macaron_django.clients.client_options import ClientOptions
from macaron_django.openapi import Operation

__all__ = ["base_url", "is_absolute"]


def is_absolute(url: str) -> bool:
    """Returns whether ``url`` is an http or https URL that has a host, but no user name or password.

    >>> [is_absolute(url) for url in ("https://a.test/v1", "/v1", "ftp://a.test", "https://me:pw@a.test")]
    [True, False, False, False]
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (raises ValueError if the port isn't valid)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def base_url(api: str, operation: Operation, options: ClientOptions) -> str:
    """Returns the URL that comes before an operation's path, without a trailing slash.

    If ``BASE_URL`` is absolute, returns it unchanged. If ``BASE_URL`` is a path, it replaces the path of the spec's
    server. If ``IN_PROCESS`` is True, returns the URL at which this process serves the API. Raises
    ``ImproperlyConfigured`` if neither the setting nor the spec has a host.
    """
    given = options.base_url
    if given is not None and "://" in given:
        if not is_absolute(given):
            raise ImproperlyConfigured(f"MACARON['CLIENTS'][{api!r}]['BASE_URL'] isn't an http or https URL.")
        return given.rstrip("/")
    if options.in_process:
        mounted = operation.route.removesuffix(operation.path)
        path = get_script_prefix().rstrip("/") + mounted if given is None else given
        return f"https://{_own_host()}{_as_path(path)}"
    found = _server_url(operation)
    if not is_absolute(found):
        raise ImproperlyConfigured(
            f"The spec of {api} has no http or https server ({found or 'none'!r}): set "
            f"MACARON['CLIENTS'][{api!r}]['BASE_URL']."
        )
    if given is not None:
        found = urljoin(found, "/") + given.strip("/")
    return found.rstrip("/")


def _as_path(path: str) -> str:
    path = path.strip("/")
    return f"/{path}" if path else ""


def _own_host() -> str:
    """Returns a host that Django's ``ALLOWED_HOSTS`` accepts."""
    allowed = [host for host in django_settings.ALLOWED_HOSTS if "*" not in host]
    return allowed[0].lstrip(".") if allowed else "localhost"


def _server_url(operation: Operation) -> str:
    """Returns the URL of the operation's first server, with its variables filled in.

    If the operation has no servers, uses the servers of its path. If the path has none, uses the document's servers.
    """
    document = operation.document
    if document.dialect == "2.0":
        return _swagger2_url(document.json, operation.route.removesuffix(operation.path))
    for owner in (operation.json, *(node.mapping for node in operation.path_items), document.json):
        servers = owner.get("servers")
        if isinstance(servers, list) and servers and isinstance(servers[0], Mapping):
            return _filled(servers[0])
    return ""


def _filled(server: Mapping[str, Any]) -> str:
    url = str(server.get("url") or "")
    variables = server.get("variables")
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        if isinstance(variable, Mapping):
            url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    return url


def _swagger2_url(document: Mapping[str, Any], path: str) -> str:
    """Returns the URL of the server that ``host`` names, or "" if the document has no ``host``.

    The scheme is http if ``schemes`` has http but not https. Otherwise it is https.
    """
    host = document.get("host")
    if not isinstance(host, str) or not host:
        return ""
    schemes = document.get("schemes")
    known = [each for each in schemes if each in ("https", "http")] if isinstance(schemes, list) else []
    scheme = "https" if "https" in known or not known else "http"
    return f"{scheme}://{host}{_as_path(path)}"
