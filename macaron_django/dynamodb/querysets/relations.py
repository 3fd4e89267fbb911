"""Finds fields of Django models that refer to rows in DynamoDB. No database can join or constrain such fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps

from macaron_django.dynamodb.querysets.manager import ItemManager

__all__ = ["relations_into_items"]


def relations_into_items() -> Iterator[tuple[Any, str]]:
    """Yields (field, error message) for each ForeignKey, OneToOneField or ManyToManyField to a persisted schema."""
    for model in apps.get_models(include_auto_created=False):
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
            target = field.related_model
            if isinstance(target, type) and isinstance(getattr(target, "_default_manager", None), ItemManager):
                yield field, f"{field} can't be a {type(field).__name__}: rows of {target._meta.label} are in DynamoDB."
