"""Defines the base class of the mixins that make up ``ItemAdmin``, and the links that a mixin adds to pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest

from macaron_django.admin.display.local_texts import local_error, local_text
from macaron_django.dynamodb.tables.syncing import compare_table
from macaron_django.exceptions import PersistenceError, UnstorableValue

if TYPE_CHECKING:
    ModelAdmin: TypeAlias = admin.ModelAdmin[Model]
else:
    ModelAdmin = admin.ModelAdmin  # ModelAdmin is generic only in its stubs

__all__ = ["ItemAdminBase", "ObjectTool"]


@dataclass(frozen=True)
class ObjectTool:
    """A link at the top right of a page, like Django's links "Add" and "History"."""

    label: Any  # text, maybe translated when shown
    url: str
    css_class: str = ""


class ItemAdminBase(ModelAdmin):
    """The base class of the mixins that make up ``ItemAdmin``.

    A mixin adds its links to the links that ``super()`` returns.
    """

    def get_queryset(self, request: HttpRequest) -> Any:
        # Administrators see all items in the table, even the items that `expired: hidden` hides from clients.
        queryset: Any = super().get_queryset(request)
        return queryset.with_expired()

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        try:
            return super().get_object(request, object_id, from_field)
        except UnstorableValue:
            return None  # no item can have such a key
        except PersistenceError as error:
            conflict = self._table_conflict()
            if not conflict:
                raise
            self.message_user(request, f"{local_error(error)} ({local_text(conflict)})", messages.ERROR)
            return None

    def _table_conflict(self) -> str:
        """Returns a text that says how the table's keys differ from the schema's keys; "" if they are equal."""
        try:
            found = compare_table(self.model.objects.persistence.table)  # type: ignore[attr-defined]
        except PersistenceError:
            return ""
        return next((each.text for each in found if each.kind == "conflict"), "")

    def list_tools(self, request: HttpRequest) -> list[ObjectTool]:
        """Returns the links at the top of the list."""
        return []

    def item_tools(self, request: HttpRequest, obj: Model) -> list[ObjectTool]:
        """Returns the links at the top of an item's page."""
        return []
