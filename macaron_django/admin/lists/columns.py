"""Chooses the columns of a list from the schema, and formats their cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest

from macaron_django.admin.admin_bases import ItemAdminBase
from macaron_django.admin.display.property_values import cell
from macaron_django.admin.display.redaction import MASK, is_secret
from macaron_django.schemas import UNSET

if TYPE_CHECKING:
    from macaron_django.openapi import Property
    from macaron_django.schemas import APIObject

__all__ = ["ColumnsMixin", "PropertyColumn", "columns_of"]

#: The most columns of a list if the schema doesn't choose them with ``x-admin: {columns: […]}``.
MAX_COLUMNS = 8


@dataclass(frozen=True)
class PropertyColumn:
    """A property as a column, which Django's list calls with each row."""

    field: str
    prop: Property

    @property
    def __name__(self) -> str:
        return self.field

    @property
    def short_description(self) -> str:
        return self.prop.name

    @property
    def admin_order_field(self) -> str | None:
        return None if is_secret(self.prop) else self.field  # the order would say much of what is masked

    def __call__(self, row: Any) -> Any:
        value = row.__dict__.get(self.field, UNSET)
        if value is UNSET:
            return None
        return MASK if is_secret(self.prop) else cell(value)


class ExpiredColumn:
    """Marks the rows that ``expired: hidden`` in x-persist hides from clients."""

    __name__ = "expired"
    short_description = "expired"  # a word of x-persist, as the names of properties are of the schema
    boolean = True

    def __call__(self, row: Any) -> bool:
        hidden: bool = type(row)._default_manager.persistence.is_hidden(row._state.item)
        return hidden


class ColumnsMixin(ItemAdminBase):
    """Shows the columns of ``x-admin: {columns: […]}``, else the first properties that fit a cell."""

    def get_list_display(self, request: HttpRequest) -> Any:
        if tuple(self.list_display) != ("__str__",):
            return self.list_display
        persistence: Any = self.model._default_manager.persistence
        marks = [ExpiredColumn()] if persistence.hides_expired_by is not None else []
        return [*columns_of(self.model), *marks]


def columns_of(model: Any) -> list[PropertyColumn]:
    """Returns the columns of a model's list."""
    spec = cast("type[APIObject]", model)._spec
    chosen = (spec.schema.extensions.admin or {}).get("columns")
    if isinstance(chosen, list) and (names := [name for name in chosen if name in spec.properties]):
        pass
    else:
        names = [name for name, prop in spec.properties.items() if name in model._key_names or fits_a_column(prop)]
        names = names[:MAX_COLUMNS]
    return [PropertyColumn(spec.field_names[name], spec.properties[name]) for name in names]


def fits_a_column(prop: Property) -> bool:
    """Whether a property's values fit into one cell of a list."""
    schema = prop.schema
    if is_secret(prop) or schema.format in ("byte", "binary"):
        return False
    return bool(schema.types) and set(schema.types) <= {"string", "integer", "number", "boolean"}
