"""Removes readOnly properties from an instance, and adds defaults.

A *cleaner* makes these changes for one schema. It uses other cleaners for the values inside an instance: for properties
(also those from ``$ref`` and ``allOf``), items, additional properties, and the branch of a ``oneOf`` or ``anyOf`` that
applies. A cleaner never changes an instance in place. The result shares its unchanged parts with the original instance.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter, is_not
from typing import Any

from macaron_django.openapi import Schema
from macaron_django.schemas.document_memos import DocumentMemo
from macaron_django.schemas.validation.branches import branch_for

__all__ = ["Cleaner", "cleaner_for"]


_CLEANERS: DocumentMemo[Schema, Cleaner] = DocumentMemo()


def cleaner_for(schema: Schema) -> Cleaner:
    """Returns the cleaner of ``schema``. The cleaner is created once and stored with the schema's document."""
    return _CLEANERS.get(schema.document, schema, lambda: Cleaner(schema))


class Cleaner:
    """Removes readOnly properties from instances of one schema, and adds defaults."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    @cached_property
    def properties(self) -> Mapping[str, Cleaner]:
        """The cleaners of the properties, by name."""
        return {name: cleaner_for(each.schema) for name, each in self.schema.properties.items()}

    @cached_property
    def read_only(self) -> frozenset[str]:
        """The names of the readOnly properties.

        If the schema and its branches describe a property more than once, each description must be readOnly.
        """
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
        """The cleaner of an array's elements; None if the elements aren't changed."""
        schema = self.schema
        return None if schema.items is None or schema.keyword("prefixItems") else cleaner_for(schema.items)

    @cached_property
    def others(self) -> Cleaner | None:
        """The cleaner of additional properties; None if these properties aren't changed."""
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
        """The cleaners of properties, branches, elements and additional properties."""
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
        named = {name: (cleaner,) for name, cleaner in self.properties.items() if has_work(cleaner)}
        return named, (self.others,) if self.others is not None and has_work(self.others) else ()

    def without_read_only(self, value: Any) -> Any:
        """Returns ``value`` without readOnly properties, which only the server sets."""
        return _changed(_REMOVAL, (self,), value) if self.has_read_only else value

    def with_defaults(self, value: Any, *, skip_read_only: bool = False) -> Any:
        """Returns ``value`` with the defaults of its missing properties. ``value`` must be valid."""
        return _changed(_WRITABLE if skip_read_only else _FILLING, (self,), value) if self.has_defaults else value

    def _stripped(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.read_only.isdisjoint(value):
            return value
        return {name: member for name, member in value.items() if name not in self.read_only}

    def _filled(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        return _with(self.defaults, value)

    def _filled_writable(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        return _with(self._writable_defaults, value)

    def branch(self, value: Any, *, certain: bool) -> Cleaner | None:
        """Returns the cleaner of the branch that applies to an object.

        If ``certain`` is true, only a discriminator can choose the branch. If there is none, the result is None.
        """
        if not self.branches or (certain and self.schema.discriminator is None):
            return None
        branch = branch_for(self.schema, value, is_known_valid=not certain)
        return None if branch is None or branch.resolved == self.schema.resolved else cleaner_for(branch)


#: The cleaners of the members of an object that must be changed: for properties, by name, and for additional
#: properties.
_Below = tuple[Mapping[str, tuple[Cleaner, ...]], tuple[Cleaner, ...]]


def _with(defaults: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    if defaults.keys() <= value.keys():
        return value
    lacking = {
        name: copy.deepcopy(default) if isinstance(default, (dict, list)) else default
        for name, default in defaults.items()
        if name not in value
    }
    return {**value, **lacking}


@dataclass(frozen=True)
class _Change:
    """One kind of change.

    ``has_work`` returns whether a cleaner makes such changes. ``of_object`` changes an object, but not inside its
    members.

    ``below`` returns the cleaners of the object's members. ``certain`` means that only a discriminator can choose a
    branch.
    """

    has_work: Callable[[Cleaner], bool]
    of_object: Callable[[Cleaner, Mapping[str, Any]], Mapping[str, Any]]
    below: Callable[[Cleaner], _Below]
    certain: bool


_REMOVAL = _Change(attrgetter("has_read_only"), Cleaner._stripped, attrgetter("_read_only_below"), certain=True)
_FILLING = _Change(attrgetter("has_defaults"), Cleaner._filled, attrgetter("_defaults_below"), certain=False)
_WRITABLE = replace(_FILLING, of_object=Cleaner._filled_writable)


def _changed(change: _Change, cleaners: tuple[Cleaner, ...], value: Any) -> Any:
    """Returns a copy of ``value`` with the changes of all ``cleaners``. Without changes, returns ``value`` itself.

    A schema and its branch often describe the same member. The member is then visited only once, for both cleaners
    together. With separate visits, the number of visits would double at each level of nesting.
    """
    if isinstance(value, (dict, Mapping)):  # dict first, because checking for the abstract class is slow
        changed: dict[str, Any] = {}
        value, of_members = _changed_itself(change, cleaners, value)
        for name, found in of_members.items():
            if name in value and (member := _changed(change, found, value[name])) is not value[name]:
                changed[name] = member
        return {**value, **changed} if changed else value
    if isinstance(value, (list, tuple)):
        of_items = dict.fromkeys(each.items for each in cleaners)
        found = tuple(each for each in of_items if each is not None and change.has_work(each))
        items = [_changed(change, found, item) for item in value] if found else value
        return items if any(map(is_not, items, value)) else value
    return value


def _changed_itself(
    change: _Change, cleaners: tuple[Cleaner, ...], value: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, tuple[Cleaner, ...]]]:
    """Changes an object, but not inside its members. Returns the changed object, and a mapping from the members' names
    to the cleaners that must change these members.
    """
    if len(cleaners) == 1 and not cleaners[0].branches:
        value = change.of_object(cleaners[0], value)
        return value, _of_members(change, cleaners[0], value)
    applied: dict[Cleaner, None] = {}
    todo = [*reversed(cleaners)]
    while todo:
        cleaner = todo.pop()
        if cleaner not in applied:
            applied[cleaner] = None
            value = change.of_object(cleaner, value)
            branch = cleaner.branch(value, certain=change.certain)
            todo += [branch] if branch is not None and change.has_work(branch) else []
    together: dict[str, dict[Cleaner, None]] = {}
    for cleaner in applied:
        for name, found in _of_members(change, cleaner, value).items():
            together.setdefault(name, {}).update(dict.fromkeys(found))
    return value, {name: tuple(found) for name, found in together.items()}


def _of_members(change: _Change, cleaner: Cleaner, value: Mapping[str, Any]) -> Mapping[str, tuple[Cleaner, ...]]:
    named, others = change.below(cleaner)
    if not others:
        return named
    return {**named, **{name: others for name in value if name not in cleaner.properties}}
