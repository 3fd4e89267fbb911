"""What a project's log, metrics and traces get from this package: for now, the user's id in log records.

Records come in from ``logging``; they go out with the id of the user whose request is being served. Open
``log_records`` for the logger, the filter and the levels.
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
