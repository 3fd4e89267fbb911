"""Adding, changing and deleting items in the admin: nobody may yet."""

from __future__ import annotations

from django.db.models import Model
from django.http import HttpRequest

from macaron_django.admin.bases import ItemModelAdmin

__all__ = ["WritingMixin"]


class WritingMixin(ItemModelAdmin):
    """Who may write, and what is written."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
