"""The admin of one persisted schema, as a table of contents: each part stands in a module of its own."""

from __future__ import annotations

from macaron_django.admin.changelists import FindingMixin
from macaron_django.admin.columns import ColumnsMixin
from macaron_django.admin.exporting import ExchangeMixin
from macaron_django.admin.filters import FiltersMixin
from macaron_django.admin.item_pages import ReadingMixin
from macaron_django.admin.permissions import PermissionsMixin
from macaron_django.admin.saving import WritingMixin
from macaron_django.admin.table_pages import TablesMixin

__all__ = ["ItemAdmin"]


class ItemAdmin(
    PermissionsMixin,  # who may do what
    WritingMixin,  # add, change, delete
    ExchangeMixin,  # export, import
    ReadingMixin,  # an item's page for those who may only view
    TablesMixin,  # the page about the tables
    FindingMixin,  # the list
    ColumnsMixin,  # its columns
    FiltersMixin,  # and the filters beside it
):
    """Lists, shows and edits the items of a persisted schema, for staff with Django's permissions on its model.

    Columns come from the schema in its order, or from its ``x-admin: {columns: [names]}``. To change more, subclass
    and register it for ``apipool.<api>.<Schema>``, as any ``ModelAdmin``.
    """
