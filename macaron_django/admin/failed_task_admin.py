"""Shows the tasks that failed, with their reports, and lets users run a task again.

Failed tasks are items in a separate table, so the mixins of ``ItemAdmin`` list and delete them. Users with the
permission to change failed tasks can run them again. There is no form to edit a failed task.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth import get_permission_codename
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from macaron_django.admin.admin_bases import ObjectTool
from macaron_django.admin.display.local_texts import local_error
from macaron_django.admin.display.property_values import ShownValue, shown
from macaron_django.admin.forms.bulk_deletion import BulkDeletionMixin
from macaron_django.admin.lists.allowed_lookups import AllowedLookupsMixin
from macaron_django.admin.lists.changelists import ChangeListMixin
from macaron_django.admin.lists.columns import ColumnsMixin
from macaron_django.admin.lists.list_filters import FiltersMixin, ValueFilter, filters_of
from macaron_django.admin.page_urls import address, admin_page, admin_path
from macaron_django.admin.pages.item_pages import ItemViewMixin
from macaron_django.admin.permissions import PermissionsMixin, is_read_only
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas.values.applied_schemas import AppliedSchemas
from macaron_django.tasks.backends.chosen_backend import chosen_backend
from macaron_django.tasks.failed_tasks import can_be_run_again, run_again
from macaron_django.tasks.item_tables import failed_task_model

__all__ = ["FailedTaskAdmin", "register_failed_tasks"]


def register_failed_tasks(site: AdminSite) -> None:
    """Registers the list of failed tasks on a site, unless the site already has it."""
    model = failed_task_model()
    if not site.is_registered(model):
        site.register(model, FailedTaskAdmin)


@dataclass(frozen=True)
class FailedTaskPage:
    """A failed task's report, as the template shows it."""

    row: Any

    @property
    def status_text(self) -> str:
        return {"failed": _("failed"), "running": _("running again"), "done": _("done")}[self.row.status]

    @cached_property
    def _report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.row.report)
        return report

    @property
    def trace(self) -> str:
        return "".join(map(str, self._report.get("trace") or ()))

    @property
    def report(self) -> tuple[ShownValue, ...]:
        rest = {name: value for name, value in self._report.items() if name != "trace"}
        return shown(rest, AppliedSchemas(())).children


class StatusFilter(ValueFilter):
    """The filter by status. If the URL has neither a status nor a search, the filter selects failed tasks."""

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        if not self.used_parameters and not request.GET.get(SEARCH_VAR):
            self.used_parameters = {f"{self.field}__exact": "failed"}

    def choices(self, changelist: Any) -> Any:
        _all, *statuses = super().choices(changelist)
        return iter(statuses)


class FailedTaskAdmin(
    PermissionsMixin, BulkDeletionMixin, ItemViewMixin, ChangeListMixin, AllowedLookupsMixin, ColumnsMixin, FiltersMixin
):
    """Lists the failed tasks, newest first. Each task has a page with its report, and a page to run the task again."""

    item_template = "admin/macaron_django/failed_task.html"
    run_again_template = "admin/macaron_django/run_again.html"
    ordering = ("-failed_at",)
    list_per_page = 25  # few, because each task is read with its whole report

    def get_list_filter(self, request: HttpRequest) -> Any:
        of_status, of_time, *_ = filters_of(self.model)  # the filters of the index come first
        return [type("StatusFilterOf", (StatusFilter, of_status), {}), of_time]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_run_again_permission(self, request: HttpRequest) -> bool:
        """Returns whether this user may run failed tasks again. The user needs Django's "change" permission for failed
        tasks.
        """
        codename = get_permission_codename("change", self.opts)
        user: Any = request.user
        return not is_read_only(self.model) and bool(user.has_perm(f"{self.opts.app_label}.{codename}"))

    def get_urls(self) -> Any:
        view = require_http_methods(["GET", "POST"])(self.run_again_view)
        return [admin_path(self, "<path:object_id>/run-again/", view, "run_again"), *super().get_urls()]

    def item_tools(self, request: HttpRequest, obj: Model) -> list[ObjectTool]:
        tools = super().item_tools(request, obj)
        if self.has_run_again_permission(request) and can_be_run_again(obj._state.item):  # type: ignore[attr-defined]
            return [ObjectTool(_("Run again"), address(self, "run_again", obj.pk)), *tools]
        return tools

    def _item_page(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None) -> Any:
        page = super()._item_page(request, object_id, extra_context)
        if isinstance(page, TemplateResponse) and page.context_data is not None:
            row = page.context_data["original"]
            page.context_data |= {"title": row.task, "failure": FailedTaskPage(row)}
        return page

    def run_again_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shows the confirmation page (GET), or runs the task again (POST).

        Runs the task only once even if the form is posted twice.
        """
        if not self.has_run_again_permission(request):
            raise PermissionDenied
        pk = unquote(object_id)
        row: Any = self.get_object(request, pk)
        if row is None:
            gone: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, pk)  # type: ignore[attr-defined]
            return gone
        if request.method == "POST":
            self._run_again(request, row)
        elif can_be_run_again(row._state.item):
            page = {"original": row, "task_url": address(self, "view", row.pk)}
            return admin_page(self, request, self.run_again_template, _("Run again"), **page)
        else:
            self._tell(request, row.status)
        return HttpResponseRedirect(address(self, "view", row.pk))

    def _run_again(self, request: HttpRequest, row: Any) -> None:
        try:
            outcome: str = run_again(row.pk, chosen_backend())
        except (PyMacaronException, ImproperlyConfigured) as error:
            self.message_user(request, local_error(error), messages.ERROR)
            return
        if outcome == "sent":
            self.log_change(request, row, _("Run again."))
            now: Any = self.get_object(request, row.pk)
            outcome = "failed" if now is not None and now.status == "failed" else outcome
        self._tell(request, outcome)

    def _tell(self, request: HttpRequest, outcome: str) -> None:
        level, text = {
            "sent": (messages.SUCCESS, _("The task was sent again.")),
            "failed": (messages.ERROR, _("The task was sent again, and has failed again.")),
            "running": (
                messages.WARNING,
                _("The task has already been sent again and hasn't finished. Nothing was sent this time."),
            ),
            "done": (
                messages.WARNING,
                _("The task has already been run again and has finished. Nothing was sent this time."),
            ),
            "gone": (messages.ERROR, _("The task is no longer stored.")),
            "unreadable": (
                messages.ERROR,
                _("The task can't be sent again: it is signed with another SECRET_KEY, or was too long to be stored."),
            ),
        }[outcome]
        self.message_user(request, text, level)
