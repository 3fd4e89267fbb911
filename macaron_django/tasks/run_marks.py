"""Ensures that a task writes to DynamoDB only once: its transaction also writes a mark under the task's id."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Final

from macaron_django.dynamodb import Persistence, transaction
from macaron_django.dynamodb.calls.retries import UPDATE_CONFLICTS
from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.exceptions import ItemExists, StaleItem, WriteOutcomeUnknown
from macaron_django.tasks.item_tables import marks_table
from macaron_django.tasks.messages.task_messages import Message

__all__ = ["done_once"]

#: The seconds that a mark is stored. If a message arrives twice, it arrives the second time within minutes, or after
#: the broker's redelivery time.
MARK_KEPT: Final = 30 * 24 * 3600


def done_once(message: Message, call: Callable[[], Any]) -> Any:
    """Calls a task's function in a transaction that also writes the task's mark.

    If the mark already exists, returns None without calling the function. A second run writes nothing, even if both
    runs happen at the same time. If DynamoDB's response is lost, the mark shows whether the transaction was applied.
    """
    marks = marks_table()
    key = marks.key(message.id)
    if marks.get_item(key, consistent=True) is not None:
        return None
    item: AttributeMap = {
        **key,
        "task": {"S": message.task},
        "done": {"S": datetime.now(timezone.utc).isoformat()},
        "ttl": {"N": str(int(time.time()) + MARK_KEPT)},
    }
    for attempt in UPDATE_CONFLICTS:
        try:
            return _marked(marks, item, call)
        except (ItemExists, StaleItem, WriteOutcomeUnknown) as error:  # noqa: PERF203 (each attempt is sent)
            if marks.get_item(key, consistent=True) is not None:
                return None
            # Nothing was written, because another transaction, perhaps of the same task's other run, uses an item.
            is_held = type(error) is StaleItem
            if attempt.is_last or not is_held:
                raise
    raise AssertionError("unreachable")  # pragma: no cover


def _marked(marks: Persistence, item: AttributeMap, call: Callable[[], Any]) -> Any:
    with transaction():
        returned = call()
        marks.put_item(item, condition="absent")
    return returned
