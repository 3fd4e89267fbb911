"""The manager of a persisted schema: a Django manager that uses a ``Persistence`` instead of a database."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import DEFAULT_DB_ALIAS, models

from macaron_django.dynamodb.items.persistence import Persistence
from macaron_django.dynamodb.querysets.queryset import ItemQuerySet
from macaron_django.exceptions import UnsupportedQuery

__all__ = ["ItemManager"]


def _base() -> Any:
    # This is in a function because django-stubs' mypy plugin fails for a query set that isn't Django's.
    queryset: Any = ItemQuerySet
    return models.Manager.from_queryset(queryset)


_Base: Any = _base()


class ItemManager(_Base):  # type: ignore[misc]
    """The manager ``objects`` of a persisted schema's model. The manager has the table that stores the model's rows.

    Subclass this manager to add your own query-set methods, as with Django's managers.
    """

    use_in_migrations = False

    def __init__(self, persistence: Persistence | None = None) -> None:
        super().__init__()
        self._persistence = persistence

    def __eq__(self, other: object) -> bool:
        # Django compares the constructor's arguments, and persistences are equal only if they are the same object.
        return type(other) is type(self) and other._persistence is self._persistence

    def __hash__(self) -> int:
        return models.Manager.__hash__(self)

    @property
    def persistence(self) -> Persistence:
        """The schema's table, keys and items. ``persistence.table`` is PynamoDB's model."""
        if self._persistence is None:
            raise RuntimeError(
                f"The manager of {self.model._meta.label} has no table: only models made from x-persist have one."
            )
        return self._persistence

    @property
    def db(self) -> str:
        return DEFAULT_DB_ALIAS

    def get_queryset(self) -> ItemQuerySet:
        queryset: ItemQuerySet = self._queryset_class(self.model, persistence=self.persistence)
        return queryset

    def _insert(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise UnsupportedQuery(f"Store rows of {self.model._meta.label} with save() or create().")
