"""Writing rows: ``create()``, ``update()``, ``delete()``, ``bulk_create()`` and their kin of the query set.

In go what Django's methods take; out come conditional writes, one for each item or 100 in a transaction. DynamoDB has
no statement that writes many items: each write carries the query set's own condition, so that an item that no longer
matches is left alone, and an error says how far the work had got. Apart from the query set, which reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db import DEFAULT_DB_ALIAS
from django.db.models import signals

from macaron_django.dynamodb.assignments import Assignments
from macaron_django.dynamodb.conditions import PropertyPath, condition_expression
from macaron_django.dynamodb.failures import CONDITION_FAILED, error_code
from macaron_django.dynamodb.gathered_writes import gathering
from macaron_django.dynamodb.item_sizes import check_item_size, item_size
from macaron_django.dynamodb.items import describe_key
from macaron_django.dynamodb.lookups import ALL, Both, conjuncts, matches, paths, simplify
from macaron_django.dynamodb.transactions import EngineLimit, transaction
from macaron_django.exceptions import (
    ItemExists,
    PyMacaronException,
    QueryError,
    StaleItem,
    UnsupportedQuery,
)
from macaron_django.schemas.validators import validator_for

if TYPE_CHECKING:
    from macaron_django.dynamodb.comparisons import AttributeMap
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["Writes"]

#: Items of one TransactWriteItems; AWS: "Service, account, and table quotas".
TRANSACTION_SIZE: Final = 100
#: What all items of one may weigh together (4 MB, less what the expressions take).
TRANSACTION_BYTES: Final = 4_000_000
#: Times that an F() expression is computed anew because somebody else was faster.
_ATTEMPTS: Final = 10


class Writes:
    """The writing half of the query set."""

    # -- writing one --------------------------------------------------------------------------------------------------

    def create(self: Any, **kwargs: Any) -> Any:
        """Store a new row; ItemExists (an IntegrityError) if its key is taken."""
        row = self.model(**kwargs)
        row.save(force_insert=True)
        return row

    def get_or_create(self: Any, defaults: Mapping[str, Any] | None = None, **kwargs: Any) -> tuple[Any, bool]:
        """The row that matches and False, or a new one and True; two at once never make two of one key."""
        try:
            return self.get(**kwargs), False
        except self.model.DoesNotExist:
            params = self._creation(kwargs, defaults)
            try:
                return self.create(**params), True
            except ItemExists:
                row = next(self._as_written(kwargs).filter(**kwargs)._rows(limit=1), None)
                if row is None:
                    raise  # the key is taken by a row that the lookups don't describe
                return row, False

    def update_or_create(
        self: Any,
        defaults: Mapping[str, Any] | None = None,
        create_defaults: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, bool]:
        """The row that matches, changed to ``defaults``, and False; or a new one and True."""
        defaults = defaults or {}
        row, created = self.get_or_create(defaults if create_defaults is None else create_defaults, **kwargs)
        if not created:
            for name, value in defaults.items():
                setattr(row, name, _called(value))
            row.save()
        return row, created

    def _as_written(self: Any, lookups: Mapping[str, Any]) -> Any:
        """Consistent, so that a row stored a moment ago is seen; not where only a global index finds it."""
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
        """Change every row that matches, one UpdateItem for each, and say how many there were.

        ``F("visits") + 1`` is added by DynamoDB itself, within the property's ``minimum`` and ``maximum``: beyond them
        it raises ValidationFailed, as any value that breaks its schema does. Without signals, as in Django.
        """
        self._refuse_slice("update")
        assignments = Assignments(self.persistence, self._filters, kwargs)
        if not kwargs:
            return 0
        keys = self._keys(assignments.attributes)
        return int(self._each(keys, lambda key: self._update_one(key, assignments), "updated"))

    update.alters_data = True  # type: ignore[attr-defined]

    def _update_one(self: Any, key: AttributeMap, assignments: Assignments) -> bool:
        counting = True
        for _ in range(_ATTEMPTS):
            item: AttributeMap | None = None
            if assignments.needs_item or not counting:
                item = self.persistence.get_item(key, consistent=True)
                if item is None or not matches(self._demand, item):
                    return False
            change = assignments.change(item, counting=counting)
            demand = self._condition()
            try:
                self.persistence.update_item(
                    key,
                    change.set_,
                    change.remove,
                    change.add,
                    condition=demand if assignments.guard is None or not counting else demand & assignments.guard,
                    expected=change.expected,
                    return_values="NONE",
                    unmet=f" or {assignments.unmet}" if assignments.unmet and counting else "",
                )
            except StaleItem as error:
                if not _condition_failed(error):
                    raise
                if counting and assignments.guard is not None:
                    counting = False  # it matches no longer, is gone, or can't be added to: a look tells
                elif not assignments.needs_item and counting:
                    return False  # it matches no longer, or is gone
                continue
            return True
        raise StaleItem(f"The item with {describe_key(key)} was changed by others {_ATTEMPTS} times in a row.")

    def delete(self: Any) -> tuple[int, dict[str, int]]:
        """Delete every row that matches, one DeleteItem for each; how many, as Django tells it. Sends its signals."""
        self._refuse_slice("delete")
        if self._values is not None:
            raise TypeError("Cannot call delete() after .values() or .values_list()")
        listeners = [signal.has_listeners(self.model) for signal in (signals.pre_delete, signals.post_delete)]
        if any(listeners):
            done = self._each(self._rows(), self._delete_row, "deleted")
        else:
            done = self._each(self._keys(()), self._delete_one, "deleted")
        return done, {self.model._meta.label: done} if done else {}

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _delete_row(self: Any, row: Any) -> bool:
        about = {"sender": self.model, "instance": row, "using": DEFAULT_DB_ALIAS, "origin": self}
        signals.pre_delete.send(**about)
        deleted: bool = self._delete_one(self.persistence.key_of(row))
        if deleted:
            signals.post_delete.send(**about)
        return deleted

    def _delete_one(self: Any, key: AttributeMap) -> bool:
        try:
            return bool(self.persistence.delete_item(key, condition=self._condition()))
        except StaleItem as error:
            if _condition_failed(error):
                return False  # it matches no longer, or is gone
            raise

    def _keys(self: Any, changing: Collection[str]) -> Iterator[AttributeMap]:
        """The keys of the rows that match."""
        reader = self._keys_only()
        keys = (self.persistence.key_in(found.item) for found in reader._found())
        index = reader._plan(()).index
        if index is not None and {index.hash_key, index.range_key} & set(changing):
            # The write would move the item in the index that is being read, and it would be met again.
            return iter(list(keys))
        return keys

    @property
    def _demand(self: Any) -> Any:
        """What the query set asks of an item beyond its key, which never changes."""
        keys = {(name,) for name in self.persistence.key_names}
        return simplify(Both(tuple(part for part in conjuncts(simplify(self._where)) if not paths(part) <= keys)))

    def _condition(self: Any) -> Any:
        present = PropertyPath((self.persistence.hash_key,)).exists()
        demand = self._demand
        return present if demand == ALL else present & condition_expression(demand)

    def _each(self: Any, targets: Iterable[Any], write: Callable[[Any], bool], done: str) -> int:
        count = 0
        try:
            for target in targets:
                count += write(target)
        except PyMacaronException as error:
            _tell(error, f"{count} rows had been {done} before.")
            raise
        return count

    # -- bulk_create() and bulk_update() ------------------------------------------------------------------------------

    def bulk_create(
        self: Any,
        objs: Iterable[Any],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Sequence[str] | None = None,
        unique_fields: Sequence[str] | None = None,
    ) -> list[Any]:
        """Store new rows, in transactions of up to 100: of each hundred all are stored, or none.

        A taken key raises ItemExists; with ``ignore_conflicts`` such a row is left out (and the others are put one by
        one), with ``update_conflicts`` it replaces the item that is there, whole and without transactions. No
        signals, as in Django.
        """
        if ignore_conflicts and update_conflicts:
            raise ValueError("ignore_conflicts and update_conflicts are mutually exclusive.")
        if update_fields:
            raise UnsupportedQuery("DynamoDB's BatchWriteItem replaces whole items: leave update_fields out.")
        if batch_size is not None and batch_size < 1:
            raise ValueError("Batch size must be a positive integer.")
        rows = list(objs)
        items = [self._new_item(row) for row in rows]
        if update_conflicts:
            # BatchWriteItem takes a key once: of those given twice the last one stays, as if put one by one.
            self.persistence.batch_write(puts={self.persistence._identity(item): item for item in items}.values())
            self._stored(rows, items)
        elif ignore_conflicts:
            self._put_new(rows, items)
        else:
            self._transact(rows, items, min(batch_size or TRANSACTION_SIZE, TRANSACTION_SIZE))
        return rows

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def _new_item(self: Any, row: Any) -> AttributeMap:
        self._check_class(row, "bulk_create")
        for name, value in row._generated(creating=True).items():
            row[name] = value
        validator_for(row._spec.schema).validate(row.to_json())
        item: AttributeMap = self.persistence.encode(row)
        if self.persistence.options.version:
            item[self.persistence.options.version] = {"N": "1"}
        check_item_size(item)
        return item

    def _check_class(self: Any, row: Any, method: str) -> None:
        expected = self.model._meta.concrete_model
        if not isinstance(row, expected):
            raise TypeError(f"{method}() takes instances of {expected.__name__}, not of {type(row).__name__}.")

    def _stored(self: Any, rows: Iterable[Any], items: Iterable[AttributeMap]) -> None:
        for row, item in zip(rows, items, strict=True):
            self.persistence._written(row, item)

    def _put_new(self: Any, rows: Iterable[Any], items: Iterable[AttributeMap]) -> None:
        for row, item in zip(rows, items, strict=True):
            try:
                self.persistence.put_item(item, condition="absent")
            except ItemExists:
                continue
            self._stored([row], [item])

    def _transact(self: Any, rows: Sequence[Any], items: Sequence[AttributeMap], size: int) -> None:
        seen: set[Any] = set()
        for item in items:
            identity = self.persistence._identity(item)
            if identity in seen:
                key = describe_key(self.persistence.key_in(item))
                raise ItemExists(f"{key} is given twice; nothing was created.")
            seen.add(identity)
        done = 0
        while done < len(items):
            chunk = next(_transactions(items[done : done + size], size))
            try:
                transact_puts(self.persistence, chunk)
            except EngineLimit as limit:
                size = limit.items
                continue
            except PyMacaronException as error:
                _tell(error, f"{done} rows had been created before, in transactions of their own.")
                raise
            self._stored(rows[done : done + len(chunk)], chunk)
            done += len(chunk)

    def bulk_update(self: Any, objs: Iterable[Any], fields: Sequence[str], batch_size: int | None = None) -> int:
        """Save these fields of these rows, one UpdateItem for each row."""
        if not fields:
            raise ValueError("Field names must be given to bulk_update().")

        def save(row: Any) -> bool:
            self._check_class(row, "bulk_update")
            row.save(update_fields=fields)
            return True

        return int(self._each(objs, save, "updated"))

    bulk_update.alters_data = True  # type: ignore[attr-defined]


def _transactions(items: Sequence[AttributeMap], size: int) -> Iterator[list[AttributeMap]]:
    """The items in the fewest runs of at most ``size`` that DynamoDB takes as one transaction."""
    chunk: list[AttributeMap] = []
    total = 0
    for item in items:
        item_bytes = item_size(item)
        if chunk and (len(chunk) == size or total + item_bytes > TRANSACTION_BYTES):
            yield chunk
            chunk, total = [], 0
        chunk.append(item)
        total += item_bytes
    if chunk:
        yield chunk


def _tell(error: PyMacaronException, more: str) -> None:
    if gathering() is not None:
        return  # a transaction that is left by an error has written nothing
    error.user_message = f"{str(error).rstrip('.')}. {more}"
    error.args = (error.user_message,)


def _condition_failed(error: StaleItem) -> bool:
    """Whether DynamoDB looked at the item and said no; a transaction that holds the item is no such answer."""
    return error.__cause__ is not None and error_code(error.__cause__) == CONDITION_FAILED


def _called(value: Any) -> Any:
    return value() if callable(value) else value


def transact_puts(persistence: Persistence, items: Sequence[AttributeMap]) -> None:
    """Put all of these new items, or none; ItemExists names the one whose key is taken."""
    with transaction():
        for item in items:
            persistence.put_item(item, condition="absent")
