"""The query set's write methods: ``create()``, ``update()``, ``delete()`` and others.

DynamoDB has no operation that updates many items by a condition. Each item is written separately, with the query set's
condition, so that an item that no longer matches stays unchanged. An error's message says how many writes were
completed before the error.
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
    """The query set's write methods."""

    # -- writing one --------------------------------------------------------------------------------------------------

    def create(self: Any, **kwargs: Any) -> Any:
        """Stores a new row. Raises ItemExists (an IntegrityError) if an item with its key exists."""
        row = self.model(**kwargs)
        row.save(force_insert=True)
        return row

    def get_or_create(self: Any, defaults: Mapping[str, Any] | None = None, **kwargs: Any) -> tuple[Any, bool]:
        """Returns (row, False) for the row that matches, or (row, True) for a new row. Two simultaneous calls never
        create the same key twice.

        The call is repeated if another writer creates or deletes the row at the same time.
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
                    raise  # an item with this key exists, but doesn't match the lookups
        raise AssertionError("unreachable")  # pragma: no cover

    def update_or_create(
        self: Any,
        defaults: Mapping[str, Any] | None = None,
        create_defaults: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, bool]:
        """Returns (row, False) for the row that matches, updated with ``defaults``, or (row, True) for a new row.

        The call is repeated if another writer changes or deletes the row at the same time.
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
        """Returns this query set with consistent reads, which find newly stored rows. If only a global index can find
        the rows, returns the query set unchanged.
        """
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
        """Changes every row that matches. Makes one UpdateItem call per row. Returns the number of changed rows.

        DynamoDB itself executes additions such as ``F("visits") + 1``. ItemOutOfBounds is raised if the result would be
        below the property's ``minimum`` or above its ``maximum``. ValidationFailed is raised for any other value that
        isn't valid against its schema. As in Django, no signals are sent.

        In a transaction, at least one row must match. If the query set names one row by its whole key, and the item
        doesn't match, StaleItem is raised: at once if the update must read the item, otherwise at the end of the block.
        For any other query set that matches nothing, ItemAbsent is raised at once.
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
                    counting = False  # reading the item shows whether it matches, exists, or can be added to
                elif not assignments.needs_item and counting and not is_required:
                    return False  # it no longer matches, or no longer exists
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
        """Raises ItemAbsent or ItemChanged if there is a transaction, because a write that matches nothing must make
        the transaction fail.
        """
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
        """Deletes every row that matches. Makes one DeleteItem call per row.

        Returns the same counts as Django's ``delete()``, and sends the same signals.

        In a transaction, at least one row must match, as with ``update()``.
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
                    return False  # it no longer matches, or no longer exists
            else:
                self.persistence.note_written(key)
                return deleted
        raise self._changed_again_and_again(key)

    def _changed_again_and_again(self: Any, key: AttributeMap) -> ItemChanged:
        kind = self.persistence.kind
        often = f"{UPDATE_CONFLICTS.attempts} times in a row"
        message = f"The {kind} with {describe_key(key)} was changed by other writers {often}: try again later."
        return ItemChanged(message, schema=kind, key=key)

    def _keys(self: Any, changing: Collection[str]) -> Iterator[AttributeMap]:
        """Yields the keys of the rows that match. In a transaction, an item that is named by its key isn't read,
        because the end of the transaction shows whether it exists.
        """
        reader = self._keys_only()
        plan = reader._plan(())
        if gathering() is not None and plan.kind == "get" and key_as_given(plan.keys[0]) is None:
            return iter([dict(key) for key in plan.keys])
        keys = (self.persistence.key_in(found.item) for found in reader._found())
        index = plan.index
        if index is not None and {index.hash_key, index.range_key} & set(changing):
            # A write may move an item in the index while the index is read. The item would then be read twice.
            return iter(list(keys))
        return keys

    @property
    def _demand(self: Any) -> Any:
        """Returns the query set's condition on an item, without conditions on the key, which never changes."""
        keys = {(name,) for name in self.persistence.key_names}
        return simplify(And(tuple(part for part in conjuncts(simplify(self._where)) if not paths(part) <= keys)))

    def holds(self: Any, item: AttributeMap) -> bool:
        """Returns whether an item that was read by its key is in the query set."""
        return not self._is_hidden(item) and (self._where is ALL or matches(self._where, item))

    def _holds_beyond_key(self: Any, item: AttributeMap) -> bool:
        return not self._is_hidden(item) and matches(self._demand, item)

    def _is_hidden(self: Any, item: AttributeMap) -> bool:
        return self._hides_by is not None and self.persistence.is_hidden(item)

    def write_demand(self: Any, *, any_key: bool = False) -> Any:
        """Returns a condition for a write, so that DynamoDB changes an item only if the item is in the query set.

        Pass ``any_key=True`` if the item's key doesn't come from the query set. Then the condition also contains the
        query set's conditions on the key.
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
            add_progress(error, f"{count} rows had already been {done}.")
            raise
        return count


def condition_failed(error: StaleItem) -> bool:
    """Returns True if a write failed because of its condition, and False if a transaction held the item."""
    return error.__cause__ is not None and error_code(error.__cause__) == CONDITION_FAILED


def _called(value: Any) -> Any:
    return value() if callable(value) else value
