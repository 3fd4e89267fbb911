"""Builds the PynamoDB model of a persisted schema's table.

The model is a real ``pynamodb.models.Model``. Each call reads the table's name, the host and the region again. The
attributes are in the schema's order, and unknown attributes of items are preserved. Other modules read names, keys and
indexes from the model. Projects use it for features that only PynamoDB has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

from pynamodb import indexes
from pynamodb.connection.base import MetaTable
from pynamodb.models import Model

from macaron_django.conf import settings
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls.connection import TableConnection
from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.dynamodb.codec.attributes import PropertyAttribute
from macaron_django.dynamodb.codec.roles import Role
from macaron_django.dynamodb.tables.table_layouts import TableLayout
from macaron_django.openapi import Index, Persist
from macaron_django.schemas.values.conversions import UNSET
from macaron_django.schemas.values.field_names import field_names

__all__ = ["ItemModel", "build_table"]

#: The default read and write units of a provisioned table or index. The AWS console suggests the same numbers.
DEFAULT_CAPACITY: Final = (5, 5)
_BILLING: Final = {"on-demand": "PAY_PER_REQUEST", "provisioned": "PROVISIONED"}


class ItemModel(Model):
    """A PynamoDB model for the items of a persisted schema.

    ``save()`` writes unknown attributes as they were read, and the value None as NULL. An unset property also has the
    value None when it is read, but it isn't written.
    """

    _by_attribute_name: ClassVar[Mapping[str, PropertyAttribute]] = {}
    _item_connection: ClassVar[TableConnection | None] = None

    @classmethod
    def attribute(cls, name: str) -> PropertyAttribute:
        """Returns the attribute that stores the property ``name``. Raises KeyError if there is no such attribute."""
        return cls._by_attribute_name[name]

    @classmethod
    def _get_connection(cls) -> TableConnection:
        if cls._item_connection is None:
            schema = cls._get_schema()
            described: dict[str, Any] = {
                "KeySchema": schema["key_schema"],
                "AttributeDefinitions": schema["attribute_definitions"],
            }
            for kind, listed in (
                ("GlobalSecondaryIndexes", schema["global_secondary_indexes"]),
                ("LocalSecondaryIndexes", schema["local_secondary_indexes"]),
            ):
                described[kind] = [
                    {"IndexName": index["index_name"], "KeySchema": index["key_schema"]}
                    for index in cast("list[dict[str, Any]]", listed)
                ]
            cls._item_connection = TableConnection(lambda: cls.Meta.table_name, MetaTable(described))
        return cls._item_connection

    @classmethod
    def _ttl_attribute(cls) -> PropertyAttribute | None:
        return next((attribute for attribute in cls._by_attribute_name.values() if attribute.role.ttl), None)

    def _container_serialize(self, null_check: bool = True) -> AttributeMap:
        item = dict(self.__dict__.get("_unknown", {}))
        for name, attribute in self.get_attributes().items():
            if name in self.attribute_values:
                item.update(cast("PropertyAttribute", attribute).attributes_of(self.attribute_values[name]))
        return item

    def _container_deserialize(self, attribute_values: AttributeMap) -> None:
        self.attribute_values = {}
        known = set()
        for name, attribute in self.get_attributes().items():
            assert isinstance(attribute, PropertyAttribute)  # noqa: S101 (build_table makes no others)
            known |= {attribute.attr_name, attribute.given_name}
            value = attribute.value_in(attribute_values)
            if value is not UNSET:
                self.attribute_values[name] = value
        self._unknown = {name: value for name, value in attribute_values.items() if name not in known}

    @classmethod
    def _instantiate(cls, attribute_values: AttributeMap) -> ItemModel:
        item = cls(_user_instantiated=False)
        item._container_deserialize(attribute_values)
        return item


class _LateBound(type):
    """The type of ``Meta`` classes whose settings are read at each access."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], layout: TableLayout) -> _LateBound:
        namespace["layout"] = layout
        return super().__new__(mcs, name, bases, namespace)

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], layout: TableLayout) -> None:
        super().__init__(name, bases, namespace)

    @property
    def table_name(cls) -> str:
        return str(cls.__dict__["layout"].table_name)

    @property
    def host(cls) -> str | None:
        return engines.current().endpoint_url

    @property
    def region(cls) -> str:
        return engines.current().region

    @property
    def max_retry_attempts(cls) -> int:
        return int(settings.DYNAMODB.MAX_ATTEMPTS) - 1


def build_table(layout: TableLayout) -> type[ItemModel]:
    """Returns the PynamoDB model class of a table."""
    attributes, options = layout.attributes, layout.options
    reserved = {*dir(ItemModel), "Meta", "hash_key", "range_key"}  # PynamoDB's __init__ has the last two as arguments
    python_names = field_names([*attributes, *(f"index_{name}" for name in layout.indexes)], reserved=reserved)
    namespace: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": f"The table of {layout.api}'s {layout.schema_name}.",
    }
    namespace |= {python_names[name]: attribute for name, attribute in attributes.items()}
    for name, index in layout.indexes.items():
        namespace[python_names[f"index_{name}"]] = _index(name, index, options, attributes)
    make: Any = type(ItemModel)
    table: Any = make(f"{layout.schema_name or 'Item'}Table", (ItemModel,), namespace)
    # Meta isn't in the namespace. If it were, PynamoDB would read the host and the region at once, which would start an
    # engine.
    table.Meta = _meta(layout)
    table._by_attribute_name = attributes
    # PynamoDB would sort the attributes by name.
    table._attributes = {python_names[name]: attribute for name, attribute in attributes.items()}
    return cast("type[ItemModel]", table)


def _meta(layout: TableLayout) -> type:
    options = layout.options
    billing = _BILLING[options.billing]
    namespace: dict[str, Any] = {
        "billing_mode": billing,
        "billing_given": "billing" in options.given,
        "__qualname__": "Meta",
    }
    namespace |= {name: getattr(options, name) for name in ("tags", "point_in_time_recovery", "deletion_protection")}
    namespace |= _capacity(options)
    return _LateBound("Meta", (), namespace, layout=layout)


def _capacity(options: Persist) -> dict[str, int]:
    if options.billing != "provisioned":
        return {}
    read, write = options.capacity or DEFAULT_CAPACITY
    return {"read_capacity_units": read, "write_capacity_units": write}


def _index(
    name: str, described: Index, options: Persist, attributes: Mapping[str, PropertyAttribute]
) -> indexes.Index[Any]:
    local = name in options.local_indexes
    hash_key = options.hash_key if local else described.hash_key
    namespace: dict[str, Any] = {"index_name": name, "projection": _projection(described, attributes)}
    if not local:
        namespace |= _capacity(options)
    keys = {"hash_attribute": _index_key(attributes[hash_key or ""], hash_key=True)}
    if described.range_key is not None:
        keys["range_attribute"] = _index_key(attributes[described.range_key], hash_key=False)
    base = indexes.LocalSecondaryIndex if local else indexes.GlobalSecondaryIndex
    kind = type(f"{name}Index", (base,), {"Meta": type("Meta", (), namespace), **keys})
    return cast("indexes.Index[Any]", kind())


def _index_key(attribute: PropertyAttribute, *, hash_key: bool) -> PropertyAttribute:
    role = Role(hash_key=hash_key, range_key=not hash_key)
    return PropertyAttribute(attribute.attr_name, attribute.codec, attribute.conversion, role)


def _projection(described: Index, attributes: Mapping[str, PropertyAttribute]) -> indexes.Projection:
    if described.projection == "all":
        return indexes.AllProjection()
    if described.projection == "keys":
        return indexes.KeysOnlyProjection()
    names: list[str] = []
    for name in described.projection:
        names.append(name)
        if name in attributes and attributes[name].keeps_given:
            names.append(attributes[name].given_name)
    return indexes.IncludeProjection(names)
