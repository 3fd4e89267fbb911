"""Exports items as a streamed file without secrets: all items, the items of a search, or selected items."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import chain
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from macaron_django.admin.admin_bases import ItemAdminBase, ObjectTool
from macaron_django.admin.display.local_texts import local_error
from macaron_django.admin.display.redaction import is_secret, without_secret_attributes
from macaron_django.admin.forms.edits import shown_json
from macaron_django.admin.import_export.csv_rows import cells_of, columns, safe_text
from macaron_django.admin.lists.search_results import persistence_of, rows_of
from macaron_django.admin.page_urls import address, admin_page, admin_path
from macaron_django.dynamodb.calls.deadlines import lift_deadline
from macaron_django.dynamodb.transfer.item_lines import line_of
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas.values.json_text import dump_json

__all__ = ["ExportMixin"]

#: The media type, extension and label of each format.
FORMATS: Final = {
    "csv": ("text/csv; charset=utf-8", "csv", gettext_lazy("CSV")),
    "jsonl": ("application/jsonl", "jsonl", gettext_lazy("JSON lines")),
    "dynamodb": ("application/jsonl", "dynamodb.jsonl", gettext_lazy("DynamoDB JSON")),
}
#: Items in one piece of the stream.
PIECE: Final = 100


class ExportMixin(ItemAdminBase):
    """Adds the links, pages and actions that export items."""

    actions = ("export_csv", "export_jsonl", "export_dynamodb")
    export_template = "admin/macaron_django/export.html"

    def list_tools(self, request: HttpRequest) -> list[ObjectTool]:
        query = request.META.get("QUERY_STRING", "")
        url = address(self, "export")
        return [*super().list_tools(request), ObjectTool(_("Export"), f"{url}?{query}" if query else url)]

    def get_urls(self) -> list[URLPattern]:
        own = [
            admin_path(self, "export/", require_GET(self.export_view), "export"),
            admin_path(self, "export/<str:form>/", require_GET(self.export_file_view), "export_file"),
        ]
        return [*own, *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Shows the page on which users choose the format, and whether to export all items or only the list's items."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        query = request.META.get("QUERY_STRING", "")
        formats = [(label, address(self, "export") + f"{name}/") for name, (_t, _e, label) in FORMATS.items()]
        return admin_page(self, request, self.export_template, _("Export items"), query=query, formats=formats)

    def export_file_view(self, request: HttpRequest, form: str) -> Any:
        if form not in FORMATS:
            raise Http404(form)
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            changelist: Any = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(address(self, "export"))
        problem = getattr(changelist, "problem", "")
        if problem:
            self.message_user(request, problem, messages.ERROR)
            return HttpResponseRedirect(address(self, "changelist"))
        return self._export(request, rows_of(changelist.queryset), form)

    @admin.action(permissions=["view"], description=gettext_lazy("Export selected items as CSV"))
    def export_csv(self, request: HttpRequest, queryset: Any) -> Any:
        return self._export(request, rows_of(queryset), "csv")

    @admin.action(permissions=["view"], description=gettext_lazy("Export selected items as JSON lines"))
    def export_jsonl(self, request: HttpRequest, queryset: Any) -> Any:
        return self._export(request, rows_of(queryset), "jsonl")

    @admin.action(permissions=["view"], description=gettext_lazy("Export selected items as DynamoDB JSON"))
    def export_dynamodb(self, request: HttpRequest, queryset: Any) -> Any:
        return self._export(request, rows_of(queryset), "dynamodb")

    def _export(self, request: HttpRequest, rows: Iterator[Any], form: str) -> Any:
        """Returns the file as a streamed response.

        If the first page of items can't be read, shows the list with the error instead. If a later page can't be read,
        the download ends there.
        """
        lift_deadline()
        try:
            first = next(rows, None)
        except PyMacaronException as error:
            self.message_user(request, local_error(error), messages.ERROR)
            return HttpResponseRedirect(address(self, "changelist"))
        found = chain(() if first is None else (first,), rows)
        media_type, extension, _label = FORMATS[form]
        pieces = csv_pieces if form == "csv" else json_pieces if form == "jsonl" else dynamodb_pieces
        answer = StreamingHttpResponse(pieces(persistence_of(self.model), found), content_type=media_type)
        name = f"{self.opts.model_name}-{timezone.now():%Y-%m-%d}.{extension}"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def csv_pieces(persistence: Any, rows: Iterable[Any]) -> Iterator[bytes]:
    """Yields CSV (RFC 4180) in UTF-8. It starts with a BOM, because spreadsheets need one."""
    schema = persistence.schema
    names = columns(schema, [name for name, described in schema.properties.items() if is_secret(described)])
    buffer = StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([safe_text(name) for name in names])
    yield b"\xef\xbb\xbf"
    for number, row in enumerate(rows, 1):
        writer.writerow(cells_of(schema, shown_json(persistence, row), names))
        if number % PIECE == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def json_pieces(persistence: Any, rows: Iterable[Any]) -> Iterator[bytes]:
    """Yields one line of JSON for each item."""
    return (dump_json(shown_json(persistence, row)) + b"\n" for row in rows)


def dynamodb_pieces(persistence: Any, rows: Iterable[Any]) -> Iterator[bytes]:
    """Yields one line for each item in DynamoDB's own form, including attributes that aren't in the schema."""
    for row in rows:
        yield line_of(persistence, without_secret_attributes(persistence.schema, row._state.item), "dynamodb")
