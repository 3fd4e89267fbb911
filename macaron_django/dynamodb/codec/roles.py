"""The role of an attribute in its table: a key of the table or of an index, the time to live, or none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

__all__ = ["MAX_HASH_KEY", "MAX_RANGE_KEY", "NO_ROLE", "Role"]

#: The most bytes of a key (AWS: "Service, account, and table quotas").
MAX_HASH_KEY: Final = 2048
MAX_RANGE_KEY: Final = 1024


@dataclass(frozen=True)
class Role:
    """The role of an attribute in its table."""

    hash_key: bool = False
    range_key: bool = False
    index_hash_key: bool = False
    index_range_key: bool = False
    ttl: bool = False

    @cached_property
    def in_table_key(self) -> bool:
        """Whether the attribute is a key of the table itself."""
        return self.hash_key or self.range_key

    @property
    def only_in_table_key(self) -> bool:
        """Whether the attribute is a key of the table and has no other role."""
        return self in _ONLY_TABLE_KEYS

    @cached_property
    def in_key(self) -> bool:
        """Whether the attribute is a key of the table or of an index."""
        return self.in_table_key or self.index_hash_key or self.index_range_key

    @cached_property
    def size_limit(self) -> int:
        """The maximum number of bytes that AWS allows in a key with this role."""
        return MAX_RANGE_KEY if self.range_key or self.index_range_key else MAX_HASH_KEY


NO_ROLE: Final = Role()
_ONLY_TABLE_KEYS: Final = frozenset({Role(hash_key=True), Role(range_key=True)})
