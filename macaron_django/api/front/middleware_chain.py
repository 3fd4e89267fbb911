"""Reads the middleware of a handler, and puts together what all of it does for an operation's request."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

from macaron_django.api.front.known_middleware import KNOWN, Environ, Known, Steps
from macaron_django.api.front.requests import Giver

__all__ = ["AfterStep", "MiddlewareChain", "is_replaced", "unknown_middleware"]

#: A step of a middleware after the view.
AfterStep = Callable[[Any, HttpResponseBase], HttpResponseBase]

#: What the front does in the place of Django's handler. A tracer may have replaced it.
_HANDLING: Sequence[tuple[type, str]] = (
    (WSGIHandler, "__call__"),
    *((BaseHandler, name) for name in ("get_response", "_get_response", "resolve_request", "make_view_atomic")),
    (MiddlewareMixin, "__call__"),
)


@dataclass
class MiddlewareChain:
    """What the middleware of a handler does for an operation's request, step by step, the outermost first."""

    #: Why Django's handler has to answer all requests; empty if all middleware is known.
    unknown: Sequence[str] = ()
    leaves: list[Callable[[Environ, str], bool]] = field(default_factory=list)
    #: Each with the number of steps after the view that lie outside it: the ones that are left where it raises.
    before: list[tuple[Callable[[Any], object], int]] = field(default_factory=list)
    #: The innermost first.
    after: list[Callable[[Any, HttpResponseBase], HttpResponseBase]] = field(default_factory=list)
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
        unknown += [f"{owner.__name__}.{name} (replaced)" for owner, name in _HANDLING if is_replaced(owner, name)]
        made = cls(unknown=unknown or _misplaced(instances))
        if made.unknown:
            return made
        watched = list(_HANDLING)
        for instance, known in found:
            if known is not None:
                made._add(known.steps(instance))
                watched += [(type(instance), name) for name in known.methods]
        made._methods = [(vars(owner), name) for owner, name in watched]
        made._as_made = [found[name] for found, name in made._methods]
        return made

    def _add(self, steps: Steps) -> None:
        if steps.leaves is not None:
            self.leaves.append(steps.leaves)
        if steps.before is not None:
            self.before.append((steps.before, len(self.after)))
        if steps.after is not None:
            self.after.insert(0, steps.after)
        self.attributes |= steps.attributes

    @property
    def is_known(self) -> bool:
        """Whether all middleware is known, and nothing has been replaced since."""
        return not self.unknown and [found[name] for found, name in self._methods] == self._as_made


def unknown_middleware() -> list[str]:
    """Returns the entries of the setting ``MIDDLEWARE`` that leave Django's handler in charge of all requests."""
    found = []
    for dotted in settings.MIDDLEWARE:
        try:
            middleware = import_string(dotted)
        except ImportError:
            continue  # Django says so
        if _known(middleware) is None:
            found.append(dotted)
    return found


def _instances(handler: Any) -> Iterator[Any]:
    """Yields the middleware of a handler, the outermost first. Raises ``AttributeError`` where one can't be found."""
    chain = handler._middleware_chain
    while (inner := chain.__wrapped__) != handler._get_response:
        yield inner
        chain = inner.get_response


def _known(middleware: type) -> Known | None:
    known = KNOWN.get(_dotted(middleware))
    if known is None or getattr(sys.modules[middleware.__module__], middleware.__name__, None) is not middleware:
        return None
    return None if any(is_replaced(middleware, name) for name in known.methods) else known


def _misplaced(instances: Sequence[Any]) -> list[str]:
    """Returns the middleware that lacks another one before it: Django answers every request with an error then."""
    before: set[str] = set()
    found = []
    for each in instances:
        known = _known(type(each))
        if known is not None and known.after is not None and known.after not in before:
            found.append(_dotted(type(each)))
        before.add(_dotted(type(each)))
    return found


def is_replaced(owner: type, name: str) -> bool:
    """Returns whether a method isn't the one that the class was defined with. Tracers leave what they wrap."""
    found = vars(owner).get(name)
    return getattr(found, "__module__", None) != owner.__module__ or hasattr(found, "__wrapped__")


def _dotted(middleware: Any) -> str:
    return f"{getattr(middleware, '__module__', '')}.{getattr(middleware, '__qualname__', '')}"
