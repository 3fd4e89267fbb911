"""Finds out whether a middleware may need Django REST framework's own responses.

In ``process_template_response()``, a middleware can read the ``data`` of a DRF ``Response``, and change it before it is
rendered. An action returns a response of bytes only if no middleware may do so.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.module_loading import import_string

__all__ = ["reads_drf_responses"]

#: Middleware of other packages, by its class, that reads headers, status and bytes only.
_KNOWN = frozenset(
    {
        "aws_xray_sdk.ext.django.middleware.XRayMiddleware",
        "corsheaders.middleware.CorsMiddleware",
        "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
    }
)


def reads_drf_responses(middleware: Iterable[str]) -> bool:
    """Returns whether one of the middleware, named as in ``settings.MIDDLEWARE``, may need a DRF ``Response``.

    Every unknown middleware may need it: a subclass of a known class, a function, a name that can't be imported.
    Django's own middleware reads only headers, status and bytes. Plans of operations and the front (``api/front``) both
    call this function, so that they always agree.

    >>> reads_drf_responses(["django.middleware.gzip.GZipMiddleware"])
    False
    >>> reads_drf_responses(["django.middleware.gzip.GZipMiddleware", "shop.middleware.Envelopes"])
    True
    """
    return not all(map(_is_known, middleware))


def _is_known(dotted: str) -> bool:
    try:
        found = import_string(dotted)
    except ImportError:
        return False
    if not isinstance(found, type) or getattr(found, "_otel_response_hook", None) is not None:
        return False  # OpenTelemetry gives responses to a hook of the project's
    return found.__module__.startswith("django.") or f"{found.__module__}.{found.__qualname__}" in _KNOWN
