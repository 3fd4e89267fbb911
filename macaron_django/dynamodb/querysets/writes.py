"""The methods of the query set that write: ``create()``, ``update()``, ``delete()`` and others.

DynamoDB has no statement that writes many items. Each write carries the query set's own condition, so that an item that
no longer matches is left unchanged, and an error says how much was done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import signals

from macaron_django.dynamodb.calls.call_failures import CONDITION_FAILED, error_code
from macaron_django.dynamodb.calls.retries import UPDATE_CONFLICTS
from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue, key_as_given
from macaron_django.dynamodb.items.pending_writes import gathering
from macaron_django.dynamodb.items.pynamodb_conditions import PropertyPath, condition_expression
from macaron_django.dynamodb.items.write_conditions import Addition, WriteCondition, describe_key
from macaron_django.dynamodb.planning.conditions import ALL, And, Not, conjuncts, matches, paths, simplify
from macaron_django.dynamodb.planning.expiry import expired
from macaron_django.dynamodb.querysets.bulk_writes import add_progress
from macaron_django.dynamodb.querysets.update_expressions import UpdateExpression
from macaron_django.exceptions import (
    ItemAbsent,
    ItemChanged,
    ItemExists,
    ItemOutOfBounds,
    PyMacaronException,
    QueryError,
    StaleItem,
)

__all__ = ["WriteMethods", "condition_failed"]


class WriteMethods:
    """The methods of the query set that write."""

    # -- writing one --------------------------------------------------------------------------------------------------

    def create(self: Any, **kwargs: Any) -> Any:
        """Stores a new row; raises ItemExists (an IntegrityError) if its key is taken."""
        row = self.model(**kwargs)
        row.save(force_insert=True)
        return row

    def get_or_create(self: Any, defaults: Mapping[str, Any] | None = None, **kwargs: Any) -> tuple[Any, bool]:
        """Returns the row that matches and False, or a new one and True. Two simultaneous calls never create the same
        key twice.

        The call is tried again if others create or delete the row at the same time.
        """
        for attempt in UPDATE_CONFLICTS:
            try:
                return (self if attempt.number == 1 else self._as_written(kwargs)).get(**kwargs), False
            except self.model.DoesNotExist:
                pass
            try:
                return self.create(**self._creation(kwargs, defaults)), True
            except ItemExists as taken:
                row = next(self._as_written(kwargs).filter(**kwargs)._rows(limit=1), None)
                if row is not None:
                    return row, False
                if attempt.is_last or not taken.key or self.persistence.get_item(taken.key, consistent=True):
                    raise  # the key is taken by a row that the lookups don't describe
        raise AssertionError("unreachable")  # pragma: no cover

    def update_or_create(
        self: Any,
        defaults: Mapping[str, Any] | None = None,
        create_defaults: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, bool]:
        """Returns the row that matches, changed to ``defaults``, and False; or a new one and True.

        The call is tried again if others change or delete the row at the same time.
        """
        defaults = defaults or {}
        items = self
        for attempt in UPDATE_CONFLICTS:
            row, created = items.get_or_create(defaults if create_defaults is None else create_defaults, **kwargs)
            if created:
                return row, True
            for name, value in defaults.items():
                setattr(row, name, _called(value))
            try:
                row.save()
            except StaleItem:
                if attempt.is_last:
                    raise
                items = self._as_written(kwargs)
            else:
                return row, False
        raise AssertionError("unreachable")  # pragma: no cover

    def _as_written(self: Any, lookups: Mapping[str, Any]) -> Any:
        """Returns these rows, read consistently to see newly stored ones, unless only a global index finds them."""
        fresh = self.consistent()
        try:
            fresh.filter(**lookups)._plan()
        except QueryError:
            return self
        return fresh

    @staticmethod
    def _creation(lookups: Mapping[str, Any], defaults: Mapping[str, Any] | None) -> dict[str, Any]:
        named = {name.removesuffix("__exact"): value for name, value in lookups.items()}
        invalid = [name for name in named if "__" in name]
        given = {name: value for name, value in named.items() if name not in invalid}
        return given | {name: _called(value) for name, value in (defaults or {}).items()}

    # -- update() and delete() --------------------------------------------------------------------------------------

    def update(self: Any, **kwargs: Any) -> int:
        """Changes every row that matches, with one UpdateItem for each, and returns how many there were.

        ``F("visits") + 1`` is added by DynamoDB itself, within the property's ``minimum`` and ``maximum``. A result
        beyond them raises ItemOutOfBounds; any other value that breaks its schema raises ValidationFailed. Sends no
        signals, as in Django.

        In a transaction there must be a row to update. A query set that names one row by its whole key raises
        StaleItem at the end of the block, if the item doesn't match. Any other query set raises ItemAbsent at once, if
        it matches nothing.
        """
        self._refuse_slice("update")
        assignments = UpdateExpression(self.persistence, self._filters, kwargs)
        if not kwargs:
            return 0
        keys = self._keys(assignments.attributes)
        count = int(self._each(keys, lambda key: self._update_one(key, assignments), "updated"))
        if not count:
            self._refuse_nothing()
        return count

    update.alters_data = True  # type: ignore[attr-defined]

    def _update_one(self: Any, key: AttributeMap, assignments: UpdateExpression) -> bool:
        counting = True
        for _ in UPDATE_CONFLICTS:
            item: AttributeMap | None = None
            is_required = self.persistence.required_version_of(key) is not None
            if assignments.needs_item or not counting or is_required:
                item = self.persistence.get_item(key, consistent=True)
                if item is None or not self._holds_beyond_key(item):
                    return False
            change = assignments.change(item, counting=counting)
            if item is not None:
                change.expected |= self.persistence.required_values(key, item)
            demand = self.write_demand()
            addition = None
            if assignments.added and counting:
                addition = Addition(assignments.added, partial(self._leaves_bounds, assignments))
            try:
                self.persistence.update_item(
                    key,
                    change.set_,
                    change.remove,
                    change.add,
                    condition=demand if assignments.guard is None or not counting else demand & assignments.guard,
                    expected=change.expected,
                    return_values="NONE",
                    addition=addition,
                )
            except StaleItem as error:
                if not condition_failed(error):
                    raise
                if counting and assignments.guard is not None:
                    counting = False  # it no longer matches, is gone, or can't be added to: reading it shows which
                elif not assignments.needs_item and counting and not is_required:
                    return False  # it matches no longer, or is gone
                continue
            self.persistence.note_written(key)
            return True
        raise self._changed_again_and_again(key)

    def _leaves_bounds(self: Any, assignments: UpdateExpression, item: AttributeMap) -> bool:
        try:
            if self._holds_beyond_key(item):
                assignments.change(item, counting=False)
        except ItemOutOfBounds:
            return True
        return False

    def _refuse_nothing(self: Any) -> None:
        """Raises ItemAbsent or ItemChanged in a transaction, because a write that matches nothing must make it fail."""
        if gathering() is None:
            return
        kind, plan = self.persistence.kind, self._keys_only().plan()
        if plan.kind == "get":
            key = dict(plan.keys[0])
            condition = WriteCondition(kind, key, self.write_demand(), {})
            raise condition.decided(self.persistence.get_item(key, consistent=True))
        raise ItemAbsent(
            f"The query set matches no {kind}, so there is nothing to write in this transaction.", schema=kind
        )

    def delete(self: Any) -> tuple[int, dict[str, int]]:
        """Deletes every row that matches, with one DeleteItem for each. Returns Django's counts, and sends its signals.

        In a transaction there must be a row to delete, as for ``update()``.
        """
        self._refuse_slice("delete")
        if self._values is not None:
            raise TypeError("Cannot call delete() after .values() or .values_list()")
        listeners = [signal.has_listeners(self.model) for signal in (signals.pre_delete, signals.post_delete)]
        if any(listeners):
            done = self._each(self._rows(), self._delete_row, "deleted")
        else:
            done = self._each(self._keys(()), self._delete_one, "deleted")
        if not done:
            self._refuse_nothing()
        return done, {self.model._meta.label: done} if done else {}

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _delete_row(self: Any, row: Any) -> bool:
        about = {"sender": self.model, "instance": row, "using": DEFAULT_DB_ALIAS, "origin": self}
        signals.pre_delete.send(**about)
        deleted: bool = self._delete_one(self.persistence.key_of(row))
        if deleted:
            self.persistence.on_commit(partial(signals.post_delete.send, **about))
        return deleted

    def _delete_one(self: Any, key: AttributeMap) -> bool:
        for _ in UPDATE_CONFLICTS:
            expected: dict[str, AttributeValue | None] = {}
            if self.persistence.required_version_of(key) is not None:
                item = self.persistence.get_item(key, consistent=True)
                if item is None or not self._holds_beyond_key(item):
                    return False
                expected = self.persistence.required_values(key, item)
            try:
                deleted = bool(self.persistence.delete_item(key, condition=self.write_demand(), expected=expected))
            except StaleItem as error:
                if not condition_failed(error):
                    raise
                if not expected:
                    return False  # it matches no longer, or is gone
            else:
                self.persistence.note_written(key)
                return deleted
        raise self._changed_again_and_again(key)

    def _changed_again_and_again(self: Any, key: AttributeMap) -> ItemChanged:
        kind = self.persistence.kind
        often = f"{UPDATE_CONFLICTS.attempts} times in a row"
        message = f"The {kind} with {describe_key(key)} was changed by others {often}: try again later."
        return ItemChanged(message, schema=kind, key=key)

    def _keys(self: Any, changing: Collection[str]) -> Iterator[AttributeMap]:
        """Returns the keys of the rows that match. In a transaction a named key isn't looked up: the end of the
        transaction shows whether it exists.
        """
        reader = self._keys_only()
        plan = reader._plan(())
        if gathering() is not None and plan.kind == "get" and key_as_given(plan.keys[0]) is None:
            return iter([dict(key) for key in plan.keys])
        keys = (self.persistence.key_in(found.item) for found in reader._found())
        index = plan.index
        if index is not None and {index.hash_key, index.range_key} & set(changing):
            # The write would move the item in the index that is being read, and the item would be read again.
            return iter(list(keys))
        return keys

    @property
    def _demand(self: Any) -> Any:
        """What the query set requires of an item beyond its key, which never changes."""
        keys = {(name,) for name in self.persistence.key_names}
        return simplify(And(tuple(part for part in conjuncts(simplify(self._where)) if not paths(part) <= keys)))

    def holds(self: Any, item: AttributeMap) -> bool:
        """Returns whether an item, found by its key, is in the query set."""
        return not self._is_hidden(item) and (self._where is ALL or matches(self._where, item))

    def _holds_beyond_key(self: Any, item: AttributeMap) -> bool:
        return not self._is_hidden(item) and matches(self._demand, item)

    def _is_hidden(self: Any, item: AttributeMap) -> bool:
        return self._hides_by is not None and self.persistence.is_hidden(item)

    def write_demand(self: Any, *, any_key: bool = False) -> Any:
        """Returns the condition that lets a write change only an item of the query set.

        ``any_key``: the key comes from somewhere else, so its item may be outside the query set.
        """
        present = PropertyPath((self.persistence.hash_key,)).exists()
        demand = simplify(self._where) if any_key else self._demand
        if self._hides_by is not None:
            demand = simplify(And((demand, Not(expired(self._hides_by, int(time.time()))))))
        return present if demand == ALL else present & condition_expression(demand)

    def _each(self: Any, targets: Iterable[Any], write: Callable[[Any], bool], done: str) -> int:
        count = 0
        try:
            for target in targets:
                count += write(target)
        except PyMacaronException as error:
            add_progress(error, f"{count} rows had been {done} before.")
            raise
        return count


def condition_failed(error: StaleItem) -> bool:
    """Returns whether a write failed because of its condition, not because a transaction holds the item."""
    return error.__cause__ is not None and error_code(error.__cause__) == CONDITION_FAILED


def _called(value: Any) -> Any:
    return value() if callable(value) else value
