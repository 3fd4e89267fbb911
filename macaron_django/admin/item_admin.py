"""Assembles ``ItemAdmin`` from its mixins. Each mixin has its own module."""

from __future__ import annotations

from macaron_django.admin.forms.bulk_deletion import BulkDeletionMixin
from macaron_django.admin.forms.change_views import ChangeFormMixin
from macaron_django.admin.import_export.export_pages import ExportMixin
from macaron_django.admin.import_export.import_pages import ImportMixin
from macaron_django.admin.lists.allowed_lookups import AllowedLookupsMixin
from macaron_django.admin.lists.changelists import ChangeListMixin
from macaron_django.admin.lists.columns import ColumnsMixin
from macaron_django.admin.lists.list_filters import FiltersMixin
from macaron_django.admin.pages.item_pages import ItemViewMixin
from macaron_django.admin.pages.table_pages import TablesMixin
from macaron_django.admin.permissions import PermissionsMixin

__all__ = ["ItemAdmin"]


class ItemAdmin(
    PermissionsMixin,
    ChangeFormMixin,
    BulkDeletionMixin,
    ExportMixin,
    ImportMixin,
    ItemViewMixin,
    TablesMixin,
    ChangeListMixin,
    AllowedLookupsMixin,
    ColumnsMixin,
    FiltersMixin,
):
    """Lists, shows and edits the items of a persisted schema, for staff with Django's permissions on its model.

    The columns are the schema's properties in schema order, or the names in ``x-admin: {columns: [names]}``. To change
    more, register a subclass for ``apipool.<api>.<Schema>``, like any ``ModelAdmin``.
    """
