"""The x-persist hook: a schema → its persistence, the classes that its rows inherit from, and the model of its rows.

In goes a schema with ``x-persist``; out come its ``Persistence`` and the class that it names, if it does, with the
persistence put into it. What keeps that from working is a finding with file and line, as any fault of a spec is.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from macaron_django.dynamodb.manager import ItemManager
from macaron_django.dynamodb.options import checkable, mapping_from_class, persistence_options
from macaron_django.dynamodb.persistence import Persistence
from macaron_django.dynamodb.swagger_objects import PersistentSwaggerObject
from macaron_django.schemas import build_model
from macaron_django.spec import Finding, SpecError, class_findings

if TYPE_CHECKING:
    from macaron_django.schemas import Classes
    from macaron_django.spec import Persist, Schema

__all__ = ["persist", "persistence_for"]

#: What PyMacaron asks of a class that isn't a PersistentSwaggerObject.
_GRAFTED = ("load_from_db", "save_to_db")


def persist(api: str, label: str, schema: Schema, classes: Classes) -> Persistence:
    """Put a schema's items behind the manager of a Django model, which ``classes`` then has as its row class.

    ``label`` is that of the API's Django app. SpecError, with the finding, where the schema can't be kept.
    """
    persistence, bases = persistence_for(api, schema, classes)
    try:
        model = build_model(
            schema,
            api=api,
            label=label,
            classes=classes,
            manager=ItemManager(persistence),
            hash_key=str(persistence.options.hash_key),  # the options in force have one
            range_key=persistence.options.range_key,
            bases=bases,
            module=f"macaron_django.apis.{api}",
        )
    except ImportError as error:
        hint = "Correct the dotted path of x-parent, or what that module imports."
        raise SpecError([Finding("E203", "error", f"{error}.", hint, schema.location)]) from error
    persistence.bind(model)
    classes.rows[str(schema.name)] = model
    return persistence


def persistence_for(api: str, schema: Schema, classes: Classes) -> tuple[Persistence, tuple[type, ...]]:
    """The persistence of a schema with ``x-persist``, and the bases of its row class; SpecError if it can't be."""
    persist = schema.extensions.persist
    if persist is None:
        raise ValueError(f"{schema.name} has no x-persist")
    try:
        options, cls = persistence_options(persist)
    except ImportError as error:
        raise _refused("E090", error, persist, "Correct the dotted path, or what that module imports.") from error
    if cls is not None:
        _check_class(schema, persist, cls)
    try:
        persistence = Persistence(api, schema, options, classes)
    except ValueError as error:
        raise _refused("E091", error, persist, "Name properties of the schema that can be keys.") from error
    return persistence, () if cls is None else (_base(cls, persistence),)


def _refused(finding_id: str, error: Exception, persist: Persist, hint: str) -> SpecError:
    message = str(error).removeprefix(f"{persist.location}: ")
    return SpecError([Finding(finding_id, "error", message, hint, persist.location)])


def _check_class(schema: Schema, persist: Persist, cls: type) -> None:
    """What a class says is judged as what a spec says; SpecError with the findings, which name the class."""
    said = {name: value for name, value in mapping_from_class(cls).items() if name not in persist.given}
    keys = {name: getattr(persist, name) for name in ("hash_key", "range_key") if name in persist.given}
    found = [
        finding._replace(message=f"{persist.class_path}: {finding.message}", location=persist.location)
        for finding in class_findings(schema, checkable(keys | said))
    ]
    if found:
        raise SpecError(found)


def _base(cls: type, persistence: Persistence) -> type:
    """The class itself, or one with its two methods where it is made in a way of its own."""
    if issubclass(cls, PersistentSwaggerObject):
        cls.persistence = persistence
        return cls
    if cls.__init__ is object.__init__ and cls.__new__ is object.__new__:
        return cls
    methods = {name: inspect.getattr_static(cls, name) for name in _GRAFTED if hasattr(cls, name)}
    return type(cls.__name__, (), {"__doc__": cls.__doc__, "__module__": cls.__module__, **methods})
