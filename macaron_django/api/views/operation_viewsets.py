"""The base class of generated viewsets: a DRF viewset whose operations come from a document."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Empty, Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.utils.html import is_html_input
from rest_framework.utils.serializer_helpers import ReturnDict
from rest_framework.views import exception_handler as drf_exception_handler

from macaron_django.api.answers import error_responses as errors
from macaron_django.api.answers.error_bodies import ErrorBody, makes_own_bodies
from macaron_django.api.answers.error_descriptions import describe
from macaron_django.api.answers.handler_results import drf_response, is_made, respond
from macaron_django.api.answers.json_answers import JSONAnswer
from macaron_django.api.answers.renderers import (
    JSONRenderer,
    TextRenderer,
    can_render,
    renderer_classes,
    usable_renderers,
)
from macaron_django.api.answers.response_validation import check_response, is_validated
from macaron_django.api.plans.operation_handlers import HandlerUnavailable
from macaron_django.api.plans.operation_plans import Check, OperationPlan
from macaron_django.api.plans.served_operations import Served
from macaron_django.api.requests.operation_requests import OperationRequest, WeakContext
from macaron_django.api.rules.operation_schemas import json_schema
from macaron_django.api.views.negotiation import NEGOTIATION, Negotiation, names_format
from macaron_django.api.views.pagination import CursorPages
from macaron_django.api.views.planned_viewsets import METHODS, PlannedViewSet
from macaron_django.drivers import BlockingCall, Steps
from macaron_django.events import OPERATIONS
from macaron_django.exceptions import NotImplementedYet
from macaron_django.openapi.operations.media_types import JSON
from macaron_django.overrides import Hooks
from macaron_django.schemas import Classes, serializer_for

__all__ = ["DATA", "OperationViewSet"]


class _OfOperation:
    """An attribute of DRF's views whose value depends on the operation. On the class, it is the project's setting.

    On a view, it is the value for the operation of the view's request. As in DRF, a subclass may assign another value.
    """

    def __init__(
        self,
        configured: Iterable[Any],
        choose: Callable[[OperationViewSet, list[type]], Iterable[type]],
        usable: Callable[[Iterable[Any]], list[Any]] = list,
    ) -> None:
        self.configured, self.choose, self.usable = list(configured), choose, usable

    def __get__(self, view: OperationViewSet | None, owner: type) -> list[Any]:
        if view is None or view.current is None:
            return self.usable(self.configured)
        return list(self.choose(view, self.configured))


class OperationViewSet(PlannedViewSet):
    """The base class of every generated viewset."""

    classes: ClassVar[Classes]
    #: The objects that serve each operation, by route (base path and path), then by method.
    routes: ClassVar[Mapping[str, Mapping[str, Served]]] = {}
    replacement: ClassVar[type[OperationViewSet] | None] = None
    #: Whether URLs have been created, so that the viewset can no longer be replaced.
    is_routed: ClassVar[bool] = False
    pagination_class = CursorPages
    content_negotiation_class = Negotiation
    renderer_classes = _OfOperation(
        api_settings.DEFAULT_RENDERER_CLASSES,
        lambda view, configured: renderer_classes(
            view.operation, configured, of_values=view.served_here.generated is not None
        ),
        usable_renderers,
    )
    parser_classes = _OfOperation(
        api_settings.DEFAULT_PARSER_CLASSES, lambda view, configured: view._parser_classes(configured)
    )

    def get_exception_handler(self) -> Callable[..., Any]:
        configured = super().get_exception_handler()
        return errors.exception_handler if configured is drf_exception_handler else configured

    # -------------------------------------------------------------- one request

    def _take_steps(self, plan: OperationPlan, http_request: HttpRequest) -> HttpResponseBase:
        """Serves a request with a direct plan. The result is the same as from DRF's ``dispatch()``."""
        request = self._begin(plan, http_request)
        try:
            self._check(plan, request)
            if plan.after_checks is not None and self.__dict__["_plan"] is plan:
                self.__dict__["_plan"] = plan.after_checks
            response = getattr(self, plan.action)(request, *self.args, **self.kwargs)
        except Exception as error:  # noqa: BLE001 (as DRF does)
            response = self._refusal(error) or self.handle_exception(error)
        return self._end(plan, request, response)

    def dispatch_steps(self, plan: OperationPlan, http_request: HttpRequest) -> Steps[HttpResponseBase]:
        """Returns steps that serve a request (``macaron_django.drivers.Steps``). The result is the same as from
        ``dispatch()``.

        Call this method only if ``answers_in_steps`` returns True for the request.
        """
        steps = self._take_steps_in_turn(plan, http_request)
        if OPERATIONS.subscribers and self.plans is not None:
            return self.plans.observed.answered_in_steps(http_request, steps)
        return steps

    def _take_steps_in_turn(self, plan: OperationPlan, http_request: HttpRequest) -> Steps[HttpResponseBase]:
        request = self._begin(plan, http_request)
        try:
            self._check(plan, request)
            if plan.after_checks is not None and self.__dict__["_plan"] is plan:
                self.__dict__["_plan"] = plan.after_checks
            response = yield from self._acting()
        except Exception as error:  # noqa: BLE001 (as DRF does)
            response = self._refusal(error) or (yield from self._handled_in_steps(error))
        return self._end(plan, request, response)

    def _handled_in_steps(self, error: Exception) -> Steps[HttpResponseBase]:
        """Calls ``handle_exception``, in a thread if the call may block.

        It may block if it calls the project's code or reports a fault.
        """
        is_own = self.get_exception_handler() is errors.exception_handler and not makes_own_bodies()
        if is_own and describe(error).status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return self.handle_exception(error)
        return (yield BlockingCall(self.handle_exception, error))  # type: ignore[no-any-return]

    def _refusal(self, error: Exception) -> HttpResponseBase | None:
        """Returns the error response as a ``JSONAnswer``; None if other code may need a DRF ``Response``."""
        if (
            isinstance(error, (NotAuthenticated, AuthenticationFailed))
            or self.get_exception_handler() is not errors.exception_handler
            or makes_own_bodies()
            or not self._gives_bytes(self.plan)
        ):
            return None
        described = describe(error)
        if described.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        return errors.answered(described, error, self.get_exception_handler_context(), self._error_answer)

    def _error_answer(self, body: ErrorBody, headers: Mapping[str, str]) -> JSONAnswer:
        answer = JSONAnswer(body.value, body.status, headers, self, body.media_type or JSON)
        answer.exception = True
        return answer

    def _begin(self, plan: OperationPlan, http_request: HttpRequest) -> OperationRequest:
        """Returns the DRF request. Sets the same attributes of the view as DRF's ``dispatch()``."""
        attributes: dict[str, Any] = self.__dict__
        authenticators = [authenticator() for authenticator in plan.authenticators] if plan.authenticators else ()
        request = OperationRequest.planned(http_request, plan.request_state or {}, authenticators, self)
        attributes["request"], attributes["headers"] = request, dict(plan.headers or {})
        attributes["_current"] = request, plan.served
        return request

    def _check(self, plan: OperationPlan, request: Request) -> None:
        """Runs the plan's checks. If a check sets a hook on the view, also runs the checks that the hook adds."""
        may_change_hooks = plan.may_change_hooks
        for check in plan.checks:
            check(self, request)
            if check in may_change_hooks and self.plan is not plan:
                self._check_the_rest(request, {*plan.checks[: plan.checks.index(check) + 1]})
                break

    def _end(self, plan: OperationPlan, request: Request, response: HttpResponseBase) -> HttpResponseBase:
        """Adds the view's headers to the response, and returns the response."""
        if type(response) is not JSONAnswer:
            return self._released(self.finalize_response(request, response, *self.args, **self.kwargs))
        vary = self.headers.pop("Vary", None)
        if vary is not None:
            patch_vary_headers(response, [each.strip() for each in vary.split(",")])
        for name, value in self.headers.items():
            response.headers[name] = value
        self.__dict__["_response"] = weakref.ref(response)
        return response

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        self.__dict__.pop("_plan", None)
        self.request = request  # type: ignore[assignment]  # whose method says which plan it is
        plan = self.plan
        if plan.parsers is None:
            return super().initialize_request(request, *args, **kwargs)
        self.action = plan.served.action  # type: ignore[union-attr]  # only plans of operations have parsers
        self.args, self.kwargs = args, kwargs
        context = self.get_parser_context(request)
        authenticators = [authenticator() for authenticator in plan.authenticators] if plan.authenticators else []
        made = OperationRequest(request, plan.parsers, authenticators, NEGOTIATION, context)
        made.json_types = plan.json_types
        return made

    @property
    def default_response_headers(self) -> dict[str, str]:
        known = (self.__dict__.get("_plan") or self.plan).headers
        return super().default_response_headers if known is None else dict(known)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Does what DRF's ``initial()`` does, and reads the parameters. Runs only the checks in the plan."""
        self.format_kwarg = self.get_format_suffix(**kwargs)
        self._check(self.plan, request)

    def _check_the_rest(self, request: Request, done: set[Check]) -> None:
        """Runs the remaining checks after a check has set a hook on the view. The hook may add checks."""
        while (check := next((each for each in self.plan.checks if each not in done), None)) is not None:
            done.add(check)
            check(self, request)

    def negotiate(self, request: Request, *, force: bool = False) -> None:
        """Sets the request's renderer and media type.

        If ``force`` is true, sets both even if the client accepts none of the media types.
        """
        plan, meta = self.plan, request._request.META
        renderer, accept = plan.renderer, meta.get("HTTP_ACCEPT", "*/*")
        known = plan.accepted.get(accept)
        if (plan.accepts(accept) if known is None else known) and not (
            meta.get("QUERY_STRING") and names_format(request, meta["QUERY_STRING"])
        ):
            accepted: Any = renderer
            request.accepted_renderer, request.accepted_media_type = accepted, accepted.media_type
        else:
            request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request, force)
        request.version, request.versioning_scheme = None, None

    def _parser_classes(self, configured: list[type]) -> Iterable[type]:
        """Returns the parsers of the declared media types.

        For a browser, adds the parsers for forms of the browsable API.
        """
        if self.operation.request_body is None:
            return configured
        shows_forms = any(renderer.media_type == "text/html" for renderer in self.renderer_classes)
        from_browser = "text/html" in self.request.headers.get("Accept", "")
        served = self.served_here
        return served.body.parser_classes(configured if shows_forms and from_browser else ())

    def json_body(self) -> Any:
        """Returns the body as JSON, without validation; an empty object if an optional body wasn't sent."""
        plan, request = self.plan, self.request
        if plan.takes_plain_json and type(request) is OperationRequest:
            value = request.plain_json()
            if value is not Empty:
                return value
        sent = self.served_here.body.body(request, plan.unknown)
        return sent.value if sent else {}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self._released(super().dispatch(request, *args, **kwargs))

    def _released(self, response: HttpResponseBase) -> HttpResponseBase:
        """Returns the response, and replaces the view's reference to it with a weak reference."""
        # A reference cycle would keep the view, the response and their data until the garbage collector runs. The
        # methods that as_view() has set also refer to the view. They are deleted here, because only the browsable API
        # still needs them.
        attributes = self.__dict__
        attributes["_response"] = weakref.ref(response)
        if type(response) is JSONAnswer or (
            getattr(getattr(response, "accepted_renderer", None), "media_type", None) != "text/html"
        ):
            for method in (*attributes.get("action_map", ()), "head"):
                attributes.pop(method, None)
        return response

    def answers_in_steps(self, action: str, meta: Mapping[str, Any]) -> bool:
        """Returns whether a generated action can run in steps. ``meta`` is the ``META`` of the request."""
        return False

    def _acting(self) -> Steps[HttpResponseBase]:
        """Runs the action or the handler in steps. Returns its response."""
        served = self.served_here
        if served.handler is None:
            steps: Steps[HttpResponseBase] = getattr(self, f"{served.action}_steps")()
            return (yield from steps)
        body = served.body.read(self.request, self.plan.unknown)
        result = yield served.handler.called(self.request, body, self.parameters.by_argument)
        answer = partial(self._responded, result)
        # A query set or an iterator is read while the response is rendered, so rendering may block.
        response: HttpResponseBase = answer() if is_made(result) else (yield BlockingCall(answer))
        return response

    @property
    def response(self) -> Any:
        """The response; None if the response no longer exists."""
        held = self.__dict__.get("_response")
        return held() if isinstance(held, weakref.ref) else held

    @response.setter
    def response(self, response: Any) -> None:
        self.__dict__["_response"] = response

    def get_parser_context(self, http_request: HttpRequest) -> dict[str, Any]:
        return WeakContext({"view": weakref.proxy(self), "args": self.args, "kwargs": self.kwargs})

    def get_renderer_context(self) -> dict[str, Any]:
        return WeakContext(super().get_renderer_context())

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(response, Response) and response.exception:
            renderer = response.accepted_renderer
            if renderer.media_type != "text/html" or isinstance(renderer, TextRenderer):
                # Errors are JSON even if the operation doesn't declare JSON.
                response.accepted_renderer = JSONRenderer()
                response.accepted_media_type = JSONRenderer.media_type
                response.content_type = getattr(response, "error_content_type", None)
            elif response.status_code == HTTPStatus.BAD_REQUEST and is_html_input(request.data) and request.data:
                # The browsable API shows the form again, with the sent values and the errors beside the fields.
                response.data = ReturnDict(response.data, serializer=self.get_serializer(data=request.data))
        return response

    def answer(self, data: Any, status: int, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Checks ``data``. Returns a ``JSONAnswer``, or a DRF ``Response`` if other code might need a ``Response``.

        ``headers`` are added to the headers that every response has.
        """
        plan = self.plan
        served = plan.served
        if served is None or not self._gives_bytes(plan):
            return self.checked(Response(data, status=status, headers=headers))
        if data is not None and served.declares_content(status) is False:
            data = None
        if is_validated(plan.settings.RESPONSE_VALIDATION):
            check_response(served.operation, status, data)
        return JSONAnswer(data, status, headers, self, plan.renderer.media_type)  # type: ignore[union-attr]

    def _gives_bytes(self, plan: OperationPlan) -> bool:
        request = self.request
        if not plan.gives_bytes or getattr(request, "accepted_renderer", None) is not plan.renderer:
            return False
        # A view returns a `Response` if it is called by a decorator, or directly, as in DRF's documentation of tests.
        match = request._request.resolver_match
        return match is not None and self.plans is not None and match.func is self.plans.view_function

    def checked(self, response: Response) -> Response:
        """Returns the response. Removes an undeclared body. Validates the response if the settings require it."""
        if response.data is not None and not self.declares_content(response.status_code, undeclared=True):
            response.data = None
        check_response(self.served_here.operation, response.status_code, response.data)
        return response

    def declares_content(self, status: int, *, undeclared: bool = False) -> bool:
        """Returns whether the operation declares content for a status.

        For an undeclared status, returns ``undeclared``.
        """
        declares = self.served_here.declares_content(status)
        return undeclared if declares is None else declares

    def answer_by_handler(self, request: Request) -> HttpResponseBase:
        """Calls the operation's handler, and returns the response for its result."""
        served = self.current
        if served is None or served.handler is None:
            raise NotImplementedYet("No handler is bound to the operation.")
        try:
            served.handler.function  # noqa: B018 (imports it: an error of the import isn't one of the handler)
        except HandlerUnavailable as unavailable:
            operation = served.operation
            called = f"{operation.method.upper()} {operation.path}"
            raise NotImplementedYet(f"{called} has no working handler.") from unavailable
        body = served.body.read(request, self.plan.unknown)
        result = served.handler.call(request, body, self.parameters.by_argument)
        return self._responded(result)

    def _responded(self, result: Any) -> HttpResponseBase:
        """Returns the response for a handler's result."""
        served = self.served_here
        return respond(
            result, served.operation, served.classes, media_type_of=self.media_type_of, answer=self._of_value
        )

    def _of_value(self, body: Any, status: int, headers: Mapping[str, str]) -> HttpResponse:
        """Does the same as ``answer``, but for a body that has already been checked."""
        plan = self.plan
        if self._gives_bytes(plan):
            return JSONAnswer(body, status, headers, self, plan.renderer.media_type)  # type: ignore[union-attr]
        return drf_response(body, status, headers)

    def media_type_of(self, value: Any) -> str:
        """Returns the media type of a response with this value.

        If the request's renderer can't write the value, sets a renderer that can.

        A media type for text or bytes can't represent a value of another type. Raises ``TypeError`` if none of the
        operation's media types can represent the value. Raises ``NotAcceptable`` if the client accepts none of
        the media types that can represent the value.
        """
        request: Any = self.request
        if not can_render(request.accepted_renderer, value):
            usable = [r for r in self.get_renderers() if can_render(r, value) and r.media_type != "text/html"]
            if not usable:
                kind, wanted = type(value).__name__, request.accepted_renderer.media_type
                raise TypeError(f"A handler returned a {kind} for {wanted}. Return text or bytes, or declare JSON.")
            chosen = self.get_content_negotiator().select_renderer(request, usable, None)
            request.accepted_renderer, request.accepted_media_type = chosen
        return str(request.accepted_renderer.media_type)

    # -------------------------------------------------------------- querysets, serializers

    def get_queryset(self) -> Any:
        """Returns a subclass's query set; None if the subclass has none. Only the browsable API calls this method."""
        if self.queryset is None:  # type: ignore[arg-type]  # the stubs take it for a manager
            return None
        return super().get_queryset()

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        """Returns the serializer of the operation's body, or of the response if the operation has no body."""
        if self.serializer_class is not None:
            return self.serializer_class
        served = self.current
        if served is None:
            return _Nothing
        answers = served.operation.success
        if served.body_schema is not None:
            return serializer_for(served.body_schema, served.classes, "request")
        schema = json_schema(answers.content) if answers is not None else None
        return _Nothing if schema is None else serializer_for(schema, served.classes, "response")


class _Nothing(serializers.Serializer[Any]):
    """The serializer of operations without a JSON body or response."""


#: The attributes that generated viewsets set. These attributes aren't hooks.
DATA = METHODS | {
    *("api", "classes", "hooks", "is_routed", "item", "plans", "replacement", "routes", "served", "store"),
}
OperationViewSet.hooks = Hooks(OperationViewSet, data=DATA)
