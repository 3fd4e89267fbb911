"""The columns of a list: from the schema, in its order.

Apart from the list because the choice of what fits beside each other is about schemas, not about pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db.models import Field
from django.http import HttpRequest

from macaron_django.admin.bases import ItemModelAdmin

if TYPE_CHECKING:
    from macaron_django.schemas import APIObject

__all__ = ["ColumnsMixin"]

#: As many columns as fit beside each other where a schema doesn't choose them with ``x-admin: {columns: […]}``.
MAX_COLUMNS = 8


class ColumnsMixin(ItemModelAdmin):
    """The columns of ``x-admin: {columns: […]}``, else the first properties that fit a cell."""

    def get_list_display(self, request: HttpRequest) -> Any:
        if tuple(self.list_display) != ("__str__",):
            return self.list_display
        described = cast("type[APIObject]", self.model)._spec
        chosen = (described.schema.extensions.admin or {}).get("columns")
        if chosen:
            return [described.field_names[name] for name in chosen]
        return [field.name for field in self.opts.concrete_fields if fits_a_column(field)][:MAX_COLUMNS]


def fits_a_column(field: Field[Any, Any]) -> bool:
    """Whether a field's value reads well in one cell of a list."""
    return field.get_internal_type() not in ("JSONField", "TextField", "BinaryField")
