"""Adds the user of the current request to log records, as PyMacaron's logger does.

In Django's ``LOGGING``::

    "filters": {"user": {"()": "macaron_django.observability.UserFilter"}},
    "formatters": {"line": {"format": "%(asctime)s%(USER_ID)s %(name)s %(levelname)s %(message)s"}},
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from macaron_django.auth.caller import get_userid

if TYPE_CHECKING:
    Adapter = logging.LoggerAdapter[logging.Logger]
else:
    Adapter = logging.LoggerAdapter  # generic at run time from Python 3.11

__all__ = ["DEFAULT_LEVEL", "UserFilter", "UserLogger", "log_to_stdout", "pymlogger", "root_logger", "set_level"]

DEFAULT_LEVEL = logging.DEBUG
#: The loggers whose level ``set_level`` sets, in addition to the root logger.
PACKAGES = ("macaron_django", "django", "pymacaron", "pymacaron_async")
#: Below these levels, the records of these loggers are useless for a service, and may quote its requests to AWS.
QUIET = {"boto3": logging.WARNING, "botocore": logging.WARNING, "urllib3": logging.INFO, "pynamodb": logging.INFO}


def _user_text() -> str:
    """Returns ``" [id]"``, or an empty text if the user isn't known. Unprintable characters of the id are replaced."""
    user_id = get_userid()
    return f" [{''.join(letter if letter.isprintable() else '?' for letter in user_id)}]" if user_id else ""


class UserFilter(logging.Filter):
    """A filter for handlers. It sets the attribute ``USER_ID`` of each record: ``" [ada]"``, or an empty text."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "USER_ID"):
            record.USER_ID = _user_text()
        return True


class UserLogger(Adapter):
    """A named logger whose records have ``USER_ID``, whichever handler writes them."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(logging.getLogger(name or "macaron_django"), {})

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = self.get_extra(kwargs.get("extra") or {})
        return msg, kwargs

    def get_extra(self, extra: MutableMapping[str, Any]) -> dict[str, Any]:
        """Returns ``extra`` with the ``USER_ID`` added."""
        return {**extra, "USER_ID": _user_text()}

    def warn(self, msg: object, *args: object, **kwargs: Any) -> None:
        """Logs a warning, like ``warning``."""
        self.warning(msg, *args, **{**kwargs, "stacklevel": kwargs.get("stacklevel", 1) + 1})


def pymlogger(name: str | None = None) -> UserLogger:
    """Returns the logger with this name, or this package's logger if no name is given."""
    return UserLogger(name)


def root_logger() -> logging.Logger:
    """Returns the root logger."""
    return logging.getLogger()


def set_level(newlevel: int | str) -> None:
    """Sets the level of the root logger, and of the loggers that belong to Django, this package and PyMacaron."""
    for logger in (logging.getLogger(), *map(logging.getLogger, PACKAGES)):
        logger.setLevel(newlevel)


def log_to_stdout(celery: bool = False) -> None:
    """Writes all records of ``DEFAULT_LEVEL`` and above to standard output, with the user, as PyMacaron does.

    The function replaces the root logger's handlers. If ``celery`` is true, each line says that the process is a
    worker. A project with ``LOGGING`` doesn't need this function.
    """
    kind = "WORKER" if celery else "DJANGO"
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        logging.Formatter(f"%(asctime)s - {kind} %(process)d%(USER_ID)s %(name)s - %(levelname)s - %(message)s")
    )
    handler.addFilter(UserFilter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(DEFAULT_LEVEL)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
