"""What the parts of ``ItemAdmin`` have in common: Django's class as type checkers see it, and links to offer.

Apart from the parts because each of them imports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

if TYPE_CHECKING:
    ModelAdmin: TypeAlias = admin.ModelAdmin[Model]
else:
    ModelAdmin = admin.ModelAdmin  # takes a type only in its stubs

__all__ = ["ItemModelAdmin", "Tool"]


@dataclass(frozen=True)
class Tool:
    """A link at the top right of a page, where Django's admin has "Add" and "History"."""

    label: Any  # text, maybe translated when shown
    url: str
    css_class: str = ""


class ItemModelAdmin(ModelAdmin):
    """The base of each part: a part adds its links by extending what ``super()`` returns."""

    def list_tools(self, request: HttpRequest) -> list[Tool]:
        """The links at the top of the list."""
        return []

    def item_tools(self, request: HttpRequest, obj: Model) -> list[Tool]:
        """The links at the top of an item's page."""
        return []
