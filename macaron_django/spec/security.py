"""Security requirements: what a document or an operation says of them goes in, tuples come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "NOBODY",
    "Requirements",
    "malformed_requirement",
    "security_requirements",
]


Requirements = tuple[Mapping[str, tuple[str, ...]], ...]

#: What ``security`` counts as where it can't be read: a scheme that no document can declare, so that nobody is let in.
NOBODY: Requirements = ({"": ()},)


def security_requirements(value: Any) -> Requirements | None:
    """Any one of these lets a caller in; (): public; None: nothing is said; ``NOBODY`` for what is malformed.

    What is left of a malformed ``security`` might be public, so none of it is used.

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
    """How a ``security`` should have been written, where it is malformed; None where it is well-formed.

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
            # YAML reads `- jwt:` as null: no scope was written, so none is lost
            if not name or (scopes is not None and not _is_scopes(scopes)):
                return f"[{{{name or 'name'}: []}}]"
    return None


def _is_scopes(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(scope, str) for scope in value)
