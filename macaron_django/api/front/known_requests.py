"""The common part of the WSGI and ASGI fronts: finds known requests, and serves them."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

from django.core.handlers import exception
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.http.response import HttpResponseBase
from django.urls import get_resolver, set_urlconf
from django.utils.log import log_response

from macaron_django.api.answers.json_answers import JSONAnswer
from macaron_django.api.front.known_middleware import Environ
from macaron_django.api.front.middleware_chain import AfterStep, MiddlewareChain
from macaron_django.api.front.request_signals import RequestSignal
from macaron_django.api.front.routes import OperationRoute, Routes
from macaron_django.conf import django_setting
from macaron_django.tracers import around

__all__ = ["Found", "Front", "rendered"]


class Found(NamedTuple):
    """The decoded path of a known request (below the script name), and the route and arguments of its operation."""

    path: str
    route: OperationRoute
    arguments: dict[str, str]


class Front:
    """Serves operations without calling Django's handler, but runs the handler's middleware.

    ``sender`` is the sender of Django's signals.
    """

    def __init__(self, handler: WSGIHandler, sender: type[Any]) -> None:
        self.handler, self.sender = handler, sender
        self.chain = MiddlewareChain.of(handler)
        self.started = RequestSignal(request_started, sender)
        self.finished = RequestSignal(request_finished, sender)
        self._routes: Routes | None = None
        responses = self.chain.responses
        self._get_response: Any = around(self._by_request, responses) if responses else None

    def _by_request(self, handler: WSGIHandler, request: Any) -> Any:
        """Replaces the handler's ``get_response()``, inside the wrappers that tracers have put around that method."""
        return self._respond(request, self.chain)

    @property
    def is_in_charge(self) -> bool:
        """Whether the front serves operations. If it doesn't, Django's handler serves them.

        The front serves operations only if all middleware is known, and if Django's debugging settings are off.
        """
        return self.chain.is_known and not (django_setting("DEBUG") or django_setting("DEBUG_PROPAGATE_EXCEPTIONS"))

    def find(self, path: str) -> Found | None:
        """Returns the route and arguments of an operation's path; None for any other path."""
        try:
            found = self.routes.find(path)
        except Exception:  # noqa: BLE001 (a URLconf can't be imported: Django's handler raises the same error)
            return None
        return None if found is None else Found(path, *found)

    def leaves(self, environ: Environ, path: str) -> bool:
        """Returns whether a middleware needs Django's handler for the request."""
        for leaves in self.chain.leaves:  # noqa: SIM110 (a generator costs more)
            if leaves(environ, path):
                return True
        return False

    @property
    def routes(self) -> Routes:
        """The routes of the current root URLconf."""
        routes, resolver = self._routes, get_resolver()
        if routes is None or routes.resolver is not resolver:
            routes = self._routes = Routes(resolver)
        return routes

    def response(self, request: Any) -> Any:
        """Returns the response to a request. Django's handler would return the same response."""
        set_urlconf(django_setting("ROOT_URLCONF"))
        if self._get_response is not None:
            response = self._get_response(self.handler, request)
        else:
            response = self._respond(request, self.chain)
        return self._logged(request, response)

    def _respond(self, request: Any, chain: MiddlewareChain) -> Any:
        response, after_steps = self._enter(request, chain)
        if response is None:
            try:
                response = self._answer(request) if chain.around is None else self._through(request, *chain.around)
            except Exception as error:  # noqa: BLE001 (Django turns every exception of a view into a response)
                response = exception.response_for_exception(request, error)
        return self._leave(request, response, after_steps)

    def _through(self, request: Any, middleware: Any, inner: MiddlewareChain) -> Any:
        """Returns the response of a middleware that wraps the rest of the chain."""
        around_inner = copy.copy(middleware)
        around_inner.get_response = lambda request: self._respond(request, inner)
        return around_inner(request)

    def enter(self, request: Any) -> tuple[Any, list[AfterStep]]:
        """Runs the middleware's steps before the view. Returns a response or None, and the steps to run after the view.

        The response is None unless one of the steps has raised an exception.
        """
        set_urlconf(django_setting("ROOT_URLCONF"))
        return self._enter(request, self.chain)

    @staticmethod
    def _enter(request: Any, chain: MiddlewareChain) -> tuple[Any, list[AfterStep]]:
        after_steps = chain.after
        try:
            for before, outside in chain.before:
                after_steps = chain.after[len(chain.after) - outside :]
                before(request)
        except Exception as error:  # noqa: BLE001 (Django turns every exception of a middleware into a response)
            return exception.response_for_exception(request, error), after_steps
        return None, chain.after

    def leave(self, request: Any, response: Any, after_steps: list[AfterStep]) -> Any:
        """Runs the middleware's steps after the view, and returns the response."""
        return self._logged(request, self._leave(request, response, after_steps))

    @staticmethod
    def _leave(request: Any, response: Any, after_steps: list[AfterStep]) -> Any:
        for after in after_steps:
            try:
                response = after(request, response)
            except Exception as error:  # noqa: BLE001, PERF203 (the outer steps still run, as in Django)
                response = exception.response_for_exception(request, error)
        return response

    @staticmethod
    def _logged(request: Any, response: Any) -> Any:
        response._resource_closers.append(request.close)
        if response.status_code >= 400:
            log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
        return response

    def _answer(self, request: Any) -> Any:
        """Calls the view, and returns its rendered response."""
        match = request.resolver_match
        view = self.handler.make_view_atomic(match.func)
        try:
            response = view(request, **match.kwargs)
            if not isinstance(response, HttpResponseBase):
                self.handler.check_response(response, view)
            return rendered(response)
        except Exception as error:
            self.failed(request, error)
            raise

    def failed(self, request: Any, error: Exception) -> None:
        """Passes an exception that the view has raised to each middleware that handles exceptions."""
        for failed in self.chain.failing:
            failed(request, error)


def rendered(response: Any) -> Any:
    """Returns the response with its content rendered."""
    if type(response) is JSONAnswer:
        return response
    render = getattr(response, "render", None)
    return render() if callable(render) else response
