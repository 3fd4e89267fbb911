"""Creates the plan for an operation's requests when the first request arrives.

A plan lists the checks before the action, in DRF's order. The plan leaves out a DRF check if its result is already
known. If a project overrides a check, the override is called in the way that DRF's documentation describes. A
*hook* is an attribute of viewsets that a project can override. If a setting or a hook changes, for example in a test,
the plan is created again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings as django_settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AND, OR, AllowAny, BasePermission
from rest_framework.views import APIView

from macaron_django.api.answers.renderers import JSONRenderer
from macaron_django.api.plans import request_checks as checks
from macaron_django.api.plans.event_loops import runs_on_loops
from macaron_django.api.plans.observed_operations import ObservedOperations
from macaron_django.api.plans.response_middleware import reads_drf_responses
from macaron_django.api.requests.operation_requests import request_state
from macaron_django.api.requests.unknown_properties import UnknownProperties, unknown_properties
from macaron_django.conf import Section, settings
from macaron_django.overrides import Changes, Hooks, has_own_access, is_computed, overrides
from macaron_django.tracers import unwrapped
from macaron_django.tracers.known_tracers import CLOSURES

if TYPE_CHECKING:
    from macaron_django.api.plans.served_operations import Served

__all__ = ["Check", "OperationPlan", "OperationPlans"]

Check = Callable[[Any, Any], None]

#: The greatest number of Accept headers for which a plan stores a result.
_MOST_ACCEPTS = 100
#: The greatest number of characters in such a header.
_LONGEST_ACCEPT = 200
_NEGOTIATION = (
    *("content_negotiation_class", "get_content_negotiator", "get_format_suffix", "get_renderers"),
    *("perform_content_negotiation", "renderer_classes"),
)
_PARSING = (
    *("get_authenticators", "get_content_negotiator", "get_parser_context", "get_parsers", "parser_classes"),
    *("get_renderers", "initialize_request", "renderer_classes"),
)
_PERMITTING = ("check_permissions", "get_permissions", "permission_classes", "permission_denied")
_AUTHENTICATING = ("authentication_classes", "get_authenticators", "perform_authentication")
_THROTTLING = ("check_throttles", "get_throttles", "throttle_classes", "throttled")
_VERSIONING = ("determine_version", "versioning_class")
_FINISHING = (
    *("_allowed_methods", "allowed_methods", "default_response_headers", "get_renderer_context", "http_method_names"),
    "renderer_classes",
)
#: The hooks that don't get a response. If a project overrides any other hook, the hook may need DRF's own ``Response``.
_BEFORE_RESPONSES = frozenset(
    {"authentication_classes", "check_object_permissions", "check_permissions", "check_throttles", "determine_version"}
    | {"filter_backends", "filter_queryset", "get_authenticators", "get_object", "get_permissions", "get_queryset"}
    | {"get_serializer", "get_serializer_class", "get_serializer_context", "get_throttles", "initial", "lookup_field"}
    | {"lookup_url_kwarg", "perform_authentication", "perform_create", "perform_destroy", "perform_update", "queryset"}
    | {"permission_classes", "permission_denied", "serializer_class", "throttle_classes", "throttled"}
    | {"versioning_class", "entity_tag", "is_unchanged", "location", "represented"}
)
#: The hooks that are called only during the checks.
_DURING_CHECKS = frozenset({"authentication_classes", "permission_classes", *_THROTTLING})
#: The hooks that a direct plan calls at the same points as DRF's ``dispatch()``.
_IN_STEPS = (_BEFORE_RESPONSES - {"initial"}) | {
    *("create", "destroy", "list", "partial_update", "retrieve", "update"),
    *("answered", "answered_created", "changeable", "changed", "checked", "created", "tagged", "write"),
    *("finalize_response", "get_exception_handler", "get_exception_handler_context", "handle_exception"),
    *("get_paginated_response", "paginate_queryset", "pagination_class", "paginator"),
}


@dataclass(frozen=True, eq=False)
class OperationPlan:
    """The data that all requests of an operation share. ``served`` is None for OPTIONS and unknown methods."""

    served: Served | None
    #: The hooks that a project overrides.
    overridden: frozenset[str]
    #: The checks before the action, which are called one after the other, in DRF's order.
    checks: tuple[Check, ...]
    #: The package's settings.
    settings: Section
    #: The name of the viewset's method for the operation; "" if ``served`` is None.
    action: str = ""
    #: The parsers and the authenticator classes for the operation's requests. If ``parsers`` is None, DRF creates both.
    parsers: Sequence[BaseParser] | None = None
    authenticators: Sequence[type[BaseAuthentication]] = ()
    #: The complete Content-Types of bodies that need no parser, and whether the action gets such a body unchanged.
    json_types: frozenset[str] = frozenset()
    takes_plain_json: bool = False
    #: The initial attributes of the operation's DRF requests; None if DRF must create them.
    request_state: Mapping[str, Any] | None = None
    #: Whether the plan is *direct*: DRF's ``dispatch()``, ``initialize_request()`` and ``initial()`` would do nothing
    #: else.
    is_direct: bool = False
    #: Whether the project's code can't set a hook on the view, because it doesn't get the view before the response
    #: exists.
    is_closed: bool = False
    #: The plan that replaces this plan after the checks, if the project's code gets the view only during the checks.
    #: It is equal to this plan, but closed.
    after_checks: OperationPlan | None = None
    #: The JSON renderer that DRF would choose if ``accepts()`` returns True; None if DRF must negotiate.
    renderer: JSONRenderer | None = None
    #: Whether the renderers include pages of the browsable API.
    has_pages: bool = False
    #: The headers that DRF sets on each response; None if they must be determined for each response.
    headers: Mapping[str, str] | None = None
    #: Whether the response may be a ``JSONAnswer``: no hook or middleware can need a DRF ``Response``, and this
    #: package's renderer writes the JSON. A request can still choose another renderer.
    gives_bytes: bool = False
    #: Whether requests can be served on an event loop, if the action runs in steps.
    on_loop: bool = False
    #: Whether the action can use the store directly, unless a hook may get a row or a serializer.
    stores: bool = False
    #: Whether a permission may depend on the object.
    asks_objects: bool = True
    #: How properties that no schema declares are handled; None if they are kept.
    unknown: UnknownProperties | None = None
    #: Whether stored items can be shown without creating their rows.
    shows: bool = False
    accepted: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def may_change_hooks(self) -> frozenset[Check]:
        """The checks during which the project's code might set a hook on the view."""
        if self.is_closed:
            return frozenset()
        own = checks.OWN if self.overridden.isdisjoint(_NEGOTIATION) else checks.OWN - {checks.negotiate}
        return frozenset(self.checks) - own

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the checks, for developers and for tests."""
        return tuple(check.__name__ for check in self.checks)

    def is_direct_for(self, accept: str) -> bool:
        """Returns whether the plan is direct (see ``is_direct``) for a request with this Accept header.

        If the response could be a page of the browsable API, the plan isn't direct, because DRF creates the page.
        """
        return self.is_direct and (not self.has_pages or self.accepts(accept))

    def gives_up_rows(self, hooks: frozenset[str]) -> bool:
        """Returns whether the action can use the store directly.

        It can't if the project overrides any of the ``hooks``.
        """
        return self.stores and self.overridden.isdisjoint(hooks)

    def leaves_alone(self, hooks: frozenset[str]) -> bool:
        """Returns True if the project overrides none of the ``hooks``."""
        return self.overridden.isdisjoint(hooks)

    def accepts(self, accept: str) -> bool:
        """Returns whether it is certain that DRF would choose the JSON renderer for an Accept header."""
        known = self.accepted.get(accept)
        if known is None:
            known = self._accepts(accept)
            if len(self.accepted) < _MOST_ACCEPTS and len(accept) <= _LONGEST_ACCEPT:
                self.accepted[accept] = known
        return known

    def _accepts(self, accept: str) -> bool:
        if self.renderer is None:
            return False
        wanted = {token.strip() for token in accept.split(",")}
        main = self.renderer.media_type.partition("/")[0]
        return (
            ";" not in accept
            and not wanted.isdisjoint({self.renderer.media_type, f"{main}/*", "*/*"})
            and not (self.has_pages and any(each.startswith("text/") for each in wanted))
        )


class OperationPlans:
    """The plans for the operations of one path and one viewset class. Each HTTP method has one plan."""

    def __init__(self, viewset: Any, hooks: Hooks, initkwargs: Mapping[str, Any]) -> None:
        self.viewset, self.hooks, self.initkwargs = viewset, hooks, initkwargs
        self._store = getattr(viewset, "store", None)
        #: The view function of the URLs. A decorator around it may need DRF's responses.
        self.view_function: Any = None
        #: For direct plans: a function that returns a view. Its arguments include the plan and the URL's arguments.
        self.prepared: Any = None
        #: Notifies subscribers of the path's operations.
        self.observed = ObservedOperations(
            getattr(viewset, "api", ""), initkwargs.get("served", {}), viewset.http_method_names
        )
        self._changes = Changes(viewset)
        # The tuple is replaced as a whole, so that no thread uses plans that another thread made with old settings.
        self._known: tuple[Any, dict[tuple[str, frozenset[str]], OperationPlan]] = (None, {})

    def of(self, method: str, own: frozenset[str] = frozenset()) -> OperationPlan:
        """Returns the plan of a method. ``own`` has the names of the hooks that were set on the view itself."""
        permissions = self.viewset.permission_classes  # a list that a test may append to
        if isinstance(permissions, (list, tuple)):
            permissions = tuple([(each, getattr(each, "has_object_permission", None)) for each in permissions])
        now = self._changes.state(), permissions, self._store and self._store.hooks(), settings.current()
        if self._known[0] != now:
            self._known = (now, {})
        plans = self._known[1]
        plan = plans.get((method, own))
        if plan is None:
            if method.lower() not in self.viewset.http_method_names:
                method = "OPTIONS"  # methods that clients invent share one plan
            plan = plans[method, own] = plans.get((method, own)) or _plan(self, method, own)
        return plan


def _plan(plans: OperationPlans, method: str, own: frozenset[str]) -> OperationPlan:
    overridden = plans.hooks.overridden(plans.viewset) | (plans.initkwargs.keys() - _GIVEN) | own
    view = _view(plans, method, overridden)
    served: Served | None = view.current if method != "OPTIONS" else None
    steps = _checks(overridden, plans.hooks.patched(), served, view)
    if served is None:
        return OperationPlan(None, overridden, steps, settings.current())
    renderers = list(view.get_renderers()) if overridden.isdisjoint(_NEGOTIATION) else []
    first, others = (renderers[0], renderers[1:]) if renderers else (None, [])
    # A renderer of the project may write JSON differently.
    is_json = isinstance(first, JSONRenderer) and type(first).__module__ == JSONRenderer.__module__
    plain = is_json and all(each.media_type == "text/html" for each in others)
    can_share = overridden.isdisjoint({*_PARSING, *_AUTHENTICATING})
    is_unseen = overridden <= _BEFORE_RESPONSES and not reads_drf_responses(django_settings.MIDDLEWARE)
    is_public = served.security.is_public and not served.security.is_optional
    # The view also has parsers of forms, for requests from the browsable API.
    parsers = [parser() for parser in view.parser_classes] if can_share else None
    is_watched = has_own_access(plans.viewset)
    is_direct = (
        parsers is not None
        and plain
        and overridden <= _IN_STEPS
        and not is_watched
        and not plans.viewset.has_own_http_methods()
    )
    # The filter backends of the settings also get the view.
    closes = is_direct and all(map(_is_packaged, view.filter_backends))
    unknown = unknown_properties(
        served.classes.api, served.operation, None if served.generated is None else served.generated.schema
    )
    asks_objects = served.generated is None or _asks_objects(overridden, own, view)
    stores = not asks_objects and _serves(served, view)
    plan = OperationPlan(
        served,
        overridden,
        steps,
        settings.current(),
        served.action,
        parsers=None if others else parsers,
        authenticators=() if is_public else served.security.authentication_classes,
        json_types=served.body.json_types,
        takes_plain_json=unknown is None and served.operation.request_body is not None,
        request_state=None
        if parsers is None
        else request_state(parsers, view.get_content_negotiator(), served.body.json_types, settings.current()),
        is_direct=is_direct,
        is_closed=closes and not overridden and _own_checks(served).issuperset(steps),
        renderer=first if plain else None,
        has_pages=bool(others),
        headers=dict(view.default_response_headers) if overridden.isdisjoint(_FINISHING) else None,
        gives_bytes=plain and is_unseen,
        unknown=unknown,
        shows=served.generated is not None and view.store.shows(),
        on_loop=plain and not is_watched and runs_on_loops(served, overridden, steps, view, stores=stores),
        stores=stores,
        asks_objects=asks_objects,
    )
    if not closes or plan.is_closed or asks_objects or not overridden <= _DURING_CHECKS:
        return plan
    return replace(plan, after_checks=replace(plan, is_closed=True))


#: The arguments that ``url_patterns`` passes to ``as_view()``. They aren't hooks.
_GIVEN = frozenset({"served", "detail", "basename", "name", "description", "suffix", "plans"})


def _view(plans: OperationPlans, method: str, overridden: frozenset[str]) -> Any:
    """Returns a view in the state in which DRF's ``as_view()`` creates it for a request with this method."""
    view: Any = plans.viewset(**plans.initkwargs)
    view._plan = OperationPlan(None, overridden, (), settings.current())  # the view's permissions depend on the hooks
    for each, of_method in view.served.items():
        setattr(view, each, getattr(view, of_method.action))
    if hasattr(view, "get") and not hasattr(view, "head"):
        view.head = view.get
    request = HttpRequest()
    request.method = method
    view.request, view.args, view.kwargs, view.format_kwarg = request, (), {}, None
    served = view.current
    view.action = None if served is None else served.action
    return view


def _checks(overridden: frozenset[str], patched: frozenset[str], served: Served | None, view: Any) -> tuple[Check, ...]:
    found: list[Check] = [checks.refuse_control_characters] if served is None or "{" in served.operation.path else []
    if "initial" in patched:
        return (*found, checks.initial, checks.read_parameters)
    if unwrapped(vars(APIView)["initial"], CLOSURES)[0]:
        found.append(checks.tell_tracers)
    found.append(checks.negotiate)
    if not overridden.isdisjoint(_VERSIONING) or view.versioning_class is not None:
        found.append(checks.determine_version)
    is_public = served is not None and served.security.is_public and not served.security.is_optional
    found.append(checks.authenticate)
    if overridden.isdisjoint(_AUTHENTICATING):
        if is_public:
            found[-1] = checks.admit_anybody
        elif served is not None and checks.HEADER_OR_SESSION.issuperset(served.security.authentication_classes):
            found[-1] = checks.authenticate_by_header_or_session
    if not (served is not None and overridden.isdisjoint(_PERMITTING) and _lets_everybody(served)):
        found.append(checks.check_permissions)
    if not overridden.isdisjoint(_THROTTLING) or list(view.throttle_classes):
        found.append(checks.check_throttles)
    found.append(checks.read_parameters)
    return tuple(found)


def _own_checks(served: Served) -> frozenset[Check]:
    """Returns the checks that don't call the project's own code. Such code might set a hook on the view."""
    security, own = served.security, checks.OWN
    if all(map(_is_packaged, security.authentication_classes)):
        own |= {checks.authenticate}
    if all(map(_is_packaged, security.permission_classes)):
        own |= {checks.check_permissions}
    return own


def _is_packaged(kind: Any) -> bool:
    """Returns whether ``kind`` is a class of this package or of DRF, and not a combination of permission classes."""
    return isinstance(kind, type) and kind.__module__.partition(".")[0] in {"macaron_django", "rest_framework"}


def _lets_everybody(served: Served) -> bool:
    return all(each is AllowAny for each in served.security.permission_classes)


def _asks_objects(overridden: frozenset[str], own: frozenset[str], view: Any) -> bool:
    """Returns whether a permission may depend on the object, so that the action needs the row."""
    if not overridden.isdisjoint({"check_object_permissions", "check_permissions", "get_permissions"}):
        return True
    if "permission_classes" in own or is_computed(type(view), "permission_classes"):
        return True  # a property may need the request, which doesn't exist yet
    return any(map(_looks_at_objects, view.get_permissions()))


def _serves(served: Served, view: Any) -> bool:
    """Returns whether the store can perform the action.

    For an action on one item, the path and the caller must provide the item's whole key. If the request has a body, the
    body must have the resource's schema.
    """
    generated, store = served.generated, view.store
    primary, alternative = store.keys()
    names = generated.given  # type: ignore[union-attr]  # called for generated operations only
    is_item = generated.action not in {"list", "create"}  # type: ignore[union-attr]
    if is_item and names != set(primary) and not (len(names) == 1 and names <= set(alternative)):
        return False
    schema = served.body_schema
    is_own = served.operation.request_body is None or (schema is not None and schema.resolved == store.schema)
    return is_own and bool(store.serves(generated.action))  # type: ignore[union-attr]


def _looks_at_objects(permission: Any) -> bool:
    if type(permission) in {AND, OR}:
        return _looks_at_objects(permission.op1) or _looks_at_objects(permission.op2)
    return overrides(type(permission), ("has_object_permission",), BasePermission)
