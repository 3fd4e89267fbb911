"""The query set's methods for writing many rows at once: ``bulk_create()`` and ``bulk_update()``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.dynamodb.codec.item_sizes import check_item_size, item_size
from macaron_django.dynamodb.items.pending_writes import MAX_TRANSACTION_ITEMS, gathering
from macaron_django.dynamodb.items.transactions import EngineLimit, transaction
from macaron_django.dynamodb.items.write_conditions import describe_key
from macaron_django.exceptions import ItemExists, PyMacaronException, UnsupportedQuery, ValidationFailed
from macaron_django.schemas.validation.validators import validator_for

__all__ = ["BulkWriteMethods", "add_progress"]

#: The most bytes of all items in one transaction: AWS's limit of 4 MB, minus room for the expressions.
TRANSACTION_BYTES: Final = 4_000_000


class BulkWriteMethods:
    """``bulk_create()`` and ``bulk_update()``."""

    def bulk_create(
        self: Any,
        objs: Iterable[Any],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Sequence[str] | None = None,
        unique_fields: Sequence[str] | None = None,
    ) -> list[Any]:
        """Stores new rows, in transactions of up to 100 rows. Each transaction stores all of its rows, or none.

        If an item with a row's key exists, ItemExists is raised. With ``ignore_conflicts``, rows are stored one by one,
        and rows whose keys exist are left out. With ``update_conflicts``, such a row replaces the existing item
        completely, without a transaction. As in Django, no signals are sent.
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
            # BatchWriteItem accepts each key only once. If several rows have the same key, the last one is stored, as
            # if they were put one by one.
            self.persistence.batch_write(puts={self.persistence._identity(item): item for item in items}.values())
            self._stored(rows, items)
        elif ignore_conflicts:
            self._put_new(rows, items)
        else:
            self._transact(rows, items, min(batch_size or MAX_TRANSACTION_ITEMS, MAX_TRANSACTION_ITEMS))
        return rows

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def _new_item(self: Any, row: Any) -> AttributeMap:
        self._check_class(row, "bulk_create")
        for name, value in row._generated(creating=True).items():
            row[name] = value
        try:
            validator_for(row._spec.schema).validate(row.to_json())
        except ValidationFailed:
            row.refuse_expressions()
            raise
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
            self.persistence.written(row, self.persistence.key_in(item), item)

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
                with transaction():
                    for item in chunk:
                        self.persistence.put_item(item, condition="absent")
            except EngineLimit as limit:
                size = limit.items
                continue
            except PyMacaronException as error:
                add_progress(error, f"{done} rows had already been created, in separate transactions.")
                raise
            self._stored(rows[done : done + len(chunk)], chunk)
            done += len(chunk)

    def bulk_update(self: Any, objs: Iterable[Any], fields: Sequence[str], batch_size: int | None = None) -> int:
        """Saves the fields ``fields`` of the rows ``objs``, with one UpdateItem for each row."""
        if not fields:
            raise ValueError("Field names must be given to bulk_update().")

        def save(row: Any) -> bool:
            self._check_class(row, "bulk_update")
            row.save(update_fields=fields)
            return True

        return int(self._each(objs, save, "updated"))

    bulk_update.alters_data = True  # type: ignore[attr-defined]


def _transactions(items: Sequence[AttributeMap], size: int) -> Iterator[list[AttributeMap]]:
    """Yields lists of at most ``size`` items that DynamoDB accepts as one transaction, with as few lists as
    possible.
    """
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


def add_progress(error: PyMacaronException, more: str) -> None:
    """Adds ``more``, a sentence about the completed writes, to an error's message, except in a transaction."""
    if gathering() is None:  # a transaction that ends with an error has written nothing
        error.add_sentence(more)
