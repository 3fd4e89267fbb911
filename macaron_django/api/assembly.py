"""Builds the viewset classes of an API from its document and models, and the URL patterns that lead to them.

An operation is served by the first of these that exists: the function that ``x-bind-server`` names; the function that a
dotted operationId names; generated CRUD; the mock, if ``MOCK`` is on. If none exists, the operation responds with 501,
and `manage.py check` shows a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from macaron_django.api.answers.handler_results import respond
from macaron_django.api.builtin import UNTHROTTLED
from macaron_django.api.checks.caller_key_checks import anonymous_owners
from macaron_django.api.checks.model_checks import (
    fieldless_properties,
    missing_model,
    stricter_fields,
    unknown_lookups,
)
from macaron_django.api.checks.scan_checks import costly_lists
from macaron_django.api.checks.url_name_checks import shared_url_names
from macaron_django.api.plans.operation_handlers import Handler, handler_for
from macaron_django.api.plans.served_operations import Served
from macaron_django.api.routing.argument_names import path_parameters
from macaron_django.api.routing.routers import Route, mounted, route_patterns
from macaron_django.api.routing.url_index import IndexedResolver
from macaron_django.api.rules.key_bindings import Keys
from macaron_django.api.rules.resources import GeneratedOperation, Resource, Resources, described, resources
from macaron_django.api.views import actions
from macaron_django.api.views.handler_answers import answered_by_handler
from macaron_django.api.views.operation_viewsets import OperationViewSet
from macaron_django.api.views.resource_viewsets import ResourceViewSet
from macaron_django.api.viewset_names import action_name, viewset_operations
from macaron_django.api.viewsets import in_use
from macaron_django.conf import settings
from macaron_django.exceptions import NotImplementedYet
from macaron_django.openapi import Document, Finding, Location, Operation
from macaron_django.schemas import Classes
from macaron_django.schemas.models.orm_store import OrmStore
from macaron_django.schemas.models.stores import Store

__all__ = ["APIViewSets", "build_viewsets", "url_patterns"]


class APIViewSets(Mapping[str, type[OperationViewSet]]):
    """The viewset classes of one API by name, with the findings about the viewsets."""

    api: str
    document: Document
    resources: Resources
    stores: Mapping[str, Store]

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
        """Yields every operation with its viewset."""
        for viewset in self.values():
            for methods in viewset.routes.values():
                for served in methods.values():
                    yield viewset, served

    def _filtered_elsewhere(self) -> set[Location]:
        """Returns the locations of operations for which the project's viewsets define their own filters."""
        return {served.operation.location for viewset, served in self.served() if in_use(viewset).filters_itself()}

    def findings(self) -> list[Finding]:
        """Returns the findings about the operations. Imports every handler."""
        notes = [note for note in self.resources.notes if note.location not in self._filtered_elsewhere()]
        found = [*self._early, *self.resources.refused.values(), *notes]
        for viewset, served in self.served():
            if served.generated is not None and issubclass(viewset, ResourceViewSet):
                found += costly_lists(served.generated, viewset.store, in_use(viewset))
                found += unknown_lookups(served.generated, viewset.store)
            found += anonymous_owners(in_use(viewset), served)
            if served.handler is not None:
                found += served.handler.problems()
            elif served.generated is None and _route(served.operation) not in self.resources.refused:
                found.append(_unbound(served.operation))
        reads = {"list", "retrieve"}
        written = {r.schema.name for r in self.resources if not reads.issuperset(o.action for o in r.operations)}
        for name, store in self.stores.items():
            found += stricter_fields(store) if name in written else ()
        return [*found, *shared_url_names(served.operation for _, served in self.served())]


def build_viewsets(
    api: str, document: Document, classes: Classes, persistences: Mapping[str, Any] | None = None
) -> APIViewSets:
    """Returns the viewsets of an API. Models must already be loaded. Handlers are imported later.

    ``persistences`` has a ``Persistence`` for each persisted schema, by the schema's name. The row classes of these
    schemas are in ``classes.rows``.
    """
    early: list[Finding] = []
    stores = dict(_stores(document, classes, early))
    found = resources(document, {name: Keys(*store.keys(), store.keys_from) for name, store in stores.items()})
    made = APIViewSets(api, document, found, stores)
    made._early = early
    generated = {_route(each.operation): (resource, each) for resource in found for each in resource.operations}
    bound = {route: (each, stores[str(each.schema.name)], item) for route, (each, item) in found.bound.items()}
    for name, (resource, operations) in viewset_operations(document, found).items():
        store = stores.get(str(resource.schema.name)) if resource is not None else None
        made._viewsets[name] = _viewset(api, name, operations, classes, resource, store, generated, bound)
    return made


def _stores(document: Document, classes: Classes, early: list[Finding]) -> Iterator[tuple[str, Store]]:
    for name, schema in document.schemas.items():
        row = classes.rows.get(name)
        if row is not None:
            from macaron_django.dynamodb.item_store import (
                ItemStore,
            )  # imports PynamoDB, which rows have already imported

            yield name, ItemStore(schema, row, classes)
        elif schema.extensions.model and schema.name == name:
            try:
                model = apps.get_model(schema.extensions.model)
            except (LookupError, ValueError) as error:
                early.append(missing_model(name, schema, error))
                continue
            early.extend(fieldless_properties(name, schema, model))
            yield name, OrmStore(schema, model, classes)


def _viewset(
    api: str,
    name: str,
    operations: Sequence[Operation],
    classes: Classes,
    resource: Resource | None,
    store: Store | None,
    generated: Mapping[tuple[str, str], Any],
    bound: Mapping[tuple[str, str], tuple[GeneratedOperation, Store, GeneratedOperation | None]],
) -> type[OperationViewSet]:
    members: dict[str, Any] = {
        "__module__": f"macaron_django.api.viewsets.{api}",
        "__doc__": resource.schema.description if resource is not None else "",
        "api": api,
        "classes": classes,
    }
    if {operation.extensions.bind_server for operation in operations} <= UNTHROTTLED:
        members["throttle_classes"] = []
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
            action = action_name(operation, members)
            members[action] = _action(action, operation, handler)
            served = Served(operation, action, classes, None, handler, *bound.get(_route(operation), ()))
        routes.setdefault(operation.route, {})[operation.method] = served
    members["routes"] = routes
    methods = {m for by_method in routes.values() for m in by_method} - set(OperationViewSet.http_method_names)
    if methods:
        members["http_method_names"] = [*OperationViewSet.http_method_names, *sorted(methods)]
    return type(name, (*bases, base), members)


def _action(name: str, operation: Operation, handler: Handler | None) -> Any:
    def answer(self: OperationViewSet, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if handler is not None:
            return answered_by_handler(self, request)
        if settings.MOCK:
            from macaron_django.api.mock.mock_answers import example_answer  # only mocks need samples of schemas

            return respond(example_answer(operation), operation, self.classes, media_type_of=self.media_type_of)
        raise NotImplementedYet(f"{operation.method.upper()} {operation.path} is declared, but not implemented yet.")

    answer.__name__ = answer.__qualname__ = name
    answer.__doc__ = operation.description or operation.summary
    return answer


def url_patterns(api: str, viewsets: APIViewSets) -> list[IndexedResolver]:
    """Returns the URL patterns of an API, in a namespace with the API's name.

    After this call, viewsets can't be replaced.
    """
    routes: list[Route] = []
    for viewset in viewsets.values():
        serving = in_use(viewset)
        viewset.is_routed = True
        for path, methods in viewset.routes.items():
            first = next(iter(methods.values())).operation
            known: dict[str, Any] = {
                "served": methods,
                "detail": bool(path_parameters(first.path)),
                "basename": api,
                "name": first.summary or None,
                "description": first.description or None,
            }
            view = serving.as_view({method: served.action for method, served in methods.items()}, **known)
            operations = [served.operation for served in methods.values()]
            routes.append(Route(path, operations, view))
    return [mounted(api, route_patterns(routes))]


def _route(operation: Operation) -> tuple[str, str]:
    return operation.path, operation.method


def _unbound(operation: Operation) -> Finding:
    return Finding(
        id="W303",
        level="warning",
        message=f"{described(operation)} has no handler and isn't a generated operation. It responds with 501.",
        hint="Name a handler in x-bind-server. If other code serves the operation, add x-no-bind-server.",
        location=operation.location,
    )
