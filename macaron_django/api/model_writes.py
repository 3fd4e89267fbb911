"""Instances of a Django model, saved by statements that are compiled once, as ``create()`` and ``save()`` say them.

In go the columns of a new instance, or one that was read and changed; out comes an instance that is saved. Django
builds each INSERT and UPDATE anew. Here its own compiler writes them once for each database; its own fields prepare
the parameters, its own cursor runs them, in the transaction that the caller has begun. Apart from ``model_rows``
because it asks for other things to be Django's own: where signals have receivers, methods are overridden, or a field
isn't one of Django's plain ones, ``create()`` and ``save()`` are called as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import connections, router, transaction
from django.db.models import Field, Manager, Model, QuerySet
from django.db.models.signals import post_save, pre_save
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.models.sql.compiler import SQLInsertCompiler, SQLUpdateCompiler

from macaron_django.api.model_rows import has_listeners, prepared
from macaron_django.api.straight_gate import is_as_written

__all__ = ["ModelWrites"]

_METHODS = (
    *("save", "save_base", "_save_table", "_save_parents", "_do_insert", "_do_update", "_get_pk_val", "_is_pk_set"),
    *("_prepare_related_fields_for_save", "__init__", "__new__", "__setattr__", "__getattribute__"),
)
#: What tells of a model, and of what Django saves it with, that it was changed or patched since.
_MARKS_OF_MODEL = attrgetter(
    *(*_METHODS, "pk", "_meta.db_table", "_meta.local_concrete_fields"),
    *("_base_manager", "_base_manager._insert", "_default_manager", "_default_manager.create"),
)
_MARKS_OF_QUERIES = attrgetter("create", "_chain", "_insert", "_update", "filter")
_MARKS_OF_COMPILERS = attrgetter("as_sql", "execute_sql")
_DJANGO = (*Manager.__mro__[:-1], Model, QuerySet, InsertQuery, UpdateQuery, SQLInsertCompiler, SQLUpdateCompiler)
#: Where the fields are defined whose values are what they prepare, and nothing else is done when they are saved.
_PLAIN_FIELDS = frozenset(f"django.db.models.fields{module}" for module in ("", ".json", ".related"))
#: UPDATE statements that are kept: one for each choice of columns that are null.
_MOST_UPDATES = 100


def _is_plain(model: type[Model]) -> bool:
    """Whether nobody but Django has a say in how instances are saved, and a statement's parameters say it all."""
    meta: Any = model._meta
    return (
        all(getattr(model, name) is getattr(Model, name) for name in _METHODS)
        and type(model._default_manager) is type(model._base_manager) is Manager
        and (model._default_manager._db, model._base_manager._db) == (None, None)
        and not (meta.parents or meta.select_on_save or meta.order_with_respect_to)
        and all(type(field).__module__ in _PLAIN_FIELDS for field in meta.local_concrete_fields)
        and not any(field.has_db_default() or _has_placeholder(field) for field in meta.local_concrete_fields)
        and meta.pk in meta.local_concrete_fields
        and all(field is meta.auto_field for field in meta.db_returning_fields)
        and all(map(is_as_written, _DJANGO))
    )


def _has_placeholder(field: Field[Any, Any]) -> bool:
    """Whether a statement depends on the field's value: on MySQL it says ``_binary`` before bytes."""
    return hasattr(field, "get_placeholder") or hasattr(field, "get_placeholder_sql")  # until and from Django 6.1 on


class ModelWrites:
    """The statements that save instances of one model."""

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        self._marks = self._marked() if _is_plain(model) else None
        self._by_database: dict[tuple[str, str], _Statements] = {}  # by alias, and what kind of database that is

    def _marked(self) -> tuple[Any, ...]:
        model = self.model
        compilers = *_MARKS_OF_COMPILERS(SQLInsertCompiler), *_MARKS_OF_COMPILERS(SQLUpdateCompiler)
        # Of managers by their attributes' names: what a test puts there is one more.
        managers = *vars(model._default_manager), *vars(model._base_manager)
        return *_MARKS_OF_MODEL(model), *_MARKS_OF_QUERIES(QuerySet), *compilers, Manager.get_queryset, *managers

    def are_plain(self) -> bool:
        """Whether still nobody but Django has a say in how instances are saved."""
        return self._marks == self._marked() and not has_listeners(self.model, pre_save, post_save)

    def create(self, **columns: Any) -> Model:
        """As the manager's ``create()``."""
        if not self.are_plain():
            made: Model = self.model._default_manager.create(**columns)
            return made
        instance = self.model(**columns)
        using = router.db_for_write(self.model)
        with transaction.mark_for_rollback_on_error(using=using):
            is_saved = self._statements(connections[using]).insert(instance, connections[using])
        if not is_saved:
            instance.save(force_insert=True, using=using)
        return instance

    def save(self, instance: Model) -> None:
        """As ``save()`` of an instance whose columns were all read, while ``are_plain()``."""
        using = router.db_for_write(self.model, instance=instance)
        with transaction.mark_for_rollback_on_error(using=using):
            updated = self._statements(connections[using]).update(instance, connections[using])
        if updated is None:
            instance.save(using=using)
        elif not updated:  # somebody else has deleted it in between: as save() does then
            instance.save(force_insert=True, using=using)

    def _statements(self, connection: Any) -> _Statements:
        database = connection.alias, connection.vendor
        statements = self._by_database.get(database)
        if statements is None:
            statements = self._by_database[database] = _Statements(self.model)
        return statements


class _Insert(NamedTuple):
    """A compiled INSERT; the query makes the compiler that runs it."""

    query: InsertQuery
    sql: str
    returning_parameters: Sequence[Any]


class _Update(NamedTuple):
    """A compiled UPDATE: whether nulls are among its parameters, and its lookup of the key."""

    query: UpdateQuery
    sql: str
    keeps_nulls: bool
    lookup: Any


class _Statements:
    """The statements of one database, whichever connection runs them."""

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        self.meta: Any = model._meta
        self.fields: list[Field[Any, Any]] = list(self.meta.local_concrete_fields)
        self.unset: list[Field[Any, Any]] = [field for field in self.fields if field is not self.meta.auto_field]
        self.changed: list[Field[Any, Any]] = [field for field in self.fields if not field.primary_key]
        self._inserts: dict[bool, _Insert | None] = {}
        self._updates: dict[tuple[bool, ...], _Update] = {}

    def insert(self, instance: Any, connection: Any) -> bool:
        """Whether the instance was inserted; False: nothing was asked of the database."""
        key, returned = self.meta.pk, self.meta.db_returning_fields
        if getattr(instance, key.attname) is None:
            setattr(instance, key.attname, key.get_pk_value_on_save(instance))
        has_key = getattr(instance, key.attname) is not None
        fields = self.fields if has_key else self.unset
        parameters = _parameters(fields, instance, connection, adding=True)
        if parameters is None:
            return False
        if has_key not in self._inserts:
            self._inserts[has_key] = self._inserting(fields, instance, connection, parameters)
        known = self._inserts[has_key]
        if known is None:
            return False
        compiler: Any = known.query.get_compiler(connection=connection)
        compiler.as_sql = lambda: [(known.sql, tuple(parameters))]
        compiler.returning_params = known.returning_parameters
        rows = compiler.execute_sql(returned)
        for field, value in zip(returned, rows[0] if rows else (), strict=False):
            setattr(instance, field.attname, value)
        _note(instance, connection)
        return True

    def _inserting(
        self, fields: Sequence[Any], instance: Model, connection: Any, parameters: Sequence[Any]
    ) -> _Insert | None:
        """Django's statement; None where it says more than these parameters."""
        query: Any = InsertQuery(self.model)
        query.insert_values(fields, [instance], raw=True)  # raw: pre_save() was called
        compiler: Any = query.get_compiler(connection=connection)
        compiler.returning_fields = self.meta.db_returning_fields
        (sql, given), *more = compiler.as_sql()
        query.objs = [None]  # as many as the compiler counts; the instance isn't to be kept
        returning = getattr(compiler, "returning_params", ())
        return None if more or not _are_alike(given, parameters) else _Insert(query, sql, returning)

    def update(self, instance: Any, connection: Any) -> int | None:
        """How many rows were updated; None: nothing was asked of the database."""
        parameters = _parameters(self.changed, instance, connection, adding=False)
        if not parameters:
            return None
        nulls = tuple(parameter is None for parameter in parameters)
        known = self._updates.get(nulls)
        if known is None:
            known = self._updating(instance, connection, parameters)
            if known is None:
                return None
            if len(self._updates) < _MOST_UPDATES:
                self._updates[nulls] = known
        held = parameters if known.keeps_nulls else [each for each in parameters if each is not None]
        key = prepared(known.lookup, known.query.get_compiler(connection=connection), self._key(instance))
        with connection.cursor() as cursor:
            cursor.execute(known.sql, (*held, *key))
            updated: int = cursor.rowcount
        _note(instance, connection)
        return updated

    def _key(self, instance: Any) -> Any:
        return getattr(instance, self.meta.pk.attname)

    def _updating(self, instance: Any, connection: Any, parameters: Sequence[Any]) -> _Update | None:
        """Django's statement for columns of which these are null; None where it says more than the parameters."""
        rows: Any = self.model._base_manager.using(connection.alias).filter(pk=self._key(instance))
        query = rows.query.chain(UpdateQuery)
        query.add_update_fields([(field, None, getattr(instance, field.attname)) for field in self.changed])
        compiler: Any = query.get_compiler(connection=connection)
        sql, given = compiler.as_sql()
        query.values = []  # the instance's aren't to be kept
        (lookup,) = query.where.children
        key = prepared(lookup, compiler, self._key(instance))
        for keeps_nulls in (True, False):  # as Django does from 6.1 on, and did before
            held = [each for each in parameters if keeps_nulls or each is not None]
            if _are_alike(given, [*held, *key]):
                return _Update(query, sql, keeps_nulls, lookup)
        return None


def _parameters(fields: Sequence[Any], instance: Model, connection: Any, *, adding: bool) -> list[Any] | None:
    """What the database is given for the fields' columns; None if ``save()`` has to say what becomes of one."""
    found = []
    for field in fields:
        value = field.pre_save(instance, adding)
        if hasattr(value, "resolve_expression"):
            return None
        try:
            found.append(field.get_db_prep_save(value, connection))
        except Exception:  # noqa: BLE001 (save() raises it again)
            return None
    return found


def _note(instance: Any, connection: Any) -> None:
    """Note where an instance is saved."""
    instance._state.db, instance._state.adding = connection.alias, False


def _are_alike(given: Sequence[Any], expected: Sequence[Any]) -> bool:
    """Whether parameters are the same, as far as it shows: adapters of database drivers equal nothing."""
    return len(given) == len(expected) and all(
        one == other or type(one) is type(other) for one, other in zip(given, expected, strict=True)
    )
