"""Supplies the credentials that an operation's security requires: bearer tokens, API keys, passwords and OAuth 2.

The option ``CREDENTIALS`` maps the name of each security scheme to its credentials: a string, a function that returns a
string, or ``"call:"`` followed by the dotted path of such a function. HTTP Basic needs ``("user", "password")``. OAuth
2 needs a mapping with ``client_id`` and ``client_secret``. The string ``"caller"`` means the token of the request that
is being served.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from macaron_django.auth.caller import get_user_token
from macaron_django.openapi import Operation, SecurityScheme, is_dotted

__all__ = ["CALLER", "Credentials", "Grant", "credentials_for"]

#: The value of ``CREDENTIALS`` that means the token of the request being served.
CALLER = "caller"


@dataclass(frozen=True)
class Grant:
    """The data for requesting a token: OAuth 2's client credentials (RFC 6749, section 4.4)."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()


@dataclass
class Credentials:
    """The credentials that are added to a request. ``grant`` describes a bearer token that must be fetched first."""

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    query: list[tuple[str, str]] = field(default_factory=list, repr=False)
    cookies: list[str] = field(default_factory=list, repr=False)
    grant: Grant | None = None


def credentials_for(operation: Operation, supplied: Mapping[str, Any]) -> Credentials:
    """Returns the credentials for the operation's first security requirement that can be met.

    The credentials are empty for a public operation. They are also empty if no requirement can be met. In that case,
    the service refuses the call.
    """
    found = Credentials()
    for requirement in operation.security or ():
        if all(name in supplied for name in requirement):
            for name, scopes in requirement.items():
                scheme = operation.document.security_schemes.get(name)
                if scheme is not None:
                    _add(found, name, scheme, supplied[name], scopes)
            break
    return found


def _add(found: Credentials, name: str, scheme: SecurityScheme, given: Any, scopes: tuple[str, ...]) -> None:
    value = _value(name, given)
    if given == CALLER and not value:
        return  # no one is signed in: the call is sent without credentials
    if scheme.type == "apiKey":
        _add_key(found, scheme, name, value)
    elif scheme.type == "http" and scheme.scheme == "basic":
        user, password = value
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        found.headers["Authorization"] = f"Basic {encoded}"
    elif isinstance(value, Mapping):
        found.grant = _grant(name, scheme, value, scopes)
    else:
        kind = "Bearer" if scheme.type != "http" or scheme.scheme in (None, "bearer") else str(scheme.scheme).title()
        found.headers["Authorization"] = f"{kind} {_sendable(name, value)}"


def _value(name: str, given: Any) -> Any:
    if given == CALLER:
        return get_user_token()
    if isinstance(given, str) and given.startswith("call:") and is_dotted(given.removeprefix("call:")):
        given = import_string(given.removeprefix("call:"))
    return given() if callable(given) else given


def _add_key(found: Credentials, scheme: SecurityScheme, name: str, value: Any) -> None:
    key, text = scheme.name or name, _sendable(name, value)
    if scheme.location == "query":
        found.query.append((quote(key, safe=""), quote(text, safe="")))
    elif scheme.location == "cookie":
        found.cookies.append(f"{quote(key, safe='')}={quote(text, safe='')}")
    else:
        found.headers[key] = text


def _sendable(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise ImproperlyConfigured(f"The credentials of {name} must be a string of printable ASCII characters.")
    return value


def _grant(name: str, scheme: SecurityScheme, given: Mapping[str, Any], scopes: tuple[str, ...]) -> Grant:
    flow = scheme.flows.get("clientCredentials")
    declared = flow.get("tokenUrl") if isinstance(flow, Mapping) else None
    url = given.get("token_url") or declared
    if not isinstance(url, str) or "client_id" not in given or "client_secret" not in given:
        raise ImproperlyConfigured(
            f"The credentials of {name} need client_id and client_secret. If the spec doesn't have the flow "
            "clientCredentials, they also need token_url."
        )
    wanted = tuple(given.get("scopes", scopes))
    return Grant(url, str(given["client_id"]), str(given["client_secret"]), wanted)
