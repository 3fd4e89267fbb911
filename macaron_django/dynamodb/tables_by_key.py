"""Reads and writes items of a persisted schema's table by their keys.

The methods accept the arguments of PyMacaron's methods, and also the arguments of boto3's ``Table``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pynamodb.expressions.condition import Condition

from macaron_django.dynamodb.boto3_items import attribute_value, python_item
from macaron_django.dynamodb.codec.attribute_values import TYPES, AttributeMap
from macaron_django.dynamodb.items.item_operations import ResultPage
from macaron_django.dynamodb.items.persistence import Persistence
from macaron_django.dynamodb.items.write_conditions import describe_key
from macaron_django.exceptions import DynamoDBItemNotFound, UnsupportedQuery

__all__ = ["FoundItems", "Table", "attribute_map_of"]

_RANGE_LOOKUPS: Final = {"exact", "lt", "lte", "gt", "gte", "between", "startswith"}
#: The operators of boto3's key conditions, and the lookups with the same meaning.
_LOOKUPS: Final = {
    "=": "exact", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "BETWEEN": "between", "begins_with": "startswith"
}  # fmt: skip
_DONE: Final = {"ResponseMetadata": {"HTTPStatusCode": 200}}


class FoundItems:
    """The items of a query or scan, read when they are needed.

    Iterating yields dictionaries in JSON form. ``found["Items"]`` is the list that boto3 returns, with Decimals for
    numbers, and ``found["Count"]`` is its length. If there is a limit, the list contains the items up to the limit.
    Otherwise, it contains all items, even if DynamoDB returns them in several pages. If the limit stopped the reading
    before the last item, ``found["LastEvaluatedKey"]`` exists.
    """

    def __init__(self, pages: Callable[[], Iterator[ResultPage]], to_json: Callable[[AttributeMap], Any]) -> None:
        self._pages, self._to_json = pages, to_json
        self._iterator: Iterator[Any] | None = None
        self._answer: dict[str, Any] | None = None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self._to_json(item) for page in self._pages() for item in page.items)

    def __next__(self) -> dict[str, Any]:
        if self._iterator is None:
            self._iterator = iter(self)
        return next(self._iterator)

    def __getitem__(self, name: str) -> Any:
        return self._read()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._read()

    def get(self, name: str, default: Any = None) -> Any:
        """Returns a member of boto3's response, or ``default``."""
        return self._read().get(name, default)

    def _read(self) -> dict[str, Any]:
        """Returns the response in boto3's form."""
        if self._answer is None:
            items: list[dict[str, Any]] = []
            last_key: AttributeMap | None = None
            for page in self._pages():
                items += map(python_item, page.items)
                last_key = page.last_key
            self._answer = {"Items": items, "Count": len(items), "ScannedCount": len(items), **_DONE}
            if last_key is not None:
                self._answer["LastEvaluatedKey"] = python_item(last_key)
        return self._answer


class Table:
    """A persisted schema's table. Items are dictionaries in JSON form, by property name.

    With boto3's arguments, the methods return what boto3's ``Table`` returns: ``get_item(Key=…)``,
    ``put_item(Item=…)``, ``delete_item(Key=…)``, ``scan()["Items"]``, ``query(KeyConditionExpression=…)["Items"]``. If
    boto3 is installed, calls with other methods or arguments are passed to its ``Table``.
    """

    def __init__(self, persistence: Persistence) -> None:
        self._persistence = persistence

    @property
    def name(self) -> str:
        return self._persistence.table_name

    def has_item(self, **key: Any) -> bool:
        """Returns whether an item with this key exists: ``has_item(profile_id="7")``."""
        named = self._key(key)
        found = self._persistence.get_item(named, consistent=True, projection=list(named))
        return found is not None

    def get_item(self, **key: Any) -> dict[str, Any]:
        """Returns the item with this key, including attributes that the schema doesn't describe. Raises
        DynamoDBItemNotFound if the item doesn't exist.

        If ``Key={…}`` is passed, returns a response like boto3's. ``ConsistentRead`` can be passed, too. The response
        has no ``Item`` if the item doesn't exist.
        """
        if _is_boto3_call(key):
            is_plain = key.keys() <= {"Key", "ConsistentRead"}
            return self._boto3_get_item(**key) if is_plain else self._boto3().get_item(**key)
        named = self._key(key)
        item = self._persistence.get_item(named, consistent=True)
        if item is None:
            raise DynamoDBItemNotFound(f"There is no item with {describe_key(named)} in table {self.name}.")
        return self._persistence.json_of_all(item)

    def put_item(self, data: Mapping[str, Any] | None = None, overwrite: bool = False, **boto3s: Any) -> Any:
        """Stores an item that is in JSON form. Raises ItemExists if an item with this key exists and ``overwrite``
        isn't set.

        If ``Item={…}`` is passed, an existing item is replaced, as in boto3. The values can be in boto3's form.
        """
        if boto3s:
            if boto3s.keys() != {"Item"}:
                return self._boto3().put_item(**boto3s)
            self._persistence.put_item(attribute_map_of(self._persistence, boto3s["Item"]))
            return dict(_DONE)
        if data is None:
            raise TypeError("put_item() takes an item: put_item({…}), or put_item(Item={…}) as in boto3")
        item = attribute_map_of(self._persistence, data)
        self._persistence.put_item(item, condition=None if overwrite else "absent")
        return True

    def delete_item(self, **key: Any) -> Any:
        """Deletes the item with this key, and returns whether the item existed. If ``Key={…}`` is passed, returns a
        response like boto3's.
        """
        if not _is_boto3_call(key):
            return self._persistence.delete_item(self._key(key))
        if key.keys() != {"Key"}:
            return self._boto3().delete_item(**key)
        self._persistence.delete_item(self._key(key["Key"]))
        return dict(_DONE)

    def query(
        self, *, index: str | None = None, limit: int | None = None, reverse: bool = False, **keys: Any
    ) -> FoundItems:
        """Returns the items with this hash key, in the order of the range key. The range key can be restricted with a
        lookup, as in ``query(author_id="7", year__gte=1990)``. The other lookups are ``lt``, ``lte``, ``gt``,
        ``between`` and ``startswith``.

        boto3's arguments are also accepted: ``query(KeyConditionExpression=Key("author_id").eq("7"))``, with
        ``IndexName``, ``Limit``, ``ScanIndexForward`` and ``ExclusiveStartKey``.
        """
        start: AttributeMap | None = None
        if "KeyConditionExpression" in keys:
            known = {"KeyConditionExpression", "IndexName", "Limit", "ScanIndexForward", "ExclusiveStartKey"}
            if not keys.keys() <= known:
                return self._boto3().query(**keys)  # type: ignore[no-any-return]  # boto3's response
            start = _start_of(keys)
            index, limit = keys.get("IndexName"), keys.get("Limit")
            reverse = keys.get("ScanIndexForward") is False
            keys = dict(_keys_of(keys["KeyConditionExpression"]))
        persistence = self._persistence
        names = persistence.index_keys(index)
        hash_name = names[0]
        if hash_name not in keys:
            raise UnsupportedQuery(f"A query on {index or self.name} needs its hash key: query({hash_name}=…).")
        hash_value = persistence.encode_value(hash_name, keys.pop(hash_name))
        condition = self._range_condition(names[1] if len(names) > 1 else None, keys)

        def page(start: AttributeMap | None, count: int | None) -> ResultPage:
            return persistence.query(
                hash_value, index=index, range_condition=condition, forward=not reverse, limit=count, start=start
            )

        return self._found(page, limit, start)

    def scan(self, *, limit: int | None = None, **boto3s: Any) -> FoundItems:
        """Reads the table, and returns all items or the first ``limit`` items. boto3's arguments are also accepted:
        ``scan()["Items"]``, ``scan(Limit=…)``, ``scan(ExclusiveStartKey=…)``.
        """
        if boto3s.keys() - {"Limit", "ExclusiveStartKey"}:
            return self._boto3().scan(**boto3s)  # type: ignore[no-any-return]  # boto3's response
        limit = boto3s.get("Limit", limit)

        def page(start: AttributeMap | None, count: int | None) -> ResultPage:
            return self._persistence.scan(limit=count, start=start)

        return self._found(page, limit, _start_of(boto3s))

    def _found(
        self,
        page: Callable[[AttributeMap | None, int | None], ResultPage],
        limit: int | None,
        first: AttributeMap | None,
    ) -> FoundItems:
        def pages() -> Iterator[ResultPage]:
            start, remaining = first, limit
            while remaining is None or remaining > 0:
                found = page(start, remaining)
                yield found
                remaining = None if remaining is None else remaining - len(found.items)
                start = found.last_key
                if start is None:
                    return

        return FoundItems(pages, self._persistence.json_of_all)

    def _range_condition(self, name: str | None, keys: Mapping[str, Any]) -> Condition | None:
        condition: Condition | None = None
        for given, value in keys.items():
            property_name, _, lookup = given.partition("__")
            lookup = lookup or "exact"
            if property_name != name or lookup not in _RANGE_LOOKUPS or condition is not None:
                raise UnsupportedQuery(
                    f"{given} can't be in a query on {self.name}: besides the hash key there can be only one "
                    f"condition, on the range key{f' {name}' if name else ' (this table has none)'}. Filter with "
                    f"objects.filter()."
                )
            attribute = self._persistence.attributes[property_name]
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

    # -- as boto3's ----------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._boto3(), name)

    def _boto3(self) -> Any:
        from macaron_django.dynamodb.calls.aws_sdk.boto3_resources import (
            get_dynamodb,  # imported here, because it needs botocore
        )

        return get_dynamodb().Table(self.name)

    def _boto3_get_item(self, Key: Mapping[str, Any], ConsistentRead: bool = False) -> dict[str, Any]:  # noqa: N803
        item = self._persistence.get_item(self._key(Key), consistent=ConsistentRead)
        return dict(_DONE) if item is None else {"Item": python_item(item), **_DONE}


def _is_boto3_call(given: Mapping[str, Any]) -> bool:
    return isinstance(given.get("Key"), Mapping)


def _start_of(boto3s: Mapping[str, Any]) -> AttributeMap | None:
    """Returns the ``ExclusiveStartKey`` in boto3's arguments as an attribute map; None if they have no such key."""
    key = boto3s.get("ExclusiveStartKey")
    return None if key is None else {name: attribute_value(value, f"/{name}") for name, value in key.items()}


def _keys_of(condition: Any) -> Iterator[tuple[str, Any]]:
    """Yields the lookups for boto3's key conditions, such as ``Key("a").eq(1) & Key("b").between(2, 3)``."""
    expression = condition.get_expression() if hasattr(condition, "get_expression") else {}
    operator, values = expression.get("operator"), expression.get("values", ())
    if operator == "AND":
        for each in values:
            yield from _keys_of(each)
    elif operator in _LOOKUPS:
        lookup, (key, *operands) = _LOOKUPS[operator], values
        name = key.name if lookup == "exact" else f"{key.name}__{lookup}"
        yield name, tuple(operands) if lookup == "between" else operands[0]
    else:
        raise UnsupportedQuery(
            "Here, a KeyConditionExpression must consist of boto3's Key(…) conditions, such as "
            "Key('author_id').eq('7'). If your expression is a string, use get_dynamodb().Table(…).query(…)."
        )


def attribute_map_of(persistence: Persistence, item: Mapping[str, Any]) -> AttributeMap:
    """Returns the attribute map of an item. ``item`` is an attribute map, JSON, or a dictionary in boto3's form."""
    if item and all(isinstance(value, dict) and len(value) == 1 and value.keys() <= TYPES for value in item.values()):
        return dict(item)
    known = persistence.attributes
    described = {name: value for name, value in item.items() if name in known}
    others = {name: attribute_value(value, f"/{name}") for name, value in item.items() if name not in known}
    return {**persistence.item_of_all(described), **others}
