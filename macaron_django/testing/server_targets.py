"""Determines which server acceptance tests call, and with which token.

Reads the environment variables ``PYM_SERVER_HOST``, ``PYM_SERVER_PORT`` and ``PYM_JWT_TOKEN``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ImproperlyConfigured

__all__ = ["HTTPS_PORT", "ServerTarget", "load_port_host_token", "target_in_environment"]

HTTPS_PORT = 443
HTTP_PORT = 80
#: PyMacaron's port, which is used if no URL and no port is given.
DEFAULT_PORT = 8080


@dataclass(frozen=True)
class ServerTarget:
    """A server, and the token that tests send to it. If ``secure`` is true, tests use HTTPS."""

    host: str
    port: int
    token: str | None = field(default=None, repr=False)
    secure: bool = False

    @classmethod
    def parse(cls, host: str, port: str | int | None = None, token: str | None = None) -> ServerTarget:
        """Returns the server with this host and port. ``host`` is a host name, or a URL without a path.

        Without ``port``, the port in ``host`` is used. If ``host`` has no port, the port is the default port of the
        URL's scheme. For a host name, the default port is 8080. HTTPS is used for port 443, and for URLs that begin
        with ``https://``. Raises ValueError, whose message names the mistake.

        >>> ServerTarget.parse("https://api.example.com/").base_url
        'https://api.example.com:443'
        >>> ServerTarget.parse("127.0.0.1", "8080").base_url
        'http://127.0.0.1:8080'
        """
        scheme, separator, rest = host.strip().rpartition("://")
        if scheme.lower() not in ("http", "https") and separator:
            raise ValueError(f"{host!r} isn't a host name or a URL that begins with http:// or https://.")
        secure = scheme.lower() == "https"
        name, number = _split(rest.removesuffix("/"), host)
        if port in (None, ""):
            of_scheme = HTTPS_PORT if secure else HTTP_PORT
            port = number or (of_scheme if separator else DEFAULT_PORT)
        elif number and int(number) != _port(port):
            raise ValueError(f"The port in {host!r} isn't {port}: give the port once.")
        parsed = _port(port)
        return cls(name, parsed, token, secure or parsed == HTTPS_PORT)

    @property
    def base_url(self) -> str:
        """Returns the URL to which paths are appended, without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Returns the environment variables with which acceptance tests find this server."""
        scheme = "https://" if self.secure else ""
        token = {"PYM_JWT_TOKEN": self.token} if self.token else {}
        return {"PYM_SERVER_HOST": scheme + self.host, "PYM_SERVER_PORT": str(self.port), **token}


def _split(name: str, given: str) -> tuple[str, str]:
    """Returns the host and the port of ``host:port``. An IPv6 address is in brackets. A missing port is ""."""
    number = ""
    if name.startswith("["):
        name, bracket, after = name[1:].partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise ValueError(f"{given!r} isn't a host name.")
        number = after[1:]
    elif name.count(":") == 1:
        name, _, number = name.partition(":")
    if not name or any(letter in name for letter in "/?#@ []") or not (number == "" or number.isdecimal()):
        raise ValueError(f"{given!r} isn't a host name.")
    return name, number


def _port(port: str | int | None) -> int:
    text = str(port).strip()
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        raise ValueError(f"{port!r} isn't a port: give a number from 1 to 65535.")
    return int(text)


def target_in_environment(environment: Mapping[str, str] = os.environ) -> ServerTarget | None:
    """Returns the server from the environment variables, or None if neither a host nor a port is set.

    Raises ImproperlyConfigured if the variables are incomplete or incorrect.
    """
    host, port = (environment.get(f"PYM_SERVER_{part}", "").strip() for part in ("HOST", "PORT"))
    if not host and not port:
        return None
    if not host or not port:
        missing = "PYM_SERVER_PORT" if host else "PYM_SERVER_HOST"
        raise ImproperlyConfigured(f"Set {missing}, too: PYM_SERVER_HOST and PYM_SERVER_PORT work only together.")
    try:
        return ServerTarget.parse(host, port, environment.get("PYM_JWT_TOKEN") or None)
    except ValueError as error:
        raise ImproperlyConfigured(f"PYM_SERVER_HOST and PYM_SERVER_PORT: {error}") from error


def load_port_host_token() -> tuple[str, int, str | None]:
    """Returns the host, the port and the token from the environment variables. A missing token is None.

    Raises ImproperlyConfigured if the host or the port is missing.
    """
    target = target_in_environment()
    if target is None:
        raise ImproperlyConfigured("Set PYM_SERVER_HOST and PYM_SERVER_PORT to the server that acceptance tests call.")
    return target.host, target.port, target.token
