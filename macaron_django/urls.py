"""The URLs of all APIs, documentation pages and metrics, for `path("", include("macaron_django.urls"))`.

``SERVE`` may leave out APIs. Importing this module raises ``BrokenSpecError``, an ``ImproperlyConfigured``, if a spec
has errors, ``DEBUG`` is off, and ``ON_BROKEN_SPEC`` isn't ``leave_out``.
"""

from __future__ import annotations

from typing import Any

from macaron_django.broken_specs import broken_apis
from macaron_django.conf import settings
from macaron_django.registry import is_chosen, registry

_unserved = {api.name for api in registry if not (api.builtin or is_chosen(api.name))}
urlpatterns: list[Any] = [*registry.urls(without=broken_apis() | _unserved)]
if settings.OBSERVABILITY.BACKENDS:
    from macaron_django.observability.metrics.metrics_page import metrics_patterns

    urlpatterns += metrics_patterns()
