"""A page of items from a cursor on, where Django's list has numbered pages.

In goes the request; out comes what the list's template shows. Apart from the ``ModelAdmin`` as in Django.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.http import HttpRequest

from macaron_django.admin.bases import ItemModelAdmin
from macaron_django.exceptions import InvalidCursor

__all__ = ["FindingMixin", "ItemChangeList"]

CURSOR = "cursor"


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


class FindingMixin(ItemModelAdmin):
    """The list: pages by cursor."""

    change_list_template = "admin/macaron_django/change_list.html"
    list_per_page = 100
    show_full_result_count = False
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ItemChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"list_tools": self.list_tools(request), **(extra_context or {})})
