"""Security schemes: what a document declares goes in, frozen values come out.

Swagger 2.0's ``basic`` and ``flow`` are told in OpenAPI 3.1's terms. Reading a document asks for none of them; what its
operations require stands in ``security``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["SecurityScheme", "security_scheme"]


@dataclass(frozen=True)
class SecurityScheme:
    """One way of authenticating; ``location`` is where an API key stands: "header", "query" or "cookie"."""

    type: str
    name: str | None = None
    location: str | None = None
    scheme: str | None = None
    bearer_format: str | None = None
    flows: Mapping[str, Any] = field(default_factory=dict, hash=False)
    open_id_connect_url: str | None = None
    description: str = ""
    extensions: Mapping[str, Any] = field(default_factory=dict, hash=False)


def security_scheme(value: Mapping[str, Any]) -> SecurityScheme:
    def text(key: str) -> str | None:
        found = value.get(key)
        return found if isinstance(found, str) else None

    type_, scheme, flows = text("type") or "", text("scheme"), value.get("flows")
    if type_ == "basic":  # Swagger 2.0
        type_, scheme = "http", "basic"
    if type_ == "oauth2" and not isinstance(flows, Mapping) and text("flow"):
        flow = {"application": "clientCredentials", "accessCode": "authorizationCode"}.get(
            str(text("flow")), text("flow")
        )
        flows = {flow: {key: value[key] for key in ("authorizationUrl", "tokenUrl", "scopes") if key in value}}
    return SecurityScheme(
        type=type_,
        name=text("name"),
        location=text("in"),
        scheme=scheme.lower() if scheme else None,
        bearer_format=text("bearerFormat"),
        flows=flows if isinstance(flows, Mapping) else {},
        open_id_connect_url=text("openIdConnectUrl"),
        description=text("description") or "",
        extensions={key: item for key, item in value.items() if key.startswith("x-")},
    )
