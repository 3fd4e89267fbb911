"""``PersistentSwaggerObject``: PyMacaron's way to persisted objects, over this package's persistence.

A class of the user's names an API, a schema and a table. The registry gives it its persistence, and makes it
a base of the row's class: ``PersistentProfile.load_from_db("id")`` works on the class itself, and
``profile.save_to_db()`` on each row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.core.exceptions import ImproperlyConfigured
from pynamodb.expressions.condition import Condition

from macaron_django.dynamodb.attribute_values import AttributeMap, Format
from macaron_django.dynamodb.items import Page, describe_key
from macaron_django.exceptions import DynamoDBItemNotFound, UnsupportedQuery
from macaron_django.schemas.conversions import UNSET

if TYPE_CHECKING:
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["NotBoundError", "PersistentSwaggerObject", "Table"]

_RANGE_LOOKUPS: Final = {"exact", "lt", "lte", "gt", "gte", "between", "startswith"}


class NotBoundError(ImproperlyConfigured, AttributeError):
    """A PersistentSwaggerObject was used that no served schema names."""


class _Unbound:
    """Stands where the registry puts a persistence, until it does."""

    def __get__(self, instance: object, owner: type) -> Persistence:
        api, schema = getattr(owner, "api_name", None), getattr(owner, "model_name", None)
        raise NotBoundError(
            f"{owner.__name__} has no table yet: the schema {schema!r} of the API {api!r} has to say "
            f"`x-persist: {owner.__module__}.{owner.__qualname__}`, the API has to be found by MACARON['APIS'], "
            "and `manage.py check` has to find no error in it."
        )


class PersistentSwaggerObject:
    """Base of the classes that ``x-persist`` names. All but ``api_name`` and ``model_name`` may stand in the spec.

    Beside those below a class may have ``local_indexes``, ``billing``, ``scan``, ``sets``, ``tags``,
    ``point_in_time_recovery`` and ``deletion_protection``, with the meaning that they have there.

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

    @classmethod
    def get_table(cls) -> Table:
        """The table, for calls by key."""
        return Table(cls.persistence)

    @classmethod
    def load_from_db(cls, key: Any, range_value: Any = None) -> Any:
        """The row with this key, read consistently; DynamoDBItemNotFound if there is none."""
        persistence = cls.persistence
        named = persistence.key(key, range_value)
        item = persistence.get_item(named, consistent=True)
        if item is None:
            raise DynamoDBItemNotFound(f"There is no {persistence.schema.name} with {describe_key(named)}.")
        return persistence.decode(item)

    @classmethod
    def to_model(cls, item: Mapping[str, Any]) -> Any:
        """The row of an item that a method of the table returned, or of an attribute map."""
        return cls.persistence.decode(_attribute_map(cls.persistence, item))

    def save_to_db(self) -> None:
        """Store the row: ``save()``."""
        save = getattr(self, "save", None)
        if save is None:
            raise NotBoundError(
                f"{type(self).__name__}() is no row: make one with {getattr(self, 'model_name', 'its model')}(…), "
                f"the class that apipool.{getattr(self, 'api_name', '<api>')} has."
            )
        save()

    def load_to_db(self) -> None:
        """The name that PyMacaron's documentation once gives ``save_to_db``."""
        self.save_to_db()


class Table:
    """A persisted schema's table by key values; items are dictionaries in JSON form, by property name."""

    def __init__(self, persistence: Persistence) -> None:
        self._persistence = persistence

    @property
    def name(self) -> str:
        return self._persistence.table_name

    def has_item(self, **key: Any) -> bool:
        """Whether there is an item with this key: ``has_item(profile_id="7")``."""
        named = self._key(key)
        found = self._persistence.get_item(named, consistent=True, projection=list(named))
        return found is not None

    def get_item(self, **key: Any) -> dict[str, Any]:
        """The item with this key, attributes unknown to the schema among it; DynamoDBItemNotFound if there is none."""
        named = self._key(key)
        item = self._persistence.get_item(named, consistent=True)
        if item is None:
            raise DynamoDBItemNotFound(f"There is no item with {describe_key(named)} in table {self.name}.")
        return self._as_json(item)

    def put_item(self, data: Mapping[str, Any], overwrite: bool = False) -> bool:
        """Put an item, in JSON form; ItemExists if its key is taken and ``overwrite`` isn't set."""
        item = _attribute_map(self._persistence, data)
        self._persistence.put_item(item, condition=None if overwrite else "absent")
        return True

    def delete_item(self, **key: Any) -> bool:
        """Delete the item with this key; whether there was one."""
        return self._persistence.delete_item(self._key(key))

    def query(
        self, *, index: str | None = None, limit: int | None = None, reverse: bool = False, **keys: Any
    ) -> Iterator[dict[str, Any]]:
        """The items with this hash key, in the order of the range key, which may be restricted:
        ``query(author_id="7", year__gte=1990)``, with ``lt``, ``lte``, ``gt``, ``between`` and ``startswith``.
        """
        persistence = self._persistence
        names = persistence.index_keys(index)
        hash_name = names[0]
        if hash_name not in keys:
            raise UnsupportedQuery(f"A query on {index or self.name} needs its hash key: query({hash_name}=…).")
        hash_value = persistence.encode_value(hash_name, keys.pop(hash_name))
        condition = self._range_condition(names[1] if len(names) > 1 else None, keys)

        def page(start: AttributeMap | None, count: int | None) -> Page:
            return persistence.query(
                hash_value, index=index, range_condition=condition, forward=not reverse, limit=count, start=start
            )

        return self._items(page, limit)

    def scan(self, *, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """All items, or the first ``limit``: reads the table."""
        return self._items(lambda start, count: self._persistence.scan(limit=count, start=start), limit)

    def _items(self, page: Any, limit: int | None) -> Iterator[dict[str, Any]]:
        start, remaining = None, limit
        while remaining is None or remaining > 0:
            found: Page = page(start, remaining)
            yield from map(self._as_json, found.items)
            remaining = None if remaining is None else remaining - len(found.items)
            start = found.last_key
            if start is None:
                return

    def _range_condition(self, name: str | None, keys: Mapping[str, Any]) -> Condition | None:
        condition: Condition | None = None
        for given, value in keys.items():
            property_name, _, lookup = given.partition("__")
            lookup = lookup or "exact"
            if property_name != name or lookup not in _RANGE_LOOKUPS or condition is not None:
                raise UnsupportedQuery(
                    f"{given} can't be in a query on {self.name}: beside the hash key there may be one condition on "
                    f"the range key{f' {name}' if name else ', and there is none'}. Filter with objects.filter()."
                )
            attribute = self._persistence.table.attribute(property_name)
            if lookup == "between":
                condition = attribute.between(*value)
            elif lookup == "startswith":
                condition = attribute.startswith(value)
            else:
                operator = {"exact": "eq", "lt": "lt", "lte": "le", "gt": "gt", "gte": "ge"}[lookup]
                condition = getattr(attribute, f"__{operator}__")(value)
        return condition

    def _key(self, key: Mapping[str, Any]) -> AttributeMap:
        names = self._persistence.key_names
        if set(key) != set(names):
            raise TypeError(f"The key of {self.name} is {', '.join(names)}, not {', '.join(key) or 'nothing'}")
        return self._persistence.key(*(key[name] for name in names))

    def _as_json(self, item: AttributeMap) -> dict[str, Any]:
        attributes = self._persistence.table.attributes_by_name()
        known = {name: attribute.json_in(item) for name, attribute in attributes.items()}
        given = {attribute.given_name for attribute in attributes.values() if attribute.keeps_given}
        others = item.keys() - known.keys() - given
        return {name: value for name, value in known.items() if value is not UNSET} | {
            name: Format().decode(item[name]) for name in others
        }


def _attribute_map(persistence: Persistence, item: Mapping[str, Any]) -> AttributeMap:
    """An attribute map, from one or from the JSON form of an item."""
    if item and all(isinstance(value, dict) and len(value) == 1 and value.keys() <= _TAGS for value in item.values()):
        return dict(item)
    attributes = persistence.table.attributes_by_name()
    encoded: AttributeMap = {}
    for name, value in item.items():
        if name in attributes:
            encoded |= attributes[name].attributes_of(attributes[name].conversion.to_python(value))
        else:
            encoded[name] = Format().encode(value)
    return encoded


_TAGS: Final = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"})
