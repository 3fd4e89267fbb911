"""Backends that subscribe to ``macaron_django.events``, and what a project's log gets from this package.

Events and log records come in; metrics, lines and reports go out. Open ``backends`` for those that a setting names,
``metrics/`` for Prometheus and CloudWatch, ``opentelemetry_spans`` and ``sentry_reports`` for OpenTelemetry and Sentry,
``json_logs`` for log lines as JSON, ``request_middleware`` for request ids and access lines, ``slow_calls`` and
``monitors`` for what PyMacaron had, and ``log_records`` for the user in records.
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
