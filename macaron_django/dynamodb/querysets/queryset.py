"""A query set, like Django's, over the items of a table. It is lazy and chainable, and shows the cost of each call.

It has all methods and attributes that Django, its admin and DRF expect of a query set. The manager's ``Persistence``
makes the rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q, QuerySet

from macaron_django.cursors import seal
from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.dynamodb.items.cursor_pages import list_scope
from macaron_django.dynamodb.items.key_schemas import key_schema_of
from macaron_django.dynamodb.items.parallel_scans import parallel_items
from macaron_django.dynamodb.items.plan_reader import Match, PlanReader
from macaron_django.dynamodb.planning.conditions import ALL, NOTHING, And, Condition, Not, Or, conjuncts, simplify
from macaron_django.dynamodb.planning.expiry import without_expired
from macaron_django.dynamodb.planning.planner import plan
from macaron_django.dynamodb.planning.query_plans import OrderTerm, QueryPlan, TableKeySchema
from macaron_django.dynamodb.querysets.async_methods import AsyncMethods
from macaron_django.dynamodb.querysets.bulk_writes import BulkWriteMethods
from macaron_django.dynamodb.querysets.field_lookups import Filters, filters_of
from macaron_django.dynamodb.querysets.reads import ReadMethods
from macaron_django.dynamodb.querysets.unsupported import NO_SUBQUERIES, UnsupportedMethods
from macaron_django.dynamodb.querysets.values_lists import NO_EXPRESSIONS, Shape, ValueRows
from macaron_django.dynamodb.querysets.writes import WriteMethods
from macaron_django.exceptions import UnsupportedQuery

if TYPE_CHECKING:
    from typing_extensions import Self

    from macaron_django.dynamodb.items.persistence import Persistence

__all__ = ["ItemQuerySet"]

#: The most parallel segments of a Scan in one process. DynamoDB accepts a million, from many processes.
MAX_SEGMENTS = 1000
#: The number of rows that ``repr()`` shows.
REPR_SIZE = 20


@dataclass(frozen=True)
class QueryFacts:
    """The attributes of ``queryset.query`` that are needed by Django's admin, its paginator and DRF's filters."""

    model: Any
    order_by: tuple[str, ...] = ()
    low_mark: int = 0
    high_mark: int | None = None
    select_related: bool = False
    distinct: bool = False
    annotations: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_sliced(self) -> bool:
        return self.low_mark > 0 or self.high_mark is not None

    def clone(self) -> NoReturn:
        """Raises UnsupportedQuery. ``Exists`` and ``Subquery`` call this method."""
        raise UnsupportedQuery(NO_SUBQUERIES)


class ItemQuerySet(ReadMethods, WriteMethods, BulkWriteMethods, AsyncMethods, UnsupportedMethods):
    """Rows of one persisted schema, which can be filtered, ordered and sliced. Nothing is read until it is needed.

    ``model.objects.filter(city="Paris").explain()`` returns the call that will be made. If a filter requires reading
    the whole table, ScanForbidden is raised, unless the schema permits the scan.
    """

    _iterable_class: ClassVar[None] = None
    #: ``dumpdata`` reads this attribute. It is empty because items have no relations that could be prefetched.
    _prefetch_related_lookups: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        model: Any = None,
        query: Any = None,
        using: str | None = None,
        hints: Mapping[str, Any] | None = None,
        *,
        persistence: Persistence | None = None,
    ) -> None:
        self.model = model
        self._given_persistence = persistence
        self._where: Condition = ALL
        self._order: tuple[str, ...] = ()
        self._reversed = False
        self._low = 0
        self._high: int | None = None
        self._index: str | None = None
        self._consistent = False
        self._capped = False
        self._with_expired = False
        self._bare = False  # whether only keys are read
        self._shape: tuple[Sequence[str], Shape] | None = None
        self._values: ValueRows | None = None
        self._segments: int | None = None
        self._result_cache: list[Any] | None = None

    # DRF and the admin check isinstance(…, QuerySet) before they copy a view's query set, or read its model. Otherwise,
    # a view with `queryset = Profile.objects.all()` would always serve its first result.
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return QuerySet

    # -- facts for Django and DRF -----------------------------------------------------------------------------------

    @property
    def persistence(self) -> Persistence:
        if self._given_persistence is None:
            self._given_persistence = self.model._default_manager.persistence
        return self._given_persistence

    @property
    def db(self) -> str:
        return DEFAULT_DB_ALIAS

    @property
    def query(self) -> QueryFacts:
        return QueryFacts(self.model, self._order, self._low, self._high)

    @property
    def ordered(self) -> bool:
        """Always true, because DynamoDB's order stays the same while nothing is written. Pages therefore don't
        overlap.
        """
        return True

    @property
    def totally_ordered(self) -> bool:
        return True

    @property
    def is_sliced(self) -> bool:
        return self._low > 0 or self._high is not None

    @property
    def _filters(self) -> Filters:
        return filters_of(self.persistence)

    def using(self, alias: str | None) -> Self:
        if alias not in (None, DEFAULT_DB_ALIAS):
            raise UnsupportedQuery(
                f"{self.model._meta.label} is stored in DynamoDB, not in database {alias!r}: leave using() out."
            )
        return self._clone()

    def _clone(self) -> Self:
        clone = object.__new__(type(self))
        clone.__dict__.update(self.__dict__)
        clone.__dict__.pop("_fetch_all", None)  # DRF sets it on a view's query set, to prevent evaluation
        clone._result_cache = None
        return clone

    _chain = _clone

    def _with(self, **changes: Any) -> Self:
        clone = self._clone()
        clone.__dict__.update({f"_{name}": value for name, value in changes.items()})
        return clone

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._clone()

    __copy__ = _clone

    def __reduce__(self) -> tuple[Any, ...]:
        # As in Django, a pickled query set includes its rows.
        self._fetch_all()
        state = {name: value for name, value in self.__dict__.items() if name not in _NOT_PICKLED}
        return _restored, (type(self), self.model._meta.label, state)

    # -- narrowing --------------------------------------------------------------------------------------------------

    def all(self) -> Self:
        return self._clone()

    def none(self) -> Self:
        return self._with(where=NOTHING)

    def filter(self, *args: Any, **kwargs: Any) -> Self:
        """Returns the rows for which all of the lookups are true.

        The lookups are exact, in, lt, lte, gt, gte, range, startswith, contains and isnull.
        """
        return self._narrowed(self._filters.condition(*args, **kwargs))

    def exclude(self, *args: Any, **kwargs: Any) -> Self:
        """Returns the rows for which at least one of the lookups is false, including rows that lack the property."""
        return self._narrowed(Not(self._filters.condition(*args, **kwargs)))

    def complex_filter(self, filter_obj: Q | Mapping[str, Any]) -> Self:
        return self.filter(filter_obj) if isinstance(filter_obj, Q) else self.filter(**filter_obj)

    def _narrowed(self, condition: Condition) -> Self:
        self._refuse_slice("filter")
        return self._with(where=And((*conjuncts(self._where), *conjuncts(condition))))

    def __and__(self, other: ItemQuerySet) -> Self:
        self._check_combination(other)
        return self._narrowed(other._where)

    def __or__(self, other: ItemQuerySet) -> Self:
        self._refuse_slice("combine")
        self._check_combination(other)
        others = self._where.children if isinstance(self._where, Or) else (self._where,)
        return self._with(where=Or((*others, other._where)))

    def _check_combination(self, other: ItemQuerySet) -> None:
        if self.model is not getattr(other, "model", None):  # the message is Django's
            raise TypeError("Cannot combine queries on two different base models.")
        other._refuse_slice("combine")

    def order_by(self, *names: Any) -> Self:
        """Returns rows in the order of a range key, or in its reverse order (``"-created"``). For ``pk``, the order is
        DynamoDB's own.
        """
        self._refuse_slice("reorder")
        for name in names:
            self._order_term(name)
        return self._with(order=tuple(names))

    def reverse(self) -> Self:
        self._refuse_slice("reverse")
        return self._with(reversed=not self._reversed)

    def _order_term(self, name: Any) -> OrderTerm:
        if not isinstance(name, str) or name == "?":
            raise UnsupportedQuery(f"DynamoDB orders by the range key of a table or an index, not by {name!r}.")
        descending, name = name.startswith("-"), name.lstrip("+-")
        target, _ = self._filters.resolve(name, lookups=False)
        if target.is_key or (target.path == (self.persistence.hash_key,) and self.persistence.range_key is None):
            return OrderTerm(None, descending)
        if len(target.path) > 1:
            raise UnsupportedQuery(f"DynamoDB orders by whole properties, not by parts of them ({name}).")
        return OrderTerm(str(target.path[0]), descending)

    def using_index(self, name: str) -> Self:
        """Reads this index, instead of the index that the planner would choose. Only items in the index are found."""
        return self._with(index=name)

    def consistent(self, value: bool = True) -> Self:
        """Reads consistently. Consistent reads cost twice as much, and aren't possible with global indexes."""
        return self._with(consistent=value)

    def capped(self) -> Self:
        """Permits a filtered scan, even if the schema's policy forbids it.

        The limit of ``scan: capped`` in x-persist applies to the scan. Use this method for searches by users who can
        see the cost. ``page()`` continues after the last item that was read.
        """
        return self._with(capped=True)

    def with_expired(self) -> Self:
        """Includes expired items, which ``expired: hidden`` in x-persist would leave out."""
        return self._with(with_expired=True)

    @property
    def _hides_by(self) -> str | None:
        """The attribute with the time at which items expire, if expired items are left out; else None."""
        return None if self._with_expired else self.persistence.hides_expired_by

    def scan(self, segments: int = 1) -> Self:
        """Reads the table (or index) with ``segments`` parallel Scans. The rows have no particular order, and the
        schema's scan policy applies.
        """
        if segments < 1:
            raise ValueError("A scan needs at least one segment.")
        if segments > MAX_SEGMENTS:
            raise UnsupportedQuery(
                f"In one process, a scan can have at most {MAX_SEGMENTS} segments: each segment needs a thread and a "
                "connection."
            )
        return self._with(segments=segments)

    def only(self, *names: str) -> Self:
        """Checks the names, and then returns complete rows. Partial rows wouldn't cost less, because DynamoDB reads and
        bills for whole items. Use ``values()`` to make DynamoDB's responses smaller.
        """
        for name in names:
            self._filters.resolve(name, lookups=False)
        return self._clone()

    def defer(self, *names: str | None) -> Self:
        """Does the same as ``only()``: checks the names, and then returns complete rows."""
        return self._clone() if names == (None,) else self.only(*(str(name) for name in names))

    # -- values -----------------------------------------------------------------------------------------------------

    def values(self, *names: str, **expressions: Any) -> Self:
        """Returns dictionaries instead of rows. DynamoDB sends only the named properties, but bills for whole items."""
        if expressions:
            raise UnsupportedQuery(NO_EXPRESSIONS)
        return self._with_values(names, "dict")

    def values_list(self, *names: str, flat: bool = False, named: bool = False) -> Self:
        """Returns tuples instead of rows. With ``flat``, returns single values; with ``named``, named tuples."""
        if flat and named:
            raise TypeError("'flat' and 'named' can't be used together.")
        if flat and len(names) != 1:
            raise TypeError("'flat' is not valid when values_list is called with more or less than one field.")
        shape: Shape = "flat" if flat else "named" if named else "tuple"
        return self._with_values(names, shape)

    @property
    def gives_rows(self) -> bool:
        """Whether the query set returns rows, rather than ``values()`` or JSON."""
        return self._values is None

    def as_json(self) -> Self:
        """Returns dictionaries instead of rows, in the form of ``row.to_json()`` and API responses. This is faster."""
        return self._with_values((), "json")

    def _with_values(self, names: Sequence[str], shape: Shape) -> Self:
        shaped = self._with(shape=(names, shape))
        shaped.__dict__["_values"] = shaped._make_values()
        return shaped

    def _make_values(self) -> ValueRows | None:
        return None if self._shape is None else ValueRows.of(self.persistence, self._filters, *self._shape)

    @property
    def matches_nothing(self) -> bool:
        """Whether the query set's conditions exclude every item, as after ``none()``."""
        return simplify(self._where) == NOTHING

    @property
    def is_narrowed_only(self) -> bool:
        """Whether the query set returns rows, isn't sliced, and doesn't choose an index."""
        return self.gives_rows and not self.is_sliced and self._index is None

    # -- the call ---------------------------------------------------------------------------------------------------

    def _plan(self, wanted: Iterable[str] | None = None) -> QueryPlan:
        table, ttl = key_schema_of(self.persistence), self._hides_by
        if ttl is not None and wanted is not None:
            wanted = {*wanted, ttl}
        is_everything = self._where is ALL and wanted is None and self._index is None and not self._order
        if is_everything and not (ttl or self._capped or self._reversed or self._consistent):
            return self.persistence.derived(_plan_of_everything, table)
        try:
            made = plan(
                replace(table, scan="capped") if self._capped else table,
                self._where,
                order=[self._order_term(name) for name in self._order],
                backward=self._reversed,
                wanted=wanted,
                index=self._index,
                consistent=self._consistent,
            )
        except RecursionError:
            raise UnsupportedQuery("These filters are nested too deeply: flatten them.") from None
        return made if ttl is None else without_expired(made, ttl, int(time.time()))

    @property
    def _names(self) -> frozenset[str] | None:
        """The attributes that are needed for the rows or values; None means all."""
        if self._bare:
            return frozenset()
        return self._values.attributes if self._values is not None else None

    def _keys_only(self) -> Self:
        return self._with(bare=True)

    def _whole_key(self, lookups: Mapping[str, Any]) -> AttributeMap | None:
        """Returns the key if the lookups contain a whole key and the query set has no other restriction. Then no
        filter and no plan is needed. Otherwise, returns None.
        """
        is_everything = (
            self._where is ALL
            and self._index is None
            and self._shape is None
            and not (self._bare or self._segments or self.is_sliced or self._hides_by)
            and type(self).filter is _FILTER
        )
        return self._filters.whole_key(lookups) if is_everything else None

    def _reader(self) -> PlanReader:
        names = self._names
        if names is None:
            typed = None if self._values is None else self._values.typed
            return PlanReader(self.persistence, self._plan(), consistent=self._consistent, typed=typed)
        attributes = [self.persistence.attributes[name] for name in sorted(names)]
        # If a key was given in another spelling, its twin has the given spelling.
        twins = [attribute.given_name for attribute in attributes if attribute.keeps_given]
        return PlanReader(self.persistence, self._plan(names), (*sorted(names), *twins), self._consistent)

    def plan(self) -> QueryPlan:
        """Returns the plan of the call that will be made. ``explain()`` returns the plan in words."""
        return self._plan(self._names)

    def cursor_after(self, row: Any) -> str:
        """Returns the cursor of the page that follows ``row``. The row must have been read from this query set, or from
        the reversed query set.
        """
        plan = self.plan()
        position = {name: row._state.item[name] for name in plan.position_names}
        return seal(position, list_scope(self.persistence, plan))

    def explain(self, *, format: str | None = None, **options: Any) -> str:  # noqa: A002 (Django's signature)
        """Returns the plan of the call in words, without making the call."""
        text = self.plan().explain()
        marks = (f"rows from {self._low}" if self._low else "", f"up to {self._high}" if self._high is not None else "")
        sliced = " ".join(mark for mark in marks if mark)
        return f"{text}\n  {sliced}" if sliced else text

    @property
    def _convert(self) -> Callable[[Any], Any]:  # converts attribute maps or typed items
        return self.persistence.decode if self._values is None else self._values.make

    def _found(self, limit: int | None = None) -> Iterator[Match]:
        """Returns the items of the slice, at most ``limit`` items."""
        high = self._high
        if limit is not None:
            high = self._low + limit if high is None else min(high, self._low + limit)
        if high is not None and high <= self._low:
            return iter(())
        if self._segments is not None:
            items = parallel_items(self._reader(), self._segments)
            return islice(items, self._low, high)
        # DynamoDB has no offset, so the rows before the slice are read and dropped.
        return islice(self._reader().items(wanted=high), self._low, None)

    def _rows(self, limit: int | None = None) -> Iterator[Any]:
        convert = self._convert
        if limit is None and self._high is None and not self._low and self._segments is None:
            pages = self._reader().pages()
            if pages is not None:
                return chain.from_iterable(map(convert, items) for items in pages)
        return (convert(found.item) for found in self._found(limit))

    # -- reading ----------------------------------------------------------------------------------------------------

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._result_cache = list(self._rows())

    def __iter__(self) -> Iterator[Any]:
        self._fetch_all()
        return iter(self._result_cache or ())

    def iterator(self, chunk_size: int | None = None) -> Iterator[Any]:
        """Returns an iterator of the rows. Only one page is in memory at a time."""
        return self._rows()

    def __len__(self) -> int:
        self._fetch_all()
        return len(self._result_cache or ())

    def __bool__(self) -> bool:
        self._fetch_all()
        return bool(self._result_cache)

    def __repr__(self) -> str:
        shown = [*self[: REPR_SIZE + 1]] if self._result_cache is None else self._result_cache[: REPR_SIZE + 1]
        if len(shown) > REPR_SIZE:
            shown[-1] = "...(remaining elements truncated)..."
        return f"<{type(self).__name__} {shown!r}>"

    def __getitem__(self, place: int | slice) -> Any:
        if not isinstance(place, int | slice):
            raise TypeError(f"QuerySet indices must be integers or slices, not {type(place).__name__}.")
        marks = (place,) if isinstance(place, int) else (place.start, place.stop)
        if any(mark is not None and mark < 0 for mark in marks):
            raise ValueError("Negative indexing is not supported.")
        if self._result_cache is not None:
            return self._result_cache[place]
        if isinstance(place, int):
            rows = list(self._sliced(place, place + 1)._rows())
            if not rows:
                raise IndexError("list index out of range")
            return rows[0]
        sliced = self._sliced(place.start or 0, place.stop)
        return list(sliced)[:: place.step] if place.step else sliced

    def _sliced(self, start: int, stop: int | None) -> Self:
        low = self._low + start
        high = self._high if stop is None else self._low + stop
        if self._high is not None:
            high = min(high if high is not None else self._high, self._high)
            low = min(low, self._high)
        return self._with(low=low, high=high)

    def _refuse_slice(self, verb: str) -> None:
        if self.is_sliced:
            raise TypeError(f"Cannot {verb} a query once a slice has been taken.")


_NOT_PICKLED = frozenset({"model", "_given_persistence", "_values"})
_FILTER = ItemQuerySet.filter


def _restored(kind: type[ItemQuerySet], label: str, state: dict[str, Any]) -> ItemQuerySet:
    restored = kind(apps.get_model(label))
    restored.__dict__.update(state)
    restored.__dict__["_values"] = restored._make_values()
    return restored


def _plan_of_everything(_: Persistence, table: TableKeySchema) -> QueryPlan:
    """Returns the plan for all items, without a filter or an order."""
    return plan(table, ALL)
