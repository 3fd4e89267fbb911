"""What a project's log, metrics and traces get from this package.

Events come in (``macaron_django.events``), and records from ``logging``; they go out to the backends that the setting
``OBSERVABILITY`` names, and with the id of the user whose request is being served. Open ``backends`` for what is
switched on, ``opentelemetry_spans`` and ``sentry_reports`` for what these two are told, and ``log_records`` for the
logger, the filter and the levels.
"""

from macaron_django.observability.log_records import (
    UserFilter,
    UserLogger,
    log_to_stdout,
    pymlogger,
    root_logger,
    set_level,
)

__all__ = ["UserFilter", "UserLogger", "log_to_stdout", "pymlogger", "root_logger", "set_level"]
