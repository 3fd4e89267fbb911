"""Implements PyMacaron's ``PersistentSwaggerObject`` with this package's persistence.

Each subclass in a project belongs to an API, a schema and a table: ``api_name``, ``model_name`` and ``table_name`` are
their names. The registry sets the subclass's persistence, and makes the subclass a base of the row class.
``PersistentProfile.load_from_db("id")`` is called on the class itself, and ``profile.save_to_db()`` is called on a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured

from macaron_django.dynamodb.items.persistence import Persistence
from macaron_django.dynamodb.items.write_conditions import describe_key
from macaron_django.dynamodb.tables_by_key import Table, attribute_map_of
from macaron_django.exceptions import DynamoDBItemNotFound

__all__ = ["NotBoundError", "PersistentClasses", "PersistentSwaggerObject", "persistent_classes"]


class NotBoundError(ImproperlyConfigured, AttributeError):
    """A PersistentSwaggerObject was used, but no served schema names it."""


class _Unbound:
    """Raises NotBoundError until the registry gives the class its ``Persistence``."""

    def __get__(self, instance: object, owner: type) -> Persistence:
        api, schema = getattr(owner, "api_name", None), getattr(owner, "model_name", None)
        raise NotBoundError(
            f"{owner.__name__} has no table yet: the schema {schema!r} of the API {api!r} must have "
            f"`x-persist: {owner.__module__}.{owner.__qualname__}`. The project must serve this API (see "
            "MACARON['APIS']), and `manage.py check` must not report an error in the API."
        )


class _OfPersistence:
    """A class attribute whose value is computed from the class's persistence."""

    def __init__(self, read: Any) -> None:
        self._read = read

    def __get__(self, instance: object, owner: Any) -> Any:
        return self._read(owner.persistence)


class PersistentSwaggerObject:
    """Base of the classes that ``x-persist`` names. Options may also be in the spec instead of the class, except
    ``api_name`` and ``model_name``.

    Besides the attributes below, a class may have ``local_indexes``, ``billing``, ``scan``, ``sets``, ``tags``,
    ``point_in_time_recovery`` and ``deletion_protection``, with the same meaning as in ``x-persist``.

    ::

        class PersistentProfile(PersistentSwaggerObject):
            api_name = "myserver"
            model_name = "Profile"
            table_name = "profiles"
            primary_key = "profile_id"
    """

    api_name: ClassVar[str]
    model_name: ClassVar[str]
    table_name: ClassVar[str | None] = None
    primary_key: ClassVar[str | None] = None
    range_key: ClassVar[str | None] = None
    indexes: ClassVar[Mapping[str, Any] | None] = None
    ttl_attribute: ClassVar[str | None] = None
    version_attribute: ClassVar[str | None] = None

    persistence: ClassVar[Persistence] = _Unbound()  # type: ignore[assignment]
    #: The classes of the API, the class of the rows, and the table.
    api: ClassVar[Any] = _OfPersistence(lambda persistence: persistence.classes)
    model: ClassVar[Any] = _OfPersistence(lambda persistence: persistence.model)
    table: ClassVar[Any] = _OfPersistence(Table)

    @staticmethod
    def setup(childclass: type[PersistentSwaggerObject]) -> None:
        """Raises ``NotBoundError`` if the class has no table yet. Nothing else needs to be set up."""
        childclass.persistence  # noqa: B018 (reading it is the test)

    @classmethod
    def import_childclass(cls, object: Any) -> Any:  # noqa: A002 (PyMacaron's name)
        """Returns the class that is named in the ``x-persist`` of an object's schema."""
        module, _, name = str(object.__persistence_class__).rpartition(".")
        return getattr(import_module(module), name)

    @classmethod
    def get_table(cls) -> Table:
        """Returns the table. Its methods accept key values, as in PyMacaron."""
        return Table(cls.persistence)

    @classmethod
    def load_from_db(cls, key: Any, range_value: Any = None) -> Any:
        """Returns the row with this key, from a consistent read. Raises DynamoDBItemNotFound if no row has this key."""
        persistence = cls.persistence
        named = persistence.key(key, range_value)
        item = persistence.get_item(named, consistent=True)
        if item is None or persistence.is_hidden(item):
            raise DynamoDBItemNotFound(f"There is no {persistence.schema.name} with {describe_key(named)}.")
        return persistence.decode(item)

    @classmethod
    def to_model(cls, item: Mapping[str, Any]) -> Any:
        """Returns the row for ``item``: either an item that a method of the table has returned, or an attribute map."""
        return cls.persistence.decode(attribute_map_of(cls.persistence, item))

    def save_to_db(self) -> None:
        """Stores the row, as ``save()`` does."""
        save = getattr(self, "save", None)
        if save is None:
            raise NotBoundError(
                f"{type(self).__name__}() isn't a row. Create one with {getattr(self, 'model_name', 'its model')}(…), "
                f"a class of apipool.{getattr(self, 'api_name', '<api>')}."
            )
        save()

    def load_to_db(self) -> None:
        """Does the same as ``save_to_db``. PyMacaron's documentation uses the name ``load_to_db`` in one place."""
        self.save_to_db()


class PersistentClasses(Mapping[str, type[PersistentSwaggerObject]]):
    """The bound subclasses of ``PersistentSwaggerObject``, by the name of their schema."""

    def _bound(self) -> dict[str, type[PersistentSwaggerObject]]:
        found, todo = {}, PersistentSwaggerObject.__subclasses__()
        while todo:
            cls = todo.pop()
            todo += cls.__subclasses__()
            if "persistence" in vars(cls):
                found[cls.model_name] = cls
        return found

    def __getitem__(self, name: str) -> type[PersistentSwaggerObject]:
        return self._bound()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._bound())

    def __len__(self) -> int:
        return len(self._bound())


persistent_classes = PersistentClasses()
