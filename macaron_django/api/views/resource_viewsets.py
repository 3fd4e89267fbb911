"""Defines the base class of viewsets with generated operations, which finds query sets, items, keys and serializers.

The class has hooks that the actions call. Projects can override the hooks. The hooks have the same names as in DRF's
generic views.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpResponse
from rest_framework import serializers

from macaron_django.api.plans.served_operations import Served
from macaron_django.api.requests.preconditions import entity_tag, is_judged
from macaron_django.api.rules.list_parameters import ORDERING
from macaron_django.api.rules.resources import GeneratedOperation
from macaron_django.api.views import list_queries
from macaron_django.api.views.conditional_viewsets import ConditionalViewSet
from macaron_django.api.views.locations import location
from macaron_django.api.views.planned_viewsets import FILTERING
from macaron_django.auth.key_sources import caller_value
from macaron_django.conf import settings
from macaron_django.drivers import Steps
from macaron_django.exceptions import (
    ClaimMissingError,
    RequestInvalid,
    ScanForbidden,
    UnstorableValue,
    UnsupportedQuery,
    ValidationFailed,
)
from macaron_django.openapi import Schema, json_pointers
from macaron_django.schemas import Violation, converter, serializer_for
from macaron_django.schemas.models.orm_lookups import REFUSALS
from macaron_django.schemas.models.stores import Store, Stored, Unmatched
from macaron_django.schemas.serializers.error_details import error_details
from macaron_django.schemas.serializers.validation_mixin import SchemaViolated
from macaron_django.schemas.values.json_text import dump_json
from macaron_django.schemas.values.merge_patches import without_write_only

__all__ = ["NARROWING", "ResourceViewSet"]

logger = logging.getLogger("macaron_django")
S = TypeVar("S")
#: The greatest number of characters of a client's value that an error message quotes.
_QUOTED = 100


class ResourceViewSet(ConditionalViewSet):
    """The base class of viewsets with generated operations."""

    #: An operation on an item's path. Its URL is the item's URL. None if no path leads to a single item.
    item: ClassVar[GeneratedOperation | None] = None

    @property
    def generated(self) -> GeneratedOperation:
        """The generated operation of the request. Raises ``AttributeError`` if a handler serves the operation."""
        served = self.current
        if served is None or served.generated is None:
            raise AttributeError("only generated operations have this attribute, and this operation has a handler")
        return served.generated

    @property
    def _is_generated(self) -> bool:
        served = self.current
        return served is not None and served.generated is not None

    # -------------------------------------------------------------- query sets and items

    def get_queryset(self) -> Any:
        if self.queryset is not None:  # type: ignore[arg-type]  # the stubs take it for a manager
            return super().get_queryset()
        return self.store.queryset()

    def filter_queryset(self, queryset: Any) -> Any:
        """Filters a list by its path and its declared query parameters, then by ``filter_backends``."""
        if self._is_generated and self.generated.action == "list":
            queryset = list_queries.ordered(self, list_queries.narrowed(self, queryset))
        return super().filter_queryset(queryset)

    def of_caller(self, queryset: Any) -> Any:
        """Filters a list by the keys that come from the caller, even if a project has replaced the list's filters."""
        if not self.generated.caller_keys or self.plan.overridden.isdisjoint(FILTERING):
            return queryset
        values = self.path_values()
        return queryset.filter(**{self.store.lookup([name]): values[name] for name in self.generated.caller_keys})

    def paginate_queryset(self, queryset: Any) -> Any:
        try:
            return super().paginate_queryset(queryset)
        except ScanForbidden as error:
            sent = self.parameters.by_location
            names = [f.parameter for f in self.generated.filters if ("query", f.parameter) in sent]
            if not names:
                raise  # the client sent no filter
            logger.warning(
                "%s %s: %s", self.request.method, self.operation.route, error
            )  # names tables, not for clients
            raise RequestInvalid(violations=[list_queries.unanswered(name) for name in names]) from error
        except UnsupportedQuery as error:
            # DynamoDB's query sets are planned when they are read, so an unsupported order isn't refused earlier.
            name = self.generated.paging.get(ORDERING) if self._is_generated else None
            if name is None or not self.parameters.by_location.get(("query", name)):
                raise
            raise list_queries.refused(name, "this list can't be ordered this way") from error
        except REFUSALS as error:
            if self._is_generated and not self.store.is_row:
                list_queries.refuse_values(self, error)
            raise

    def get_object(self) -> Any:
        """Returns the item with the key in the path. Raises ``Http404`` if this item doesn't exist or can't exist."""
        if not self._is_generated:
            return super().get_object()
        queryset = self.filter_queryset(self.get_queryset())
        if self.generated.action != "retrieve" and getattr(queryset, "is_narrowed_only", False):
            queryset = queryset.consistent()  # a change needs the current state of the item
        try:
            found = queryset.get(**self.path_values(as_lookups=True))
        except (ObjectDoesNotExist, ValidationError, UnstorableValue) as error:
            raise list_queries.absent(self.store.schema, self.path_values()) from error
        except REFUSALS as error:
            if not self.store.is_row:
                list_queries.refuse_values(self, error)
            raise
        if self.plan.asks_objects:
            self.check_object_permissions(self.request, found)
        return found

    # -------------------------------------------------------------- path parameters

    def path_values(self, *, as_lookups: bool = False) -> dict[str, Any]:
        """Maps the name of each property that comes from the path or the caller to the property's Python value.

        If ``as_lookups`` is True, the names are keywords for ``filter()``. Raises ``Http404`` if the path has a value
        that the property can't have.
        """
        known: tuple[Served | None, dict[str, Any]] = self.__dict__.get("_path_values", _NO_VALUES)
        served, values = self.current, known[1]
        if served is None or known[0] is not served:
            generated = (served and served.generated) or self.generated
            store, values = self.store, {}
            try:
                if generated.keys:
                    sent = self.parameters.by_location
                    for parameter, name in generated.keys.items():
                        values[name] = store.value_reader((name,))(sent["path", parameter])
            except Unmatched as error:
                raise Http404(f"There is no such {store.schema.name}: {error}.") from error
            if generated.caller_keys:
                self._add_caller_keys(values)
            self.__dict__["_path_values"] = (served, values)
        return {self.store.lookup([n]): v for n, v in values.items()} if as_lookups else dict(values)

    def _add_caller_keys(self, values: dict[str, Any]) -> None:
        """Adds the keys that come from the caller. Raises ``Http404`` if the path has a different value."""
        for name, source in self.generated.caller_keys.items():
            text = caller_value(source, self.request)
            try:
                own = self.store.python_value((name,), text)
            except Unmatched as error:
                raise ClaimMissingError(
                    f"The key from the credentials can't be stored in a {self.store.schema.name}: {error}."
                ) from error
            if name in values and values[name] != own:
                raise list_queries.absent(self.store.schema, values)
            values[name] = own

    def with_path_values(self, body: Any) -> Any:
        """Returns the body with additional properties: those whose values come from the path or the caller. Raises
        ``RequestInvalid`` if the body has a different value for one of these properties.

        Doesn't add a property that the body's schema requires. If the client leaves out a required property, the body
        is invalid.
        """
        values = self.path_values()
        if not values or not (type(body) is dict or isinstance(body, Mapping)):
            return body
        self.refuse_other_values(body)
        properties, given = self.store.schema.properties, self.served_here.body_schema
        for name in given.required if given is not None else ():
            values.pop(name, None)
        added = {n: v for n, v in values.items() if n in properties and not properties[n].read_only}
        return {**self.store.as_json(added), **body} if added else body

    def refuse_other_values(self, body: Any) -> None:
        """Raises ``RequestInvalid`` if a property in the body differs from its value in the path or the credentials."""
        if not (type(body) is dict or isinstance(body, Mapping)):
            return
        for name, value in self.path_values().items():
            prop = self.store.schema.properties.get(name)
            if name not in body or prop is None or prop.read_only:
                continue
            try:
                same = self.store.python_value([name], body[name]) == value
            except Unmatched:
                same = False
            if not same:
                as_json = converter(prop.schema, self.store.classes).to_json(value)
                who = "path says" if name in self.generated.keys.values() else "credentials say"
                message = f"is {_shown(body[name])}, but the {who} {_shown(as_json)}"
                raise RequestInvalid(violations=[Violation(message, json_pointers.join([name]), "", "const")])

    # -------------------------------------------------------------- the store

    def store_for(self, hooks: frozenset[str], *, changes: bool = False, narrows: bool = True) -> Store | None:
        """Returns the store that can serve the request; None if the project's code might need a row or a serializer.

        ``hooks`` has the names of the hooks that use a row or a serializer. If the project overrides the query set, the
        returned store has only the items of this query set.
        """
        plan, request = self.plan, self.request
        meta, renderer = request._request.META, request.accepted_renderer
        if (
            not plan.gives_up_rows(hooks)
            or (changes and plan.settings.REQUIRE_IF_MATCH)
            or is_judged(meta)
            or (
                renderer is not plan.renderer and renderer.media_type == "text/html"
            )  # the forms of a page come from a serializer
        ):
            return None
        if not narrows or (plan.overridden.isdisjoint(NARROWING) and not self.filter_backends):
            return self.store
        return self.store.narrowed(self.filter_queryset(self.get_queryset()))

    def done(self, steps: Steps[S], body: Any = None) -> Steps[S]:
        """Runs the steps of a store's method, and returns the result. Raises ``SchemaViolated`` for an invalid body."""
        try:
            return (yield from steps)
        except RequestInvalid as failure:
            raise SchemaViolated(error_details(failure.violations, body), failure.violations) from failure
        except ValidationFailed as failure:
            raise self.blamed_on_path(failure) from None
        except UnstorableValue as error:
            self.place_unstorable(error)
            raise

    def answers_in_steps(self, action: str, meta: Mapping[str, Any]) -> bool:
        """Returns whether the store can serve the request in steps. If so, the request never blocks the thread."""
        return (
            not is_judged(meta)
            and not self.filter_backends
            and (action in {"create", "retrieve"} or not settings.REQUIRE_IF_MATCH)
            and not (action == "destroy" and self.declares_content(self.served_here.success_status(204, 200)))
            and self.store.waits_in_steps(action)
        )

    def _saved(self, save: Callable[[Any], object], serializer: Any) -> Any:
        """Calls ``save(serializer)``, and returns the serializer.

        If ``save`` raises an exception, changes the exception so that it names the part of the request with the wrong
        value. The method ``done`` does the same.
        """
        try:
            save(serializer)
        except ValidationFailed as failure:
            raise self.blamed_on_path(failure) from None
        except UnstorableValue as error:
            self.place_unstorable(error)
            raise
        return serializer

    def blamed_on_path(self, failure: ValidationFailed) -> ValidationFailed:
        """Returns a ``RequestInvalid`` if all wrong values come from the path; otherwise returns ``failure`` itself."""
        body = self.json_body() if isinstance(failure, RequestInvalid) else None
        sent = body.keys() if isinstance(body, Mapping) else ()
        parameters = {name: parameter for parameter, name in self.generated.keys.items() if name not in sent}
        steps = [json_pointers.split(each.pointer) for each in failure.violations]
        if not steps or not all(each and each[0] in parameters for each in steps):
            return failure
        pointers = [json_pointers.join([parameters[first], *rest]) for first, *rest in steps]
        violations = zip(failure.violations, pointers, strict=True)
        return RequestInvalid(violations=[replace(one, pointer=at, location="path") for one, at in violations])

    def place_unstorable(self, error: UnstorableValue) -> None:
        """Corrects the pointer if the value comes from the path.

        Raises ``ClaimMissingError`` if the value comes from the caller's credentials. Raises ``ValidationFailed`` if
        the server added the value.
        """
        steps = json_pointers.split(error.pointer)
        body = self.json_body() if steps else None
        if not steps or (isinstance(body, Mapping) and steps[0] in body):
            return
        parameter = next((each for each, name in self.generated.keys.items() if name == steps[0]), None)
        if parameter is not None:
            error.pointer, error.location = json_pointers.join([parameter, *steps[1:]]), "path"
        elif steps[0] in self.generated.caller_keys:
            raise ClaimMissingError(
                f"The key from the credentials can't be stored in a {self.store.schema.name}: {error}."
            ) from error
        else:
            raise ValidationFailed(f"The server adds a value that can't be stored: {error}") from error

    def found(self, stored: S | None) -> S:
        """Returns ``stored``, the result of a store's search for an item. Raises ``Http404`` if ``stored`` is None."""
        if stored is None:
            raise list_queries.absent(self.store.schema, self.path_values())
        return stored

    def answered(self, stored: Stored, status: int, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Returns a response whose body is the JSON of a stored item."""
        body = without_write_only(self.store.schema, stored.json) if self.store.hides else stored.json
        response = self.answer(body, status, headers)
        if stored.version is not None:
            response["ETag"] = entity_tag(stored.version)
        return response

    def answered_created(self, stored: Stored) -> HttpResponse:
        """Returns a 201, or the declared success status, with the stored item and its ``Location``."""
        where = self.location(without_write_only(self.store.schema, stored.json))
        status = self.served_here.success_status(201, 200)
        return self.answered(stored, status, {"Location": where} if where else None)

    # -------------------------------------------------------------- serializers and responses

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        """Returns the serializer of a generated operation's body, or of the resource if the operation has no body."""
        if self.serializer_class is not None or not self._is_generated:
            return super().get_serializer_class()
        schema = self.served_here.body_schema
        if schema is not None:
            return serializer_for(schema, self.classes, "request", model=self.store.model)
        return self._full_serializer()

    def _full_serializer(self) -> type[serializers.BaseSerializer[Any]]:
        return serializer_for(self.store.schema, self.classes, "response", model=self.store.model)

    def shows_items(self, queryset: Any) -> bool:
        """Returns True if no hook needs rows, so a list's response can be created from stored items."""
        return (
            getattr(queryset, "gives_rows", False)  # False for the ORM; values() may omit properties on purpose
            and queryset.model is self.store.model  # another model's items would be shown by the wrong schema
            and self.plan.shows
            and self.plan.leaves_alone(_BETWEEN)
            and self.request.accepted_renderer.media_type != "text/html"  # a page's forms come from a serializer
        )

    def represented(self, serializer: Any) -> Any:
        """Returns the JSON of the instance that ``serializer`` has saved.

        The JSON follows the resource's schema, because the schema of the request's body can have fewer properties.
        """
        own: Schema | None = getattr(serializer, "schema", None)
        if own is None or own.resolved == self.store.schema:
            return serializer.data
        return self._full_serializer()(serializer.instance, context=self.get_serializer_context()).data

    def created(self, serializer: Any) -> HttpResponse:
        """Returns a 201, or the declared success status, with the item and its ``Location``."""
        body = self.represented(serializer)
        location = self.location(body)
        headers = {"Location": location} if location else None
        return self.tagged(self.answer(body, self.served_here.success_status(201, 200), headers), serializer.instance)

    def changed(self, serializer: Any) -> HttpResponse:
        """Returns a response with the status 200, or with another declared success status such as 204."""
        status = self.served_here.success_status(200, 204)
        return self.tagged(self.answer(self.represented(serializer), status), serializer.instance)

    def location(self, body: Mapping[str, Any]) -> str | None:
        """Returns the absolute URL of the item whose JSON is ``body``; None if no path leads to the item."""
        return location(self.request, self.item, self.kwargs, body)


_NO_VALUES: tuple[None, dict[str, Any]] = (None, {})
#: The hooks that choose a viewset's items from all items of its table.
NARROWING = frozenset({"filter_backends", "filter_queryset", "get_queryset", "queryset"})
#: The hooks that are called between a list's query set and its response.
_BETWEEN = frozenset(
    {"serializer_class", "get_serializer", "get_serializer_class", "get_serializer_context"}
    | {"pagination_class", "paginator", "paginate_queryset", "get_paginated_response"}
)


def _shown(value: Any) -> str:
    """Returns a value as JSON text for an error message. Cuts the text after ``_QUOTED`` characters."""
    text = dump_json(value).decode()
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
