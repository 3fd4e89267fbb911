"""Notifies the subscribers to ``macaron_django.events`` when an operation begins and ends, once for each request.

The views send the events, because both Django's handler and ``macaron_django.api.front`` call the same views.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase

from macaron_django.auth.caller import get_userid
from macaron_django.drivers import Steps
from macaron_django.events import OPERATIONS, Observed, OperationBegan, OperationEnded

if TYPE_CHECKING:
    from macaron_django.api.plans.served_operations import Served

__all__ = ["CLIENT_LEFT", "ObservedOperations", "OperationNames", "operation_of", "user_id_of"]

#: The status of a request whose client disconnected before the response. HTTP defines no such status, so nginx's is
#: used.
CLIENT_LEFT: Final = 499
_OTHER: Final = "_OTHER"

#: API, operationId, method and route.
OperationNames = tuple[str, str, str, str]
#: Status, error code, error id and exception.
_How = tuple[int, str, str, BaseException | None]
_End = Callable[[_How], None]
_FLAGS: Final = (bool, property)


class ObservedOperations:
    """Calls the operations of one path, and notifies subscribers when an operation begins and ends.

    ``methods`` has HTTP's standard methods and the methods in the spec.
    """

    def __init__(self, api: str, served: Mapping[str, Served], methods: list[str]) -> None:
        self._api, self._served = api, served
        self._methods = {method.upper() for method in methods}
        self._route = next((each.operation.route for each in served.values()), "")
        self._names: dict[str, OperationNames] = {}

    def answered(
        self,
        view: Callable[..., HttpResponseBase],
        request: HttpRequest,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> HttpResponseBase:
        """Calls ``view`` with the request and these arguments, and returns its response."""
        names = self.named(request.method or "")
        observed = OPERATIONS.begin(OperationBegan(*names, request))
        try:
            response = view(request, *args, **kwargs)
        except BaseException as error:
            observed.leave()
            _end(names, request, observed, user_id_of(request), _failed(error))
            raise
        _leave(names, request, observed, response)
        return response

    def answered_in_steps(self, request: HttpRequest, steps: Steps[HttpResponseBase]) -> Steps[HttpResponseBase]:
        """Does the same as ``answered``, but in steps (``macaron_django.drivers``)."""
        names = self.named(request.method or "")
        observed = OPERATIONS.begin(OperationBegan(*names, request))
        try:
            response = yield from steps
        except BaseException as error:
            observed.leave()
            _end(names, request, observed, user_id_of(request), _failed(error))
            raise
        _leave(names, request, observed, response)
        return response

    def named(self, method: str) -> OperationNames:
        """Returns the API, operationId, method and route of the path's operation for this HTTP method.

        If there is no such operation, the operationId is empty.
        """
        names = self._names.get(method)
        if names is None:
            method = method if method in self._methods else _OTHER
            key = method.lower()
            served = self._served.get(key) or (self._served.get("get") if key == "head" else None)
            operation_id = "" if served is None else served.operation.operation_id or ""
            names = self._names[method] = (self._api, operation_id, method, self._route)
        return names


def _leave(names: OperationNames, request: HttpRequest, observed: Observed[OperationEnded], response: Any) -> None:
    """Ends an operation at once, or when its response is rendered, or when its streamed response is closed."""
    user_id = user_id_of(request)
    observed.leave()
    if not response.streaming and getattr(response, "is_rendered", True):
        _end(names, request, observed, user_id, _answered(response))
    else:
        _end_later(partial(_end, names, request, observed, user_id), response)


def _end_later(end: _End, response: Any) -> None:
    if response.streaming:
        response._resource_closers.append(partial(end, _answered(response)))
    else:
        response.render = _Rendering(response, end)


def _end(
    names: OperationNames,
    request: HttpRequest,
    observed: Observed[OperationEnded],
    user_id: str,
    how: _How,
) -> None:
    api, operation_id, method, route = names
    status, code, error_id, error = how
    seconds = perf_counter() - observed.began_at
    observed.end(
        OperationEnded(api, operation_id, method, route, status, seconds, code, error_id, user_id, error, request)
    )


class _Rendering:
    """Replaces a response's ``render()``.

    Ends the operation when ``render()`` is called, or when the response is deleted.
    """

    def __init__(self, response: Any, end: _End) -> None:
        self._response, self._end = weakref.ref(response), end  # a reference cycle would keep the response's objects
        self._how: _How | None = _answered(response)

    def __call__(self) -> Any:
        response: Any = self._response()
        how, self._how = self._how or _answered(response), None
        vars(response).pop("render", None)
        try:
            rendered = response.render()
        except BaseException as error:
            self._end(_failed(error))
            raise
        self._end(how)
        return rendered

    def __del__(self) -> None:
        if self._how is not None:
            self._end(self._how)


def operation_of(request: HttpRequest) -> OperationNames | None:
    """Returns the API, operationId, method and route of the operation that serves a request. Returns None if the
    request's view doesn't serve operations.
    """
    view: Any = getattr(request.resolver_match, "func", None)
    plans = getattr(view, "initkwargs", {}).get("plans")
    observed = getattr(plans, "observed", None)
    return observed.named(request.method or "") if isinstance(observed, ObservedOperations) else None


def user_id_of(request: HttpRequest) -> str:
    """Returns the id of a request's user, if it is already known. Doesn't authenticate the request."""
    user_id = get_userid()
    if user_id:
        return user_id
    attributes = vars(request)  # DRF's authenticators leave their user there, Django's leave a lazy object
    user = attributes.get("_cached_user") or attributes.get("user")
    kind = type(user)
    if user is None or getattr(kind, "pk", "") is None:  # like Django's AnonymousUser
        return ""
    if not isinstance(getattr(kind, "is_authenticated", None), _FLAGS):
        return ""
    return str(getattr(user, "pk", None) or "") if user.is_authenticated else ""


def _answered(response: Any) -> _How:
    """Returns the status, error code, error id and exception of a response.

    Removes the exception from the response, because the exception's traceback keeps objects alive.
    """
    attributes = vars(response)
    code, error_id = attributes.get("error_code", ""), attributes.get("error_id", "")
    return response.status_code, code, error_id, attributes.pop("_observed_exception", None)


def _failed(error: BaseException) -> _How:
    """Returns the status of Django's response to an exception, and the exception if the server is at fault."""
    if not isinstance(error, Exception):
        return CLIENT_LEFT, "", "", None
    if isinstance(error, Http404):
        return HTTPStatus.NOT_FOUND, "", "", None
    if isinstance(error, PermissionDenied):
        return HTTPStatus.FORBIDDEN, "", "", None
    if isinstance(error, (BadRequest, MultiPartParserError, SuspiciousOperation)):
        return HTTPStatus.BAD_REQUEST, "", "", None
    return HTTPStatus.INTERNAL_SERVER_ERROR, "", "", error
