"""Which requests of an operation need nothing of DRF that isn't known beforehand, and how DRF would dress the answer.

In go a viewset's class and an operation; out comes a ``Gate``, or None where a hook is a project's own: a class, a
setting or a patch that negotiates, authenticates, permits, throttles or finishes in a way of its own. Apart from
``straight_path`` because this is about trust: what is let through here has been asked by nobody else.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from types import FunctionType
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.authentication import BasicAuthentication, SessionAuthentication, TokenAuthentication
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSetMixin

from macaron_django.api.actions import ACTIONS
from macaron_django.api.pagination import CursorPages
from macaron_django.api.resource_viewsets import ResourceViewSet
from macaron_django.api.responses import JSONRenderer
from macaron_django.api.viewsets import OperationViewSet, Served
from macaron_django.auth.authentication import JWTAuthentication
from macaron_django.auth.current import remember, remember_request
from macaron_django.auth.security import SecurityPolicy

__all__ = ["Answer", "Context", "Gate", "RendererContext", "gate_of", "hooks_of", "is_as_written"]

#: What ``url_patterns`` gives to ``as_view()``: none of it is asked on the way.
_INITIAL = frozenset({"served", "detail", "basename", "name", "description"})
#: What every class has, and says nothing about how requests are answered.
_SILENT = frozenset(
    {"__annotations__", "__annotations_cache__", "__doc__", "__firstlineno__", "__module__", "__orig_bases__"}
    | {"__parameters__", "__qualname__", "__static_attributes__"}
)
#: What a generated viewset itself is made with.
_GENERATED = frozenset(
    {"api", "classes", "http_method_names", "is_routed", "item", "replacement", "routes", "store"} | _SILENT
)
#: The classes that generated viewsets are made of: this package's, DRF's and Django's.
_BASES = frozenset({*ResourceViewSet.__mro__, *OperationViewSet.__mro__, *(mixin for _, mixin in ACTIONS.values())})
#: DRF's, and ours: which requests they leave alone is known.
_AUTHENTICATORS = frozenset({BasicAuthentication, JWTAuthentication, SessionAuthentication, TokenAuthentication})
#: Set by DRF's test client: somebody is signed in for a test.
_FORCED = frozenset({"_force_auth_user", "_force_auth_token"})
_MOST_ACCEPTS = 100
#: A viewset's methods that it has from DRF, all of which may be patched at any time.
hooks_of = attrgetter(
    *sorted(
        {
            name
            for base in (APIView, GenericAPIView, ViewSetMixin)
            for name, value in vars(base).items()
            if isinstance(value, FunctionType) and not name.startswith("__")
        }
    )
)


class RendererContext(MutableMapping[str, Any]):
    """DRF's context of a response; the view and its request are made when somebody looks.

    It doesn't own the response, as DRF's does: in a circle with it, all that a list shows would wait for the collector.
    """

    def __init__(self, kwargs: Mapping[str, Any], make_view: Callable[[], Any]) -> None:
        self._known: dict[str, Any] = {"args": (), "kwargs": kwargs}
        self._make_view = make_view
        self._response: weakref.ref[Response] | None = None

    def belongs_to(self, response: Response) -> None:
        """Let the view have this response, once somebody looks."""
        self._response = weakref.ref(response)

    def _whole(self) -> dict[str, Any]:
        if "view" not in self._known:
            view = self._make_view()
            view.response = self._response and self._response()
            self._known.update(view=view, request=view.request)
        return self._known

    def __getitem__(self, name: str) -> Any:
        if name == "response" and name in self._known:
            return self._response and self._response()
        return self._whole()[name] if name in {"view", "request"} else self._known[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "response":
            self._response, value = weakref.ref(value), None
        self._known[name] = value

    def __delitem__(self, name: str) -> None:
        del self._whole()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def __bool__(self) -> bool:
        return True  # which renderers ask: it takes no view to know


#: A request and the arguments of its URL → the response, or None: somebody else answers it.
Answer = Callable[[HttpRequest, Mapping[str, Any]], "HttpResponseBase | None"]
#: The same → the renderer's context.
Context = Callable[[HttpRequest, Mapping[str, Any]], RendererContext]


@dataclass(frozen=True, eq=False)
class Gate:
    """What is known of an operation's requests before they come, and which of them need nothing else."""

    policy: SecurityPolicy
    renderer: JSONRenderer
    parsers: Sequence[BaseParser]
    headers: Mapping[str, str]  # those that DRF gives to each answer of the view
    has_pages: bool  # for browsers, beside JSON
    authenticators: frozenset[type]  # DRF's, which a client may be recognised by where the spec says nothing
    #: Accept headers → whether DRF would choose the renderer.
    accepted: dict[str, bool] = field(default_factory=dict)

    def admits(self, request: HttpRequest) -> bool:
        """Whether the request may go on; ``request.user`` is then set, as DRF would have."""
        accept = request.META.get("HTTP_ACCEPT", "*/*")
        if not (self.accepted.get(accept) or self._accepts(accept)) or _FORCED.intersection(vars(request)):
            return False
        if request.META.get("QUERY_STRING") and api_settings.URL_FORMAT_OVERRIDE in request.GET:
            return False
        if self.policy.alternatives:
            return self._is_granted(request)
        if self.authenticators and self._may_be_recognised(request):
            return False
        remember_request(request)
        user: Any = api_settings.UNAUTHENTICATED_USER
        token: Any = api_settings.UNAUTHENTICATED_TOKEN
        request.user = user() if user else None  # type: ignore[assignment]  # as DRF does
        request.auth = token() if token else None  # type: ignore[attr-defined]
        return True

    def _is_granted(self, request: HttpRequest) -> bool:
        remember_request(request)
        verdict = self.policy.judge(request)  # type: ignore[arg-type]  # what it reads, Django's requests have, too
        found = verdict.verified
        if not verdict.granted or found is None or not found.user.is_authenticated:
            return False
        remember(found.auth if isinstance(found.auth, Mapping) else {}, found.token)
        request.user, request.auth = found.user, found.auth  # type: ignore[attr-defined]
        return True

    def _may_be_recognised(self, request: HttpRequest) -> bool:
        if "HTTP_AUTHORIZATION" in request.META or "HTTP_COOKIE" in request.META:
            return True
        # What a middleware has found out; DRF looks at it, and the session notes that somebody did.
        user = getattr(request, "user", None) if SessionAuthentication in self.authenticators else None
        return user is not None and user.is_active

    def _accepts(self, accept: str) -> bool:
        """Whether DRF would choose the renderer: False also where parameters or pages make it a matter of order."""
        known = self.accepted.get(accept)
        if known is None:
            wanted = {token.strip() for token in accept.split(",")}
            main = self.renderer.media_type.partition("/")[0]
            known = (
                ";" not in accept
                and not wanted.isdisjoint({self.renderer.media_type, f"{main}/*", "*/*"})
                and not (self.has_pages and any(each.startswith("text/") for each in wanted))
            )
            if len(self.accepted) < _MOST_ACCEPTS:
                self.accepted[accept] = known
        return known

    def finished(self, response: Response, context: RendererContext) -> Response:
        """The response as a view has it when it is done: Django renders it."""
        response.accepted_renderer = self.renderer
        response.accepted_media_type = self.renderer.media_type
        context.belongs_to(response)
        response.renderer_context = context  # type: ignore[attr-defined]
        for name, value in self.headers.items():
            response.headers[name] = value
        return response


def gate_of(viewset: type[OperationViewSet], served: Served, method: str, initkwargs: Mapping[str, Any]) -> Gate | None:
    """What is known beforehand; None where DRF has to be asked.

    ``initkwargs`` is what ``as_view()`` was given for the path.
    """
    if not (initkwargs.keys() <= _INITIAL and _is_plain(viewset)):
        return None
    is_usual = (
        not list(viewset.throttle_classes)
        and not list(viewset.filter_backends)
        and viewset.versioning_class is None
        and viewset.pagination_class is CursorPages
    )
    view = _view(viewset, served, method, initkwargs)
    renderers = list(view.renderer_classes)
    first, others = renderers[0], renderers[1:]
    # A project's renderer may write JSON in a way of its own.
    is_json = issubclass(first, JSONRenderer) and first.__module__ == JSONRenderer.__module__
    shows_json = is_json and all(each.media_type == "text/html" for each in others)
    if not (is_usual and shows_json and _lets_in(served.security)):
        return None
    return Gate(
        policy=served.security,
        renderer=first(),
        parsers=[parser() for parser in view.parser_classes],
        headers=dict(view.default_response_headers),
        has_pages=bool(others),
        authenticators=frozenset(_authenticators(served.security)),
    )


def _authenticators(policy: SecurityPolicy) -> list[type]:
    return cast("list[type]", list(api_settings.DEFAULT_AUTHENTICATION_CLASSES)) if policy.is_silent else []


def _lets_in(policy: SecurityPolicy) -> bool:
    """Whether nothing but the spec's own requirement, or nobody at all, decides about who may call."""
    known: tuple[Any, ...] = (AllowAny,)
    if policy.alternatives:
        # Only credentials that our own code judges: a project's may count how often it is asked.
        if policy.is_optional or not policy.is_judged_here:
            return False
        known = (AllowAny, IsAuthenticated, policy.required_permission)
    elif not _AUTHENTICATORS.issuperset(_authenticators(policy)):
        return False
    return all(each in known for each in policy.permission_classes)


def _view(viewset: type[OperationViewSet], served: Served, method: str, initkwargs: Mapping[str, Any]) -> Any:
    """A view as DRF's ``as_view()`` makes it for a request of this method."""
    view: Any = viewset(**initkwargs)
    for each, of_method in initkwargs["served"].items():
        setattr(view, each, getattr(view, of_method.action))
    if hasattr(view, "get") and not hasattr(view, "head"):
        view.head = view.get
    request = HttpRequest()
    request.method = method
    view.request, view.args, view.kwargs = request, (), {}
    view.action = served.action
    return view


def _is_plain(viewset: type) -> bool:
    """Whether no project's class or patch between the viewset and its bases says anything of its own."""
    known: set[str] = set()
    for each in reversed(viewset.__mro__):
        own = set(vars(each)) - _SILENT
        if each in _BASES:
            if not is_as_written(each):
                return False
        elif "routes" in vars(each):
            actions = {served.action for methods in vars(each)["routes"].values() for served in methods.values()}
            if (own - _GENERATED - actions) & known:
                return False
        elif own & known or any(name.startswith("__") for name in own):
            return False
        known |= own
    return True


def is_as_written(base: type) -> bool:
    """Whether a class has the methods of its own module only: tools that watch requests replace some of DRF's."""
    file = getattr(sys.modules.get(base.__module__), "__file__", None)
    for value in vars(base).values():
        function = getattr(value, "__func__", value)
        if isinstance(function, FunctionType):
            if file is not None and function.__code__.co_filename != file:
                return False
        elif hasattr(value, "__wrapped__"):
            return False
    return True
