"""Finds generated operations that need the caller's identity, but whose `security` doesn't require credentials."""

from __future__ import annotations

from collections.abc import Iterator

from macaron_django.api.plans.served_operations import Served
from macaron_django.api.rules.resources import described
from macaron_django.api.views.operation_viewsets import OperationViewSet
from macaron_django.openapi import Finding

__all__ = ["anonymous_owners"]


def anonymous_owners(viewset: type[OperationViewSet], served: Served) -> Iterator[Finding]:
    """Yields a warning for an operation that needs the caller's identity, but doesn't require credentials.

    No one can call such an operation.
    """
    generated = served.generated
    if generated is None or not generated.caller_keys or not served.security.is_public or served.security.is_optional:
        return
    if viewset.authentication_classes is not OperationViewSet.authentication_classes:
        return
    names = ", ".join(generated.caller_keys)
    yield Finding(
        id="W309",
        level="warning",
        message=f"{described(served.operation)} needs the value of {names} from the caller, but its "
        "`security` requires no credentials. Every request gets a 401.",
        hint="Add a security scheme to the `security` of the operation or of the document, or remove keys_from.",
        location=served.operation.location,
    )
