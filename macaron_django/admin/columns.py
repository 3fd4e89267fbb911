"""The columns of a list: from the schema, in its order, each value short enough for a cell.

In goes a model; out come callables that Django's list takes for columns. Apart from the list because the choice of
what fits beside each other is about schemas, not about pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest

from macaron_django.admin.bases import ItemModelAdmin
from macaron_django.admin.secrets import MASK, is_secret
from macaron_django.admin.values import cell
from macaron_django.schemas import UNSET

if TYPE_CHECKING:
    from macaron_django.schemas import APIObject
    from macaron_django.spec import Property

__all__ = ["Column", "ColumnsMixin", "columns_of"]

#: As many columns as fit beside each other where a schema doesn't choose them with ``x-admin: {columns: […]}``.
MAX_COLUMNS = 8


@dataclass(frozen=True)
class Column:
    """A property as a column; Django's list calls it with each row."""

    field: str
    prop: Property

    @property
    def __name__(self) -> str:
        return self.field

    @property
    def short_description(self) -> str:
        return self.prop.name

    @property
    def admin_order_field(self) -> str:
        return self.field

    def __call__(self, row: Any) -> Any:
        value = row.__dict__.get(self.field, UNSET)
        if value is UNSET:
            return None
        return MASK if is_secret(self.prop) else cell(value)


class ColumnsMixin(ItemModelAdmin):
    """The columns of ``x-admin: {columns: […]}``, else the first properties that fit a cell."""

    def get_list_display(self, request: HttpRequest) -> Any:
        return columns_of(self.model) if tuple(self.list_display) == ("__str__",) else self.list_display


def columns_of(model: Any) -> list[Column]:
    """The columns of a model's list."""
    spec = cast("type[APIObject]", model)._spec
    chosen = (spec.schema.extensions.admin or {}).get("columns")
    if isinstance(chosen, list) and (names := [name for name in chosen if name in spec.properties]):
        pass
    else:
        names = [name for name, prop in spec.properties.items() if name in model._key_names or fits_a_column(prop)]
        names = names[:MAX_COLUMNS]
    return [Column(spec.field_names[name], spec.properties[name]) for name in names]


def fits_a_column(prop: Property) -> bool:
    """Whether values of a property read well in one cell of a list."""
    schema = prop.schema
    if is_secret(prop) or schema.format in ("byte", "binary"):
        return False
    return bool(schema.types) and set(schema.types) <= {"string", "integer", "number", "boolean"}
