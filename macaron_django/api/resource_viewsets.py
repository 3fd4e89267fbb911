"""What the viewset of a resource adds to one of bare handlers: its query set, its items, their keys and serializers.

The verbs themselves are in ``actions``; the hooks that they and users' subclasses call are here, under the
names that DRF's generic views give them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404
from rest_framework import serializers
from rest_framework.response import Response

from macaron_django.api.contents import json_schema, success_status
from macaron_django.api.lists import ORDERING
from macaron_django.api.locations import location
from macaron_django.api.lookups import Store, Unmatched
from macaron_django.api.preconditions import (
    PreconditionFailed,
    PreconditionRequired,
    Verdict,
    entity_tag,
    is_conditional,
    is_judged,
    judge,
)
from macaron_django.api.resources import GeneratedOperation
from macaron_django.api.viewsets import OperationViewSet, overrides
from macaron_django.conf import settings
from macaron_django.exceptions import ScanForbidden, StaleItem, UnsupportedQuery, ValidationFailed
from macaron_django.schemas import Violation, converter, serializer_for
from macaron_django.schemas.json_text import dump_json
from macaron_django.spec import Schema

__all__ = ["ResourceViewSet", "absent"]

logger = logging.getLogger("macaron_django")
R = TypeVar("R")
#: How often a write without If-Match is tried while others write the same item.
_ATTEMPTS = 5
#: How many characters of a client's value an error repeats.
_QUOTED = 100


class ResourceViewSet(OperationViewSet):
    """The base of viewsets with generated operations."""

    #: The resource's schema and the model that keeps it.
    store: ClassVar[Store]
    #: An operation on one item's path, whose URL is the item's; None if no path leads to an item.
    item: ClassVar[GeneratedOperation | None] = None

    @property
    def generated(self) -> GeneratedOperation:
        """What the rule says about the operation being answered."""
        served = self.current
        if served is None or served.generated is None:
            raise AttributeError("only generated operations have this: a handler answers the present one")
        return served.generated

    @property
    def _is_generated(self) -> bool:
        served = self.current
        return served is not None and served.generated is not None

    # -------------------------------------------------------------- query sets and items

    def get_queryset(self) -> Any:
        if self.queryset is not None:  # type: ignore[arg-type]  # the stubs take it for a manager
            return super().get_queryset()
        queryset = self.store.model._default_manager.all()
        if self.store.is_row:
            return queryset
        joined, beside = self.store.related
        queryset = queryset.select_related(*joined) if joined else queryset
        return queryset.prefetch_related(*beside) if beside else queryset

    def filter_queryset(self, queryset: Any) -> Any:
        """Narrow a list by its path and its declared query parameters, then by ``filter_backends``."""
        if self._is_generated and self.generated.action == "list":
            queryset = self._ordered(self._narrowed(queryset))
        return super().filter_queryset(queryset)

    def _narrowed(self, queryset: Any) -> Any:
        lookups = self.path_values(as_lookups=True)
        sent = self.parameters.by_location
        for narrowing in self.generated.filters:
            key = ("query", narrowing.parameter)
            if key in sent:
                try:
                    name, value = self.store.filter_lookup(narrowing, sent[key])
                except Unmatched as error:
                    raise _refused(narrowing.parameter, str(error)) from error
                lookups[name] = value
        try:
            return queryset.filter(**lookups) if lookups else queryset
        except (ValueError, ValidationError) as error:
            raise _refused(", ".join(each.parameter for each in self.generated.filters), str(error)) from error

    def paginate_queryset(self, queryset: Any) -> Any:
        try:
            return super().paginate_queryset(queryset)
        except ScanForbidden as error:
            sent = self.parameters.by_location
            names = [f.parameter for f in self.generated.filters if ("query", f.parameter) in sent]
            if not names:
                raise  # the client chose nothing of this
            logger.warning("%s %s: %s", self.request.method, self.operation.route, error)  # it names tables and indexes
            raise ValidationFailed(violations=[_unanswered(name) for name in names]) from error
        except UnsupportedQuery as error:
            # DynamoDB's query sets plan when they are read: only then it shows that an order can't be had.
            name = self.generated.paging.get(ORDERING) if self._is_generated else None
            if name is None or not self.parameters.by_location.get(("query", name)):
                raise
            raise _refused(name, "this list can't be ordered so") from error

    def _ordered(self, queryset: Any) -> Any:
        name = self.generated.paging.get(ORDERING)
        given = self.parameters.by_location.get(("query", name)) if name else None
        if name is None or not given:
            return queryset
        order = []
        for term in given if isinstance(given, (list, tuple)) else str(given).split(","):
            plain = term.lstrip("+-")
            if plain not in self.store.schema.properties:
                raise _refused(name, f"{plain[:50]!r} is no property to order by")
            order.append(("-" if term.startswith("-") else "") + self.store.lookup([plain]))
        try:
            return queryset.order_by(*order)
        except UnsupportedQuery as error:
            raise _refused(name, str(error)) from error

    def get_object(self) -> Any:
        """The item that the path names; 404 if there is none, or the path can't name one."""
        if not self._is_generated:
            return super().get_object()
        queryset = self.filter_queryset(self.get_queryset())
        try:
            found = queryset.get(**self.path_values(as_lookups=True))
        except (ObjectDoesNotExist, ValidationError) as error:
            raise absent(self.store.schema, self.path_values()) from error
        self.check_object_permissions(self.request, found)
        return found

    # -------------------------------------------------------------- versions

    def entity_tag(self, instance: Any) -> str | None:
        """The item's ``ETag``; None where its schema names no version. Override it to give other models one."""
        version = self.store.version(instance)
        return None if version is None else entity_tag(version)

    def is_unchanged(self, instance: Any) -> bool:
        """Judge the request's conditions: True if the client has the item already, an exception if they aren't met."""
        if not is_judged(self.request.META):
            return False
        method = str(self.request.method)
        verdict = judge(method, self.request.headers, self.entity_tag(instance))
        if verdict is Verdict.FAILED:
            raise PreconditionFailed(f"The {self.store.schema.name} isn't the one that the request is about any more.")
        return verdict is Verdict.NOT_MODIFIED

    def changeable(self) -> Any:
        """The item that the path names, if the request's conditions allow to change it."""
        instance = self.get_object()
        if (
            settings.REQUIRE_IF_MATCH
            and self.entity_tag(instance) is not None
            and not is_conditional(self.request.headers)
        ):
            raise PreconditionRequired(
                f"This {self.store.schema.name} has versions: send the ETag that you have read as If-Match."
            )
        self.is_unchanged(instance)
        return instance

    def write(self, attempt: Callable[[], R]) -> R:
        """Read and write an item; again, if somebody else wrote it in between, unless the request forbids that.

        A request with If-Match is about one state of the item. One without is to win, whatever was there.
        """
        for _ in range(_ATTEMPTS - 1):
            try:
                return attempt()
            except StaleItem as stale:  # noqa: PERF203 (this loop is about its exceptions)
                if is_conditional(self.request.headers):
                    raise PreconditionFailed(str(stale)) from stale
        return attempt()

    def tagged(self, response: Response, instance: Any) -> Response:
        """The response with the ``ETag`` of the item that it shows."""
        tag = self.entity_tag(instance)
        if tag is not None:
            response["ETag"] = tag
        return response

    # -------------------------------------------------------------- what the path says of an item

    def path_values(self, *, as_lookups: bool = False) -> dict[str, Any]:
        """The Python value of each property that a path parameter is bound to, by property name.

        ``as_lookups`` names them as ``filter()`` does. A value that no property can have is 404.
        """
        served = self.served_here
        known: dict[Any, dict[str, Any]] = self.__dict__.setdefault("_path_values", {})
        if served not in known:
            given = {name: self.parameters.by_location["path", p] for p, name in self.generated.keys.items()}
            try:
                known[served] = {name: self.store.python_value([name], value) for name, value in given.items()}
            except Unmatched as error:
                raise Http404(f"There is no such {self.store.schema.name}: {error}.") from error
        values = known[served]
        return {self.store.lookup([n]): v for n, v in values.items()} if as_lookups else dict(values)

    def with_path_values(self, body: Any) -> Any:
        """The body with what the path says; ``ValidationFailed`` if it says otherwise.

        What the body's schema requires isn't added: the document says that a request without it is wrong.
        """
        self.refuse_other_values(body)
        properties = self.store.schema.properties
        takes = self.operation.request_body
        given = json_schema(takes.content) if takes is not None else None
        added = properties.keys() - (given.required if given is not None else ())
        values = {n: v for n, v in self.path_values().items() if n in added and not properties[n].read_only}
        if not values or not isinstance(body, Mapping):
            return body
        as_json = {n: converter(properties[n].schema, self.store.classes).to_json(v) for n, v in values.items()}
        return {**as_json, **body}

    def refuse_other_values(self, body: Any) -> None:
        """400 if the body gives a key another value than the path does."""
        if not isinstance(body, Mapping):
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
                message = f"is {_shown(body[name])}, but the path says {_shown(as_json)}"
                raise ValidationFailed(violations=[Violation(message, f"/{name}", "", "const")])

    # -------------------------------------------------------------- serializers and answers

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        """The serializer of what a generated operation takes, or of the resource if it takes nothing."""
        if self.serializer_class is not None or not self._is_generated:
            return super().get_serializer_class()
        takes = self.operation.request_body
        schema = json_schema(takes.content) if takes is not None else None
        if schema is not None:
            return serializer_for(schema, self.classes, "request", model=self.store.model)
        return self._full_serializer()

    def _full_serializer(self) -> type[serializers.BaseSerializer[Any]]:
        return serializer_for(self.store.schema, self.classes, "response", model=self.store.model)

    def shows_items(self, queryset: Any) -> bool:
        """Whether a list's answer is what its items hold: nothing between them and the answer asks for rows."""
        return (
            getattr(queryset, "gives_rows", False)  # the ORM's say nothing; values() may be fewer on purpose
            and not _asks_for_rows(type(self))
            and self.request.accepted_renderer.media_type != "text/html"  # its forms come from a serializer
        )

    def represented(self, serializer: Any) -> Any:
        """A saved serializer's instance as the operation answers it: an input schema may know less of it."""
        own: Schema | None = getattr(serializer, "schema", None)
        if own is None or own.resolved == self.store.schema:
            return serializer.data
        return self._full_serializer()(serializer.instance, context=self.get_serializer_context()).data

    def created(self, serializer: Any) -> Response:
        """201 (or what the operation declares) with the item, and where it is found from now on."""
        body = self.represented(serializer)
        location = self.location(body)
        headers = {"Location": location} if location else {}
        response = Response(body, status=success_status(self.operation, 201, 200), headers=headers)
        return self.tagged(self.checked(response), serializer.instance)

    def changed(self, serializer: Any) -> Response:
        """200, or 204 without a body where only that is declared."""
        response = Response(self.represented(serializer), status=success_status(self.operation, 200, 204))
        return self.tagged(self.checked(response), serializer.instance)

    def location(self, body: Mapping[str, Any]) -> str | None:
        """The absolute URL of an item, given its representation; None if no path leads to it."""
        return location(self.request, self.item, self.kwargs, body)


def absent(schema: Schema, values: Mapping[str, Any]) -> Http404:
    """What is raised where no item has the values that a path names."""
    named = " and ".join(f"{name} {str(value)!r}" for name, value in values.items())
    return Http404(f"There is no {schema.name} with {named}.")


@cache
def _asks_for_rows(viewset: type) -> bool:
    """Whether a project's class has a say between a list's query set and its answer."""
    return any(overrides(viewset, attribute) for attribute in _BETWEEN)


_BETWEEN = (
    *("serializer_class", "get_serializer", "get_serializer_class", "get_serializer_context"),
    *("pagination_class", "paginator", "paginate_queryset", "get_paginated_response"),
)


def _shown(value: Any) -> str:
    """A JSON value as a sentence quotes it: in JSON's own spelling, and not at any length."""
    text = dump_json(value).decode()
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


def _unanswered(parameter: str) -> Violation:
    message = "can't be answered without reading everything: send another filter with it"
    return Violation(message, f"/{parameter}", "", "scan", "query")


def _refused(parameter: str, message: str) -> ValidationFailed:
    return ValidationFailed(violations=[Violation(message, f"/{parameter}", "", "type", "query")])
