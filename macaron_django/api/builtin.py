"""The handlers of apis/ping.yaml and apis/pymacaron_ping.yaml: GET /ping, /ready, /version and /auth/version."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from macaron_django.api.readiness import missing
from macaron_django.api.served_apis import catalogue
from macaron_django.conf import get_config
from macaron_django.conf.container_versions import get_container_version
from macaron_django.exceptions import PyMacaronException

__all__ = ["UNTHROTTLED", "add_ping_hook", "ping", "ping_hooks", "pymacaron_version", "ready", "version"]

#: The project's default throttles don't apply to these handlers: refusing a probe would take a healthy server out of
#: service.
UNTHROTTLED = frozenset({"macaron_django.api.builtin.ping", "macaron_django.api.builtin.ready"})


#: The functions that ``ping`` calls. If one of them raises an exception, the client gets that error.
ping_hooks: list[Callable[[], object]] = []


def add_ping_hook(hook: Callable[[], object]) -> None:
    """Adds a function that each GET /ping calls. Raises TypeError if ``hook`` isn't a function."""
    if not callable(hook):
        raise TypeError(f"The ping hook {hook!r} should be a function.")
    ping_hooks.append(hook)


def ping() -> dict[str, Any]:
    """Returns an empty object, to show that the server responds. Runs only the ping hooks, so that probes are cheap."""
    for hook in ping_hooks:
        hook()
    return {}


class NotReady(PyMacaronException):
    """The server lacks something that it needs to serve requests.

    If the previous check found the same problems, the exception isn't logged or reported again.
    """

    code = "NOT_READY"
    status = 503
    headers: Mapping[str, str] = {"Retry-After": "1"}

    #: The problems in the last response, by the name of the check.
    known: Mapping[str, str] = {}


def ready() -> dict[str, Any]:
    """Returns an empty object if the server can reach its tables, its databases and everything else that it needs.

    Otherwise, raises ``NotReady`` (503) with a message that names each missing part.
    """
    found = missing()
    is_known, NotReady.known = found == NotReady.known, found
    if found:
        unready = NotReady("; ".join(f"{name}: {problem}" for name, problem in found.items()) + ".")
        unready.is_known = is_known
        raise unready
    return {}


def version() -> dict[str, Any]:
    """Returns this package's name and version, the image's version, and the ``info.version`` of each served API."""
    apis = {name: str(api.document.info.get("version", "")) for name, api in catalogue.items() if api.is_routed}
    return {
        "name": "macaron_django",
        "version": _installed_version(),
        "container": _running_container_version(),
        "apis": apis,
    }


@cache
def _installed_version() -> str:
    from importlib import metadata  # imported here: it takes a while, and reads files each time

    return metadata.version("macaron_django")


@cache
def _running_container_version() -> str:
    return get_container_version()


def pymacaron_version() -> dict[str, Any]:
    """Returns PyMacaron's response to /version: the service's name, its APIs' names, its container, and ``PYM_ENV``."""
    version = get_container_version()
    return {
        "name": str(getattr(get_config(), "name", "")),
        "version": version,
        "container": version,
        "apis": sorted(name for name, api in catalogue.items() if api.is_routed),
        "pym_env": os.environ.get("PYM_ENV", ""),
    }
