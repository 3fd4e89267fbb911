"""The checks that run before a request's action. Each check is a function. A plan lists the checks of an operation."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rest_framework.authentication import BasicAuthentication, SessionAuthentication, TokenAuthentication
from rest_framework.exceptions import ParseError
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from macaron_django.api.routing.routers import control_characters
from macaron_django.auth.caller import remember_request
from macaron_django.auth.security_requirements import RequestMemory
from macaron_django.tracers import around, unwrapped
from macaron_django.tracers.known_tracers import CLOSURES

if TYPE_CHECKING:
    from rest_framework.request import Request

__all__ = [
    "HEADER_OR_SESSION",
    "OWN",
    "admit_anybody",
    "authenticate",
    "authenticate_by_header_or_session",
    "check_permissions",
    "check_throttles",
    "determine_version",
    "initial",
    "negotiate",
    "read_parameters",
    "refuse_control_characters",
    "tell_tracers",
]


def refuse_control_characters(view: Any, request: Request) -> None:
    """Refuses a path whose parameters contain NUL or another control character."""
    name = control_characters(view.kwargs)
    if name is not None:
        view.negotiate(request, force=True)
        raise ParseError(f"The path parameter {name!r} contains a control character.")


def initial(view: Any, request: Request) -> None:
    """Calls DRF's ``APIView.initial()``, in case a project or a tracer has replaced that method."""
    APIView.initial(view, request, *view.args, **view.kwargs)


def tell_tracers(view: Any, request: Request) -> None:
    """Runs the wrappers that tracers have put around DRF's ``initial()``, but not the method itself."""
    _around_nothing(vars(APIView)["initial"])(view, request, *view.args, **view.kwargs)


@lru_cache(maxsize=4)
def _around_nothing(initial: Any) -> Any:
    layers, _ = unwrapped(initial, CLOSURES)
    return around(_do_nothing, layers)


def _do_nothing(*_: Any, **__: Any) -> None:
    pass


def negotiate(view: Any, request: Request) -> None:
    """Chooses the renderer."""
    view.negotiate(request)


def determine_version(view: Any, request: Request) -> None:
    """Determines the API's version with the viewset's ``versioning_class``."""
    request.version, request.versioning_scheme = view.determine_version(request, *view.args, **view.kwargs)


def authenticate(view: Any, request: Request) -> None:
    """Authenticates the request."""
    view.perform_authentication(request)


def authenticate_by_header_or_session(view: Any, request: Request) -> None:
    """Authenticates the request. If the request has neither an Authorization header nor a session, DRF's usual
    authenticators aren't called.
    """
    http_request = request._request
    has_credentials = "HTTP_AUTHORIZATION" in http_request.META or hasattr(http_request, "user")
    # DRF's test client replaces the authenticators if a test forces a user.
    is_usual = HEADER_OR_SESSION.issuperset(map(type, request.authenticators or ())) and _methods() == _METHODS
    if has_credentials or not is_usual:
        view.perform_authentication(request)
        return
    request._authenticator = None  # type: ignore[attr-defined]  # as DRF does
    _admit(request)


#: The authenticators that read the header ``Authorization`` or the user that a middleware has set. ``RequestMemory``
#: only remembers the request.
HEADER_OR_SESSION = frozenset({RequestMemory, BasicAuthentication, SessionAuthentication, TokenAuthentication})


def _methods() -> tuple[Any, ...]:
    """Returns the ``authenticate`` methods of the classes in ``HEADER_OR_SESSION``. A test may have replaced them."""
    return (
        *(RequestMemory.authenticate, BasicAuthentication.authenticate),
        *(SessionAuthentication.authenticate, TokenAuthentication.authenticate),
    )


_METHODS = _methods()


def admit_anybody(view: Any, request: Request) -> None:
    """Sets the anonymous user for a public operation, as DRF does if no authenticator succeeds."""
    if request.authenticators:  # DRF's test client has forced a user
        view.perform_authentication(request)
        return
    _admit(request)


def _admit(request: Request) -> None:
    remember_request(request)  # as an authenticator does
    user: Any = api_settings.UNAUTHENTICATED_USER
    token: Any = api_settings.UNAUTHENTICATED_TOKEN
    request.user = user() if user else None  # type: ignore[assignment]  # as DRF does
    request.auth = token() if token else None


def check_permissions(view: Any, request: Request) -> None:
    """Checks the viewset's permissions."""
    view.check_permissions(request)


def check_throttles(view: Any, request: Request) -> None:
    """Checks the viewset's throttles."""
    view.check_throttles(request)


def read_parameters(view: Any, request: Request) -> None:
    """Reads the parameters. If a parameter's value is wrong, the response is a 400, and the action isn't called."""
    view.parameters  # noqa: B018 (a property that reads them once)


#: The checks that don't call code of the project, which might set a hook on the view. ``negotiate`` calls such code if
#: a project overrides a hook of the negotiation.
OWN = frozenset(
    {refuse_control_characters, tell_tracers, negotiate, admit_anybody, authenticate_by_header_or_session}
    | {read_parameters}
)
