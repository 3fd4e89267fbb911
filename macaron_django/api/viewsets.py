"""Operations of one resource → one DRF viewset, named after its path: ``viewsets.myserver.Profiles``.

A viewset here is a ``ViewSetMixin`` over ``GenericAPIView`` like any other: permissions, throttles, filters,
renderers, the browsable API and drf-spectacular see nothing special. To change one::

    from macaron_django.api import viewsets

    @viewsets.register
    class Profiles(viewsets.myserver.Profiles):
        permission_classes = [IsAuthenticated]

        def get_queryset(self):
            return super().get_queryset().filter(owner=self.request.user.pk)

or name the class in ``MACARON["VIEWSETS"]``. ``viewsets.<api>`` looks into the catalogue, which the registry fills;
the module knows no registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from django.views.generic import View
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.utils.html import is_html_input
from rest_framework.utils.serializer_helpers import ReturnDict
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.viewsets import ViewSetMixin

from macaron_django.api import errors
from macaron_django.api.bodies import BodyReader
from macaron_django.api.catalogue import ViewSetsOfAPI, catalogue
from macaron_django.api.contents import json_schema
from macaron_django.api.handlers import Handler, HandlerUnavailable
from macaron_django.api.pagination import CursorPages
from macaron_django.api.parameters import ParameterReader, ParameterValues
from macaron_django.api.resources import GeneratedOperation
from macaron_django.api.responses import (
    JSONRenderer,
    check_response,
    declared_response,
    renderer_classes,
    respond,
    usable_renderers,
)
from macaron_django.api.routers import control_characters
from macaron_django.api.straight_state import Watched, failure_of
from macaron_django.auth.security import SecurityPermission, SecurityPolicy, security_for
from macaron_django.conf import settings
from macaron_django.exceptions import PyMacaronException, ValidationFailed
from macaron_django.schemas import Classes, serializer_for
from macaron_django.spec import Operation

__all__ = ["NotBound", "OperationViewSet", "Served", "overrides", "register"]

#: The module of the base class that has hooks of its own; not imported, because it imports this one.
RESOURCE_VIEWSETS = "macaron_django.api.resource_viewsets"

V = TypeVar("V", bound="type[OperationViewSet]")


class NotBound(PyMacaronException):
    """The spec declares the operation and nothing answers it yet."""

    code = "NOT_IMPLEMENTED"
    status = 501


@dataclass(frozen=True, eq=False)
class Served:
    """One operation, and everything that was made to serve it."""

    operation: Operation
    action: str  # the viewset's method
    classes: Classes
    generated: GeneratedOperation | None = None
    handler: Handler | None = None

    @cached_property
    def parameters(self) -> ParameterReader:
        # Lists read these two whether they are declared or not.
        paging = self.generated.paging.values() if self.generated is not None else ()
        return ParameterReader(self.operation, self.classes, known=paging)

    @cached_property
    def body(self) -> BodyReader:
        return BodyReader(self.operation, self.classes)

    @cached_property
    def security(self) -> SecurityPolicy:
        return security_for(self.operation)


class _OfOperation:
    """A DRF attribute that depends on the operation: on the class the project's setting, on a view the outcome.

    A subclass that assigns the attribute replaces this, as DRF documents.
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


class Negotiation(DefaultContentNegotiation):
    """DRF's, but a parameter that the operation calls ``format`` isn't taken for DRF's own."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        view = request.parser_context.get("view")
        served = getattr(view, "current", None)
        own = self.settings.URL_FORMAT_OVERRIDE
        if served is not None and any(p.name == own for p in served.operation.parameters if p.location == "query"):
            negotiation = DefaultContentNegotiation()
            negotiation.settings = _NO_FORMAT  # type: ignore[assignment]  # the one setting that is read
            return negotiation.select_renderer(request, renderers, None)
        return super().select_renderer(request, renderers, None)


class _NO_FORMAT:  # noqa: N801 (stands in for an object of settings)
    URL_FORMAT_OVERRIDE = None


class OperationViewSet(ViewSetMixin, GenericAPIView[Any], metaclass=Watched):
    """The base of every generated viewset."""

    api: ClassVar[str] = ""
    classes: ClassVar[Classes]
    #: route (base path and path) → method → what serves it
    routes: ClassVar[Mapping[str, Mapping[str, Served]]] = {}
    replacement: ClassVar[type[OperationViewSet] | None] = None
    #: Whether URLs lead here already, so that nothing can stand in for it any more.
    is_routed: ClassVar[bool] = False
    #: method → what serves it on the path of this view; given to as_view()
    served: Mapping[str, Served] = {}

    http_method_names = [*View.http_method_names, "query"]
    pagination_class = CursorPages
    content_negotiation_class = Negotiation
    renderer_classes = _OfOperation(
        api_settings.DEFAULT_RENDERER_CLASSES,
        lambda view, configured: renderer_classes(view.operation, configured),
        usable_renderers,
    )
    parser_classes = _OfOperation(
        api_settings.DEFAULT_PARSER_CLASSES, lambda view, configured: view._parser_classes(configured)
    )

    # -------------------------------------------------------------- which operation this is

    @property
    def current(self) -> Served | None:
        """What serves the request's method; None for OPTIONS, and for methods that the path doesn't have."""
        request = getattr(self, "request", None)
        # Asked many times a request, and DRF's metadata and browsable API put other requests into the view's place.
        known: tuple[Any, Served | None] | None = self.__dict__.get("_current")
        if known is None or known[0] is not request:
            if request is None or not request.method:
                return next(iter(self.served.values()), None)
            method = request.method.lower()
            served = self.served.get(method) or (self.served.get("get") if method == "head" else None)
            known = self.__dict__["_current"] = (request, served)
        return known[1]

    @property
    def served_here(self) -> Served:
        """The same, where there has to be one."""
        served = self.current
        if served is None:
            raise AttributeError("the path declares no operation for this method")
        return served

    @property
    def operation(self) -> Operation:
        return self.served_here.operation

    @property
    def parameters(self) -> ParameterValues:
        """The parameters that were sent or have a default; ``ValidationFailed`` if one of them is wrong."""
        served = self.current
        if served is None:
            return ParameterValues({}, {})
        read: dict[Served, ParameterValues] = self.__dict__.setdefault("_parameters", {})
        if served not in read:
            try:
                read[served] = served.parameters.read(self.request, self.kwargs)
            except ValidationFailed as failure:
                if getattr(self, "action", None) == "metadata":
                    # OPTIONS tries the path's other methods, and understands DRF's own exceptions.
                    raise ParseError(str(failure)) from failure
                raise
        return read[served]

    # -------------------------------------------------------------- policies

    @property
    def _security(self) -> SecurityPolicy | None:
        """The operation's policy; for OPTIONS and for what isn't declared, the path's most open one."""
        served = self.current
        if served is not None:
            return served.security
        policies = [each.security for each in self.served.values()]
        return next((policy for policy in policies if policy.is_public), policies[0] if policies else None)

    def get_authenticators(self) -> list[Any]:
        policy = self._security
        if policy is None or overrides(type(self), "authentication_classes"):
            return list(super().get_authenticators())
        return [authenticator() for authenticator in policy.authentication_classes]

    def get_permissions(self) -> list[Any]:
        """What the spec requires, and the viewset's own ``permission_classes``, else the project's default ones."""
        policy = self._security
        if policy is None:
            return list(super().get_permissions())
        required: list[Any] = list(policy.permission_classes)
        if overrides(type(self), "permission_classes"):
            of_spec = [c for c in required if isinstance(c, type) and issubclass(c, SecurityPermission)]
            required = [*of_spec, *self.permission_classes]
        return [permission() for permission in required]

    @classmethod
    def filters_itself(cls) -> bool:
        """Whether a subclass has filters of its own, which may read any parameter that the spec declares."""
        return overrides(cls, "filter_backends") or overrides(cls, "filter_queryset")

    def get_format_suffix(self, **kwargs: Any) -> None:
        """None: a path parameter named ``format`` is the operation's."""

    def get_exception_handler(self) -> Callable[..., Any]:
        configured = super().get_exception_handler()
        return errors.exception_handler if configured is drf_exception_handler else configured

    # -------------------------------------------------------------- one request

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        name = control_characters(self.kwargs)
        if name is not None:
            request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request, True)
            raise ParseError(f"The path parameter {name!r} holds a control character.")
        super().initial(request, *args, **kwargs)
        failure = failure_of(request._request)
        if failure is not None:
            with suppress(Exception):
                request.data  # noqa: B018 (was read if it could be, and belongs to the report)
            raise failure
        self.parameters  # noqa: B018 (reads them: a wrong one is 400 before anything is done)

    def _parser_classes(self, configured: list[type]) -> Iterable[type]:
        """What reads the body: as declared, and from a browser also as the browsable API's forms send it."""
        if self.operation.request_body is None:
            return configured
        shows_forms = any(renderer.media_type == "text/html" for renderer in self.renderer_classes)
        from_browser = "text/html" in self.request.headers.get("Accept", "")
        served = self.served_here
        return served.body.parser_classes(configured if shows_forms and from_browser else ())

    def json_body(self) -> Any:
        """The request's body as JSON, unjudged; an empty object where none was sent and none is required."""
        sent = self.served_here.body.body(self.request)
        return sent.value if sent else {}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(response, Response) and response.exception:
            renderer = response.accepted_renderer
            if renderer.media_type != "text/html":
                # An error is JSON, whatever the operation answers with when all is well.
                response.accepted_renderer = JSONRenderer()
                response.accepted_media_type = JSONRenderer.media_type
                response.content_type = getattr(response, "error_content_type", None)
            elif response.status_code == HTTPStatus.BAD_REQUEST and is_html_input(request.data) and request.data:
                # The browsable API shows the form again, as it was filled in, with the errors beside its fields.
                response.data = ReturnDict(response.data, serializer=self.get_serializer(data=request.data))
        return response

    def checked(self, response: Response) -> Response:
        """The response without a body where none is declared, and held against its schema where settings say so."""
        if response.data is not None and not self.declares_content(response.status_code, undeclared=True):
            response.data = None
        check_response(self.operation, response.status_code, response.data)
        return response

    def declares_content(self, status: int, *, undeclared: bool = False) -> bool:
        declared = declared_response(self.operation, status)
        return undeclared if declared is None else bool(declared.content)

    def answer_by_handler(self, request: Request) -> HttpResponseBase:
        """Call the function that the spec binds to the operation, and answer with what it returns."""
        served = self.current
        if served is None or served.handler is None:
            raise NotBound("No handler is bound to the operation.")
        try:
            served.handler.function  # noqa: B018 (an import error is told apart from an error inside)
        except HandlerUnavailable as unavailable:
            operation = served.operation
            raise NotBound(f"{operation.method.upper()} {operation.path} has no working handler.") from unavailable
        body = served.body.read(request)
        result = served.handler.call(request, body, self.parameters.by_argument)
        return respond(result, served.operation, served.classes)

    # -------------------------------------------------------------- querysets, serializers

    def get_queryset(self) -> Any:
        """None unless a subclass sets ``queryset``: handlers need none, and the browsable API asks beside any list."""
        if self.queryset is None:  # type: ignore[arg-type]  # the stubs take it for a manager
            return None
        return super().get_queryset()

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        """The serializer of what the operation takes, or of what it answers if it takes nothing."""
        if self.serializer_class is not None:
            return self.serializer_class
        served = self.current
        if served is None:
            return _Nothing
        takes, answers = served.operation.request_body, served.operation.success
        if (schema := json_schema(takes.content) if takes is not None else None) is not None:
            return serializer_for(schema, served.classes, "request")
        schema = json_schema(answers.content) if answers is not None else None
        return _Nothing if schema is None else serializer_for(schema, served.classes, "response")


class _Nothing(serializers.Serializer[Any]):
    """For operations that take and answer nothing that a serializer could describe."""


def overrides(viewset: type, attribute: str) -> bool:
    """Whether a project's class between the viewset and the base of all sets a DRF attribute."""
    classes = viewset.__mro__[: viewset.__mro__.index(OperationViewSet)]
    return any(attribute in vars(each) for each in classes if each.__module__ != RESOURCE_VIEWSETS)


# ------------------------------------------------------------------ changing and finding viewsets


def register(viewset: V) -> V:
    """Serve a subclass of a generated viewset in its place. It has to be imported before URLs are made: in an app's
    ``ready()``, or above the ``include`` in the root URLconf. ``MACARON["VIEWSETS"]`` sees to that by itself.
    """
    generated = _generated(viewset)
    if generated is None:
        raise TypeError(f"{viewset.__name__} must subclass a generated viewset, such as viewsets.myserver.Profiles.")
    if generated.is_routed:
        # Its permission classes would be left out without a word.
        raise RuntimeError(
            f"{viewset.__name__} is registered too late: the URLs of {generated.api} are made already. Name it in "
            f'MACARON["VIEWSETS"], or import its module in the ready() of an app.'
        )
    present = generated.replacement
    if present is not None and not issubclass(viewset, present):
        raise RuntimeError(
            f"{viewset.__module__}.{viewset.__name__} and {present.__module__}.{present.__name__} are both registered "
            f"for viewsets.{generated.api}.{generated.__name__}: register one; it may subclass the other."
        )
    generated.replacement = viewset
    return viewset


def in_use(viewset: type[OperationViewSet]) -> type[OperationViewSet]:
    """The class that stands in for a generated viewset by settings or by decorator, else itself."""
    configured = [each for each in dict.fromkeys(_configured()) if _generated(each) is viewset]
    if len(configured) > 1:
        # Whichever was served, what the other one demands of its callers would be left out without a word.
        names = " and ".join(f"{each.__module__}.{each.__qualname__}" for each in configured)
        raise ImproperlyConfigured(
            f"MACARON['VIEWSETS'] names {names}, which both stand in for viewsets.{viewset.api}.{viewset.__name__}: "
            f"name one; it may subclass the other."
        )
    return configured[0] if configured else viewset.replacement or viewset


def _configured() -> Iterator[type[OperationViewSet]]:
    for dotted in settings.VIEWSETS:
        try:
            found = import_string(dotted)
        except ImportError as error:
            raise ImproperlyConfigured(f"MACARON['VIEWSETS'] names {dotted!r}, which isn't there: {error}") from error
        if not isinstance(found, type) or _generated(found) is None:
            raise ImproperlyConfigured(
                f"MACARON['VIEWSETS'] names {dotted!r}, which must subclass a generated viewset, such as "
                f"viewsets.myserver.Profiles."
            )
        yield found


def _generated(viewset: type) -> Any:
    """The generated viewset that a class is made of; None if it is one itself, or not made of any."""
    found = next((base for base in viewset.__mro__[1:] if "routes" in vars(base)), None)
    return None if found is OperationViewSet else found


def __getattr__(name: str) -> Any:
    # Dunder names are asked of every module, by inspect and by the import system.
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        return ViewSetsOfAPI(catalogue[name])
    except KeyError:
        known = ", ".join(sorted(catalogue)) or "none"
        raise AttributeError(f"there is no API named {name!r}; there are: {known}") from None
