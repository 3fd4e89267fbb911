"""Logs the failures of tasks, and reports them to ``MACARON["ERROR_REPORTER"]`` like failures of requests."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from macaron_django.api.answers.error_descriptions import describe
from macaron_django.api.answers.error_reports import report
from macaron_django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

    from macaron_django.tasks.messages.task_messages import Message

__all__ = ["TaskFailed", "WorkersKilled", "report_task_failure"]

logger = logging.getLogger("macaron_django")


class WorkersKilled(Exception):
    """All workers that received this task ended before the task was done."""


class TaskFailed(Exception):
    """A task has failed for good, and the failure was reported. ``error_id`` identifies the report."""

    def __init__(self, message: str, error_id: str = "") -> None:
        super().__init__(message, error_id)
        self.error_id = error_id


def report_task_failure(message: Message, error: Exception, request: HttpRequest | None, again_in: float | None) -> str:
    """Logs a failure with its traceback, and returns its ``error_id``.

    If no attempt follows, the failure is also reported.

    ``again_in`` is the number of seconds until the next attempt, or None if no attempt follows.
    """
    answer = describe(error)
    name = f"{message.task} [{message.id}]"
    extra = {"error_id": answer.error_id, "task": message.task, "task_id": message.id}
    if again_in is not None:
        logger.warning(
            "Task %s failed at attempt %d and will be tried again in %.1f s (error_id %s): %s",
            *(name, message.attempt, again_in, answer.error_id, type(error).__name__),
            exc_info=error,
            extra=extra,
        )
        return answer.error_id
    logger.error(
        "Task %s failed at attempt %d (error_id %s): %s",
        *(name, message.attempt, answer.error_id, type(error).__name__),
        exc_info=error,
        extra=extra,
    )
    facts: dict[str, Any] = {
        "error_id": answer.error_id,
        "is_fatal_error": True,
        "task": {
            "name": message.task,
            "id": message.id,
            "attempt": message.attempt,
            "request_id": message.caller.get("request_id"),
        },
        "response": {
            "status": max(answer.status, HTTPStatus.INTERNAL_SERVER_ERROR),
            "error_code": answer.code,
            "error_description": str(error),
            "user_message": answer.user_message,
        },
    }
    report(f"{answer.code}: {type(error).__name__}", facts, error, request, _keeper(message, error))
    return answer.error_id


def _keeper(message: Message, error: Exception) -> Callable[[Mapping[str, Any]], None] | None:
    if not settings.TASKS.KEEP_FAILURES_DAYS:
        return None
    from macaron_django.tasks.failed_tasks import keep_failure  # imports PynamoDB, which tasks may not need

    return partial(keep_failure, message, type(error).__name__)
