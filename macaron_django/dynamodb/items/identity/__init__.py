"""Finds the item to which a row is written, and the version that this item must have.

``row_keys`` finds the key of a row's item. ``item_versions`` finds the version that the stored item must have.
"""

from macaron_django.dynamodb.items.identity.item_versions import ItemVersions, next_version
from macaron_django.dynamodb.items.identity.row_keys import Row, RowKeys, stored_item

__all__ = ["ItemVersions", "Row", "RowKeys", "next_version", "stored_item"]
