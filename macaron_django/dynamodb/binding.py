"""Builds the ``Persistence`` and the row class of a schema with ``x-persist``.

The ``Persistence`` reads and writes the schema's items. The row class is a Django model. If the schema can't be
persisted, SpecError is raised. The error's findings have the file and the line, as for any other error in a spec.
"""

from __future__ import annotations

import inspect

from macaron_django.dynamodb.items.persistence import Persistence
from macaron_django.dynamodb.querysets.manager import ItemManager
from macaron_django.dynamodb.swagger_objects import PersistentSwaggerObject
from macaron_django.dynamodb.tables.persist_options import checkable, mapping_from_class, persistence_options
from macaron_django.openapi import Finding, Persist, Schema, SpecError, class_findings
from macaron_django.overrides import overrides
from macaron_django.schemas import Classes, build_model

__all__ = ["graft", "persist", "persistence_for"]

#: The methods that PyMacaron requires of a class that isn't a PersistentSwaggerObject.
_GRAFTED = ("load_from_db", "save_to_db")


def graft(schema: Schema, classes: Classes) -> bool:
    """Adds the methods of the class in ``x-persist`` to the schema's objects, if this class stores the objects itself.
    Returns whether the methods were added.

    Such a class has PyMacaron's two methods, and no options for DynamoDB. The spec must not have such options, either.
    Raises SpecError, with the finding, if the class can't be imported or lacks one of the methods.
    """
    persist = schema.extensions.persist
    if persist is None or persist.class_path is None or not persist.given <= {"class"}:
        return False
    cls = _options(persist)[1]
    if cls is None or issubclass(cls, PersistentSwaggerObject) or mapping_from_class(cls):
        return False
    lacking = [name for name in _GRAFTED if not callable(getattr(cls, name, None))]
    if len(lacking) == len(_GRAFTED):
        return False
    if lacking:
        message = f"x-persist names {persist.class_path}, which has no {lacking[0]}()."
        hint = f"Add this method. A class that stores objects itself must have {' and '.join(_GRAFTED)}."
        raise SpecError([Finding("E090", "error", message, hint, persist.location)])
    # The class is the last base, so that the API object's methods have priority, as in PyMacaron. If the class has a
    # __new__, Python would still call that __new__. To avoid this, only the two methods of such a class are added.
    classes.grafts[str(schema.name)] = _methods_of(cls) if overrides(cls, ("__new__",), object) else cls
    return True


def persist(api: str, label: str, schema: Schema, classes: Classes) -> Persistence:
    """Builds the Django model whose manager stores a schema's items, and adds the model to ``classes`` as the row
    class.

    ``label`` is the app label of the API. Raises SpecError, with the finding, if the schema can't be persisted.
    """
    persistence, bases = persistence_for(api, schema, classes)
    try:
        model = build_model(
            schema,
            api=api,
            label=label,
            classes=classes,
            manager=ItemManager(persistence),
            hash_key=str(persistence.options.hash_key),  # persistence_for() has checked that there is one
            range_key=persistence.options.range_key,
            bases=bases,
            module=f"macaron_django.apis.{api}",
        )
    except ImportError as error:
        hint = "Correct the dotted path of x-parent, or the imports of the module."
        raise SpecError([Finding("E203", "error", f"{error}.", hint, schema.location)]) from error
    persistence.bind(model)
    classes.rows[str(schema.name)] = model
    return persistence


def persistence_for(api: str, schema: Schema, classes: Classes) -> tuple[Persistence, tuple[type, ...]]:
    """Returns the persistence of a schema with ``x-persist``, and the bases of its row class. Raises SpecError if the
    schema can't be persisted.
    """
    persist = schema.extensions.persist
    if persist is None:
        raise ValueError(f"{schema.name} has no x-persist")
    options, cls = _options(persist)
    if cls is not None:
        _check_class(schema, persist, cls)
    try:
        persistence = Persistence(api, schema, options, classes)
    except ValueError as error:
        raise _refused("E091", error, persist, "Use properties of the schema that can be keys.") from error
    return persistence, () if cls is None else (_base(cls, persistence),)


def _options(persist: Persist) -> tuple[Persist, type | None]:
    try:
        return persistence_options(persist)
    except ImportError as error:
        raise _refused("E090", error, persist, "Correct the dotted path, or the imports of the module.") from error


def _refused(finding_id: str, error: Exception, persist: Persist, hint: str) -> SpecError:
    message = str(error).removeprefix(f"{persist.location}: ").removesuffix(".") + "."
    return SpecError([Finding(finding_id, "error", message, hint, persist.location)])


def _check_class(schema: Schema, persist: Persist, cls: type) -> None:
    """Checks a class's options by the same rules as a spec's options. Raises SpecError, whose findings name the
    class.
    """
    said = {name: value for name, value in mapping_from_class(cls).items() if name not in persist.given}
    keys = {name: getattr(persist, name) for name in ("hash_key", "range_key") if name in persist.given}
    found = [
        finding._replace(message=f"{persist.class_path}: {finding.message}", location=persist.location)
        for finding in class_findings(schema, checkable(keys | said))
    ]
    if found:
        raise SpecError(found)


def _base(cls: type, persistence: Persistence) -> type:
    """Returns the base of the row class for ``cls``, the class that ``x-persist`` names."""
    if issubclass(cls, PersistentSwaggerObject):
        cls.persistence = persistence
        return cls
    return _methods_of(cls)


def _methods_of(cls: type) -> type:
    """Returns ``cls`` itself, or a new class if ``cls`` overrides ``__init__`` or ``__new__``.

    The new class takes only the methods ``load_from_db`` and ``save_to_db`` from ``cls``.
    """
    if not overrides(cls, ("__init__", "__new__"), object):
        return cls
    methods = {name: inspect.getattr_static(cls, name) for name in _GRAFTED if hasattr(cls, name)}
    return type(cls.__name__, (), {"__doc__": cls.__doc__, "__module__": cls.__module__, **methods})
