"""Security schemes, and the security requirements of a document or an operation.

Swagger 2.0's ``basic`` and ``flow`` are translated into OpenAPI 3.1's terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = [
    "NOBODY",
    "Requirements",
    "SecurityScheme",
    "malformed_requirement",
    "security_requirements",
    "security_scheme",
]


Requirements = tuple[Mapping[str, tuple[str, ...]], ...]

#: Returned for a malformed ``security``. It requires a scheme that no document can declare, so it admits no one.
NOBODY: Requirements = ({"": ()},)


def security_requirements(value: Any) -> Requirements | None:
    """Returns the requirements in ``value``, the value of ``security``.

    A caller must meet one of the requirements. If ``security`` requires nothing, returns (). If ``security`` is absent,
    returns None. If ``security`` is malformed, returns ``NOBODY``, because the well-formed part alone might admit
    everyone.

    >>> security_requirements([{"oauth": ["read"]}, {}]), security_requirements([])
    (({'oauth': ('read',)}, {}), ())
    >>> security_requirements(["jwt"]) == security_requirements({"jwt": []}) == security_requirements("") == NOBODY
    True
    """
    if value is None:
        return None
    if malformed_requirement(value) is not None:
        return NOBODY
    return tuple({name: tuple(scopes or ()) for name, scopes in requirement.items()} for requirement in value)


def malformed_requirement(value: Any) -> str | None:
    """Returns a corrected spelling of a malformed ``security``, or None for a well-formed ``security``.

    >>> malformed_requirement([{"oauth": "admin"}])
    '[{oauth: [admin]}]'
    """
    if not isinstance(value, list):
        names = list(value) if isinstance(value, Mapping) else [value] if isinstance(value, str) and value else []
        return f"[{', '.join(f'{{{name}: []}}' for name in names)}]" if names else "[{name: []}]"
    for requirement in value:
        if not isinstance(requirement, Mapping):
            return f"[{{{requirement if isinstance(requirement, str) and requirement else 'name'}: []}}]"
        for name, scopes in requirement.items():
            if isinstance(scopes, str):
                return f"[{{{name}: [{scopes}]}}]"
            # In YAML, the value of `- jwt:` is null. Here, null means the same as an empty list of scopes.
            if not name or (scopes is not None and not _is_scopes(scopes)):
                return f"[{{{name or 'name'}: []}}]"
    return None


def _is_scopes(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(scope, str) for scope in value)


class SecurityScheme(NamedTuple):
    """A way of authenticating. ``location`` is the place of an API key in a request: "header", "query" or "cookie"."""

    type: str
    name: str | None = None
    location: str | None = None
    scheme: str | None = None  # in lower case: "basic", "bearer"
    bearer_format: str | None = None
    flows: Mapping[str, Any] = MappingProxyType({})
    open_id_connect_url: str | None = None
    description: str = ""
    extensions: Mapping[str, Any] = MappingProxyType({})


def security_scheme(value: Mapping[str, Any]) -> SecurityScheme:
    """Returns the scheme for an entry of ``securitySchemes`` or ``securityDefinitions``."""

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
