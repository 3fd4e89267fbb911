"""The pages that add, change, duplicate and delete one item.

A save writes only the changed properties. If another user has changed one of these properties, too, nothing is
written, and the form shows both versions.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from macaron_django.admin.admin_bases import ItemAdminBase, ObjectTool
from macaron_django.admin.display.local_texts import local_error, local_text
from macaron_django.admin.forms.edits import ItemEdit, UnreadableItem, read_item, shown_json
from macaron_django.admin.forms.item_form import ItemForm
from macaron_django.admin.forms.log_entries import change_message
from macaron_django.admin.page_urls import address, admin_path
from macaron_django.exceptions import PersistenceError, RequestError, StaleItem

__all__ = ["ChangeFormMixin"]

#: The URL parameter of the page that adds an item: the primary key of the item to copy.
DUPLICATE = "duplicate"


class ChangeFormMixin(ItemAdminBase):
    """The pages that add, change and delete one item.

    If a subclass sets ``form``, ``fields`` or ``fieldsets``, the page uses Django's own form. That form has only the
    properties for which Django has form fields.
    """

    form = ItemForm
    add_form_template = change_form_template = "admin/macaron_django/item_form.html"
    delete_confirmation_template = "admin/macaron_django/delete.html"
    object_history_template = "admin/macaron_django/object_history.html"

    # -- the form ------------------------------------------------------------------------------

    def edits_json(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Returns whether this user gets the form that is generated from the schema."""
        own = self.fields is not None or self.fieldsets is not None or not issubclass(self.form, ItemForm)
        may = self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)
        return may and not own

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if self.edits_json(request, obj):
            return [(None, {"fields": list(ItemForm.base_fields)})]
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return () if self.edits_json(request, obj) else super().get_readonly_fields(request, obj)

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        if not self.edits_json(request, obj):
            if issubclass(self.form, ItemForm):
                kwargs.setdefault("form", forms.ModelForm)
            return super().get_form(request, obj, change=change, **kwargs)
        attributes = {
            "Meta": type("Meta", (), {"model": self.model, "fields": ()}),
            "persistence": self.persistence,
            "validate_url": address(self, "validate", obj.pk) if obj is not None else address(self, "validate_new"),
            "refusal": getattr(request, "item_refusal", None),
            "copied_item": self._copied_item(request) if obj is None else None,
        }
        return type("ItemForm", (self.form,), attributes)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {}  # the text comes from the schema's defaults, or from the duplicated item

    @property
    def persistence(self) -> Any:
        return self.model.objects.persistence  # type: ignore[attr-defined]

    def _copied_item(self, request: HttpRequest) -> Any:
        pk = request.GET.get(DUPLICATE)
        if not pk:
            return None
        copied = self.get_object(request, pk)
        if copied is None:
            raise Http404(_("The item to duplicate isn't there any more."))
        if not self.has_view_or_change_permission(request, copied):
            raise PermissionDenied
        return copied._state.item  # type: ignore[attr-defined]

    # -- the pages -----------------------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        show = partial(super().changeform_view, request, object_id, form_url, extra_context)
        try:
            return show()
        except (PersistenceError, RequestError) as error:
            if request.method != "POST" or hasattr(request, "item_refusal"):
                raise
            # If another user was faster, or DynamoDB refused the write, the form is shown again with the user's text
            # and the error.
            request.item_refusal = error  # type: ignore[attr-defined]
            return show()

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is not None:
            context.setdefault("item_tools", self.item_tools(request, obj))
        # For its message "correct the errors below", Django counts the fields with errors. Here, one field has all
        # errors.
        context["errors"] = [message for messages in context.get("errors") or () for message in messages]
        return super().render_change_form(request, context, *args, **kwargs)

    def item_tools(self, request: HttpRequest, obj: Model) -> list[ObjectTool]:
        tools = super().item_tools(request, obj)
        if self.has_add_permission(request):
            tools.append(ObjectTool(_("Duplicate"), f"{address(self, 'add')}?{urlencode({DUPLICATE: obj.pk})}"))
        return tools

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except StaleItem as error:
            self.message_user(request, local_error(error), messages.ERROR)
            return HttpResponseRedirect(address(self, "change", unquote(object_id)))

    # -- what is written -----------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if not isinstance(form, ItemForm):
            super().save_model(request, obj, form, change)
        elif not change:
            obj.save(force_insert=True)
        elif form.edit is not None and form.edit.changed:
            obj.save(force_update=True)
            if form.by_others:
                told = _("Someone else has changed this item, too: %s. Both changes are saved.")
                self.message_user(request, told % ", ".join(form.by_others), messages.WARNING)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        if not isinstance(form, ItemForm) or form.edit is None:
            return super().construct_change_message(request, form, formsets, add)
        before = None if add else form.before
        return change_message(before, shown_json(self.persistence, form.edit.row), adding=add)

    # -- checking while the user types --------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        validate = require_POST(self.validate_view)
        own = [
            admin_path(self, "add/validate/", validate, "validate_new"),
            admin_path(self, "<path:object_id>/validate/", validate, "validate"),
        ]
        return [*own, *super().get_urls()]

    def validate_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Validates the item in the request's body. Returns a JSON list of the errors, with their pointers."""
        obj = None if object_id is None else self.get_object(request, unquote(object_id))
        may = self.has_add_permission(request) if object_id is None else self.has_change_permission(request, obj)
        if not may:
            raise PermissionDenied
        if object_id is not None and obj is None:
            return JsonResponse({"errors": [{"message": _("This item has been deleted."), "pointer": ""}]})
        try:
            typed = read_item(request.body.decode("utf-8", "replace"))
        except UnreadableItem as error:
            problem = {"message": str(error), "pointer": "", "line": error.line, "column": error.column}
            return JsonResponse({"errors": [problem]})
        persistence = self.persistence
        if obj is None:
            edit = ItemEdit.new(persistence, typed)
        else:
            stored = obj._state.item  # type: ignore[attr-defined]
            edit = ItemEdit.change(persistence, stored, typed, shown_json(persistence, persistence.decode(stored)))
        errors = [{"message": local_text(each.message), "pointer": each.pointer} for each in edit.violations]
        return JsonResponse({"errors": errors, "size": edit.size})
