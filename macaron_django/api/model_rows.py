"""Rows of a Django model, read by queries that are compiled once: as the JSON that answers show, or as instances.

In go a binding, and a key or a cursor; out come rows. Django builds a query anew each time, which costs more than
SQLite takes to answer it. Here its own compiler writes it once for each database, its own lookup prepares each
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

from django.core.exceptions import EmptyResultSet, ValidationError
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
    *("_default_manager", "_default_manager.all", "_meta.concrete_fields", "_meta.db_table", "_meta.ordering"),
)
_MARKS_OF_QUERIES = attrgetter("__getitem__", "__iter__", "_chain", "_fetch_all", "filter", "get", "order_by")
_MARKS_OF_COMPILERS = attrgetter("as_sql", "execute_sql")
_MAKERS = ("__getattribute__", "__init__", "__new__", "__setattr__")
#: What Django reads rows with: a cache, for instance, may have replaced a part of it.
_DJANGO = (*Manager.__mro__[:-1], Model, ModelIterable, Query, QuerySet, SQLCompiler)
#: Kinds of pages whose SQL is kept: their sizes are the clients' choice.
_MOST_PAGES = 100


class Unprepared(Exception):  # noqa: N818 (an answer: the query set has to be asked)
    """Only Django's ordinary way tells what becomes of this value: nobody was asked, or there are several rows."""


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
        self._plans: dict[tuple[str, str], _Plan] = {}  # by alias, and what kind of database that is

    def _marked(self) -> tuple[Any, ...]:
        readers = *_MARKS_OF_QUERIES(QuerySet), *_MARKS_OF_COMPILERS(SQLCompiler), Manager.get_queryset
        # Of the manager by its attributes' names: what a test puts there is one more.
        return *_MARKS_OF_MODEL(self.model), *readers, *vars(self.model._default_manager)

    def are_plain(self) -> bool:
        """Whether still nobody else has a say in what is read."""
        return self._marks == self._marked() and not has_listeners(self.model, pre_init, post_init)

    def here(self) -> Rows:
        """The rows in the database that routers choose for reading."""
        connection = connections[router.db_for_read(self.model)]
        # On the connection, whose thread they are good for; they keep nothing of another plan alive.
        known = vars(connection).setdefault("_macaron_rows", WeakKeyDictionary())
        rows: Rows | None = known.get(self)
        if rows is None:
            database = connection.alias, connection.vendor
            plan = self._plans.get(database)
            if plan is None:
                plan = self._plans[database] = _Plan(self.model, self.shown, connection)
            rows = known[self] = Rows(plan, connection)
        return rows


class _Plan:
    """What is known of a model's rows in one database, whichever connection asks: it holds none.

    Under ASGI each request has a thread, and so a connection, of its own.
    """

    def __init__(self, model: type[Model], shown: Sequence[ShownColumn], connection: Any) -> None:
        self.model, self.keyset = model, Keyset(model._default_manager.all())
        compiler: Any = self.keyset.ordered.query.get_compiler(connection=connection)
        compiler.as_sql()
        self.selected = [expression for expression, _, _ in compiler.select]
        self.attributes = [expression.target.attname for expression in self.selected]
        places = {name: place for place, name in enumerate(self.attributes)}
        self.shown = [(column, places[column.attribute]) for column in shown]
        #: By a unique field's name: the SELECT of one row, and its lookup.
        self.by: dict[str, tuple[str, Any]] = {}
        #: By size: the SELECT of the first page.
        self.pages: dict[int, _Select] = {}


class _Select(NamedTuple):
    """A query that is compiled."""

    sql: str
    parameters: tuple[Any, ...]


class Rows:
    """The rows in one database, over one connection."""

    def __init__(self, plan: _Plan, connection: Any) -> None:
        self.plan, self.connection = plan, connection
        self._compiler: Any = plan.keyset.ordered.query.get_compiler(connection=connection)
        self._readers: Mapping[int, Callable[[Any], Any]] = {
            place: partial(_converted, converters, expression, connection)
            for place, (converters, expression) in self._compiler.get_converters(plan.selected).items()
        }

    def _compiled(self, queryset: QuerySet[Any]) -> _Select:
        sql, parameters = queryset.query.get_compiler(connection=self.connection).as_sql()
        return _Select(sql, tuple(parameters))

    def _run(self, sql: str, parameters: tuple[Any, ...]) -> list[Row]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            rows: list[Row] = cursor.fetchall()
        return rows

    # -------------------------------------------------------------- which rows

    def one(self, name: str, value: Any) -> Row | None:
        """The row whose field ``name`` has this value, None if there is none; ``Unprepared``."""
        try:
            sql, lookup = self.plan.by.get(name) or self._selecting(name, value)
            parameters = prepared(lookup, self._compiler, value)
        except (EmptyResultSet, TypeError, ValidationError, ValueError, OverflowError) as error:
            raise Unprepared from error
        rows = self._run(sql, parameters)
        if len(rows) > 1:
            raise Unprepared
        return rows[0] if rows else None

    def _selecting(self, name: str, value: Any) -> tuple[str, Any]:
        """The query of ``QuerySet.get()``; whatever isn't one lookup with one parameter can't be asked again."""
        queryset = self.plan.model._default_manager.filter(**{name: value}).order_by()[:MAX_GET_RESULTS]
        select, lookups = self._compiled(queryset), queryset.query.where.children
        if len(lookups) != 1 or len(select.parameters) != 1:
            raise Unprepared
        if prepared(lookups[0], self._compiler, value) != select.parameters:
            raise Unprepared
        self.plan.by[name] = select.sql, lookups[0]
        return self.plan.by[name]

    def page(self, limit: int, cursor: str | None) -> tuple[list[Row], str | None]:
        """At most so many rows from a cursor on, and the cursor of the next ones; ``InvalidCursor``."""
        keyset, pages = self.plan.keyset, self.plan.pages
        select = pages.get(limit) if cursor is None else None
        if select is None:
            select = self._compiled(keyset.rows(cursor)[: limit + 1])
            if cursor is None and len(pages) < _MOST_PAGES:
                pages[limit] = select
        rows = self._run(select.sql, select.parameters)
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], keyset.cursor(self.instance(rows[limit - 1]))

    # -------------------------------------------------------------- what a row is

    def instance(self, row: Row) -> Any:
        """The instance that Django makes of a row."""
        return self.plan.model.from_db(self.connection.alias, self.plan.attributes, self._read(row))

    def json(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """What answers show of rows."""
        shown = []
        for row in map(self._read, rows):
            found = {}
            for (name, _, kinds, json), place in self.plan.shown:
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
