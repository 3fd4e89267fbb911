"""A document and the models of its schemas → viewset classes, URL patterns and findings: the api stage at once.

Who answers an operation, in this order: ``x-bind-server``; an operationId that is a dotted path; generated
CRUD; the spec's example, where ``MOCK`` is on; else 501 and a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, count
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from macaron_django.api import actions
from macaron_django.api.contents import parameter_names
from macaron_django.api.handlers import Handler, handler_for
from macaron_django.api.list_plans import scanning_filters
from macaron_django.api.lookups import Store, related_model
from macaron_django.api.resource_viewsets import ResourceViewSet
from macaron_django.api.resources import Resource, Resources, class_name, described, is_dotted, resources
from macaron_django.api.responses import respond
from macaron_django.api.routers import Route, mounted, route_patterns, url_name
from macaron_django.api.straight_path import straightened
from macaron_django.api.url_index import IndexedResolver
from macaron_django.api.viewsets import NotBound, OperationViewSet, Served, in_use
from macaron_django.conf import settings
from macaron_django.schemas import Classes
from macaron_django.spec import Document, Finding, Location, Operation, Schema

__all__ = ["APIViewSets", "build_viewsets", "url_patterns"]


class APIViewSets(Mapping[str, type[OperationViewSet]]):
    """The viewset classes of one API by name, and what was found while they were made."""

    def __init__(self, api: str, document: Document, found: Resources, stores: Mapping[str, Store]) -> None:
        self.api, self.document, self.resources, self.stores = api, document, found, stores
        self._viewsets: dict[str, type[OperationViewSet]] = {}
        self._early: list[Finding] = []

    def __getitem__(self, name: str) -> type[OperationViewSet]:
        return self._viewsets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._viewsets)

    def __len__(self) -> int:
        return len(self._viewsets)

    def served(self) -> Iterator[tuple[type[OperationViewSet], Served]]:
        """Every operation with its viewset, for those who list them."""
        for viewset in self.values():
            for methods in viewset.routes.values():
                for served in methods.values():
                    yield viewset, served

    def _filtered_elsewhere(self) -> set[Location]:
        """The operations of viewsets that a project gave filters of its own."""
        return {served.operation.location for viewset, served in self.served() if in_use(viewset).filters_itself()}

    def findings(self) -> list[Finding]:
        """What is wrong with the operations: this imports every handler."""
        notes = [note for note in self.resources.notes if note.location not in self._filtered_elsewhere()]
        found = [*self._early, *self.resources.refused.values(), *notes]
        for viewset, served in self.served():
            if served.generated is not None and issubclass(viewset, ResourceViewSet):
                found += scanning_filters(served.generated, viewset.store)
            if served.handler is not None:
                found += served.handler.problems()
            elif served.generated is None and _route(served.operation) not in self.resources.refused:
                found.append(_unbound(served.operation))
        return found


def build_viewsets(
    api: str, document: Document, classes: Classes, persistences: Mapping[str, Any] | None = None
) -> APIViewSets:
    """Make the viewsets of an API. Models have to be loaded; handlers are imported later.

    ``persistences`` are named by schema; their rows are in ``classes.rows``. Schemas with ``x-model`` are kept, too.
    """
    early: list[Finding] = []
    stores = dict(_stores(document, classes, early))
    found = resources(document, {name: store.keys() for name, store in stores.items()})
    made = APIViewSets(api, document, found, stores)
    made._early = early
    generated = {_route(each.operation): (resource, each) for resource in found for each in resource.operations}
    for name, (resource, operations) in _groups(document, found).items():
        store = stores.get(str(resource.schema.name)) if resource is not None else None
        made._viewsets[name] = _viewset(api, name, operations, classes, resource, store, generated)
    return made


def _stores(document: Document, classes: Classes, early: list[Finding]) -> Iterator[tuple[str, Store]]:
    for name, schema in document.schemas.items():
        row = classes.rows.get(name)
        if row is not None:
            yield name, Store(schema, row, classes)
        elif schema.extensions.model and schema.name == name:
            try:
                model = apps.get_model(schema.extensions.model)
            except (LookupError, ValueError) as error:
                early.append(_no_model(name, schema, error))
                continue
            early.extend(_fieldless(name, schema, model))
            yield name, Store(schema, model, classes)


def _groups(document: Document, found: Resources) -> dict[str, tuple[Resource | None, list[Operation]]]:
    """Viewset name → its resource, if it has one, and its operations in document order."""
    groups: dict[str, tuple[Resource | None, list[Operation]]] = {each.name: (each, []) for each in found}
    owners = _owners(found)
    named_by_path: dict[str, str] = {}
    for operation in document.operations:
        if operation.extensions.no_bind_server:
            continue
        owner = _owner(operation.path, owners)
        if owner is not None:
            groups[owner.name][1].append(operation)
            continue
        key = operation.path.partition("{")[0]
        if key not in named_by_path:
            wanted = class_name(part for part in key.split("/") if part)
            options = chain([wanted], (f"{wanted}{n}" for n in count(2)))
            named_by_path[key] = next(option for option in options if option not in groups)
        groups.setdefault(named_by_path[key], (None, []))[1].append(operation)
    return {name: group for name, group in groups.items() if group[1]}


def _owners(found: Resources) -> dict[str, Resource]:
    """The resources by their collection and item paths."""
    owners: dict[str, Resource] = {}
    for resource in found:
        for own in (resource.collection_path, resource.item_path):
            owners.setdefault((own or "").rstrip("/"), resource)
    owners.pop("", None)
    return owners


def _owner(path: str, owners: Mapping[str, Resource]) -> Resource | None:
    """The resource whose collection or item path a path is, or stands below."""
    if not owners:
        return None
    stems = [path.rstrip("/"), *(path[: end.start()] for end in re.finditer("[/:]", path))]
    return next((owners[stem] for stem in sorted(stems, key=len, reverse=True) if stem in owners), None)


def _viewset(
    api: str,
    name: str,
    operations: Sequence[Operation],
    classes: Classes,
    resource: Resource | None,
    store: Store | None,
    generated: Mapping[tuple[str, str], Any],
) -> type[OperationViewSet]:
    members: dict[str, Any] = {
        "__module__": f"macaron_django.api.viewsets.{api}",
        "__doc__": resource.schema.description if resource is not None else "",
        "api": api,
        "classes": classes,
    }
    base = OperationViewSet if store is None else ResourceViewSet
    if store is not None:
        members["store"] = store
    bases: list[type] = []
    routes: dict[str, dict[str, Served]] = {}
    for operation in operations:
        crud = generated.get(_route(operation), (None, None))[1]
        handler = handler_for(operation)
        if crud is not None:
            action, mixin = actions.ACTIONS[crud.action]
            if mixin not in bases:
                bases.append(mixin)
            served = Served(operation, action, classes, generated=crud)
            if resource is not None and operation.path == resource.item_path:
                members.setdefault("item", crud)
        else:
            action = _action_name(operation, members)
            members[action] = _action(action, operation, handler)
            served = Served(operation, action, classes, handler=handler)
        routes.setdefault(operation.route, {})[operation.method] = served
    members["routes"] = routes
    methods = {m for by_method in routes.values() for m in by_method} - set(OperationViewSet.http_method_names)
    if methods:
        members["http_method_names"] = [*OperationViewSet.http_method_names, *sorted(methods)]
    return type(name, (*bases, base), members)


def _action_name(operation: Operation, members: Mapping[str, Any]) -> str:
    """The method's name on the viewset: the operationId's last part, unless DRF or another operation has it."""
    last = url_name(operation).rpartition(".")[2] if is_dotted(operation.operation_id) else url_name(operation)
    wanted = re.sub(r"\W+", "_", last).strip("_") or "operation"
    wanted = wanted if wanted.isidentifier() else f"operation_{wanted}"
    options = chain([wanted, f"{wanted}_operation"], (f"{wanted}_{n}" for n in count(2)))
    return next(option for option in options if option not in members and option not in _taken_names())


@cache
def _taken_names() -> frozenset[str]:
    """What no operation's method may be called: what DRF has, and the methods of generated operations."""
    return frozenset({*dir(ResourceViewSet), *(name for name, _ in actions.ACTIONS.values())})


def _action(name: str, operation: Operation, handler: Handler | None) -> Any:
    def answer(self: OperationViewSet, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if handler is not None:
            return self.answer_by_handler(request)
        if settings.MOCK:
            from macaron_django.api.examples import example_answer  # the sampling of schemas is for mocks only

            return respond(example_answer(operation), operation, self.classes)
        raise NotBound(f"{operation.method.upper()} {operation.path} is declared, but nothing answers it yet.")

    answer.__name__ = answer.__qualname__ = name
    answer.__doc__ = operation.description or operation.summary
    return answer


def url_patterns(api: str, viewsets: APIViewSets) -> list[IndexedResolver]:
    """The URLs of an API, in the namespace of its name."""
    routes: list[Route] = []
    for viewset in viewsets.values():
        serving = in_use(viewset)
        viewset.is_routed = True
        for path, methods in viewset.routes.items():
            first = next(iter(methods.values())).operation
            known: dict[str, Any] = {
                "served": methods,
                "detail": bool(parameter_names(first.path)),
                "basename": api,
                "name": first.summary or None,
                "description": first.description or None,
            }
            view = serving.as_view({method: served.action for method, served in methods.items()}, **known)
            operations = [served.operation for served in methods.values()]
            routes.append(Route(path, operations, straightened(view, serving, known)))
    return [mounted(api, route_patterns(routes))]


# ------------------------------------------------------------------ findings


def _route(operation: Operation) -> tuple[str, str]:
    return operation.path, operation.method


def _unbound(operation: Operation) -> Finding:
    return Finding(
        id="W303",
        level="warning",
        message=f"Nothing answers {described(operation)}: it answers 501.",
        hint="Bind it with x-bind-server, or leave it to somebody else with x-no-bind-server.",
        location=operation.location,
    )


def _no_model(name: str, schema: Any, error: Exception) -> Finding:
    return Finding(
        id="E304",
        level="error",
        message=f"x-model of the schema {name} names {schema.extensions.model!r}, which isn't a model ({error}).",
        hint="Write app_label.ModelName, and see that the app is in INSTALLED_APPS.",
        location=schema.location,
    )


def _fieldless(
    name: str, schema: Schema, model: type[Model], seen: frozenset[Schema] = frozenset()
) -> Iterator[Finding]:
    """The properties that have no place on the model; those of related objects that are shown in it, too."""
    for prop in schema.properties.values():
        target = prop.extensions.field or prop.name
        if target == "pk":
            continue
        if not _has(model, target.split("__")):
            yield Finding(
                id="E305",
                level="error",
                message=f"The property {prop.name!r} of {name} has neither a field nor an attribute {target!r} "
                f"on {model._meta.label}.",
                hint="Name the field with x-field, add one to the model, or remove the property.",
                location=prop.schema.location,
            )
            continue
        if prop.extensions.writable and not _is_written(model, target):
            yield Finding(
                id="E306",
                level="error",
                message=f"x-writable of the property {prop.name!r} of {name} can't be honoured: {target!r} of "
                f"{model._meta.label} is kept in other rows, and stays read-only.",
                hint="Write what it shows through a resource of its own, or by a handler, and remove x-writable.",
                location=prop.schema.location,
            )
        shown = prop.schema.resolved
        shown = shown.items.resolved if shown.items is not None else shown
        related = related_model(model, target)
        if related is not None and shown.is_object and shown not in seen:
            yield from _fieldless(shown.name or f"{name}.{prop.name}", shown, related, seen | {shown})


def _is_written(model: type[Model], target: str) -> bool:
    """Whether a row of the model holds ``target``, or its many-to-many table does; no other row, and no attribute."""
    try:
        field = model._meta.get_field(target)
    except FieldDoesNotExist:
        return False
    return bool(field.many_to_many or field.concrete)


def _has(model: type[Model], steps: Sequence[str]) -> bool:
    owner: Any = model
    for step in steps:
        try:
            field = owner._meta.get_field(step)
        except FieldDoesNotExist:
            return hasattr(owner, step)  # a column (author_id) or a property of the class
        owner = getattr(field, "related_model", None) or owner
    return True
