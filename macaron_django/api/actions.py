"""Generated create, read, update and delete: one verb a class, each with the hooks that DRF's own mixins have.

They work on whatever manager stands behind the view's query set; which one that is, nothing here asks. Mixed
into viewsets by ``viewsets.build_viewsets``, which gives a class only the verbs that its spec declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from macaron_django.api.contents import success_status
from macaron_django.api.preconditions import PreconditionFailed, is_conditional
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas.merge_patches import hides_write_only, without_write_only

if TYPE_CHECKING:
    from macaron_django.api.resource_viewsets import ResourceViewSet as _View
else:
    _View = object

__all__ = ["ACTIONS", "Create", "Destroy", "List", "MergePatch", "Replace", "Retrieve", "UnanswerableParameter"]


class UnanswerableParameter(PyMacaronException):
    """The request sends a parameter that the spec declares and no code gives a meaning to."""

    code = "NOT_IMPLEMENTED"
    status = 501


class List(_View):
    """GET on a collection: a page of what the query set holds."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        for name in () if self.filters_itself() else self.generated.unanswerable:
            if name in request.query_params:
                raise UnanswerableParameter(
                    f"The query parameter {name!r} is declared, but nothing says what it means."
                )
        queryset = self.filter_queryset(self.get_queryset())
        if self.shows_items(queryset):
            items, schema = self.paginate_queryset(queryset.as_json()), self.store.schema
            if hides_write_only(schema):
                items = [without_write_only(schema, each) for each in items]
            return self.checked(self.get_paginated_response(items))
        page = self.paginate_queryset(queryset)
        serializer = self.get_serializer(queryset if page is None else page, many=True)
        if page is None:
            return self.checked(Response(serializer.data))
        return self.checked(self.get_paginated_response(serializer.data))


class Create(_View):
    """POST on a collection: 201 with the item and its Location; 409 if its key is taken."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        serializer = self.get_serializer(data=self.with_path_values(self.json_body()))
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        return self.created(serializer)

    def perform_create(self, serializer: Any) -> None:
        serializer.save(**self.path_values())


class Retrieve(_View):
    """GET on an item."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        instance = self.get_object()
        if self.is_unchanged(instance):
            return self.tagged(Response(status=304), instance)
        return self.tagged(self.checked(Response(self.get_serializer(instance).data)), instance)


class Replace(_View):
    """PUT on an item: what the body leaves out is unset. An absent item is 404, or made where 201 is declared."""

    def update(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.write(lambda: self._replace(self.with_path_values(self.json_body())))

    def _replace(self, body: Any) -> HttpResponseBase:
        try:
            instance = self.changeable()
        except Http404:
            if "201" not in self.operation.responses:
                raise
            if is_conditional(self.request.headers):
                raise PreconditionFailed("There is no item yet that If-Match could mean.") from None
            serializer = self.get_serializer(data=body)
            serializer.is_valid(raise_exception=True)
            serializer.save(**self.path_values())
            return self.created(serializer)
        serializer = self.get_serializer(instance, data=body)
        serializer.is_valid(raise_exception=True)
        self.perform_update(serializer)
        return self.changed(serializer)

    def perform_update(self, serializer: Any) -> None:
        serializer.save()


class MergePatch(_View):
    """PATCH on an item: a JSON merge patch (RFC 7386). The outcome has to satisfy the schema, not the patch."""

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        patch = self.json_body()
        self.refuse_other_values(patch)
        return self.write(lambda: self._patch(patch))

    def _patch(self, patch: Any) -> HttpResponseBase:
        serializer = self.get_serializer(self.changeable(), data=patch, partial=True)
        serializer.is_valid(raise_exception=True)
        self.perform_update(serializer)
        return self.changed(serializer)

    def perform_update(self, serializer: Any) -> None:
        serializer.save()


class Destroy(_View):
    """DELETE on an item: 204, or the item as it was where the operation declares an answer with content."""

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.write(self._destroy)

    def _destroy(self) -> HttpResponseBase:
        instance = self.changeable()
        status = success_status(self.operation, 204, 200)
        representation = self.get_serializer(instance).data if self.declares_content(status) else None
        self.perform_destroy(instance)
        return self.checked(Response(representation, status=status))

    def perform_destroy(self, instance: Any) -> None:
        instance.delete()


#: What the rule calls an action → what DRF calls it, and the class that answers it.
ACTIONS: Mapping[str, tuple[str, type]] = {
    "list": ("list", List),
    "create": ("create", Create),
    "retrieve": ("retrieve", Retrieve),
    "replace": ("update", Replace),
    "merge_patch": ("partial_update", MergePatch),
    "destroy": ("destroy", Destroy),
}
