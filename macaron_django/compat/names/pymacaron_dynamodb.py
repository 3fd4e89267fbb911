"""Lists the names in ``pymacaron_dynamodb``, each with its counterpart or the reason why there is no counterpart."""

from __future__ import annotations

from macaron_django.compat.rows import Modules, without

__all__ = ["MODULES"]

MODULES: Modules = {
    "pymacaron_dynamodb": {
        "PersistentSwaggerObject": "macaron_django.dynamodb.PersistentSwaggerObject",
        "DynamoDBItemNotFound": "macaron_django.dynamodb.DynamoDBItemNotFound",
        "get_dynamodb": "macaron_django.dynamodb.get_dynamodb",
        "db": without("get_dynamodb() creates one resource for each thread, and keeps it"),
        "model_to_persistent_class": "macaron_django.dynamodb.swagger_objects.persistent_classes",
        "_normalize_item": "macaron_django.dynamodb.boto3_items.normalized_item",
        "_normalize_object": "macaron_django.dynamodb.boto3_items.normalized_object",
        "_normalize_list": "macaron_django.dynamodb.boto3_items.normalized_list",
        "_normalize_dict": "macaron_django.dynamodb.boto3_items.normalized_dict",
    },
}
