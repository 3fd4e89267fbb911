"""Finds which item stores a row, and which version this item must have before the row is written.

``row_keys`` finds the key of a row's item. ``item_versions`` finds the version that the stored item must have.
"""

from macaron_django.dynamodb.items.identity.item_versions import ItemVersions, next_version
from macaron_django.dynamodb.items.identity.row_keys import Row, RowKeys, stored_item

__all__ = ["ItemVersions", "Row", "RowKeys", "next_version", "stored_item"]
