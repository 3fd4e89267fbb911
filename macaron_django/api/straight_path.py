"""The straight path: an operation's common request, answered without asking what is known beforehand.

In goes what ``as_view()`` made; out comes the same view with a shorter way in front of it. DRF negotiates,
authenticates, checks permissions and throttles by asking a dozen hooks. Where none of them is a project's own, their
answers follow from the operation: they are worked out once, in a ``Gate``, and a request that it admits goes
straight to ``straight_items`` (where its item is kept in DynamoDB and nothing wants a row) or to the viewset's action.
Everything else, and every error, takes DRF's way: nothing else decides what is wrong with a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from django.core.signals import setting_changed
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.authentication import BasicAuthentication, SessionAuthentication, TokenAuthentication
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from macaron_django.api.body_streams import kept_body
from macaron_django.api.pagination import CursorPages
from macaron_django.api.responses import JSONRenderer
from macaron_django.api.routers import control_characters
from macaron_django.api.straight_items import item_answer
from macaron_django.auth.authentication import JWTAuthentication
from macaron_django.auth.current import remember, remember_request
from macaron_django.auth.security import SecurityPolicy

if TYPE_CHECKING:
    from macaron_django.api.viewsets import OperationViewSet, Served

__all__ = ["Answer", "Gate", "Watched", "failure_of", "straightened"]

#: Answers a request, or None: DRF's way answers it.
Answer = Callable[[HttpRequest, Mapping[str, Any]], "HttpResponseBase | None"]
View = Callable[..., HttpResponseBase]

#: What ``url_patterns`` gives to ``as_view()``, and DRF's routers may: none of it is asked on the way.
_INITIAL = frozenset({"served", "detail", "basename", "name", "description", "suffix"})
#: What every class has, and says nothing about how requests are answered.
_SILENT = frozenset(
    {"__annotations__", "__annotations_cache__", "__doc__", "__firstlineno__", "__module__", "__orig_bases__"}
    | {"__parameters__", "__qualname__", "__static_attributes__"}
)
#: What a generated viewset itself is made with.
_GENERATED = frozenset(
    {"api", "classes", "http_method_names", "is_routed", "item", "replacement", "routes", "store"} | _SILENT
)
#: DRF's, and ours: which requests they leave alone is known.
_AUTHENTICATORS = frozenset({BasicAuthentication, JWTAuthentication, SessionAuthentication, TokenAuthentication})
#: Set by DRF's test client: somebody is signed in for a test.
_FORCED = frozenset({"_force_auth_user", "_force_auth_token"})
_FAILURE = "_macaron_straight_failure"
_MOST_ACCEPTS = 100

_generation = 0


def _forget(**_: object) -> None:
    """Let every view work out anew what is known beforehand: a setting or a viewset has changed."""
    global _generation
    _generation += 1


setting_changed.connect(_forget, dispatch_uid="macaron_django.api.straight_path")


class Watched(type):
    """The class of viewsets: what is set on one later (by a test, by a patch) counts from the next request on."""

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        _forget()

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        _forget()


@dataclass(frozen=True, eq=False)
class Gate:
    """What is known of an operation's requests before they come, and which of them need nothing else."""

    policy: SecurityPolicy
    renderer: JSONRenderer
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

    def response(self, data: Any, status: int = 200, **headers: str) -> Response:
        """DRF's response, as a view has it when it is done: Django renders it."""
        response = Response(data, status=status)
        response.accepted_renderer = self.renderer
        response.accepted_media_type = self.renderer.media_type
        response.renderer_context = {}  # type: ignore[attr-defined]
        for name, value in (*headers.items(), *self.headers.items()):
            response.headers[name] = value
        return response


def straightened(view: View, viewset: type[OperationViewSet], initkwargs: Mapping[str, Any]) -> View:
    """The view that answers by the straight path where it can, and by ``view`` else."""
    prepared: dict[str, tuple[Gate, Sequence[Answer]] | None] = {}
    generation = _generation

    @wraps(view)
    def straight(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        nonlocal generation
        if generation != _generation:
            prepared.clear()
            generation = _generation
        method = str(request.method)
        if method not in prepared:
            prepared[method] = _prepare(viewset, method, initkwargs)
        known = prepared[method]
        if known is not None:
            gate, answers = known
            try:
                if gate.admits(request):
                    for answer in answers:
                        response = answer(request, kwargs)
                        if response is not None:
                            return response
            except Exception as error:  # noqa: BLE001 (raised again, where DRF's view handles it)
                setattr(request, _FAILURE, error)
        return view(request, *args, **kwargs)

    return straight


def failure_of(request: HttpRequest) -> Exception | None:
    """What the straight path ran into, for DRF's view to raise where it would act: nothing is done twice."""
    failure: Exception | None = vars(request).pop(_FAILURE, None)
    return failure


def _prepare(viewset: Any, method: str, initkwargs: Mapping[str, Any]) -> tuple[Gate, Sequence[Answer]] | None:
    served: Served | None = initkwargs.get("served", {}).get(method.lower())
    if served is None or not (initkwargs.keys() <= _INITIAL and _is_plain(viewset)):
        return None
    gate = _gate(viewset, served, method, initkwargs)
    if gate is None:
        return None
    of_item = item_answer(served, viewset.store, viewset.item, gate) if served.generated is not None else None
    by_action = _by_action(viewset, served, gate, initkwargs)
    return gate, [by_action] if of_item is None else [of_item, by_action]


def _by_action(viewset: type[OperationViewSet], served: Served, gate: Gate, initkwargs: Mapping[str, Any]) -> Answer:
    """Call the viewset's own action with DRF's request, and finish its response in DRF's way."""
    parsers = [parser() for parser in served.body.parser_classes()]
    negotiator = viewset.content_negotiation_class()
    actions = {method: each.action for method, each in initkwargs["served"].items()}
    takes_body = served.operation.request_body is not None

    def answer(django_request: HttpRequest, kwargs: Mapping[str, Any]) -> HttpResponseBase | None:
        if takes_body and kept_body(django_request) is None:
            return None
        if control_characters(kwargs) is not None:
            return None
        view: Any = viewset(**initkwargs)
        view.args, view.kwargs, view.headers = (), kwargs, dict(gate.headers)
        view.action, view.action_map, view.format_kwarg = served.action, actions, None
        context = {"view": view, "args": (), "kwargs": kwargs}
        request: Any = Request(django_request, parsers, (), negotiator, context)
        request.user, request.auth = django_request.user, django_request.auth  # type: ignore[attr-defined]
        request._authenticator = None
        request.version, request.versioning_scheme = None, None
        request.accepted_renderer = gate.renderer
        request.accepted_media_type = gate.renderer.media_type
        remember_request(request)
        view.request = request
        view.parameters  # noqa: B018 (reads them: a wrong one is 400 before anything is done)
        response = getattr(view, served.action)(request, **kwargs)
        response = view.response = view.finalize_response(request, response, **kwargs)
        return cast("HttpResponseBase", response)

    return answer


def _gate(viewset: type[OperationViewSet], served: Served, method: str, initkwargs: Mapping[str, Any]) -> Gate | None:
    """What is known beforehand; None where DRF has to be asked."""
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


def _is_plain(viewset: type[OperationViewSet]) -> bool:
    """Whether no project's class or patch between the viewset and its bases says anything of its own."""
    known: set[str] = set()
    for each in reversed(viewset.__mro__):
        own = set(vars(each)) - _SILENT
        if "routes" in vars(each) and each.__module__.startswith("macaron_django.api.viewsets."):
            actions = {served.action for methods in vars(each)["routes"].values() for served in methods.values()}
            if (own - _GENERATED - actions) & known:
                return False
        elif not _is_ours(each) and (own & known or any(name.startswith("__") for name in own)):
            return False
        known |= own
    return True


def _is_ours(each: type) -> bool:
    module = each.__module__
    return module.startswith(("macaron_django.api.", "rest_framework.", "django.views.")) or each is object
