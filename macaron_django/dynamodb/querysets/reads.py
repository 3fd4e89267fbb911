"""The query set's methods for reading: ``get()``, ``first()``, ``count()``, ``in_bulk()``, ``page()`` and others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from macaron_django.conf import settings
from macaron_django.cursors import open_cursor, seal
from macaron_django.dynamodb.calls.consumed_capacity import metered
from macaron_django.dynamodb.items.cursor_pages import CursorPage, PageLength, list_scope, read_page
from macaron_django.schemas.values.json_text import dump_json

__all__ = ["ReadMethods"]


class ReadMethods:
    """The query set's methods for reading."""

    def get(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the row that matches. Raises ``DoesNotExist`` if no row matches, and ``MultipleObjectsReturned`` if
        several match.
        """
        key = None if args else self._whole_key(kwargs)
        narrowed = self.filter(*args, **kwargs) if key is None and (args or kwargs) else self
        if key is not None:
            item = self.persistence.get_item(key, consistent=self._consistent)
            rows = [] if item is None else [self.persistence.decode(item)]
        elif narrowed.is_sliced or narrowed._segments is not None:
            rows = list(narrowed._rows(limit=2))
        else:
            reader = narrowed._reader()
            if reader.plan.kind == "get":
                item = reader.one()
                rows = [] if item is None else [narrowed._convert(item)]
            else:
                rows = [narrowed._convert(found.item) for found in reader.items(wanted=2)]
        name = self.model._meta.object_name
        if len(rows) == 1:
            return rows[0]
        if not rows:
            raise self.model.DoesNotExist(f"{name} matching query does not exist.")
        raise self.model.MultipleObjectsReturned(f"get() returned more than one {name}: filter by its whole key.")

    def first(self: Any) -> Any:
        """Returns the first row; None if there are no rows."""
        return next(self._rows(limit=1), None) if self._result_cache is None else next(iter(self._result_cache), None)

    def last(self: Any) -> Any:
        """Returns the last row; None if there are no rows. Raises UnsupportedQuery for a Scan, because DynamoDB can't
        scan backwards.
        """
        return next(self.reverse()._rows(limit=1), None)

    def earliest(self: Any, *fields: str) -> Any:
        return self._extreme(fields, backward=False)

    def latest(self: Any, *fields: str) -> Any:
        return self._extreme(fields, backward=True)

    def _extreme(self: Any, fields: Sequence[str], *, backward: bool) -> Any:
        fields = fields or tuple(self._order) or tuple(self.model._meta.get_latest_by or ())
        if not fields:
            raise ValueError("earliest() and latest() require fields to order by.")
        ordered = self.order_by(*fields)
        return (ordered.reverse() if backward else ordered)._the_first()

    def _the_first(self: Any) -> Any:
        row = self.first()
        if row is None:
            raise self.model.DoesNotExist(f"{self.model._meta.object_name} matching query does not exist.")
        return row

    def exists(self: Any) -> bool:
        if self._result_cache is not None:
            return bool(self._result_cache)
        return next(self._keys_only()._found(limit=1), None) is not None

    def contains(self: Any, obj: Any) -> bool:
        if self._result_cache is not None:
            return obj in self._result_cache
        if not isinstance(obj, self.model):
            return False
        return bool(self.filter(pk=obj.pk).exists())

    def count(self: Any) -> int:
        """Returns the exact number of rows. DynamoDB reads all of them to count them."""
        if self._result_cache is not None:
            return len(self._result_cache)
        if self._high is not None and self._high <= self._low:
            return 0
        counted: int = self._keys_only()._reader().count(self._high)
        return max(0, counted - int(self._low))

    def in_bulk(self: Any, id_list: Iterable[Any] | None = None, *, field_name: str = "pk") -> dict[Any, Any]:
        """Returns a dictionary of rows by primary key. With ``id_list``, reads the rows by BatchGetItem."""
        self._refuse_slice("use in_bulk() on")
        if field_name not in {"pk", self.model._meta.pk.name}:
            raise ValueError(f"in_bulk()'s field_name must be a unique field but {field_name!r} isn't.")
        rows = self if id_list is None else self.filter(pk__in=list(id_list))
        return {row.pk: row for row in rows._rows()}

    def page(
        self: Any,
        limit: int | None = None,
        cursor: str | None = None,
        *,
        read_limit: int | None = None,
        max_bytes: int | None = None,
    ) -> CursorPage:
        """Returns at most ``limit`` rows, beginning at ``cursor``, and the cursor of the next page (None after the last
        page).

        A page can have fewer rows, or none, in three cases:

        - A capped scan has reached its limit.
        - This method has read ``read_limit`` items, or ``limit`` items if ``limit`` is larger.
        - One more row would make the page's JSON longer than ``max_bytes``.

        If more rows follow, the page still has a cursor.
        """
        self._refuse_slice("page through")
        limit = settings.PAGE_SIZE if limit is None else limit
        if not isinstance(limit, int) or limit < 1:
            raise ValueError(f"A page's limit must be a whole number, 1 or more, not {limit!r}.")
        reader = self._reader()
        plan = reader.plan
        scope = list_scope(self.persistence, plan)
        start = open_cursor(cursor, scope) if cursor else None
        if read_limit is not None:
            most = max(limit, read_limit)
            most = most if plan.read_limit is None else min(most, plan.read_limit)
            reader = replace(reader, plan=replace(plan, read_limit=most))
        length = None if max_bytes is None else PageLength(max_bytes, self._json_length)
        with metered() as meter:
            read = read_page(reader, limit, start, length)
        convert = self._convert
        return CursorPage(
            [convert(found.item) for found in read.found],
            None if read.next is None else seal(read.next, scope),
            read.read,
            meter.units,
        )

    def _json_length(self: Any, item: Any) -> int:
        return len(dump_json(self.persistence.json_of(item if isinstance(item, dict) else item.as_map())))
