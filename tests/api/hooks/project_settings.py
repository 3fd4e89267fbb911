"""What projects have around their views: middleware, permissions, throttles and settings."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.middleware.gzip import GZipMiddleware
from rest_framework import exceptions, permissions, throttling, versioning
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from macaron_django.auth import get_user_token_data, get_userid
from tests.api.hooks.item_seeds import TICKET

HERE = __name__


class Watching:
    """A middleware that writes down what it can see of each request and its answer."""

    notes: list[str] = []

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        view = request.resolver_match
        self.note("route", view and (view.view_name, view.kwargs, view.route, getattr(view.func, "cls", type).__name__))
        self.note("user", type(getattr(request, "user", None)).__name__, str(getattr(request, "user", None)))
        self.note("who", get_userid(), get_user_token_data().get("sub"))
        self.note("data", getattr(response, "data", "no data"), response.status_code, response.reason_phrase)
        for name in ("accepted_media_type", "exception", "charset", "content_type", "streaming", "closed"):
            self.note(name, getattr(response, name, "nothing"))
        self.note("renderer", type(getattr(response, "accepted_renderer", None)).__name__)
        self.note("context", sorted(getattr(response, "renderer_context", None) or ()))
        self.note("rendered", getattr(response, "is_rendered", None), len(response.content), type(response.content))
        self.look(getattr(response, "renderer_context", None) or {})
        response["X-Watched"] = "yes"
        return response

    def look(self, context):
        """What DRF keeps beside a response."""
        if not context:
            return
        view, request = context["view"], context["request"]
        self.note("allowed", view.allowed_methods, view.action_map, view.action, view.detail, view.kwargs)
        self.note("name", view.get_view_name(), view.request is request)
        self.note("response", getattr(view, "response", None) is context.get("response"))
        self.note("request", request.version, sorted(request.parser_context), request.user == request._request.user)
        self.note("recognised", type(request.successful_authenticator).__name__, type(request.auth).__name__)
        self.note("ways", [type(each).__name__ for each in (*request.authenticators, *request.parsers)])
        self.note("accepted", request.accepted_media_type, type(request.accepted_renderer).__name__)

    def note(self, *what):
        self.notes.append(" ".join(map(repr, what)))

    def process_view(self, request, view_func, view_args, view_kwargs):
        self.note("view", getattr(view_func, "csrf_exempt", None), view_func.__name__, view_args, view_kwargs)

    def process_template_response(self, request, response):
        self.note("template response", type(response).__name__, response.is_rendered, response.data)
        response.add_post_render_callback(lambda rendered: self.note("rendered", rendered.content))
        return response

    def process_exception(self, request, exception):
        self.note("exception", type(exception).__name__)


class Rewriting:
    """A middleware that changes what answers hold before they are rendered, as DRF documents."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_template_response(self, request, response):
        if isinstance(response.data, dict):
            response.data = {"wrapped": response.data}
        return response


class WithoutChance(GZipMiddleware):
    """Django's own pads each answer by chance, and leaves one alone that padding makes longer than it was."""

    max_random_bytes = 0


class Twice(throttling.SimpleRateThrottle):
    rate = "2/day"
    scope = "twice"
    timer = staticmethod(lambda: 1_000_000.0)  # or the seconds that are left would tell the two ways apart

    def get_cache_key(self, request, view):
        return f"{request.method}.{type(view).__name__}.{view.action}"


class OnlyAda(permissions.BasePermission):
    message = "You aren't Ada."

    def has_permission(self, request, view):
        return request.method != "PUT" or request.headers.get("X-Who") == "ada"


class NotTheFirst(permissions.BasePermission):
    def has_object_permission(self, request, view, obj):
        return str(getattr(obj, "pk", "")) not in {"1", TICKET}


class OfQuery(versioning.QueryParameterVersioning):
    allowed_versions = ("1", "2")
    default_version = "1"
    version_param = "limit"


def own_handler(exc, context):
    """A project's EXCEPTION_HANDLER."""
    response = drf_exception_handler(exc, context)
    if response is None:
        response = Response({"own": type(exc).__name__}, status=getattr(exc, "status", 500))
    response["X-Own"] = type(context["view"]).__name__
    return response


def reraising_handler(exc, context):
    """A project's EXCEPTION_HANDLER that leaves all but a few to Django."""
    return Response({"detail": "no"}, status=404) if isinstance(exc, exceptions.NotFound) else None


STARTPROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def drf(*names: str) -> list[str]:
    return [f"rest_framework.{name}" for name in names]


#: What a project may set, by what it is about; MACARON and REST_FRAMEWORK are added to those of the tests.
SETTINGS: dict[str, dict[str, Any]] = {
    "no middleware": {"MIDDLEWARE": []},
    "DEBUG": {"DEBUG": True, "MIDDLEWARE": STARTPROJECT},
    "proxies believed, other hosts refused, another time zone": {
        "USE_X_FORWARDED_HOST": True,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "ALLOWED_HOSTS": ["testserver", "example.com", "p.example"],
        "TIME_ZONE": "Asia/Kolkata",
    },
    "languages": {
        "USE_I18N": True,
        "MIDDLEWARE": ["django.middleware.locale.LocaleMiddleware", "django.middleware.common.CommonMiddleware"],
    },
    "compression and conditions": {
        "MIDDLEWARE": [
            f"{HERE}.WithoutChance",
            "django.middleware.http.ConditionalGetMiddleware",
            "django.middleware.cache.UpdateCacheMiddleware",
        ]
    },
    "a middleware that looks": {"MIDDLEWARE": [*STARTPROJECT, f"{HERE}.Watching"]},
    "a middleware that changes": {"MIDDLEWARE": [f"{HERE}.Rewriting"]},
    "errors as problems": {"MACARON": {"ERROR_FORMAT": "problem"}},
    "errors as DRF's": {"MACARON": {"ERROR_FORMAT": "drf"}},
    "answers not validated, unknown parameters refused": {
        "MACARON": {"RESPONSE_VALIDATION": "off", "UNKNOWN_PARAMETERS": "refuse"}
    },
    "answers logged": {"MACARON": {"RESPONSE_VALIDATION": "log"}},
    "small bodies": {"MACARON": {"MAX_BODY_SIZE": 20, "MAX_BODY_DEPTH": 1}},
    "small pages, no cookie": {
        "MACARON": {"PAGE_SIZE": 1, "MAX_PAGE_SIZE": 2, "JWT": {"SECRET": settings.SECRET_KEY, "COOKIE": None}}
    },
    "users looked up, versions demanded": {
        "MACARON": {"JWT": {"SECRET": settings.SECRET_KEY, "USER": "lookup"}, "REQUIRE_IF_MATCH": True}
    },
    "throttled": {"REST_FRAMEWORK": {"DEFAULT_THROTTLE_CLASSES": [f"{HERE}.Twice"]}},
    "sessions": {
        "REST_FRAMEWORK": {
            "DEFAULT_AUTHENTICATION_CLASSES": drf(
                "authentication.SessionAuthentication", "authentication.BasicAuthentication"
            )
        },
        "MIDDLEWARE": STARTPROJECT,
    },
    "nobody authenticates": {"REST_FRAMEWORK": {"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None}},
    "closed": {"REST_FRAMEWORK": {"DEFAULT_PERMISSION_CLASSES": drf("permissions.IsAuthenticated")}},
    "permissions": {"REST_FRAMEWORK": {"DEFAULT_PERMISSION_CLASSES": [f"{HERE}.OnlyAda", f"{HERE}.NotTheFirst"]}},
    "a handler of exceptions": {"REST_FRAMEWORK": {"EXCEPTION_HANDLER": f"{HERE}.own_handler"}},
    "pages first": {
        "REST_FRAMEWORK": {"DEFAULT_RENDERER_CLASSES": drf("renderers.BrowsableAPIRenderer", "renderers.JSONRenderer")},
        "MIDDLEWARE": STARTPROJECT,
    },
    "JSON only, in ASCII": {
        "REST_FRAMEWORK": {
            "DEFAULT_RENDERER_CLASSES": drf("renderers.JSONRenderer"),
            "UNICODE_JSON": False,
            "COMPACT_JSON": False,
        }
    },
    "versions": {"REST_FRAMEWORK": {"DEFAULT_VERSIONING_CLASS": f"{HERE}.OfQuery"}},
    "another format parameter": {"REST_FRAMEWORK": {"URL_FORMAT_OVERRIDE": "whatever"}},
}


def merged(**changes: Any) -> dict[str, Any]:
    """Settings with what a case adds to MACARON and to DRF's own."""
    if "MACARON" in changes:
        changes["MACARON"] = {**settings.MACARON, **changes["MACARON"]}
    return changes
