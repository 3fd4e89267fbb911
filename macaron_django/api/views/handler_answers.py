"""Calls the handler of an operation if the request's preconditions are met.

Handlers can use two functions: ``generated`` runs the generated operation that the handler replaces, and
``current_item`` loads the item at the request's path.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from macaron_django.api.plans.operation_plans import OperationPlans
from macaron_django.api.plans.served_operations import Served
from macaron_django.api.requests.body_bytes import has_body
from macaron_django.api.requests.preconditions import (
    PreconditionFailed,
    PreconditionOutcome,
    entity_tag,
    is_conditional,
    is_judged,
    judge,
)
from macaron_django.api.rules.resources import described
from macaron_django.api.views.actions import ACTIONS
from macaron_django.api.views.operation_viewsets import OperationViewSet
from macaron_django.api.views.resource_viewsets import ResourceViewSet
from macaron_django.conf import settings
from macaron_django.exceptions import ItemTooLarge, RequestError, StaleItem, UnstorableValue, ValidationFailed
from macaron_django.openapi import json_pointers
from macaron_django.schemas.models.required_versions import RequiredVersion, required_version
from macaron_django.schemas.values.conversions import UNSET, json_value

__all__ = ["answered_by_handler", "current_item", "generated"]

#: The actions that change an existing item.
_CHANGES = frozenset({"replace", "merge_patch", "destroy"})


def answered_by_handler(view: OperationViewSet, request: Request) -> HttpResponseBase:
    """Returns the response of the operation's handler.

    If the operation's item has versions, ``If-Match`` and ``If-None-Match`` work as for a generated operation. If
    these headers don't allow a change, the request is refused before the handler is called. If the client already has
    the item, the response is a 304. If another request changes a row while the handler runs, the response is a 412 for
    a request with ``If-Match``, and a 409 for other requests.
    """
    judged, served = is_judged(request._request.META), view.served_here
    replaced = served.replaced
    is_change = replaced is not None and replaced.action in _CHANGES and not replaced.is_below
    if is_change and (judged or settings.REQUIRE_IF_MATCH):
        _refuse_unmet(request)
    token = required_version.set(_required(request)) if replaced is not None and judged else None
    try:
        response = view.answer_by_handler(request)
    except StaleItem as stale:
        if is_conditional(request.headers):
            raise PreconditionFailed(str(stale)) from stale
        raise
    except (UnstorableValue, ItemTooLarge) as error:
        if (served.operation.request_body is not None and has_body(request)) or _is_sent(view, error):
            raise
        raise ValidationFailed(f"The handler saves a value that can't be stored: {error}") from error
    finally:
        if token is not None:
            required_version.reset(token)
    if judged and request.method in SAFE_METHODS and 200 <= response.status_code < 300 and response.has_header("ETag"):
        verdict = judge(str(request.method), request.headers, response["ETag"])
        if verdict is PreconditionOutcome.FAILED:
            raise PreconditionFailed("The item doesn't meet the request's preconditions.")
        if verdict is PreconditionOutcome.NOT_MODIFIED:
            return Response(status=304, headers={"ETag": response["ETag"]})
    return response


def _required(request: Request) -> RequiredVersion | None:
    """Returns the version that If-Match requires. It is checked when the handler saves the item."""
    if request.method in SAFE_METHODS or not is_conditional(request.headers):
        return None
    view, headers = _view(request), request.headers
    if not view.generated.keys:  # a collection
        return None
    try:
        key = view.path_values()
    except (Http404, RequestError):  # there is no such item
        return None
    if not set(view.store.keys()[0]) <= key.keys():
        return None
    unmet = PreconditionOutcome.FAILED
    return RequiredVersion(view.store.model, key, lambda tag: judge("PUT", headers, entity_tag(tag)) is not unmet)


def _refuse_unmet(request: Request) -> None:
    try:
        current_item(request)
    except Http404:
        if is_conditional(request.headers):
            raise PreconditionFailed("The item doesn't exist yet, so If-Match can't match it.") from None


def _is_sent(view: OperationViewSet, error: UnstorableValue | ItemTooLarge) -> bool:
    """Returns whether the operation has a parameter with the same name as the property whose value can't be stored.
    Also sets the error's location.
    """
    if not isinstance(error, UnstorableValue):
        return False
    steps = json_pointers.split(error.pointer)
    error.location = next((where for where, name in view.parameters.by_location if steps[:1] == [name]), "body")
    return error.location != "body"


def generated(request: Request, body: Any = UNSET) -> Any:
    """Runs the generated operation that the calling handler replaces, and returns its response.

    If ``body`` is passed, it replaces the body of the request. ``body`` is an API object, a row or JSON. For a PATCH,
    it is the merge patch. The returned response has status, ``data`` and headers. If the operation's path is below an
    item's path (``/orders/{id}/cancel``), a GET returns the item, and any other method applies a merge patch to the
    item.

    Raises the exceptions of the generated operation. Raises ``TypeError`` if the handler's operation doesn't create,
    list, read, replace, patch or delete items of a persisted schema.
    """
    view = _view(request)
    if body is not UNSET:
        view.given_body = json_value(body)
    return getattr(view, view.served_here.action)(request, *view.args, **view.kwargs)


def current_item(request: Request) -> Any:
    """Returns the item at the request's path. The handler can change and save the item.

    For a path below an item's path, such as ``/orders/{id}/cancel``, this is the item at ``/orders/{id}``. For nested
    items, it is the innermost item.

    Finds the item in the viewset's query set, and checks the viewset's object permissions. Also checks the
    preconditions, unless the request's method is safe (such as GET). If another request changes the row afterwards,
    saving the row fails.

    Raises ``Http404``, ``PreconditionFailed`` (412) and ``PreconditionRequired`` (428). Raises ``TypeError`` in the
    same cases as ``generated``.
    """
    view = _view(request)
    return view.get_object() if request.method in SAFE_METHODS else view.changeable()


# ------------------------------------------------------------------ the view without the handler


def _view(request: Request) -> Any:
    outer: Any = (request.parser_context or {}).get("view")
    served: Served | None = getattr(outer, "current", None)
    if served is None or served.replaced is None:
        name = described(served.operation) if served is not None else "The request's operation"
        raise TypeError(f"{name} can't be generated. In the handler, load and save rows of the schema instead.")
    kinds = served.without_handler  # the view is a weak proxy, whose type isn't its class
    kind = kinds.get(outer.__class__)
    if kind is None:
        kind = kinds.setdefault(outer.__class__, _kind(outer.__class__, served))
    view: Any = kind()
    view.request, view.args, view.kwargs = request, outer.args, outer.kwargs
    view.headers, view.format_kwarg, view.action = outer.headers, outer.format_kwarg, view.served_here.action
    return view


def _kind(viewset: type[OperationViewSet], served: Served) -> type:
    """Returns a viewset that serves the operation without its handler, but with the hooks of ``viewset``."""
    action, mixin = ACTIONS[served.replaced.action]  # type: ignore[union-attr]  # checked by the caller
    bases = (viewset,) if issubclass(viewset, mixin) else (viewset, mixin)
    by_method = {served.operation.method: Served(served.operation, action, served.classes, generated=served.replaced)}
    members = {"__module__": viewset.__module__, "served": by_method, "given_body": UNSET}
    members |= {"store": served.store, "item": served.item}
    kind: Any = type(viewset.__name__, (_WithoutHandler, *bases), members)
    kind.plans = OperationPlans(kind, ResourceViewSet.hooks, {"served": by_method})
    return kind  # type: ignore[no-any-return]  # a class


class _WithoutHandler:
    """A mixin that uses the body that the handler has passed, if any, instead of the body of the request."""

    given_body: Any

    def json_body(self) -> Any:
        return super().json_body() if self.given_body is UNSET else self.given_body  # type: ignore[misc]
