"""The URLs of all APIs, documentation pages and metrics, for `path("", include("macaron_django.urls"))`.

The setting ``SERVE`` can leave out APIs. If a spec has errors, importing this module raises ``BrokenSpecError``, which
is a subclass of ``ImproperlyConfigured``. The exception isn't raised if ``DEBUG`` is on or ``ON_BROKEN_SPEC`` is
``leave_out``.
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
