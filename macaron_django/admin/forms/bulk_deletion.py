"""Deletes many items. A preview shows the items first. Then the page deletes them in batches and reports the progress.

Without JavaScript, one request deletes all of them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any, Final

from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.actions import delete_selected
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from macaron_django.admin.admin_bases import ItemAdminBase
from macaron_django.admin.display.local_texts import local_error
from macaron_django.admin.lists.columns import columns_of
from macaron_django.admin.lists.search_results import rows_of
from macaron_django.admin.page_urls import address, admin_page, admin_path
from macaron_django.dynamodb.codec.item_sizes import item_size
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas.values.json_text import dump_json, exact_json

__all__ = ["BulkDeletionMixin"]

#: The limits for the number of items: in one action, in the preview's list, and in one request that the page sends.
MOST: Final = 10_000
NAMED: Final = 100
BATCH: Final = 25
#: How many columns the preview shows besides the key.
COLUMNS: Final = 4


class BulkDeletionMixin(ItemAdminBase):
    """Adds the action ``delete_selected``.

    Instead of Django's list of related objects, the action shows a preview and the progress.
    """

    bulk_delete_template = "admin/macaron_django/bulk_delete.html"

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """Replaces Django's ``delete_selected``.

        From Django 6.1 on, actions are objects, and ``action_location`` selects some of them.
        """
        where = {} if action_location is None else {"action_location": action_location}
        actions: dict[str, Any] = super().get_actions(request, **where)
        stock = actions.get("delete_selected")  # a project may have replaced it
        if isinstance(stock, tuple):
            if stock[0] is delete_selected:
                actions["delete_selected"] = (BulkDeletionMixin.preview_deletion, *stock[1:])
        elif stock is not None and stock.func is delete_selected:
            actions["delete_selected"] = replace(stock, func=BulkDeletionMixin.preview_deletion)
        return actions

    def preview_deletion(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        """Shows the items that would be deleted. ``queryset`` can contain every item that a search finds."""
        try:
            rows = list(islice(rows_of(queryset), MOST + 1))
        except PyMacaronException as error:
            self.message_user(request, local_error(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        refused = [row for row in rows if not self.has_delete_permission(request, row)]
        if refused:
            raise PermissionDenied
        chosen = rows[:MOST]
        keys = self.model._key_names  # type: ignore[attr-defined]
        columns = [column for column in columns_of(self.model) if column.prop.name not in keys][:COLUMNS]
        return admin_page(
            self,
            request,
            self.bulk_delete_template,
            _("Delete items"),
            media=self.media,
            columns=[column.short_description for column in columns],
            rows=[(row, [column(row) for column in columns]) for row in chosen[:NAMED]],
            count=len(chosen),
            more=len(rows) > MOST,
            unnamed=max(0, len(chosen) - NAMED),
            size=sum(item_size(row._state.item) for row in chosen),
            keys=dump_json([row.pk for row in chosen]).decode(),
            batch=BATCH,
            across=request.POST.get("select_across") == "1",
            checkbox=helpers.ACTION_CHECKBOX_NAME,
            delete_url=address(self, "bulk_delete"),
        )

    def get_urls(self) -> list[URLPattern]:
        delete = require_POST(self.bulk_delete_view)
        return [admin_path(self, "delete-items/", delete, "bulk_delete"), *super().get_urls()]

    def bulk_delete_view(self, request: HttpRequest) -> HttpResponse:
        """Deletes the items whose keys are in the field ``keys``. If the request accepts JSON, the response is JSON."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        deleted, gone, failed = 0, 0, []
        try:
            chosen = self._rows_of(request.POST.get("keys", ""))
        except ValueError:
            return HttpResponseBadRequest(_("These aren't keys."))
        for pk, row in chosen:
            if row is None:
                gone += 1
                continue
            if not self.has_delete_permission(request, row):
                raise PermissionDenied
            try:
                self.delete_model(request, row)
            except PyMacaronException as error:
                failed.append({"key": str(pk), "message": local_error(error)})
            else:
                self.log_deletions(request, [row])  # type: ignore[arg-type]
                deleted += 1
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({"deleted": deleted, "gone": gone, "failed": failed})
        self._tell_deleted(request, deleted, gone, failed)
        return HttpResponseRedirect(address(self, "changelist"))

    def _rows_of(self, text: str) -> list[tuple[Any, Any]]:
        """Returns each primary key with its row, or with None if the item is gone.

        Raises ValueError if a text isn't a key.
        """
        persistence = self.model.objects.persistence  # type: ignore[attr-defined]
        pks = exact_json(text)
        if not isinstance(pks, list) or len(pks) > MOST:
            raise ValueError(text)
        items = persistence.batch_get([persistence.key_from_pk(pk) for pk in pks], consistent=True)
        return [(pk, None if item is None else persistence.decode(item)) for pk, item in zip(pks, items, strict=True)]

    def _tell_deleted(self, request: HttpRequest, deleted: int, gone: int, failed: list[dict[str, str]]) -> None:
        told = ngettext("%d item was deleted.", "%d items were deleted.", deleted) % deleted
        self.message_user(request, told, messages.SUCCESS)
        if gone:
            told = ngettext("%d item was already gone.", "%d items were already gone.", gone) % gone
            self.message_user(request, told, messages.WARNING)
        for failure in failed[:10]:
            self.message_user(request, f"{failure['key']}: {failure['message']}", messages.ERROR)
