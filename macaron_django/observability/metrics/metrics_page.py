"""Answers GET /metrics for Prometheus.

The function in the setting ``METRICS_ACCESS`` decides which clients may read the metrics. If this setting isn't set, a
client must send the token in the setting ``METRICS_TOKEN``.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from macaron_django.conf import settings

__all__ = ["anybody", "metrics", "metrics_patterns"]


def metrics_patterns() -> list[URLPattern]:
    """Returns the URL pattern of the page, or an empty list if the settings don't name the backend."""
    return [path("metrics", metrics, name="metrics")] if "prometheus" in settings.OBSERVABILITY.BACKENDS else []


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Returns a response with the metrics of all processes of the server, in the format that the Accept header names.

    Clients without access get a 404, because they shouldn't learn that there are metrics.
    """
    if "prometheus" not in settings.OBSERVABILITY.BACKENDS or not _may_read(request):
        raise Http404("There is nothing at this path.")
    from prometheus_client import REGISTRY, CollectorRegistry
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type)


def anybody(request: HttpRequest) -> bool:
    """Lets everyone read the metrics. Use it as ``METRICS_ACCESS`` if only Prometheus can reach the path."""
    return True


def _may_read(request: HttpRequest) -> bool:
    section = settings.OBSERVABILITY
    if section.METRICS_ACCESS is not None:
        named = section.METRICS_ACCESS
        rule: Callable[[HttpRequest], object] = named if callable(named) else import_string(named)
        return bool(rule(request))
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted = section.METRICS_TOKEN
    return bool(wanted) and scheme.lower() == "bearer" and constant_time_compare(token.strip(), wanted)
