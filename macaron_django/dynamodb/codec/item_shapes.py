"""Describes the items of a persisted schema, and the types of the functions that are compiled for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from macaron_django.dynamodb.codec.additional_attributes import AdditionalAttributes
from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.dynamodb.codec.attributes import PropertyAttribute

__all__ = ["ItemReader", "ItemShape", "ItemWriter", "JSONReader", "JSONWriter", "PropertyPlace"]

#: Returns the row of an item.
ItemReader: TypeAlias = Callable[[AttributeMap], Any]
#: Returns the item of a row. Raises UnstorableValue.
ItemWriter: TypeAlias = Callable[[Any], AttributeMap]
#: Returns the JSON object of an item.
JSONReader: TypeAlias = Callable[[AttributeMap], dict[str, Any]]
#: Returns the item of a JSON object. Raises UnstorableValue.
JSONWriter: TypeAlias = Callable[[Mapping[str, Any]], AttributeMap]


class PropertyPlace(NamedTuple):
    """A property's name, the row's field for the property, and the item's attribute that stores the property."""

    name: str
    field: str
    attribute: PropertyAttribute


@dataclass(frozen=True)
class ItemShape:
    """A model, and the attributes that store its rows in DynamoDB."""

    #: The Django model of the rows.
    model: Any
    #: The attributes by property name, in the schema's order. If the version isn't a property, it is the last
    #: attribute.
    attributes: Mapping[str, PropertyAttribute]
    additional: AdditionalAttributes

    @cached_property
    def places(self) -> tuple[PropertyPlace, ...]:
        """A ``PropertyPlace`` for each property of the schema, in the schema's order."""
        return tuple(
            PropertyPlace(name, field, self.attributes[name]) for name, field in self.model._spec.field_names.items()
        )
