"""Decides whether an operation can run on an event loop. An operation can't run on an event loop if any part of the
operation might block.

The project's code might block. Queries of Django's ORM block, and so do requests for the keys that verify a token.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from rest_framework.permissions import (
    AND,
    NOT,
    OR,
    AllowAny,
    IsAdminUser,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
)

from macaron_django.api.plans import request_checks as checks
from macaron_django.api.plans.operation_handlers import HandlerUnavailable
from macaron_django.auth.authentication import JWTAuthentication
from macaron_django.auth.credential_verifiers import is_verified_here
from macaron_django.auth.security_requirements import AllowedAnonymous, RequestMemory, SecurityPermission
from macaron_django.conf import settings
from macaron_django.overrides import is_computed

if TYPE_CHECKING:
    from macaron_django.api.plans.served_operations import Served

__all__ = ["STEP_ACTIONS", "runs_on_loops"]

#: The generated actions that can run in steps (``macaron_django.drivers``).
STEP_ACTIONS = frozenset({"create", "retrieve", "update", "partial_update", "destroy"})
_CHECKS = frozenset(
    {checks.refuse_control_characters, checks.negotiate, checks.admit_anybody, checks.authenticate}
    | {checks.check_permissions, checks.read_parameters}
)
_PERMISSIONS = (AllowAny, AllowedAnonymous, IsAdminUser, IsAuthenticated, IsAuthenticatedOrReadOnly)


def runs_on_loops(
    served: Served, overridden: AbstractSet[str], listed: Collection[Callable[..., None]], view: Any, *, stores: bool
) -> bool:
    """Returns whether the checks before the action, and the action itself, never block.

    ``listed`` contains the checks that run before the action. ``stores`` says whether the action can use the store
    directly.
    """
    return (
        not overridden - {"permission_classes"}
        and _CHECKS.issuperset(listed)
        and (checks.authenticate not in listed or _authenticates_here(served))
        and (checks.check_permissions not in listed or _permits_here(view))
        and (_is_asynchronous(served) if served.handler is not None else stores and _works_in_steps(served))
    )


def _works_in_steps(served: Served) -> bool:
    return served.generated is not None and served.action in STEP_ACTIONS


def _is_asynchronous(served: Served) -> bool:
    handler = served.handler
    try:
        return handler is not None and inspect.iscoroutinefunction(handler.function)
    except HandlerUnavailable:
        return False


def _authenticates_here(served: Served) -> bool:
    """Returns whether credentials are verified without a database, another server or the project's code."""
    policy, options = served.security, settings.JWT
    if policy.is_silent:
        known = {RequestMemory, JWTAuthentication}
        if not known.issuperset(policy.authentication_classes):
            return False
    elif not all(each.scheme is None or is_verified_here(each.name, each.scheme) for each in policy.requirements):
        return False
    return options.USER == "none" and options.REVOKED is None and not options.JWKS_URL


def _permits_here(view: Any) -> bool:
    """Returns whether all permissions are of known classes. Returns False if ``permission_classes`` is a property."""
    return not is_computed(type(view), "permission_classes") and all(map(_is_known, view.get_permissions()))


def _is_known(permission: Any) -> bool:
    if type(permission) in {AND, OR}:
        return _is_known(permission.op1) and _is_known(permission.op2)
    if isinstance(permission, NOT):
        return _is_known(permission.op1)  # type: ignore[attr-defined]  # missing in its stubs
    return type(permission) in _PERMISSIONS or (
        isinstance(permission, SecurityPermission) and type(permission).has_permission is _HAS_PERMISSION
    )


_HAS_PERMISSION = SecurityPermission.has_permission
