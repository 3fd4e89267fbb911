"""Layer 3: x-persist → DynamoDB. The only importer of PynamoDB and botocore."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from macaron_django.exceptions import DynamoDBItemNotFound

if TYPE_CHECKING:
    from macaron_django.dynamodb.binding import persist, persistence_for
    from macaron_django.dynamodb.manager import ItemManager
    from macaron_django.dynamodb.options import options_from_class, persistence_options
    from macaron_django.dynamodb.persistence import Persistence
    from macaron_django.dynamodb.queryset import ItemQuerySet
    from macaron_django.dynamodb.swagger_objects import PersistentSwaggerObject
    from macaron_django.dynamodb.transactions import transaction

__all__ = [
    "DynamoDBItemNotFound",
    "ItemManager",
    "ItemQuerySet",
    "Persistence",
    "PersistentSwaggerObject",
    "options_from_class",
    "persist",
    "persistence_for",
    "persistence_options",
    "transaction",
]

#: Name → module. Imported when first asked for: a project that keeps nothing starts without PynamoDB and botocore.
_EXPORTS = {
    "ItemManager": "manager",
    "ItemQuerySet": "queryset",
    "Persistence": "persistence",
    "PersistentSwaggerObject": "swagger_objects",
    "options_from_class": "options",
    "persist": "binding",
    "persistence_for": "binding",
    "persistence_options": "options",
    "transaction": "transactions",
}


def __getattr__(name: str) -> object:
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found
