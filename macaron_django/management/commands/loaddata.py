"""Django's ``manage.py loaddata``. It also loads rows of persisted schemas, which have no table in the database."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import loaddata

from macaron_django.schemas.models.row_models import Row

__all__ = ["Command"]


class Command(loaddata.Command):
    def save_obj(self, obj: Any) -> bool:
        saved = bool(super().save_obj(obj))
        if isinstance(obj.object, Row):
            # After loading, Django checks the constraints and resets the sequences of these models' tables.
            self.models.discard(type(obj.object))
        return saved
