"""Decides which lookups may filter a list. Refuses lookups that would reveal anything about a secret."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldError
from django.db.models import Model
from django.http import HttpRequest

from macaron_django.admin.admin_bases import ItemAdminBase
from macaron_django.dynamodb.querysets.field_lookups import filters_of
from macaron_django.exceptions import UnsupportedQuery
from macaron_django.schemas.values.applied_schemas import applied_schemas

__all__ = ["AllowedLookupsMixin", "reads_secrets"]


class AllowedLookupsMixin(ItemAdminBase):
    """Refuses to filter by secrets. This applies to URLs, the search box, exports and actions."""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        given = (lookup, value) if request is None else (lookup, value, request)
        return super().lookup_allowed(*given) and not reads_secrets(self.model, lookup)


def reads_secrets(model: type[Model], lookup: str) -> bool:
    """Returns whether the items found by ``lookup``, such as ``card__pin__startswith``, reveal anything about a secret.

    A lookup that only tests whether an object is set reveals nothing, even if the object contains secrets. Returns
    False for a lookup that can't be resolved, because such a lookup finds no items.
    """
    persistence = model._default_manager.persistence
    try:
        target, operator = filters_of(persistence).resolve(lookup)
    except (FieldError, UnsupportedQuery):
        return False
    applied = applied_schemas(persistence.schema)
    for step in target.path:
        applied = applied.element if isinstance(step, int) else applied.member(step)
        if applied.is_secret:
            return True
    return not target.is_key and operator != "isnull" and applied.holds_secrets
