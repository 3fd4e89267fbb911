"""Writes log lines as JSON, each with the ids of the request that it belongs to.

The backend ``json_logs`` sets a formatter for each ``logging.StreamHandler`` of the root logger, of Django's loggers
and of this package's logger. A project with its own ``LOGGING`` can name ``JSONFormatter`` there instead.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone
from typing import Any, Final

from pythonjsonlogger.json import JsonEncoder
from pythonjsonlogger.orjson import OrjsonFormatter

from macaron_django.api.plans.observed_operations import operation_of
from macaron_django.auth.caller import get_userid
from macaron_django.observability.event_backend import EventBackend
from macaron_django.observability.request_contexts import current_context
from macaron_django.observability.request_middleware import ACCESS_LOGGER

__all__ = ["JSONFormatter", "JSONLogs"]

_FORMAT: Final = ("levelname", "name", "message")
_LOGGERS: Final = ("", "django", "django.server", "macaron_django")


class JSONFormatter(OrjsonFormatter):
    """A formatter for ``LOGGING``: ``{"()": "macaron_django.observability.JSONFormatter"}``."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("rename_fields", {"levelname": "level", "name": "logger", "exc_info": "exception"})
        options.setdefault("timestamp", "time")
        super().__init__(_FORMAT, **options)

    def format(self, record: logging.LogRecord) -> str:
        # An access line has no other attributes. Looking for them would cost more than the line itself.
        fields: dict[str, Any] | None = record.__dict__.get("access")
        if fields is None:
            return super().format(record)
        return self.serialize_log_record(
            {
                "time": datetime.fromtimestamp(record.created, timezone.utc),
                "level": record.levelname,
                "logger": record.name,
                "message": record.getMessage(),
                **fields,
            }
        )

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        try:
            return super().jsonify_log_record(log_data)
        except TypeError:  # orjson refuses lone surrogates, which a JWT's claims may have, and integers over 64 bits
            return json.dumps(log_data, cls=JsonEncoder, skipkeys=True)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        super().add_fields(log_data, record, message_dict)
        for name in ("request", "wsgi_request", "USER_ID"):  # Django's are objects, this package's is text
            log_data.pop(name, None)
        log_data.setdefault("user", get_userid())
        context = current_context()
        if context is not None:
            log_data.setdefault("request_id", context.request_id)
            log_data.setdefault("trace_id", context.trace_id)
            operation = operation_of(context.request)
            if operation is not None:
                log_data.setdefault("operation_id", operation[1])


class JSONLogs(EventBackend):
    """A backend that formats log lines as JSON while it runs. It doesn't use events."""

    def start(self) -> None:
        self._before: list[tuple[logging.Handler, logging.Formatter | None]] = []
        self._added: logging.Handler | None = None
        root = logging.getLogger()
        if not root.handlers:
            self._added = logging.StreamHandler(sys.stderr)
            root.addHandler(self._added)
        for name in _LOGGERS:
            for handler in logging.getLogger(name).handlers:
                if type(handler) is logging.StreamHandler:
                    self._before.append((handler, handler.formatter))
                    handler.setFormatter(JSONFormatter())
        access = logging.getLogger(ACCESS_LOGGER)
        self._access_level = access.level
        if access.level == logging.NOTSET:
            access.setLevel(logging.INFO)

    def stop(self) -> None:
        for handler, formatter in self._before:
            handler.setFormatter(formatter)
        if self._added is not None:
            logging.getLogger().removeHandler(self._added)
        logging.getLogger(ACCESS_LOGGER).setLevel(self._access_level)
