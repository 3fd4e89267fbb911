"""The admin of one persisted schema: its items listed by cursor, and each shown whole. Read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Field, Model
from django.http import HttpRequest

from macaron_django.exceptions import InvalidCursor

if TYPE_CHECKING:
    from macaron_django.schemas import APIObject

    ModelAdmin: TypeAlias = admin.ModelAdmin[Model]
else:
    ModelAdmin = admin.ModelAdmin  # takes a type only in its stubs

__all__ = ["ItemAdmin", "ItemChangeList"]

CURSOR = "cursor"
#: As many columns as fit beside each other where a schema doesn't choose them with ``x-admin: {columns: […]}``.
MAX_COLUMNS = 8


class ItemChangeList(ChangeList):
    """A page of items from a cursor on: DynamoDB can neither count cheaply nor jump to a page by number."""

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        lookups = super().get_filters_params(params)
        lookups.pop(CURSOR, None)
        return lookups

    def get_ordering(self, request: HttpRequest, queryset: Any) -> Any:
        return []  # items come in the table's own order, whatever ?o= asks for

    def get_results(self, request: HttpRequest) -> None:
        try:
            page = self.queryset.page(limit=self.list_per_page, cursor=request.GET.get(CURSOR) or None)
        except InvalidCursor as error:
            raise IncorrectLookupParameters(str(error)) from error
        self.result_list = page.rows
        self.result_count = len(page.rows)
        self.full_result_count = None
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = False
        self.multi_page = False
        self.paginator = Paginator(page.rows, self.list_per_page)
        self.first_url = self.get_query_string(remove=[CURSOR]) if CURSOR in request.GET else None
        self.next_url = self.get_query_string({CURSOR: page.next_cursor}) if page.next_cursor else None


class ItemAdmin(ModelAdmin):
    """Lists and shows the items of a persisted schema, to staff with the permission to view them.

    Columns come from the schema in its order, or from its ``x-admin: {columns: [names]}``. To change more, subclass
    and register it for ``apipool.<api>.<Schema>``, as any ``ModelAdmin``.
    """

    change_list_template = "macaron_django/admin/change_list.html"
    list_per_page = 100
    show_full_result_count = False
    sortable_by = ()
    actions = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ItemChangeList

    def get_list_display(self, request: HttpRequest) -> Any:
        if tuple(self.list_display) != ("__str__",):
            return self.list_display
        described = cast("type[APIObject]", self.model)._spec
        chosen = (described.schema.extensions.admin or {}).get("columns")
        if chosen:
            return [described.field_names[name] for name in chosen]
        return [field.name for field in self.opts.concrete_fields if fits_a_column(field)][:MAX_COLUMNS]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def fits_a_column(field: Field[Any, Any]) -> bool:
    """Whether a field's value reads well in one cell of a list."""
    return field.get_internal_type() not in ("JSONField", "TextField", "BinaryField")
