"""Converts the arguments and results of tasks to JSON and back.

If JSON has no type for a value, the value becomes an object with a tag under ``$``: ``{"$": "date", "v":
"2026-01-31"}``. Unknown tags are refused, and nothing is ever unpickled. ``docs/how-to/tasks.md`` lists the tags.
"""

from __future__ import annotations

import base64
import datetime as dt
import math
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from django.apps import apps
from django.db.models import Model

from macaron_django.api_pool import apipool
from macaron_django.schemas.models.row_models import Row
from macaron_django.schemas.values.api_objects import APIObject
from macaron_django.tasks.definitions import RowForm

__all__ = ["UnknownTag", "UnsendableArgument", "argument_json", "argument_of_json"]

_TAG: Final = "$"
_DEEPEST: Final = 100
_PLAIN: Final = (str, int, bool, type(None))


class UnsendableArgument(TypeError):
    """An argument or a result of a task can't be converted to JSON."""


class UnknownTag(ValueError):
    """A message has an argument with a tag that this version doesn't know, or with a value that doesn't fit its tag."""


def argument_json(value: Any, *, rows: RowForm = "key", place: str = "the argument") -> Any:
    """Returns the JSON form of an API object, row, date, decimal, UUID or bytes, or of a list or dict of such values.

    Raises UnsendableArgument for a value of any other class. In the exception's message, ``place`` describes the value.

    >>> argument_json({"due": dt.date(2026, 1, 31), "price": Decimal("9.50")})
    {'due': {'$': 'date', 'v': '2026-01-31'}, 'price': {'$': 'decimal', 'v': '9.50'}}
    """
    return _written(value, rows, place, 0)


def argument_of_json(json: Any) -> Any:
    """Converts JSON from ``argument_json`` back to a value. If only a row's key was sent, loads the row with a
    consistent read.

    Raises UnknownTag. Raises LookupError if this process doesn't have the API, schema or model, and DoesNotExist if the
    row no longer exists.
    """
    if isinstance(json, list):
        return [argument_of_json(each) for each in json]
    if not isinstance(json, dict):
        return json
    if _TAG not in json:
        return {name: argument_of_json(each) for name, each in json.items()}
    read = _READERS.get(json[_TAG]) if isinstance(json[_TAG], str) else None
    if read is None:
        raise UnknownTag(
            f"This version doesn't support arguments of the kind {json[_TAG]!r}: the message comes from a newer "
            "version, or is damaged."
        )
    try:
        return read(json)
    except (KeyError, TypeError, AttributeError) as error:
        raise UnknownTag(
            f"An argument of the kind {json[_TAG]!r} has the wrong form: the message is damaged."
        ) from error


def _written(value: Any, rows: RowForm, place: str, depth: int) -> Any:
    if depth > _DEEPEST:
        raise UnsendableArgument(f"{place} is nested more than {_DEEPEST} levels deep, or contains itself.")
    if isinstance(value, Enum):
        raise UnsendableArgument(f"{place} is a member of the enum {type(value).__name__}: send the member's value.")
    if isinstance(value, _PLAIN):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {_TAG: "float", "v": repr(float(value))}
    if isinstance(value, Row):
        return _row_json(value, rows, place, depth)
    if isinstance(value, APIObject):
        return _object_json(value, depth, place)
    if isinstance(value, Model):
        return _model_json(value, place)
    for kind, tag, write in _WRITERS:
        if isinstance(value, kind):
            return {_TAG: tag, "v": write(value)}
    if isinstance(value, Mapping):
        return _mapping_json(value, rows, place, depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        written = [_written(each, rows, f"{place}[{number}]", depth + 1) for number, each in enumerate(value)]
        return written if isinstance(value, list) else {_TAG: _SEQUENCES[_base(value)], "v": written}
    raise UnsendableArgument(
        f"{place} is of the class {type(value).__module__}.{type(value).__qualname__}, which can't be sent to a task: "
        "send a value that identifies it or can recreate it, such as its key, its path or its JSON."
    )


def _base(value: Any) -> type:
    return next(kind for kind in _SEQUENCES if isinstance(value, kind))


def _mapping_json(value: Mapping[Any, Any], rows: RowForm, place: str, depth: int) -> Any:
    if all(type(name) is str for name in value) and _TAG not in value:
        return {name: _written(each, rows, f"{place}[{name!r}]", depth + 1) for name, each in value.items()}
    pairs = [
        [
            _written(name, rows, f"a key of {place}", depth + 1),
            _written(each, rows, f"{place}[{name!r}]", depth + 1),
        ]
        for name, each in value.items()
    ]
    return {_TAG: "dict", "v": pairs}


def _object_json(value: APIObject, depth: int, place: str) -> dict[str, Any]:
    classes = value._spec.classes
    return {
        _TAG: "object",
        "api": value._spec.api,
        "schema": classes.key_of(value._spec.schema),
        "v": _written(value.to_json(), "key", place, depth + 1),
    }


def _row_json(row: Row, rows: RowForm, place: str, depth: int) -> dict[str, Any]:
    label = row._meta.label
    if rows == "key" and not row._state.adding:
        return {_TAG: "row", "model": label, "key": _written(row.pk, rows, place, depth + 1)}
    item = None if row._state.adding else getattr(row._state, "item", None)
    return {
        _TAG: "row",
        "model": label,
        "v": _written(row.to_json(), rows, place, depth + 1),
        "item": _written(item, rows, place, depth + 1),
    }


def _model_json(instance: Model, place: str) -> dict[str, Any]:
    if instance.pk is None or instance._state.adding:
        raise UnsendableArgument(
            f"{place} is a {instance._meta.object_name} that isn't saved. A task's message contains only "
            "the key of an ORM row, and the row has no key yet. Save the row first, or pass its values."
        )
    key = _written(instance.pk, "key", place, 1)
    return {_TAG: "model", "model": instance._meta.label, "key": key, "using": instance._state.db}


def _read_object(json: dict[str, Any]) -> Any:
    made: Any = getattr(apipool, json["api"]).by_key(json["schema"])
    return made._from_properties(argument_of_json(json["v"]))


def _read_row(json: dict[str, Any]) -> Any:
    model: Any = apps.get_model(json["model"])
    if "key" in json:
        return model.objects.consistent().get(pk=argument_of_json(json["key"]))
    row = model.from_json(argument_of_json(json["v"]), prune_none=False)
    item = argument_of_json(json["item"])
    if item is not None:
        row._state.item, row._state.adding = item, False
    return row


def _read_model(json: dict[str, Any]) -> Any:
    model = apps.get_model(json["model"])
    return model._base_manager.using(json["using"]).get(pk=argument_of_json(json["key"]))


def _duration(value: dt.timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


def _items(json: dict[str, Any]) -> list[Any]:
    items: list[Any] = argument_of_json(json["v"])
    return items


#: A datetime is before a date, because every datetime is also a date.
_WRITERS: Final[tuple[tuple[type, str, Callable[[Any], Any]], ...]] = (
    (dt.datetime, "datetime", dt.datetime.isoformat),
    (dt.date, "date", dt.date.isoformat),
    (dt.time, "time", dt.time.isoformat),
    (dt.timedelta, "duration", _duration),
    (Decimal, "decimal", str),
    (uuid.UUID, "uuid", str),
    (bytes, "bytes", lambda value: base64.b64encode(value).decode()),
)
_SEQUENCES: Final[Mapping[type, str]] = {tuple: "tuple", set: "set", frozenset: "frozenset"}
_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Any]]] = {
    "datetime": lambda json: dt.datetime.fromisoformat(json["v"]),
    "date": lambda json: dt.date.fromisoformat(json["v"]),
    "time": lambda json: dt.time.fromisoformat(json["v"]),
    "duration": lambda json: dt.timedelta(*json["v"]),
    "decimal": lambda json: Decimal(json["v"]),
    "uuid": lambda json: uuid.UUID(json["v"]),
    "bytes": lambda json: base64.b64decode(json["v"], validate=True),
    "float": lambda json: float(json["v"]),
    "tuple": lambda json: tuple(_items(json)),
    "set": lambda json: set(_items(json)),
    "frozenset": lambda json: frozenset(_items(json)),
    "dict": lambda json: dict(_items(json)),
    "object": _read_object,
    "row": _read_row,
    "model": _read_model,
}
