"""The tables of an API as DynamoDB has them, beside what their schemas say.

In goes the request; out comes a page with a section for each table that the user may see. Apart from the items
because nothing of it is an item. It hangs at each model's ``tables/``, since an admin has no pages of an app's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from macaron_django.admin.addresses import address, admin_path
from macaron_django.admin.bases import ItemModelAdmin, Tool
from macaron_django.dynamodb.table_descriptions import TableDescription, describe_table
from macaron_django.dynamodb.tables import Difference, compare_table
from macaron_django.exceptions import PyMacaronException

__all__ = ["TablePart", "TablesMixin"]


@dataclass(frozen=True)
class TablePart:
    """A table for the template. ``description`` is None where there is no table, or it can't be asked about."""

    name: str
    schema: str
    list_url: str
    description: TableDescription | None
    differences: list[Difference]
    problem: str = ""

    @property
    def can_be_mended(self) -> bool:
        return any(difference.is_applied for difference in self.differences)


class TablesMixin(ItemModelAdmin):
    """The page about the tables of the API that the model belongs to."""

    tables_template = "admin/macaron_django/tables.html"

    def get_urls(self) -> Any:
        return [admin_path(self, "tables/", self.tables_view, "tables"), *super().get_urls()]

    def list_tools(self, request: HttpRequest) -> list[Tool]:
        return [*super().list_tools(request), Tool(_("Tables"), address(self, "tables"), "macaron-tables-link")]

    def tables_view(self, request: HttpRequest) -> HttpResponse:
        """Every table of this model's API whose items the user may see."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        parts = list(self._parts(request))
        persistence = self.model._default_manager.persistence
        context = {
            **self.admin_site.each_context(request),
            "title": _("Tables of %(api)s") % {"api": self.opts.app_config.verbose_name},
            "opts": self.opts,
            "parts": parts,
            "command": f"manage.py synctables {persistence.api}",
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.tables_template, context)

    def _parts(self, request: HttpRequest) -> Iterator[TablePart]:
        for model, model_admin in self.admin_site._registry.items():
            if model._meta.app_label != self.opts.app_label or not isinstance(model_admin, TablesMixin):
                continue
            if model_admin.has_view_or_change_permission(request):
                yield _part(model, address(model_admin, "changelist"))


def _part(model: Any, list_url: str) -> TablePart:
    persistence = model._default_manager.persistence
    described = (persistence.table_name, persistence.schema.name, list_url)
    try:
        found = describe_table(persistence.table)
        return TablePart(*described, found, compare_table(persistence.table))
    except PyMacaronException as error:
        return TablePart(*described, None, [], str(error))
