"""Finds out whether a middleware might need responses of Django REST framework's class ``Response``.

In ``process_template_response()``, a middleware can read the ``data`` of a DRF ``Response``, and change it before it is
rendered. If any middleware does so, an action must not return a response that is already rendered.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.module_loading import import_string

__all__ = ["reads_drf_responses"]

#: The middleware classes of other packages that read only headers, status and bytes.
_KNOWN = frozenset(
    {
        "aws_xray_sdk.ext.django.middleware.XRayMiddleware",
        "corsheaders.middleware.CorsMiddleware",
        "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
    }
)


def reads_drf_responses(middleware: Iterable[str]) -> bool:
    """Returns whether a middleware might need a DRF ``Response``.

    ``middleware`` has dotted paths, as in ``settings.MIDDLEWARE``. Django's own middleware reads only headers,
    status and bytes. Any unknown middleware might need a ``Response``. Functions, subclasses of known classes, and
    names that can't be imported also count as unknown. The plans of operations and the module
    ``macaron_django.api.front`` both call this function, so that they always agree.

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
        return False  # OpenTelemetry passes responses to the project's hook
    return found.__module__.startswith("django.") or f"{found.__module__}.{found.__qualname__}" in _KNOWN
