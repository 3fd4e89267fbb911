"""Drops readOnly properties from an instance and fills in defaults.

Both walk the instance along its schema: through properties (``$ref`` and ``allOf`` included), items, additional
properties, and the branch of a ``oneOf`` or ``anyOf`` that applies. An instance is never changed in place; unchanged
parts are shared with the result.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from operator import is_not
from typing import Any

from macaron_django.openapi import Schema
from macaron_django.schemas.document_memos import DocumentMemo
from macaron_django.schemas.validation.branches import branch_for

__all__ = ["Cleaner", "cleaner_for"]


_CLEANERS: DocumentMemo[Schema, Cleaner] = DocumentMemo()


def cleaner_for(schema: Schema) -> Cleaner:
    """Returns the cleaner of ``schema``, made once and stored with its document."""
    return _CLEANERS.get(schema.document, schema, lambda: Cleaner(schema))


class Cleaner:
    """Changes instances of one schema."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    @cached_property
    def properties(self) -> Mapping[str, Cleaner]:
        """The cleaners of the properties, by name."""
        return {name: cleaner_for(each.schema) for name, each in self.schema.properties.items()}

    @cached_property
    def read_only(self) -> frozenset[str]:
        """Names of properties that are readOnly in the schema itself, or in every branch that has them."""
        own = self.schema.properties
        names = {name for name, each in own.items() if each.read_only}
        for branch in self.branches:
            names |= branch.read_only
        for branch in (self, *self.branches):
            names -= {name for name, each in branch.schema.properties.items() if not each.read_only}
        return frozenset(names)

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The defaults of the properties, by name."""
        return {name: each.schema.default for name, each in self.schema.properties.items() if each.schema.has_default}

    @cached_property
    def _writable_defaults(self) -> Mapping[str, Any]:
        return {name: default for name, default in self.defaults.items() if name not in self.read_only}

    @cached_property
    def items(self) -> Cleaner | None:
        """The cleaner of an array's elements."""
        schema = self.schema
        return None if schema.items is None or schema.keyword("prefixItems") else cleaner_for(schema.items)

    @cached_property
    def others(self) -> Cleaner | None:
        """The cleaner of properties that the schema doesn't name."""
        schema = self.schema.additional_properties
        if isinstance(schema, bool) or self.schema.keyword("patternProperties"):
            return None
        return cleaner_for(schema)

    @cached_property
    def branches(self) -> tuple[Cleaner, ...]:
        """The cleaners of the branches of ``oneOf`` and ``anyOf``."""
        return tuple(cleaner_for(branch) for branch in (*self.schema.one_of, *self.schema.any_of))

    @cached_property
    def has_read_only(self) -> bool:
        """Whether a property at any depth is readOnly."""
        return any(cleaner.read_only for cleaner in self._reachable())

    @cached_property
    def has_defaults(self) -> bool:
        """Whether a property at any depth has a default."""
        return any(cleaner.defaults for cleaner in self._reachable())

    @property
    def below(self) -> list[Cleaner]:
        """The cleaners of properties, branches and items."""
        found = [*self.properties.values(), *self.branches, self.items, self.others]
        return [each for each in dict.fromkeys(found) if each is not None]

    def _reachable(self) -> Iterator[Cleaner]:
        seen: set[Cleaner] = {self}
        todo = [self]
        while todo:
            cleaner = todo.pop()
            yield cleaner
            todo += (found := [each for each in cleaner.below if each not in seen])
            seen.update(found)

    @cached_property
    def _read_only_below(self) -> _Below:
        return self._below(lambda cleaner: cleaner.has_read_only)

    @cached_property
    def _defaults_below(self) -> _Below:
        return self._below(lambda cleaner: cleaner.has_defaults)

    def _below(self, has_work: Callable[[Cleaner], bool]) -> _Below:
        named = {name: cleaner for name, cleaner in self.properties.items() if has_work(cleaner)}
        return named, self.others if self.others is not None and has_work(self.others) else None

    def without_read_only(self, value: Any) -> Any:
        """Returns ``value`` without the properties that only the server sets."""
        if not self.has_read_only:
            return value
        if isinstance(value, (dict, Mapping)):  # dict first: the check of the abstract class takes longer than the rest
            if not self.read_only.isdisjoint(value):
                value = {name: member for name, member in value.items() if name not in self.read_only}
            cleaner = self._branch(value, certain=True)
            value = self._each_member(value, self._read_only_below, Cleaner.without_read_only)
            return value if cleaner is None else cleaner.without_read_only(value)
        return self._each_item(value, Cleaner.without_read_only)

    def with_defaults(self, value: Any, *, skip_read_only: bool = False) -> Any:
        """Returns ``value``, which must be valid, with the defaults of properties that it doesn't have."""
        if not self.has_defaults:
            return value
        change = Cleaner._with_writable_defaults if skip_read_only else Cleaner.with_defaults
        if isinstance(value, (dict, Mapping)):
            lacking = {
                name: copy.deepcopy(default) if isinstance(default, (dict, list)) else default
                for name, default in (self._writable_defaults if skip_read_only else self.defaults).items()
                if name not in value
            }
            filled = {**value, **lacking} if lacking else value
            if self._defaults_below != _NOTHING_BELOW:
                filled = self._each_member(filled, self._defaults_below, change)
            branch = self._branch(value, certain=False) if self.branches else None
            return filled if branch is None else change(branch, filled)
        return self._each_item(value, change)

    def _with_writable_defaults(self, value: Any) -> Any:
        return self.with_defaults(value, skip_read_only=True)

    def _branch(self, value: Any, *, certain: bool) -> Cleaner | None:
        if not self.branches or (certain and self.schema.discriminator is None):
            return None
        branch = branch_for(self.schema, value, is_known_valid=not certain)
        return None if branch is None or branch.resolved == self.schema.resolved else cleaner_for(branch)

    def _each_member(self, value: Any, below: _Below, change: _Change) -> Any:
        """Returns a copy of ``value`` with its members changed, or ``value`` itself if no member changes."""
        named, others = below
        changed: dict[str, Any] = {}
        for name, cleaner in named.items():
            if name in value and (member := change(cleaner, value[name])) is not value[name]:
                changed[name] = member
        if others is not None:
            for name in value:
                if name not in self.properties and (member := change(others, value[name])) is not value[name]:
                    changed[name] = member
        return {**value, **changed} if changed else value

    def _each_item(self, value: Any, change: _Change) -> Any:
        if isinstance(value, (list, tuple)) and self.items is not None:
            changed = [change(self.items, item) for item in value]
            return changed if any(map(is_not, changed, value)) else value
        return value


#: The cleaners of an object's members that have to be changed: by name, and of those that the schema doesn't name.
_Below = tuple[Mapping[str, Cleaner], Cleaner | None]
_NOTHING_BELOW: _Below = ({}, None)
_Change = Callable[[Cleaner, Any], Any]
