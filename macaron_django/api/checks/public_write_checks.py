"""Finds generated operations that let anyone change data. ``manage.py check --deploy`` reports these operations.

The check takes into account the spec's ``security``, the viewset's permissions and the project's default permissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.settings import api_settings

from macaron_django.api.plans.served_operations import Served
from macaron_django.api.rules.resources import described
from macaron_django.api.views.operation_viewsets import OperationViewSet
from macaron_django.api.viewsets import in_use
from macaron_django.openapi import Finding

__all__ = ["public_writes"]

WRITES = frozenset({"create", "replace", "merge_patch", "destroy"})


def public_writes(served: Iterable[tuple[type[OperationViewSet], Served]]) -> Iterator[Finding]:
    """Yields a warning for each generated operation that changes data, if no permission restricts its callers."""
    for viewset, each in served:
        if each.generated is None or each.generated.action not in WRITES or not _is_public(in_use(viewset), each):
            continue
        why = (
            "its `security` requires no credentials"
            if each.security.is_public
            else "neither its `security` nor a permission checks the caller"
        )
        yield Finding(
            "W401",
            "warning",
            f"{described(each.operation)} is generated, changes data and is open to anyone: {why}.",
            "Restrict it with the spec's `security`, DRF's DEFAULT_PERMISSION_CLASSES or the viewset's "
            "permission_classes. If it's meant to be open to anyone, add macaron_django.W401 to "
            "SILENCED_SYSTEM_CHECKS.",
            each.operation.location,
        )


def _is_public(viewset: type[OperationViewSet], served: Served) -> bool:
    policy = served.security
    if not policy.is_silent and not policy.is_public:
        return False
    permissions: list[Any] = list(api_settings.DEFAULT_PERMISSION_CLASSES) if policy.is_silent else []
    if viewset.permission_classes is not OperationViewSet.permission_classes:
        permissions = list(viewset.permission_classes)
    return all(permission is AllowAny for permission in permissions)
