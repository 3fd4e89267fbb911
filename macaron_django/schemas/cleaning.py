"""A document's Schema in, a :class:`Cleaner` out: drops readOnly properties, fills in defaults.

Both walk an instance along its schema: through properties (``$ref`` and ``allOf`` included), items, additional
properties, and the branch of a ``oneOf`` or ``anyOf`` that applies. An instance is never changed in place; parts
that need nothing are shared with the result. Separate from ``validators`` because it judges nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .conversions import branch_for

if TYPE_CHECKING:
    from macaron_django.spec import Schema

__all__ = ["Cleaner", "cleaner_for"]


def cleaner_for(schema: Schema) -> Cleaner:
    """Return the cleaner of ``schema``, made once and kept with its document."""
    kept: dict[Schema, Cleaner] = schema.document.__dict__.setdefault("_cleaners", {})
    cleaner = kept.get(schema)
    if cleaner is None:
        cleaner = kept[schema] = Cleaner(schema)
    return cleaner


class Cleaner:
    """What has to be done to instances of one schema."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    @cached_property
    def properties(self) -> Mapping[str, Cleaner]:
        return {name: cleaner_for(each.schema) for name, each in self.schema.properties.items()}

    @cached_property
    def read_only(self) -> frozenset[str]:
        """Names that are readOnly here, or in every branch that has them."""
        own = self.schema.properties
        names = {name for name, each in own.items() if each.read_only}
        for branch in self.branches:
            names |= branch.read_only
        for branch in (self, *self.branches):
            names -= {name for name, each in branch.schema.properties.items() if not each.read_only}
        return frozenset(names)

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        return {name: each.schema.default for name, each in self.schema.properties.items() if each.schema.has_default}

    @cached_property
    def items(self) -> Cleaner | None:
        schema = self.schema
        return None if schema.items is None or schema.keyword("prefixItems") else cleaner_for(schema.items)

    @cached_property
    def others(self) -> Cleaner | None:
        """Of properties that the schema doesn't name."""
        schema = self.schema.additional_properties
        if isinstance(schema, bool) or self.schema.keyword("patternProperties"):
            return None
        return cleaner_for(schema)

    @cached_property
    def branches(self) -> tuple[Cleaner, ...]:
        return tuple(cleaner_for(branch) for branch in (*self.schema.one_of, *self.schema.any_of))

    @cached_property
    def has_read_only(self) -> bool:
        return any(cleaner.read_only for cleaner in self._reachable())

    @cached_property
    def has_defaults(self) -> bool:
        return any(cleaner.defaults for cleaner in self._reachable())

    def _reachable(self) -> Iterator[Cleaner]:
        seen: set[Cleaner] = {self}
        todo = [self]
        while todo:
            cleaner = todo.pop()
            yield cleaner
            below = [*cleaner.properties.values(), *cleaner.branches, cleaner.items, cleaner.others]
            todo += (found := [each for each in dict.fromkeys(below) if each is not None and each not in seen])
            seen.update(found)

    def without_read_only(self, value: Any) -> Any:
        """Return ``value`` without the properties that only the server sets."""
        if not self.has_read_only:
            return value
        if isinstance(value, Mapping):
            kept = {name: member for name, member in value.items() if name not in self.read_only}
            cleaner = self._branch(value, certain=True)
            value = self._each_member(kept, lambda member_cleaner, member: member_cleaner.without_read_only(member))
            return value if cleaner is None else cleaner.without_read_only(value)
        return self._each_item(value, lambda cleaner, item: cleaner.without_read_only(item))

    def with_defaults(self, value: Any, *, skip_read_only: bool = False) -> Any:
        """Return ``value``, which is valid, with the defaults of what it lacks."""
        if not self.has_defaults:
            return value
        if isinstance(value, Mapping):
            filled = dict(value)
            for name, default in self.defaults.items():
                if name not in filled and not (skip_read_only and name in self.read_only):
                    filled[name] = copy.deepcopy(default)
            filled = self._each_member(
                filled, lambda cleaner, member: cleaner.with_defaults(member, skip_read_only=skip_read_only)
            )
            branch = self._branch(value, certain=False)
            return filled if branch is None else branch.with_defaults(filled, skip_read_only=skip_read_only)
        return self._each_item(value, lambda cleaner, item: cleaner.with_defaults(item, skip_read_only=skip_read_only))

    def _branch(self, value: Any, *, certain: bool) -> Cleaner | None:
        if not self.branches or (certain and self.schema.discriminator is None):
            return None
        branch = branch_for(self.schema, value)
        return None if branch is None or branch.resolved == self.schema.resolved else cleaner_for(branch)

    def _each_member(self, value: dict[str, Any], change: Callable[[Cleaner, Any], Any]) -> dict[str, Any]:
        others = self.others
        for name, member in value.items():
            cleaner = self.properties.get(name, others)
            if cleaner is not None and isinstance(member, (Mapping, list, tuple)):
                value[name] = change(cleaner, member)
        return value

    def _each_item(self, value: Any, change: Callable[[Cleaner, Any], Any]) -> Any:
        if isinstance(value, (list, tuple)) and self.items is not None:
            return [change(self.items, item) for item in value]
        return value
