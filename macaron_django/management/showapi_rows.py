"""Lists the code that is generated from a served API. ``manage.py showapi`` prints these lists as tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from macaron_django.api.plans.served_operations import Served
from macaron_django.api.views.operation_viewsets import OperationViewSet
from macaron_django.api.viewsets import in_use
from macaron_django.conf import settings
from macaron_django.dynamodb import Persistence
from macaron_django.management.unserved_parts import unserved_parts
from macaron_django.openapi import Index, Operation, Persist, Schema
from macaron_django.registry import API
from macaron_django.schemas.models.orm_bindings import model_of

__all__ = ["NamedField", "OperationRow", "field_names_of", "kept_names", "operation_rows", "options_of"]


@dataclass(frozen=True)
class OperationRow:
    """An operation, the code that answers it, and its serializer, model and manager. Missing values are ""."""

    path: str
    method: str
    operation: str
    answered_by: str
    serializer: str = ""
    model: str = ""
    manager: str = ""


@dataclass(frozen=True)
class NamedField:
    """A property that has a different name on the API object or on the Django model."""

    schema: str
    property: str
    field: str


def operation_rows(api: API) -> Iterator[OperationRow]:
    """Yields one row for each operation, in document order."""
    served = {each.operation: (viewset, each) for viewset, each in api.viewsets.served()}
    for operation in api.document.operations:
        if operation in served:
            yield _row(api, *served[operation])
        else:
            yield OperationRow(*_operation_cells(operation), "left to the project (x-no-bind-server)")


def _operation_cells(operation: Operation) -> tuple[str, str, str]:
    return operation.route, operation.method.upper(), operation.operation_id or ""


def _row(api: API, viewset: type[OperationViewSet], served: Served) -> OperationRow:
    serializer = _serializer(in_use(viewset), served)
    schema: Schema | None = getattr(serializer, "schema", None)
    model = _model(api, viewset, served, schema)
    return OperationRow(
        *_operation_cells(served.operation),
        answered_by=_answering(viewset, served),
        serializer="" if schema is None else serializer.__name__,
        model="" if model is None else model._meta.label,
        manager="" if model is None else _manager(model),
    )


def _answering(viewset: type[OperationViewSet], served: Served) -> str:
    used = in_use(viewset)
    name = used.__name__ if used is viewset else f"{used.__module__}.{used.__qualname__}"
    if served.generated is not None:
        return f"generated: {name}.{served.action}"
    if served.handler is not None:
        decorators = "".join(f" @{each}" for each in served.operation.extensions.decorate_server)
        return f"{served.handler.dotted}{decorators}, by {name}.{served.action}"
    if getattr(used, served.action, None) is not getattr(viewset, served.action, None):
        return f"{name}.{served.action}"
    nobody = "the spec's example (MOCK)" if settings.MOCK else "nothing: 501"
    return f"{nobody}, by {name}.{served.action}"


def _serializer(viewset: type[OperationViewSet], served: Served) -> Any:
    """Returns the serializer class that the operation's view uses. None if the view needs a request to choose it."""
    view = viewset(served={served.operation.method: served})
    try:
        return view.get_serializer_class()
    except Exception:  # noqa: BLE001 (a project's get_serializer_class may do anything)
        return None


def _model(api: API, viewset: type[OperationViewSet], served: Served, schema: Schema | None) -> type[Model] | None:
    if served.generated is not None:
        found: type[Model] = viewset.store.model  # type: ignore[attr-defined]  # only a ResourceViewSet has generated operations
        return found
    if schema is not None and schema.items is not None and not schema.is_object:
        schema = schema.items
    try:
        return None if schema is None else model_of(schema, api.classes)
    except (LookupError, ValueError):  # the x-model doesn't exist: E304 reports that
        return None


def _manager(model: type[Model]) -> str:
    manager = model._default_manager
    persistence = getattr(manager, "persistence", None)
    name = type(manager).__name__
    return name if persistence is None else f"{name} (DynamoDB: {persistence.table_name})"


def field_names_of(api: API) -> Iterator[NamedField]:
    """Yields the properties that have a different name on the API object or, with ``x-field``, on the Django model."""
    for name in api.classes:
        schema = api.document.schemas[name]
        try:
            fields = api.classes[name]._spec.field_names  # type: ignore[attr-defined]  # all these classes have it
        except ImportError:  # the class named by x-parent can't be imported
            continue
        for property_name, field in fields.items():
            mapped = schema.properties[property_name].extensions.field if schema.extensions.model else None
            if mapped is not None and mapped != property_name:
                yield NamedField(name, property_name, f"{schema.extensions.model}.{mapped}")
            if field != property_name:
                yield NamedField(name, property_name, field)


def options_of(persistence: Persistence) -> Iterator[tuple[str, str]]:
    """Yields the name and the value, as text, of each effective option of ``x-persist``.

    Includes the defaults. If the spec sets ``class``, includes the options of that class, too.
    """
    options: Persist = persistence.options
    yield "table", persistence.table_name
    yield "hash_key", str(options.hash_key)
    yield "range_key", options.range_key or "none"
    yield "keys_from", ", ".join(f"{key}: {source}" for key, source in options.keys_from.items()) or "none"
    for kind in ("indexes", "local_indexes"):
        for index in getattr(options, kind).values():
            yield f"{kind}.{index.name}", _index(index)
    capacity = "" if options.capacity is None else f": {options.capacity[0]} read, {options.capacity[1]} write"
    yield "billing", options.billing + capacity
    yield "ttl", options.ttl or "none"
    yield "expired", options.expired
    yield "version", options.version or "none"
    yield "scan", options.scan
    yield "sets", ", ".join(options.sets) or "none"
    yield "tags", ", ".join(f"{key}={value}" for key, value in sorted(options.tags.items())) or "none"
    for name in ("point_in_time_recovery", "deletion_protection"):
        switch = getattr(options, name)
        yield name, "left open" if switch is None else "true" if switch else "false"
    yield "class", options.class_path or "none"


def _index(index: Index) -> str:
    keys = index.hash_key if index.range_key is None else f"{index.hash_key}, {index.range_key}"
    projection = index.projection if isinstance(index.projection, str) else ", ".join(index.projection)
    return f"{keys} (projection: {projection})"


def kept_names(api: API) -> Iterator[tuple[str, str]]:
    """Yields (kind, name) of each webhook, callback and link. No URL serves these parts of a spec."""
    kept = unserved_parts(api.document)
    for kind, names in (("webhook", kept.webhooks), ("callback", kept.callbacks), ("link", kept.links)):
        yield from ((kind, name) for name in names)
