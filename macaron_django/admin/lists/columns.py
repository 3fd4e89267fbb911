"""Chooses the columns of a list from the schema, and formats their cells."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import Truncator

from macaron_django.admin.admin_bases import ItemAdminBase
from macaron_django.admin.display.property_values import cell, web_address
from macaron_django.admin.display.redaction import MASK, is_secret
from macaron_django.schemas import UNSET

if TYPE_CHECKING:
    from macaron_django.openapi import Property
    from macaron_django.schemas import APIObject

__all__ = ["ColumnsMixin", "PropertyColumn", "columns_of"]

_NUMBER = '<span class="macaron-number">{}</span>'
#: The most characters of a cell's tooltip.
_TITLE = 500
#: The most columns of a list, unless the schema sets ``x-admin: {columns: […]}``.
MAX_COLUMNS = 8


@dataclass(frozen=True)
class PropertyColumn:
    """A column of the list that shows a property. Django calls this object with each row."""

    field: str
    prop: Property
    is_key: bool = False

    @property
    def __name__(self) -> str:
        return self.field

    @property
    def short_description(self) -> str:
        # The label is HTML, because Django would capitalise a plain text.
        return format_html(_NUMBER if self._is_number else "<span>{}</span>", self.prop.name)

    @property
    def _is_number(self) -> bool:
        types = set(self.prop.schema.types) - {"null"}
        return bool(types) and types <= {"integer", "number"}

    @property
    def admin_order_field(self) -> str | None:
        return None if is_secret(self.prop) else self.field  # sorting would reveal much about masked values

    def __call__(self, row: Any) -> Any:
        value = row.__dict__.get(self.field, UNSET)
        if value is UNSET:
            return None
        if is_secret(self.prop):
            return MASK
        text = cell(value)
        if self._is_number:
            return format_html(_NUMBER, text)
        if self.is_key or isinstance(value, (dt.date, dt.time)):
            return format_html('<span class="macaron-one-line" title="{}">{}</span>', text, text)
        if not isinstance(value, str):
            return text
        href = web_address(value) if self.prop.schema.format in ("uri", "url") else ""
        if href:
            link = '<a class="macaron-cell" href="{}" title="{}" rel="noreferrer noopener nofollow">{}</a>'
            return format_html(link, href, value, text)
        return format_html(
            '<span class="macaron-cell" dir="auto" title="{}">{}</span>', Truncator(value).chars(_TITLE), text
        )


class ExpiredColumn:
    """Marks the rows that clients don't see, because x-persist has ``expired: hidden``."""

    __name__ = "expired"
    short_description = "expired"  # a word of x-persist, which isn't translated, like property names
    boolean = True

    def __call__(self, row: Any) -> bool:
        hidden: bool = type(row)._default_manager.persistence.is_hidden(row._state.item)
        return hidden


class ColumnsMixin(ItemAdminBase):
    """Shows the columns of ``x-admin: {columns: […]}``, or else the first properties whose values fit into a cell."""

    def get_list_display(self, request: HttpRequest) -> Any:
        if tuple(self.list_display) != ("__str__",):
            return self.list_display
        persistence: Any = self.model._default_manager.persistence
        marks = [ExpiredColumn()] if persistence.hides_expired_by is not None else []
        return [*columns_of(self.model), *marks]

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        """Links the cells of the hash key and the range key to the item.

        If the list has neither of these columns, links the first column.
        """
        if self.list_display_links is None or list(self.list_display_links):
            return super().get_list_display_links(request, list_display)
        keys = [column for column in list_display if getattr(column, "is_key", False)]
        return keys or super().get_list_display_links(request, list_display)


def columns_of(model: Any) -> list[PropertyColumn]:
    """Returns the columns of a model's list."""
    spec = cast("type[APIObject]", model)._spec
    chosen = (spec.schema.extensions.admin or {}).get("columns")
    if isinstance(chosen, list) and (names := [name for name in chosen if name in spec.properties]):
        pass
    else:
        names = [name for name, prop in spec.properties.items() if name in model._key_names or fits_a_column(prop)]
        names = names[:MAX_COLUMNS]
    return [PropertyColumn(spec.field_names[name], spec.properties[name], name in model._key_names) for name in names]


def fits_a_column(prop: Property) -> bool:
    """Returns whether a property's values fit into one cell of a list."""
    schema = prop.schema
    if is_secret(prop) or schema.format in ("byte", "binary"):
        return False
    return bool(schema.types) and set(schema.types) <= {"string", "integer", "number", "boolean"}
