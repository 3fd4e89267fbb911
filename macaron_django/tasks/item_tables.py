"""Describes the DynamoDB tables for tasks: the outbox, the marks of tasks with ``once=True``, and the failed tasks.

The hash key of each table is ``id``. In ``macaron_outbox`` the key is a UUID of version 7. The other attributes are
``due``, ``task``, ``payload`` and ``attempts`` in ``macaron_outbox``, and ``task``, ``done`` and ``ttl`` in
``macaron_task_marks``. If ``MACARON["TASKS"]["OUTBOX"]`` is on, ``synctables`` creates these two tables. If
``KEEP_FAILURES_DAYS`` isn't 0, it creates ``macaron_failed_tasks``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ImproperlyConfigured

from macaron_django import openapi as spec
from macaron_django.conf import settings
from macaron_django.dynamodb import Persistence, persist, persistence_options
from macaron_django.dynamodb.tables.table_accesses import TableAccess
from macaron_django.schemas import Classes

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["failed_task_model", "failed_tasks_table", "marks_table", "outbox_table", "own_accesses", "own_tables"]

_TEXT: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer"}
_MOMENT: Final = {"type": "string", "format": "date-time"}
#: The app that the model of failed tasks, and the permissions on it, belong to.
_LABEL: Final = "macaron_django"
_DOCUMENT: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {"title": "Tables of tasks", "version": "1"},
    "paths": {},
    "components": {
        "schemas": {
            "Outbox": {
                "type": "object",
                "required": ["id", "due", "task", "payload", "attempts"],
                "properties": {"id": _TEXT, "due": _WHOLE, "task": _TEXT, "payload": _TEXT, "attempts": _WHOLE},
                "x-persist": {"table": "macaron_outbox", "hash_key": "id"},
            },
            "TaskMark": {
                "type": "object",
                "required": ["id", "task", "done", "ttl"],
                "properties": {"id": _TEXT, "task": _TEXT, "done": _TEXT, "ttl": _WHOLE},
                "x-persist": {"table": "macaron_task_marks", "hash_key": "id", "ttl": "ttl"},
            },
        }
    },
}
_FAILED: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {"title": "Failed tasks", "version": "1"},
    "paths": {},
    "components": {
        "schemas": {
            "FailedTask": {
                "type": "object",
                "title": "failed task",
                "description": "Tasks that failed for good, with their reports.",
                "required": ["id", "status", "failed_at", "task", "attempts", "error", "report", "ttl"],
                "properties": {
                    "id": _TEXT,
                    "task": _TEXT,
                    "status": {"type": "string", "enum": ["failed", "running", "done"]},
                    "failed_at": _MOMENT,
                    "attempts": _WHOLE,
                    "error": _TEXT,
                    "error_id": _TEXT,
                    "request_id": _TEXT,
                    "user": _TEXT,
                    "run_again_at": _MOMENT,
                    "report": {**_TEXT, "description": "The report that the ERROR_REPORTER got, as JSON."},
                    # The message has the task's arguments, which only the worker may read.
                    "message": {**_TEXT, "writeOnly": True},
                    "ttl": _WHOLE,
                },
                "x-persist": {
                    "table": "macaron_failed_tasks",
                    "hash_key": "id",
                    "ttl": "ttl",
                    "scan": "capped",
                    "indexes": {"by_status": {"hash_key": "status", "range_key": "failed_at"}},
                },
                "x-admin": {"columns": ["task", "status", "failed_at", "attempts", "error", "user", "request_id"]},
            }
        }
    },
}


#: The DynamoDB actions that requests, workers and the relay use, by table.
_ACTIONS: Final = {
    "FailedTask": ("GetItem", "PutItem", "UpdateItem"),
    "Outbox": ("DeleteItem", "PutItem", "Scan", "UpdateItem"),
    "TaskMark": ("GetItem", "PutItem"),
}


@lru_cache(maxsize=1)
def _persistences() -> dict[str, Persistence]:
    document = spec.load(_DOCUMENT)
    classes = Classes("tasks", document)
    made = {}
    for name, schema in document.persisted.items():
        described = schema.extensions.persist
        if described is not None:
            made[name] = Persistence("tasks", schema, persistence_options(described)[0], classes)
    return made


@lru_cache(maxsize=1)
def _failed_tasks() -> Persistence:
    document = spec.load(_FAILED)
    return persist("tasks", _LABEL, document.schemas["FailedTask"], Classes("tasks", document))


def own_tables() -> list[Persistence]:
    """Returns the tables that the settings in ``MACARON["TASKS"]`` need. Their names begin with ``TABLE_PREFIX``."""
    kept = [_failed_tasks()] if settings.TASKS.KEEP_FAILURES_DAYS else []
    return [*_persistences().values(), *kept] if settings.TASKS.OUTBOX else kept


def failed_tasks_table() -> Persistence:
    """Returns the table of failed tasks."""
    return _failed_tasks()


def failed_task_model() -> type[Model]:
    """Returns the model of failed tasks. The first call creates it."""
    model: type[Model] = _failed_tasks().model
    return model


def own_accesses() -> list[TableAccess]:
    """Returns the permissions that tasks need for these tables."""
    named = {each.schema.name: each.table_name for each in own_tables()}
    return [TableAccess(table, "", action) for name, table in named.items() for action in _ACTIONS[str(name)]]


def _required(name: str, option: str) -> Persistence:
    if not settings.TASKS.OUTBOX:
        raise ImproperlyConfigured(
            f"{option} needs tables in DynamoDB: set MACARON['TASKS']['OUTBOX'] to True and run `manage.py synctables`."
        )
    return _persistences()[name]


def outbox_table() -> Persistence:
    """Returns the table of the outbox. Raises ImproperlyConfigured if ``MACARON["TASKS"]["OUTBOX"]`` is off."""
    return _required("Outbox", "outbox=True")


def marks_table() -> Persistence:
    """Returns the table that stores the marks of tasks with ``once=True``.

    Raises ImproperlyConfigured if ``MACARON["TASKS"]["OUTBOX"]`` is off.
    """
    return _required("TaskMark", "once=True")
