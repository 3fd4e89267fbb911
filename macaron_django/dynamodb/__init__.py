"""Stores the objects of schemas with ``x-persist`` in DynamoDB, and provides a Django manager for them.

In macaron_django, only this package imports PynamoDB, and only this package and ``manage.py deploy`` import botocore.
For each schema with ``x-persist``, ``binding`` builds a ``Persistence``, which reads and writes the items, and a Django
model, whose instances are called rows.

The folders:

- ``querysets``: Django's interface, a manager and a query set
- ``planning``: chooses DynamoDB's operation for a query
- ``items``: reads and writes items
- ``codec``: converts values to attribute values and back
- ``tables``: creates and changes tables
- ``calls``: sends calls to DynamoDB, and repeats them if necessary
- ``engines``: the servers that provide DynamoDB
- ``transfer``: dumps and loads tables

``swagger_objects``, ``tables_by_key`` and ``boto3_items`` implement PyMacaron's interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.exceptions import DynamoDBItemNotFound
from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.dynamodb.binding import graft, persist, persistence_for
    from macaron_django.dynamodb.calls.aws_sdk.boto3_resources import get_dynamodb
    from macaron_django.dynamodb.calls.deadlines import lift_deadline
    from macaron_django.dynamodb.items.pending_writes import on_commit
    from macaron_django.dynamodb.items.persistence import Persistence
    from macaron_django.dynamodb.items.transactions import transaction
    from macaron_django.dynamodb.querysets.manager import ItemManager
    from macaron_django.dynamodb.querysets.queryset import ItemQuerySet
    from macaron_django.dynamodb.swagger_objects import PersistentSwaggerObject
    from macaron_django.dynamodb.tables.persist_options import options_from_class, persistence_options

__all__ = [
    "DynamoDBItemNotFound",
    "ItemManager",
    "ItemQuerySet",
    "Persistence",
    "PersistentSwaggerObject",
    "get_dynamodb",
    "graft",
    "lift_deadline",
    "on_commit",
    "options_from_class",
    "persist",
    "persistence_for",
    "persistence_options",
    "transaction",
]

#: Imports are lazy, so that a project that persists no schema starts without PynamoDB and botocore.
__getattr__ = lazy_exports(
    __name__,
    {
        "binding": ("graft", "persist", "persistence_for"),
        "calls.aws_sdk.boto3_resources": ("get_dynamodb",),
        "calls.deadlines": ("lift_deadline",),
        "items.pending_writes": ("on_commit",),
        "items.persistence": ("Persistence",),
        "items.transactions": ("transaction",),
        "querysets.manager": ("ItemManager",),
        "querysets.queryset": ("ItemQuerySet",),
        "swagger_objects": ("PersistentSwaggerObject",),
        "tables.persist_options": ("options_from_class", "persistence_options"),
    },
)
