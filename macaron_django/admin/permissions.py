"""Decides what a user may do.

Django's permissions on the model apply, unless a setting or the schema forbids writing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.db.models import Model
from django.http import HttpRequest

from macaron_django.admin.admin_bases import ItemAdminBase
from macaron_django.conf import settings

if TYPE_CHECKING:
    from macaron_django.schemas import APIObject

__all__ = ["PermissionsMixin", "is_read_only"]


def is_read_only(model: type[Model]) -> bool:
    """Returns whether ``MACARON["ADMIN"]["READ_ONLY"]`` or the schema's ``x-admin`` makes a model's items read-only."""
    chosen = cast("type[APIObject]", model)._spec.schema.extensions.admin or {}
    return bool(settings.ADMIN.READ_ONLY or chosen.get("read_only"))


class PermissionsMixin(ItemAdminBase):
    """Grants Django's permissions.

    If the setting or the schema makes the model read-only, refuses the permissions to write.
    """

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not is_read_only(self.model) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return not is_read_only(self.model) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return not is_read_only(self.model) and super().has_delete_permission(request, obj)
