"""Finds the middleware of Django's handler, and combines their steps into one chain for requests to operations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import Any

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

from macaron_django.api.front.known_middleware import KNOWN, Environ, Known, Steps
from macaron_django.api.front.requests import Giver
from macaron_django.tracers import Layer, has_other_code, name_of, unwrapped
from macaron_django.tracers.known_tracers import CLOSURES, RESPONSES, VIEW_WRAPPERS, WSGI_HANDLERS

__all__ = ["AfterStep", "MiddlewareChain", "is_replaced", "replaced_methods", "unknown_middleware"]

#: A step of a middleware after the view.
AfterStep = Callable[[Any, HttpResponseBase], HttpResponseBase]

#: The methods that the front replaces, each with the tracers' wrappers that the front runs, too.
_HANDLING: Mapping[tuple[type, str], frozenset[str]] = {
    (WSGIHandler, "__call__"): WSGI_HANDLERS,
    (BaseHandler, "get_response"): RESPONSES,
    (BaseHandler, "make_view_atomic"): VIEW_WRAPPERS,
    (BaseHandler, "_get_response"): frozenset(),
    (BaseHandler, "resolve_request"): frozenset(),
    (MiddlewareMixin, "__call__"): frozenset(),
}
#: The module of Sentry's wrapper. If Sentry is used, it wraps each middleware. By default, the wrappers create no
#: spans.
_SENTRYS = "sentry_sdk.integrations.django.middleware"


@dataclass
class MiddlewareChain:
    """The steps in which the middleware of Django's handler processes a request. The outermost middleware is first."""

    #: The reasons why Django's handler must serve all requests; empty if all middleware is known.
    unknown: Sequence[str] = ()
    leaves: list[Callable[[Environ, str], bool]] = field(default_factory=list)
    #: The steps before the view. Each step has a number: how many ``after`` steps still run if the step raises. These
    #: are the steps of the outer middleware.
    before: list[tuple[Callable[[Any], object], int]] = field(default_factory=list)
    #: The steps after the view. The innermost middleware is first.
    after: list[Callable[[Any, HttpResponseBase], HttpResponseBase]] = field(default_factory=list)
    #: Called if the view raises an exception. The innermost middleware is first.
    failed: list[Callable[[Any, Exception], object]] = field(default_factory=list)
    #: A middleware that must wrap the rest of the chain, and this rest.
    around: tuple[Any, MiddlewareChain] | None = None
    #: Whether the steps before and after must run in one context.
    in_one_context: bool = False
    #: The wrappers that tracers have put around the handler's ``__call__()`` and ``get_response()``.
    calls: list[Layer] = field(default_factory=list)
    responses: list[Layer] = field(default_factory=list)
    attributes: dict[str, Giver] = field(default_factory=dict)
    _methods: list[tuple[Mapping[str, Any], str]] = field(default_factory=list)
    _as_made: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, handler: WSGIHandler) -> MiddlewareChain:
        """Returns the chain of a handler's middleware."""
        try:
            instances = list(_instances(handler))
        except AttributeError:
            return cls(unknown=("a middleware without get_response",))
        found = [(each, _known(type(each))) for each in instances]
        unknown = [_dotted(type(each)) for each, known in found if known is None]
        unknown += [f"{name} (replaced)" for name in replaced_methods()]
        made = cls(unknown=unknown or _misplaced(instances))
        if made.unknown:
            return made
        made.calls, _ = unwrapped(vars(WSGIHandler)["__call__"], CLOSURES)
        made.responses, _ = unwrapped(vars(BaseHandler)["get_response"], CLOSURES)
        watched = list(_HANDLING)
        part = made
        for instance, known in found:
            if known is not None:
                steps = known.steps(instance)
                part._add(steps)
                made.leaves += [steps.leaves] if steps.leaves is not None else []
                made.attributes |= steps.attributes
                made.in_one_context |= steps.in_one_context
                if steps.around is not None:
                    part.around = steps.around, cls()
                    part = part.around[1]
                watched += [(type(instance), name) for name in known.methods]
        made._methods = [(vars(owner), name) for owner, name in watched]
        made._as_made = [found[name] for found, name in made._methods]
        return made

    def _add(self, steps: Steps) -> None:
        if steps.before is not None:
            self.before.append((steps.before, len(self.after)))
        if steps.after is not None:
            self.after.insert(0, steps.after)
        if steps.failed is not None:
            self.failed.insert(0, steps.failed)

    @property
    def failing(self) -> list[Callable[[Any, Exception], object]]:
        """The functions that are called if the view raises an exception. The innermost middleware is first."""
        return self.failed if self.around is None else [*self.around[1].failing, *self.failed]

    @property
    def is_known(self) -> bool:
        """Whether the front knows all middleware, and all methods are the same as when this chain was created."""
        # Compares by identity, because a wrapper of wrapt equals the function that it wraps.
        return not self.unknown and all(map(is_, [found[name] for found, name in self._methods], self._as_made))


def unknown_middleware() -> list[str]:
    """Returns the entries of the setting ``MIDDLEWARE`` that the front doesn't know.

    If the list isn't empty, Django's handler serves all requests.
    """
    found = []
    for dotted in settings.MIDDLEWARE:
        try:
            middleware = import_string(dotted)
        except ImportError:
            continue  # Django reports it
        if _known(middleware) is None:
            found.append(dotted)
    return found


def replaced_methods() -> list[str]:
    """Returns the names of Django's handler methods that other code has replaced or wrapped.

    If the front also runs the wrappers of a method, the list doesn't include this method.
    """
    return [f"{owner.__name__}.{name}" for (owner, name), known in _HANDLING.items() if is_replaced(owner, name, known)]


def _instances(handler: Any) -> Iterator[Any]:
    """Yields each middleware of a handler, the outermost first. Raises ``AttributeError`` if one can't be found."""
    chain = handler._middleware_chain
    while (inner := chain.__wrapped__) != handler._get_response:
        yield inner._inner if _is_transparent(inner) else inner
        chain = inner.get_response


def _is_transparent(middleware: Any) -> bool:
    """Returns whether a middleware is Sentry's wrapper around another middleware, and the wrapper creates no spans."""
    made = type(middleware).__init__
    if getattr(made, "__globals__", {}).get("__name__") != _SENTRYS:
        return False
    integration = made.__globals__["sentry_sdk"].get_client().get_integration("django")
    return not getattr(integration, "middleware_spans", True)


def _known(middleware: type) -> Known | None:
    known = KNOWN.get(_dotted(middleware))
    if known is None or getattr(sys.modules[middleware.__module__], middleware.__name__, None) is not middleware:
        return None
    return None if any(is_replaced(middleware, name) for name in known.methods) else known


def _misplaced(instances: Sequence[Any]) -> list[str]:
    """Returns each middleware that must follow another middleware, but doesn't. Django then refuses all requests."""
    before: set[str] = set()
    found = []
    for each in instances:
        known = _known(type(each))
        if known is not None and known.after is not None and known.after not in before:
            found.append(_dotted(type(each)))
        before.add(_dotted(type(each)))
    return found


def is_replaced(owner: type, name: str, wrappers: frozenset[str] = frozenset()) -> bool:
    """Returns whether a method was replaced after its class was defined. Ignores the wrappers named in ``wrappers``."""
    layers, found = unwrapped(vars(owner).get(name), CLOSURES)
    if any(layer.name not in wrappers for layer in layers):
        return True
    is_own = getattr(found, "__module__", None) == owner.__module__ == name_of(found).rpartition(".")[0]
    return not is_own or hasattr(found, "__wrapped__") or has_other_code(found)


def _dotted(middleware: Any) -> str:
    return f"{getattr(middleware, '__module__', '')}.{getattr(middleware, '__qualname__', '')}"
