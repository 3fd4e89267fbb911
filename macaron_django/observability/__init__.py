"""Turns log records, and the events of ``macaron_django.events``, into metrics, log lines and reports.

A backend subscribes to these events. The settings name the backends in use. The modules and folders:

- ``backends``: the list of backends
- ``metrics``: Prometheus and CloudWatch
- ``opentelemetry_spans``: OpenTelemetry
- ``sentry_reports``: Sentry
- ``json_logs``: log lines as JSON
- ``request_middleware``: request IDs and access lines
- ``slow_calls`` and ``monitors``: PyMacaron's functions
- ``log_records``: the user in log records
"""

from macaron_django.lazy_exports import lazy_exports

__all__ = [
    "JSONFormatter",
    "RequestMiddleware",
    "UserFilter",
    "UserLogger",
    "log_to_stdout",
    "monitor",
    "monitor_init",
    "pymlogger",
    "root_logger",
    "set_level",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "json_logs": ("JSONFormatter",),
        "log_records": ("UserFilter", "UserLogger", "log_to_stdout", "pymlogger", "root_logger", "set_level"),
        "monitors": ("monitor", "monitor_init"),
        "request_middleware": ("RequestMiddleware",),
    },
)
