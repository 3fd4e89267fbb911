"""Stores the tasks that have failed for good, and their reports, in DynamoDB. Sends these tasks again on request.

The tasks are stored for ``MACARON["TASKS"]["KEEP_FAILURES_DAYS"]`` days. The admin shows them.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any, Final, Literal

from macaron_django.conf import settings
from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.exceptions import PersistenceError, PyMacaronException, StaleItem
from macaron_django.tasks.item_tables import failed_task_model, failed_tasks_table
from macaron_django.tasks.messages.argument_json import UnsendableArgument
from macaron_django.tasks.messages.task_messages import BadMessage, Message, read_message
from macaron_django.tasks.task_backend import TaskBackend

__all__ = ["RunAgain", "can_be_run_again", "keep_failure", "note_done", "run_again"]

logger = logging.getLogger("macaron_django")

#: The number of characters of an error's description that the list shows.
_LONGEST_ERROR: Final = 500
#: The most bytes of a report's JSON. DynamoDB allows 400 KB for an item, and the task's message may need most of them.
_LONGEST_REPORT: Final = 64 * 1024
#: The most characters of each text in a report, and the most entries of each list. They are tried in this order, until
#: the report is short enough.
_CUTS: Final = ((16_384, 500), (2_048, 100), (256, 25))

#: The outcome of a request to run a task again. ``gone``: the task is no longer stored. ``unreadable``: the task's
#: message was too long to be stored, or is signed with another ``SECRET_KEY``.
RunAgain = Literal["sent", "running", "done", "gone", "unreadable"]


def keep_failure(message: Message, error: str, report: Mapping[str, Any]) -> None:
    """Stores a failed task with its report.

    An error here is only logged, because the failure itself is reported elsewhere.
    """
    description = str((report.get("response") or {}).get("error_description") or "")
    now = datetime.now(timezone.utc)
    values = {
        "id": message.id,
        "status": "failed",
        "failed_at": now,
        "task": message.task,
        "attempts": message.attempt,
        "error": f"{error}: {description}"[:_LONGEST_ERROR] if description else error,
        "error_id": str(report.get("error_id") or ""),
        "request_id": str(message.caller.get("request_id") or ""),
        "user": str((report.get("user") or {}).get("id") or ""),
        "report": _report_text(report),
        "ttl": int(time.time()) + settings.TASKS.KEEP_FAILURES_DAYS * 24 * 3600,
    }
    model: Any = failed_task_model()
    try:
        text = message.signed()
    except UnsendableArgument:  # the message is too long
        text = None
    try:
        row = model(**values, message=text) if text else model(**values)
        if text and not _fits(row):
            row = model(**values)
        row.save()
    except PyMacaronException:
        logger.warning("Task %s [%s] failed, but couldn't be stored.", message.task, message.id, exc_info=True)


def _fits(row: Any) -> bool:
    from macaron_django.dynamodb.codec.item_sizes import MAX_ITEM_SIZE, item_size

    return item_size(failed_tasks_table().encode(row)) <= MAX_ITEM_SIZE


def _report_text(report: Mapping[str, Any]) -> str:
    """Returns a report as JSON. If the report is too long, its longest texts and lists are cut."""
    text = json.dumps(report, default=str)
    for longest, most in _CUTS:
        if len(text) <= _LONGEST_REPORT:  # ASCII: one byte for each character
            return text
        text = json.dumps(_cut(report, longest, most), default=str)
    if len(text) <= _LONGEST_REPORT:
        return text
    return json.dumps({"error_id": report.get("error_id"), "unavailable": "The report is too long to be kept."})


def _cut(value: Any, longest: int, most: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else f"{value[:longest]}…"
    if isinstance(value, Mapping):
        return {name: _cut(member, longest, most) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        kept = value if len(value) <= most else [*value[: most // 2], "…", *value[-(most // 2) :]]
        return [_cut(member, longest, most) for member in kept]
    return value


def can_be_run_again(item: AttributeMap) -> bool:
    """Returns whether a failed task can be sent again.

    A task that is listed as running can be sent again if it was sent so long ago that its worker must have been killed.
    """
    status = item["status"]["S"]
    return status == "failed" or (status == "running" and _is_overdue(item))


def _is_overdue(item: AttributeMap) -> bool:
    since = datetime.fromisoformat(item["run_again_at"]["S"])
    return datetime.now(timezone.utc) - since > timedelta(seconds=settings.TASKS.VISIBILITY_TIMEOUT)


def run_again(task_id: str, backend: TaskBackend) -> RunAgain:
    """Sends a failed task again, with the same arguments and the same caller.

    For each failure, the task is sent again at most once, unless its worker seems to have been killed. Raises
    TaskNotSent if the broker doesn't accept the task. In this case, the task still counts as failed.
    """
    table = failed_tasks_table()
    key = table.key(task_id)
    item = table.get_item(key, consistent=True)
    if item is None:
        return "gone"
    if not can_be_run_again(item):
        return "done" if item["status"]["S"] == "done" else "running"
    try:
        message = read_message(item["message"]["S"]).run_again()
    except (BadMessage, KeyError):
        return "unreadable"
    began = {"S": datetime.now(timezone.utc).isoformat()}
    claimed = {"status": {"S": "running"}, "run_again_at": began}
    try:
        table.update_item(
            key,
            claimed,
            condition="present",
            expected={name: item.get(name) for name in ("status", "failed_at", "run_again_at")},
        )
    except StaleItem:  # another request was faster
        return "running"
    try:
        backend.send(message)
    except Exception:
        with suppress(PersistenceError):  # a worker has the task, or the task counts as running until it is overdue
            table.update_item(key, {"status": {"S": "failed"}}, condition="present", expected=claimed)
        raise
    return "sent"


def note_done(message: Message) -> None:
    """Records that a task was run again and is done. If that can't be recorded, the task is still listed as running."""
    table = failed_tasks_table()
    try:
        table.update_item(table.key(message.id), {"status": {"S": "done"}}, condition="present")
    except StaleItem:
        return  # the task is no longer stored
    except PersistenceError:
        logger.warning(
            "Task %s [%s] was run again and is done, but is still listed as running.",
            *(message.task, message.id),
        )
