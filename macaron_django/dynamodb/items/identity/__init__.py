"""Says which item a row is, and which version of it: what a write is about.

``row_keys`` finds the key of a row's item. Open ``item_versions`` for the version that a write must find.
"""

from macaron_django.dynamodb.items.identity.item_versions import ItemVersions, next_version
from macaron_django.dynamodb.items.identity.row_keys import Row, RowKeys, stored_item

__all__ = ["ItemVersions", "Row", "RowKeys", "next_version", "stored_item"]
