"""The straight path: an operation's common request, answered without asking what is known beforehand.

In goes what ``as_view()`` made; out comes the same view with a shorter way in front of it. DRF negotiates,
authenticates, checks permissions and throttles by asking a dozen hooks. Where none of them is a project's own, their
answers follow from the operation: they are worked out once, in a ``Gate``, and a request that it admits goes
straight to ``straight_items`` (where its item is kept in DynamoDB and nothing wants a row), to ``straight_rows`` (where
a Django model keeps it) or to the viewset's action.
Everything else, and every error, takes DRF's way: nothing else decides what is wrong with a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from macaron_django.api.body_streams import kept_body
from macaron_django.api.resource_viewsets import ResourceViewSet
from macaron_django.api.routers import control_characters
from macaron_django.api.straight_gate import Answer, Context, Gate, RendererContext, gate_of, hooks_of
from macaron_django.api.straight_state import changes, fail
from macaron_django.api.viewsets import OperationViewSet, Served
from macaron_django.auth.current import change_request

__all__ = ["straightened"]

View = Callable[..., HttpResponseBase]
Prepared = tuple[Gate | None, Sequence[Answer]]
MakeView = Callable[[HttpRequest, Mapping[str, Any]], Any]


def straightened(view: View, viewset: type[OperationViewSet], initkwargs: Mapping[str, Any]) -> View:
    """The view that answers by the straight path where it can, and by ``view`` else."""
    methods = {method.upper() for method in initkwargs["served"]}
    # Replaced as a whole: what one thread works out by old settings is never another's under new ones.
    prepared: tuple[object, dict[str, Prepared]] = (None, {})

    @wraps(view)
    def straight(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        nonlocal prepared
        now, method = (changes(), hooks_of(viewset)), str(request.method)
        if prepared[0] != now:
            prepared = (now, {})
        known = prepared[1]
        if method not in methods:
            return view(request, *args, **kwargs)
        try:
            plan = known.get(method)
            if plan is None:
                plan = known[method] = _prepare(viewset, method, initkwargs)
            gate, answers = plan
            if gate is not None and gate.admits(request):
                for answer in answers:
                    response = answer(request, kwargs)
                    if response is not None:
                        return response
        except Exception as error:  # noqa: BLE001 (raised again, where DRF's view handles it)
            fail(request, error)
        return view(request, *args, **kwargs)

    return straight


def _prepare(viewset: type[OperationViewSet], method: str, initkwargs: Mapping[str, Any]) -> Prepared:
    served: Served | None = initkwargs["served"].get(method.lower())
    gate = None if served is None else gate_of(viewset, served, method, initkwargs)
    if served is None or gate is None:
        return None, ()
    make_view = _view_maker(viewset, served, gate, initkwargs)

    def context(request: HttpRequest, kwargs: Mapping[str, Any]) -> RendererContext:
        return RendererContext(kwargs, lambda: make_view(request, kwargs))

    if served.generated is None:
        return gate, [_by_action(served, make_view)]
    by_action = _generated(served, gate, make_view, context)
    of_item = None
    if issubclass(viewset, ResourceViewSet):
        # Either with what it needs: PynamoDB and botocore, or Django's compilers of SQL.
        if viewset.store.is_row:
            from macaron_django.api.straight_items import item_answer as answer
        else:
            from macaron_django.api.straight_rows import row_answer as answer
        of_item = answer(served, viewset.store, viewset.item, gate, context)
    return gate, [each for each in (of_item, by_action) if each is not None]


def _view_maker(viewset: type[OperationViewSet], served: Served, gate: Gate, initkwargs: Mapping[str, Any]) -> MakeView:
    """What makes a view with DRF's request, as ``as_view()`` and ``initial()`` do."""
    negotiator = viewset.content_negotiation_class()
    authenticators = [authenticator() for authenticator in served.security.authentication_classes]
    actions = {method: each.action for method, each in initkwargs["served"].items()}
    if "get" in actions:
        actions.setdefault("head", actions["get"])

    def make(django_request: HttpRequest, kwargs: Mapping[str, Any]) -> Any:
        view: Any = viewset(**initkwargs)
        view.args, view.kwargs, view.headers = (), kwargs, dict(gate.headers)
        view.action, view.action_map, view.format_kwarg = served.action, actions, None
        for method, action in actions.items():
            setattr(view, method, getattr(view, action))
        context = {"view": view, "args": (), "kwargs": kwargs}
        request: Any = Request(django_request, gate.parsers, authenticators, negotiator, context)
        request.user, request.auth = django_request.user, django_request.auth  # type: ignore[attr-defined]
        request._authenticator = authenticators[0] if gate.policy.alternatives else None
        request.version, request.versioning_scheme = None, None
        request.accepted_renderer = gate.renderer
        request.accepted_media_type = gate.renderer.media_type
        view.request = request
        return view

    return make


def _by_action(served: Served, make_view: MakeView) -> Answer:
    """Call the viewset's method, and finish its response in DRF's way."""
    act = _action(served, make_view)

    def answer(request: HttpRequest, kwargs: Mapping[str, Any]) -> HttpResponseBase | None:
        view, response = act(request, kwargs)
        if view is not None:
            response = view.response = view.finalize_response(view.request, response, **kwargs)
        return cast("HttpResponseBase | None", response)

    return answer


def _generated(served: Served, gate: Gate, make_view: MakeView, context: Context) -> Answer:
    """The same where the method is generated: nobody else has seen the view, so that it needn't outlive its answer."""
    act = _action(served, make_view)

    def answer(request: HttpRequest, kwargs: Mapping[str, Any]) -> HttpResponseBase | None:
        view, response = act(request, kwargs)
        if view is None:
            return None
        # Circles would keep all that was read until the garbage collector comes.
        view.request.parser_context.pop("view")
        vars(view).pop("_paginator", None)
        return gate.finished(response, context(request, kwargs))

    return answer


def _action(served: Served, make_view: MakeView) -> Callable[[HttpRequest, Mapping[str, Any]], tuple[Any, Any]]:
    """What makes a view and calls its method; (None, None) for a request that has to be looked at more closely."""
    takes_body = served.operation.request_body is not None

    def act(django_request: HttpRequest, kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
        if control_characters(kwargs) is not None or (takes_body and kept_body(django_request) is None):
            return None, None
        view = make_view(django_request, kwargs)
        change_request(view.request)
        view.parameters  # noqa: B018 (reads them: a wrong one is 400 before anything is done)
        return view, getattr(view, served.action)(view.request, **kwargs)

    return act
