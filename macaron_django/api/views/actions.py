"""Defines the generated actions: list, create, retrieve, replace, patch and delete.

Each action is a class with the hooks of the corresponding DRF mixin.

An action uses the viewset's store, which reads and writes items without DRF's serializers. If the
project overrides a hook that gets a row or a serializer, the action uses rows and serializers instead.
``build_viewsets`` combines these classes into viewsets for the operations of a spec.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from macaron_django.api.requests.preconditions import PreconditionFailed, is_conditional
from macaron_django.api.views.list_queries import UnanswerableParameter, absent
from macaron_django.api.views.operation_viewsets import DATA
from macaron_django.api.views.pagination import CursorPages
from macaron_django.api.views.planned_viewsets import FILTERING
from macaron_django.api.views.resource_viewsets import ResourceViewSet
from macaron_django.drivers import Steps, run
from macaron_django.overrides import Hooks
from macaron_django.schemas.models.stores import Store
from macaron_django.schemas.values.merge_patches import without_write_only

__all__ = ["ACTIONS", "Create", "Destroy", "List", "MergePatch", "Replace", "Retrieve"]


class List(ResourceViewSet):
    """Responds to GET on a collection with a page of the query set."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        filters_itself = not self.plan.overridden.isdisjoint(FILTERING)
        for name in () if filters_itself else self.generated.unanswerable:
            if name in request.query_params:
                raise UnanswerableParameter(
                    f"The query parameter {name!r} is declared, but it isn't clear which property it filters."
                )
        queryset = self.of_caller(self.filter_queryset(self.get_queryset()))
        if self.shows_items(queryset):
            items, schema = self.paginate_queryset(queryset.as_json()), self.store.schema
            if self.store.hides:
                items = [without_write_only(schema, each) for each in items]
            return self._page_of(items)
        page = self.paginate_queryset(queryset)
        serializer = self.get_serializer(queryset if page is None else page, many=True)
        if page is None:
            return self.checked(Response(serializer.data))
        return self._page_of(serializer.data)

    def _page_of(self, shown: Any) -> HttpResponseBase:
        if self.plan.gives_bytes and type(self.paginator) is CursorPages:
            return self.answer(*self.paginator.page_answer(shown))
        return self.checked(self.get_paginated_response(shown))


class Create(ResourceViewSet):
    """Creates an item when a client sends a POST to a collection.

    The response has the new item, its ``Location``, and the status 201 or another declared success status. If the key
    is taken, the response is a 409.
    """

    def create(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        body = self.with_path_values(self.json_body())
        store = self.store_for(_CREATING, narrows=False)
        if store is not None:
            return run(self._created(store, body))
        serializer = self.get_serializer(data=body)
        serializer.is_valid(raise_exception=True)
        return self.created(self._saved(self.perform_create, serializer))

    def create_steps(self) -> Steps[HttpResponseBase]:
        """Returns steps that do the same as ``create``. The steps always use the store, never a serializer."""
        return self._created(self.store, self.with_path_values(self.json_body()))

    def _created(self, store: Store, body: Any) -> Steps[HttpResponseBase]:
        created = yield from self.done(store.create(body, self.path_values(), self.request), body)
        return self.answered_created(created)

    def perform_create(self, serializer: Any) -> None:
        serializer.save(**self.path_values())


class Retrieve(ResourceViewSet):
    """Responds to GET on an item."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        store = self.store_for(_READING)
        if store is not None:
            return run(self._retrieved(store))
        instance = self.get_object()
        if self.is_unchanged(instance):
            return self.tagged(Response(status=304), instance)
        return self.tagged(self.answer(self.get_serializer(instance).data, 200), instance)

    def retrieve_steps(self) -> Steps[HttpResponseBase]:
        """Returns steps that do the same as ``retrieve``. The steps always use the store, never a serializer."""
        return self._retrieved(self.store)

    def _retrieved(self, store: Store) -> Steps[HttpResponseBase]:
        stored = yield from self.done(store.read(self.path_values()))
        return self.answered(self.found(stored), 200)


class Replace(ResourceViewSet):
    """Responds to PUT on an item. Unsets the writable properties that aren't in the body.

    If the item doesn't exist and the operation declares 201, the item is created. If the operation doesn't declare 201,
    the response is a 404.
    """

    def update(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        body = self.with_path_values(self.json_body())
        creates = "201" in self.operation.responses
        store = self.store_for(_UPDATING | _CREATING if creates else _UPDATING, changes=True)
        if store is not None:
            return run(self.write_steps(lambda: self._stored(store, body)))
        return self.write(lambda: self._replace(body))

    def update_steps(self) -> Steps[HttpResponseBase]:
        """Returns steps that do the same as ``update``. The steps always use the store, never a serializer."""
        body = self.with_path_values(self.json_body())
        return self.write_steps(lambda: self._stored(self.store, body))

    def _stored(self, store: Store, body: Any) -> Steps[HttpResponseBase]:
        key = self.path_values()
        stored = yield from self.done(store.replace(key, body), body)
        if stored is None and "201" in self.operation.responses:
            return self.answered_created((yield from self.done(self.store.create(body, key, self.request), body)))
        return self.answered(self.found(stored), self.served_here.success_status(200, 204))

    def _replace(self, body: Any) -> HttpResponseBase:
        try:
            instance = self.changeable()
        except Http404:
            if "201" not in self.operation.responses:
                self._refuse(body)
                raise
            if is_conditional(self.request.headers):
                raise PreconditionFailed("The item doesn't exist yet, so If-Match can't match it.") from None
            serializer = self.get_serializer(data=body)
            serializer.is_valid(raise_exception=True)
            # If the project overrides perform_create(), that method is called here, too.
            create = self.perform_create if isinstance(self, Create) else self._save_at_path
            return self.created(self._saved(create, serializer))
        serializer = self.get_serializer(instance, data=body)
        serializer.is_valid(raise_exception=True)
        return self.changed(self._saved(self.perform_update, serializer))

    def _save_at_path(self, serializer: Any) -> None:
        serializer.save(**self.path_values())

    def _refuse(self, body: Any) -> None:
        """Raises an exception if the body of a PUT for a missing item has errors.

        So the client gets these errors instead of a 404. Stores behave in the same way.
        """
        serializer = self.get_serializer(data=body)
        serializer.is_valid(raise_exception=True)
        # Only values that were sent are checked. Values that the project's validation changes don't matter, because
        # nothing is stored.
        known = serializer.validated_data
        sent = body if type(body) is dict and isinstance(known, Mapping) else {}
        values = {name: value for name, value in sent.items() if name in known}
        self._saved(lambda _: self.store.refuse_unstorable(values), serializer)

    def perform_update(self, serializer: Any) -> None:
        serializer.save()


class MergePatch(ResourceViewSet):
    """Responds to PATCH on an item with a JSON merge patch (RFC 7386). Only changed properties are validated."""

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        patch = self.json_body()
        self.refuse_other_values(patch)
        store = self.store_for(_UPDATING, changes=True)
        if store is not None:
            return run(self.write_steps(lambda: self._patched(store, patch)))
        return self.write(lambda: self._patch(patch))

    def partial_update_steps(self) -> Steps[HttpResponseBase]:
        """Returns steps that do the same as ``partial_update``. The steps always use the store, never a serializer."""
        patch = self.json_body()
        self.refuse_other_values(patch)
        return self.write_steps(lambda: self._patched(self.store, patch))

    def _patched(self, store: Store, patch: Any) -> Steps[HttpResponseBase]:
        stored = yield from self.done(store.patch(self.path_values(), patch), patch)
        return self.answered(self.found(stored), self.served_here.success_status(200, 204))

    def _patch(self, patch: Any) -> HttpResponseBase:
        serializer = self.get_serializer(self.changeable(), data=patch, partial=True)
        serializer.is_valid(raise_exception=True)
        return self.changed(self._saved(self.perform_update, serializer))

    def perform_update(self, serializer: Any) -> None:
        serializer.save()


class Destroy(ResourceViewSet):
    """Deletes an item when a client sends a DELETE.

    By default, the response is a 204. If the operation declares content, the response has the deleted item instead.
    """

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        status = self.served_here.success_status(204, 200)
        store = None if self.declares_content(status) else self.store_for(_DESTROYING, changes=True)
        if store is not None:
            return run(self._deleted(store, status))
        return self.write(lambda: self._destroy(status))

    def destroy_steps(self) -> Steps[HttpResponseBase]:
        """Returns steps that do the same as ``destroy``. The steps always use the store, never a serializer."""
        return self._deleted(self.store, self.served_here.success_status(204, 200))

    def _deleted(self, store: Store, status: int) -> Steps[HttpResponseBase]:
        if not (yield from self.done(store.delete(self.path_values()))):
            raise absent(self.store.schema, self.path_values())
        return self.answer(None, status)

    def _destroy(self, status: int) -> HttpResponseBase:
        instance = self.changeable()
        representation = self.get_serializer(instance).data if self.declares_content(status) else None
        self.perform_destroy(instance)
        return self.answer(representation, status)

    def perform_destroy(self, instance: Any) -> None:
        instance.delete()


#: The hooks that get a row, a serializer, or a serializer's representation.
_SHOWING = frozenset(
    {"get_serializer", "get_serializer_class", "get_serializer_context", "serializer_class"}
    | {"checked", "declares_content", "represented", "entity_tag", "tagged"}
)
_READING = _SHOWING | {"get_object", "is_unchanged"}
_CREATING = _SHOWING | {"created", "location", "perform_create"}
_UPDATING = _READING | {"changeable", "changed", "perform_update", "write"}
_DESTROYING = _READING | {"changeable", "perform_destroy", "write"}

#: DRF's name and the class of each action. The key is the action's name in ``rules``.
ACTIONS: Mapping[str, tuple[str, type]] = {
    "list": ("list", List),
    "create": ("create", Create),
    "retrieve": ("retrieve", Retrieve),
    "replace": ("update", Replace),
    "merge_patch": ("partial_update", MergePatch),
    "destroy": ("destroy", Destroy),
}

ResourceViewSet.hooks = Hooks(ResourceViewSet, *(mixin for _, mixin in ACTIONS.values()), data=DATA)
