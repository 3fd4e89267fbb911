"""The two tables of DynamoDB that tasks have: the outbox, and the marks of what was done once.

``macaron_outbox`` has the hash key ``id`` (UUID version 7) and ``due``, ``task``, ``payload`` and ``attempts``;
``macaron_task_marks`` the hash key ``id`` and ``task``, ``done`` and ``ttl``. ``synctables`` makes them where
``MACARON["TASKS"]["OUTBOX"]`` is on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from macaron_django import openapi as spec
from macaron_django.conf import settings
from macaron_django.dynamodb import Persistence, persistence_options
from macaron_django.schemas import Classes

__all__ = ["marks_table", "outbox_table", "own_tables"]

_TEXT: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer"}
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


def own_tables() -> list[Persistence]:
    """Returns the tables, whose names follow ``TABLE_PREFIX``; none where ``MACARON["TASKS"]["OUTBOX"]`` is off."""
    return [*_persistences().values()] if settings.TASKS.OUTBOX else []


def _required(name: str, option: str) -> Persistence:
    if not settings.TASKS.OUTBOX:
        raise ImproperlyConfigured(
            f"{option} needs tables in DynamoDB: set MACARON['TASKS']['OUTBOX'] to True, and run `synctables`."
        )
    return _persistences()[name]


def outbox_table() -> Persistence:
    """Returns the outbox. Raises ImproperlyConfigured where ``MACARON["TASKS"]["OUTBOX"]`` is off."""
    return _required("Outbox", "outbox=True")


def marks_table() -> Persistence:
    """Returns the marks of ``once=True``. Raises ImproperlyConfigured as ``outbox_table`` does."""
    return _required("TaskMark", "once=True")
