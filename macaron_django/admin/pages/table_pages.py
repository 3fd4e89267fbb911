"""The page that compares an API's tables in DynamoDB with their schemas.

The page is at ``tables/`` below each model's URL, because Django's admin has no pages for a whole app.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from macaron_django.admin.admin_bases import ItemAdminBase, ObjectTool
from macaron_django.admin.display.local_texts import local_error
from macaron_django.admin.page_urls import address, admin_page, admin_path
from macaron_django.dynamodb.tables.syncing import compare_table
from macaron_django.dynamodb.tables.table_descriptions import TableDescription, describe_table
from macaron_django.dynamodb.tables.table_differences import TableDifference
from macaron_django.exceptions import PyMacaronException

__all__ = ["TablePart", "TablesMixin", "with_tables"]


def with_tables(get_app_list: Callable[..., list[dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]:
    """Returns a replacement for a site's ``get_app_list``.

    For each API, the replacement adds a link to the index and the sidebar. The link leads to the page about the API's
    tables.
    """
    if getattr(get_app_list, "has_tables", False):
        return get_app_list

    @wraps(get_app_list)
    def app_list(*args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        return [_with_tables(app) for app in get_app_list(*args, **kwargs)]

    app_list.has_tables = True  # type: ignore[attr-defined]
    return app_list


def _with_tables(app: dict[str, Any]) -> dict[str, Any]:
    url = _tables_url(app["models"])
    if url is None:
        return app
    link = {
        "name": _("Tables"),
        "object_name": "MacaronTables",
        "admin_url": url,
        "add_url": None,
        "view_only": True,
        "perms": {"add": False, "change": False, "delete": False, "view": True},
    }
    return {**app, "models": [*app["models"], link]}


def _tables_url(models: list[dict[str, Any]]) -> str | None:
    """Returns the URL of an API's page about tables. It is below the URL of the first schema that the user may see."""
    for entry in models:
        model = entry.get("model")
        if model is not None and hasattr(model, "_key_names") and entry.get("admin_url"):
            try:
                return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_tables")
            except NoReverseMatch:  # registered with the project's own ModelAdmin, which has no such page
                continue
    return None


@dataclass(frozen=True)
class TablePart:
    """The facts about a table that the template shows.

    ``description`` is None if the table doesn't exist, or if DynamoDB refuses to describe it.
    """

    name: str
    schema: str
    list_url: str
    description: TableDescription | None
    differences: list[TableDifference]
    problem: str = ""

    @property
    def can_be_mended(self) -> bool:
        return any(difference.is_applied for difference in self.differences)


class TablesMixin(ItemAdminBase):
    """Adds the page about the tables of the model's API."""

    tables_template = "admin/macaron_django/tables.html"

    def get_urls(self) -> Any:
        return [admin_path(self, "tables/", self.tables_view, "tables"), *super().get_urls()]

    def list_tools(self, request: HttpRequest) -> list[ObjectTool]:
        return [*super().list_tools(request), ObjectTool(_("Tables"), address(self, "tables"), "macaron-tables-link")]

    def tables_view(self, request: HttpRequest) -> HttpResponse:
        """Shows the tables of this model's API whose items the user has permission to see."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        parts = list(self._parts(request))
        persistence = self.model._default_manager.persistence
        title = _("Tables of %(api)s") % {"api": self.opts.app_config.verbose_name}
        command = f"manage.py synctables {persistence.api}"
        return admin_page(self, request, self.tables_template, title, parts=parts, command=command)

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
        return TablePart(*described, None, [], local_error(error))
