"""Turns log records, and the events of ``macaron_django.events``, into metrics, log lines and reports.

A backend subscribes to these events; settings name the backends in use. Open ``backends`` for the list of backends,
``metrics/`` for Prometheus and CloudWatch, ``opentelemetry_spans`` for OpenTelemetry, ``sentry_reports`` for Sentry,
``json_logs`` for log lines as JSON, ``request_middleware`` for request ids and access lines, ``slow_calls`` and
``monitors`` for PyMacaron's functions, and ``log_records`` for the user in log records.
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
