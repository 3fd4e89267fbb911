"""Rows of a Django model, read by queries that are compiled once: as the JSON that answers show, or as instances.

In go a binding, and a key or a cursor; out come rows. Django builds a query anew each time, which costs more than
SQLite takes to answer it. Here its own compiler writes it once for each connection, its own lookup prepares each
parameter, its own converters read each column, and its own cursor runs it: with execute wrappers, the log and routers.
Apart from ``straight_rows`` because it knows no requests. Where a project's own code has a say in any of it (a
manager, a descriptor, a receiver), there are no such rows, and the query set has to be asked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from django.core.exceptions import EmptyResultSet
from django.db import connections, router
from django.db.models import Manager, Model, QuerySet
from django.db.models.query import MAX_GET_RESULTS, ModelIterable
from django.db.models.signals import post_init, pre_init
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

from macaron_django.api.pagination import Keyset
from macaron_django.api.straight_gate import is_as_written
from macaron_django.schemas.conversions import UNSET
from macaron_django.schemas.model_bindings import PLAIN_COLUMNS, OrmBinding, ShownColumn

__all__ = ["ModelRows", "Unprepared", "has_listeners", "model_rows", "prepared"]

#: What a row's columns hold, as the database driver gives it.
Row = Sequence[Any]
#: What tells of a model, and of what Django reads it with, that it was changed or patched since.
_MARKS_OF_MODEL = attrgetter(
    *("__getattribute__", "__init__", "__new__", "__setattr__", "from_db"),
    *("_default_manager", "_meta.concrete_fields", "_meta.ordering"),
)
_MARKS_OF_QUERIES = attrgetter("__getitem__", "__iter__", "_fetch_all", "filter", "get", "order_by")
_MAKERS = ("__getattribute__", "__init__", "__new__", "__setattr__")
#: What Django reads rows with: a cache, for instance, may have replaced a part of it.
_DJANGO = (*Manager.__mro__[:-1], Model, ModelIterable, Query, QuerySet, SQLCompiler)
#: Kinds of pages whose SQL is kept: their sizes are the clients' choice.
_MOST_PAGES = 100


class Unprepared(Exception):  # noqa: N818 (an answer: the query set has to be asked)
    """The database wasn't asked: only Django's ordinary way tells what becomes of this value."""


def has_listeners(model: type[Model], *signals: Any) -> bool:
    """Whether somebody is told by one of these signals about instances of a model."""
    return any(signal.receivers and signal.has_listeners(model) for signal in signals)


def model_rows(binding: OrmBinding) -> ModelRows | None:
    """The rows of a binding's model; None where its instances have to be asked what they show."""
    model: Any = binding.model
    manager: Any = model._default_manager
    fields = model._meta.concrete_fields
    is_plain = (
        (manager._db, manager._hints) == (None, {})
        and type(manager) is Manager
        and model._meta.pk in fields
        and not model._meta.parents
        and all(getattr(model, name) is getattr(Model, name) for name in _MAKERS)
        and getattr(model.from_db, "__func__", None) is Model.from_db.__func__  # type: ignore[attr-defined]
        and all(type(inspect.getattr_static(model, field.attname, None)) in PLAIN_COLUMNS for field in fields)
        and all(map(is_as_written, _DJANGO))
    )
    columns = [binding.column(name) for name in binding.schema.properties] if is_plain else [None]
    shown = [column for column in columns if column is not None]
    return ModelRows(model, shown) if len(shown) == len(columns) else None


class ModelRows:
    """The rows of one model, and which of their columns are shown."""

    def __init__(self, model: type[Model], shown: Sequence[ShownColumn]) -> None:
        self.model, self.shown = model, shown
        self._marks = self._marked()

    def _marked(self) -> tuple[Any, ...]:
        return *_MARKS_OF_MODEL(self.model), *_MARKS_OF_QUERIES(QuerySet), Manager.get_queryset

    def are_plain(self) -> bool:
        """Whether still nobody else has a say in what is read."""
        return self._marks == self._marked() and not has_listeners(self.model, pre_init, post_init)

    def here(self) -> Rows:
        """The rows in the database that routers choose for reading."""
        connection = connections[router.db_for_read(self.model)]
        # On the connection, whose thread and alias it is good for; it keeps nothing of another plan alive.
        known = vars(connection).setdefault("_macaron_rows", WeakKeyDictionary())
        rows: Rows | None = known.get(self)
        if rows is None:
            rows = known[self] = Rows(self.model, self.shown, connection)
        return rows


class _Select(NamedTuple):
    """A query that is compiled; ``prepare`` makes its parameter of a value."""

    sql: str
    parameters: tuple[Any, ...] = ()
    prepare: Callable[[Any], tuple[Any, ...]] = tuple


class Rows:
    """The same in one database, over one connection."""

    def __init__(self, model: type[Model], shown: Sequence[ShownColumn], connection: Any) -> None:
        self.model, self.connection = model, connection
        self.keyset = Keyset(model._default_manager.all())
        compiler, _ = self._compiled(self.keyset.ordered)
        selected = [expression for expression, _, _ in compiler.select]
        self.attributes = [expression.target.attname for expression in selected]
        self._readers: Mapping[int, Callable[[Any], Any]] = {
            place: partial(_converted, converters, expression, connection)
            for place, (converters, expression) in compiler.get_converters(selected).items()
        }
        places = {name: place for place, name in enumerate(self.attributes)}
        self._shown = [(column, places[column.attribute]) for column in shown]
        self._by: dict[str, _Select] = {}
        self._pages: dict[int, _Select] = {}

    def _compiled(self, queryset: QuerySet[Any]) -> tuple[Any, _Select]:
        compiler: Any = queryset.query.get_compiler(connection=self.connection)
        sql, parameters = compiler.as_sql()
        return compiler, _Select(sql, tuple(parameters))

    def _run(self, sql: str, parameters: tuple[Any, ...]) -> list[Row]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            rows: list[Row] = cursor.fetchall()
        return rows

    # -------------------------------------------------------------- which rows

    def one(self, name: str, value: Any) -> Row | None:
        """The row whose field ``name`` has this value, None if there is none; ``Unprepared``."""
        try:
            select = self._by.get(name) or self._selecting(name, value)
            parameters = select.prepare(value)
        except (EmptyResultSet, TypeError, ValueError, OverflowError) as error:
            raise Unprepared from error
        rows = self._run(select.sql, parameters)
        if len(rows) > 1:
            raise Unprepared
        return rows[0] if rows else None

    def _selecting(self, name: str, value: Any) -> _Select:
        """The query of ``QuerySet.get()``; whatever isn't one lookup with one parameter can't be asked again."""
        queryset = self.model._default_manager.filter(**{name: value}).order_by()[:MAX_GET_RESULTS]
        compiler, select = self._compiled(queryset)
        lookups = queryset.query.where.children
        prepare = partial(prepared, lookups[0], compiler)
        if len(lookups) != 1 or len(select.parameters) != 1 or prepare(value) != select.parameters:
            raise Unprepared
        self._by[name] = select._replace(prepare=prepare)
        return self._by[name]

    def page(self, limit: int, cursor: str | None) -> tuple[list[Row], str | None]:
        """At most so many rows from a cursor on, and the cursor of the next ones; ``InvalidCursor``."""
        select = self._pages.get(limit) if cursor is None else None
        if select is None:
            _, select = self._compiled(self.keyset.rows(cursor)[: limit + 1])
            if cursor is None and len(self._pages) < _MOST_PAGES:
                self._pages[limit] = select
        rows = self._run(select.sql, select.parameters)
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], self.keyset.cursor(self.instance(rows[limit - 1]))

    # -------------------------------------------------------------- what a row is

    def instance(self, row: Row) -> Any:
        """The instance that Django makes of a row."""
        return self.model.from_db(self.connection.alias, self.attributes, self._read(row))

    def json(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """What answers show of rows."""
        shown = []
        for row in map(self._read, rows):
            found = {}
            for (name, _, kinds, json), place in self._shown:
                value = row[place]
                if type(value) not in kinds:
                    value = json(value)
                    if value is UNSET:
                        continue
                found[name] = value
            shown.append(found)
        return shown

    def _read(self, row: Row) -> list[Any]:
        values = list(row)
        for place, read in self._readers.items():
            values[place] = read(values[place])
        return values


def _converted(converters: Sequence[Callable[..., Any]], expression: Any, connection: Any, value: Any) -> Any:
    for convert in converters:
        value = convert(value, expression, connection)
    return value


def prepared(lookup: Any, compiler: Any, value: Any) -> tuple[Any, ...]:
    """The parameter that a lookup like this one gives to the database."""
    _, parameters = type(lookup)(lookup.lhs, value).process_rhs(compiler, compiler.connection)
    return tuple(parameters)
