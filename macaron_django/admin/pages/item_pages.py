"""The read-only page of an item. The page formats each property by its type, and also shows DynamoDB's own form.

Users who can view an item but not change it get this page instead of the form. For all users, the page is also at
``…/view/``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from macaron_django.admin.admin_bases import ItemAdminBase, ObjectTool
from macaron_django.admin.display.local_texts import local_text
from macaron_django.admin.display.property_values import ShownValue, shown_property, size_text, with_problems
from macaron_django.admin.display.readable_json import readable_json
from macaron_django.admin.display.redaction import MASK, without_secret_attributes, without_secrets
from macaron_django.admin.forms.edits import ItemEdit
from macaron_django.admin.lists.search import quoted
from macaron_django.admin.page_urls import address, admin_page, admin_path
from macaron_django.dynamodb.codec.attributes import GIVEN
from macaron_django.dynamodb.codec.item_sizes import MAX_ITEM_SIZE, item_size
from macaron_django.dynamodb.transfer.item_lines import to_dynamodb_json
from macaron_django.openapi import json_pointers
from macaron_django.schemas.values.applied_schemas import applied_schemas
from macaron_django.schemas.values.conversions import json_value

if TYPE_CHECKING:
    from macaron_django.dynamodb import Persistence
    from macaron_django.schemas.validation.validators import Violation
    from macaron_django.schemas.values.api_objects import ObjectSpec

__all__ = ["ItemPage", "ItemViewMixin"]

#: The labels of the page's tabs, by the value of the URL parameter ``as``.
TABS: Final = {
    "fields": gettext_lazy("Fields"),
    "json": gettext_lazy("JSON"),
    "dynamodb": gettext_lazy("DynamoDB JSON"),
}

#: The parts of Django's change form that this page doesn't have.
_NOT_SHOWN = (
    "add", "has_absolute_url", "has_editable_inline_admin_formsets", "has_file_field", "is_popup", "save_as",
    "save_on_top",
)  # fmt: skip


@dataclass(frozen=True)
class ItemPage:
    """A row, with the facts about it that the template shows."""

    row: Any
    persistence: Persistence

    @property
    def _spec(self) -> ObjectSpec:
        spec: ObjectSpec = self.row._spec
        return spec

    @property
    def _item(self) -> dict[str, Any]:
        item: dict[str, Any] = self.row._state.item
        return item

    @property
    def roles(self) -> dict[str, str]:
        """The label "hash key" or "range key" for each property of the key, by the property's name."""
        return dict(zip(self.persistence.key_names, (_("hash key"), _("range key")), strict=False))  # one or two names

    @cached_property
    def properties(self) -> list[ShownValue]:
        """The properties that are set.

        The key comes first, then the other properties in schema order, then additional properties.
        """
        applied = applied_schemas(self._spec.schema)
        shown = [shown_property(name, applied.member(name), self.row[name]) for name in self._ordered(self.row)]
        return with_problems(shown, self.violations)

    @cached_property
    def violations(self) -> list[Violation]:
        """The ways in which the stored item violates its schema."""
        return ItemEdit.checked(self.persistence, self.row).violations

    @property
    def problems(self) -> list[ShownValue]:
        """All values in the item that violate the schema, including nested values."""
        found, todo = [], self.properties[::-1]
        while todo:
            node = todo.pop()
            if node.problems:
                found.append(node)
            todo += node.children[::-1]
        return found

    @property
    def whole_problems(self) -> list[str]:
        """The violations that can't be shown beside a value: missing properties, and violations of the whole item."""
        shown = {one.name for one in self.properties}
        return [
            f"{one.pointer[1:]} {local_text(one.message)}".strip()
            for one in self.violations
            if not one.pointer or json_pointers.split(one.pointer)[0] not in shown
        ]

    def _ordered(self, names: Iterable[str]) -> list[str]:
        """Returns the names sorted: the key's properties first, then the schema's properties in schema order."""
        places = {
            name: place
            for place, name in enumerate(dict.fromkeys((*self.persistence.key_names, *self._spec.properties)))
        }
        return sorted(names, key=lambda name: places.get(name.removesuffix(GIVEN), len(places)))

    @property
    def unset(self) -> list[str]:
        return [name for name in self._spec.properties if name not in self.row]

    @cached_property
    def size(self) -> int:
        return item_size(self._item)

    @property
    def size_text(self) -> str:
        return size_text(self.size)

    @property
    def max_size(self) -> int:
        return MAX_ITEM_SIZE

    @property
    def size_percent(self) -> float:
        return 100 * self.size / MAX_ITEM_SIZE

    @property
    def version(self) -> Any:
        name = self.persistence.options.version
        return self.row[name] if name and name in self.row else None

    @property
    def expires(self) -> dt.datetime | None:
        """The date-time at which the item expires (time to live). None if the item never expires."""
        name = self.persistence.options.ttl
        seconds = self._item.get(name, {}).get("N") if name else None
        try:
            return None if seconds is None else dt.datetime.fromtimestamp(float(seconds), dt.timezone.utc)
        except (ValueError, OverflowError, OSError):
            return None

    @property
    def is_expired(self) -> bool:
        return self.expires is not None and self.expires <= timezone.now().astimezone(dt.timezone.utc)

    @property
    def plain_json(self) -> str:
        shown = without_secrets(self._spec.schema, self.row.to_json(), mask=MASK)
        return readable_json({name: shown[name] for name in self._ordered(shown)})

    @property
    def dynamodb_json(self) -> str:
        shown = to_dynamodb_json(without_secret_attributes(self._spec.schema, self._item, mask=MASK))
        return readable_json({name: shown[name] for name in self._ordered(shown)})

    def octets(self, pointer: str) -> bytes | None:
        """Returns the binary value at a JSON pointer, or None if the page shows no binary value there."""
        return next((value for value in _binaries(self.properties, self.row, pointer)), None)

    @property
    def siblings_search(self) -> str:
        """The search text that finds all items with this hash key.

        It is "" if the table has no range key, or if the hash key is binary, because users can't type binary values.
        """
        value = self.row[self.persistence.hash_key]
        if self.persistence.range_key is None or isinstance(value, bytes):
            return ""
        return f"{quoted(self.persistence.hash_key)}={quoted(str(json_value(value)))}"


def _binaries(properties: list[ShownValue], row: Any, pointer: str) -> Any:
    todo = [(one, row[one.name]) for one in properties]
    while todo:
        shown, value = todo.pop()
        if shown.pointer == pointer and shown.kind == "binary":
            yield bytes(value)
        on_the_way = (one for one in shown.children if f"{pointer}/".startswith(f"{one.pointer}/"))
        todo += [(child, _inside(value, shown.kind, json_pointers.split(child.pointer)[-1])) for child in on_the_way]


def _inside(value: Any, kind: str, name: str) -> Any:
    if kind not in ("array", "set"):
        return value[name]
    members = sorted(value, key=str) if isinstance(value, (set, frozenset)) else list(value)
    return members[int(name)]


class ItemViewMixin(ItemAdminBase):
    """Adds the read-only page of an item, at ``…/view/``.

    Users without permission to change the item get this page instead of the form.
    """

    item_template = "admin/macaron_django/item.html"

    def get_urls(self) -> Any:
        return [
            admin_path(self, "<path:object_id>/view/", self.item_view, "view"),
            admin_path(self, "<path:object_id>/download/", self.download_view, "download"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if request.method == "GET" and not self.has_change_permission(request) and self.has_view_permission(request):
            return self._item_page(request, object_id, extra_context)
        return super().change_view(request, object_id, form_url, extra_context)

    def item_view(self, request: HttpRequest, object_id: str) -> Any:
        """Shows the item, read-only."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return self._item_page(request, object_id, None)

    def _item_page(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None) -> Any:
        row: Any = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        context = {
            "original": row,
            "object_id": row.pk,
            "media": self.media,
            # The context of Django's change form, because templates of admin themes read it.
            **dict.fromkeys(_NOT_SHOWN, False),
            **dict.fromkeys(("errors", "adminform", "inline_admin_formsets"), ()),
            "change": True,
            "app_label": self.opts.app_label,
            "has_view_permission": True,
            "has_add_permission": self.has_add_permission(request),
            "has_change_permission": self.has_change_permission(request, row),
            "has_delete_permission": self.has_delete_permission(request, row),
            "preserved_filters": self.get_preserved_filters(request),
            "page": ItemPage(row, row._meta.default_manager.persistence),
            "tabs": TABS,
            "tab": tab if (tab := request.GET.get("as", "")) in TABS else "fields",
            "item_tools": self.item_tools(request, row),
            "history_url": address(self, "history", row.pk),
            "download_url": address(self, "download", row.pk),
            **(extra_context or {}),
        }
        return admin_page(self, request, self.item_template, **{"title": str(row), **context})

    def item_tools(self, request: HttpRequest, obj: Model) -> list[ObjectTool]:
        tools = super().item_tools(request, obj)
        search = ItemPage(obj, self.model._default_manager.persistence).siblings_search
        if search:
            url = f"{address(self, 'changelist')}?{urlencode({SEARCH_VAR: search})}"
            tools = [*tools, ObjectTool(_("All items with this hash key"), url)]
        here = request.resolver_match.url_name if request.resolver_match else ""
        if not self.has_change_permission(request, obj):
            return tools
        if (here or "").endswith("_view"):
            return [ObjectTool(_("Change"), address(self, "change", obj.pk)), *tools]
        return [ObjectTool(_("View"), address(self, "view", obj.pk)), *tools]

    def download_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Sends a binary value as a file. The query parameter ``at`` is the value's JSON pointer."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row: Any = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        octets = ItemPage(row, row._meta.default_manager.persistence).octets(request.GET.get("at", ""))
        if octets is None:
            raise Http404
        headers = {"Content-Disposition": 'attachment; filename="value.bin"', "X-Content-Type-Options": "nosniff"}
        return HttpResponse(octets, content_type="application/octet-stream", headers=headers)
