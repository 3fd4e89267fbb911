"""Layer 3: x-persist → DynamoDB. The only importer of PynamoDB and botocore."""

from macaron_django.dynamodb.binding import persist, persistence_for
from macaron_django.dynamodb.manager import ItemManager
from macaron_django.dynamodb.options import options_from_class, persistence_options
from macaron_django.dynamodb.persistence import Persistence
from macaron_django.dynamodb.queryset import ItemQuerySet
from macaron_django.dynamodb.swagger_objects import PersistentSwaggerObject
from macaron_django.dynamodb.transactions import transaction
from macaron_django.exceptions import DynamoDBItemNotFound

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
