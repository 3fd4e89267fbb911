"""Stores messages in DynamoDB (the outbox) until the broker has accepted them.

A message is stored in the same transaction as the items. If a process dies or the broker doesn't answer, messages stay
in the outbox. The relay (``manage.py macaronrelay``) then sends each of these messages at least once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from macaron_django.exceptions import PersistenceError, StaleItem, TaskNotSent
from macaron_django.tasks.item_tables import outbox_table
from macaron_django.tasks.messages.task_messages import BadMessage, Message, read_message
from macaron_django.tasks.task_backend import TaskBackend

__all__ = ["GRACE", "put_away", "put_in", "relay"]

logger = logging.getLogger("macaron_django")

#: The seconds in which the process that wrote a message must send it. A relay has the same time for each attempt.
GRACE: Final = 30
_PAGE: Final = 100


def put_in(message: Message) -> None:
    """Writes a message to the outbox, as part of the open transaction if there is one."""
    item = {
        "id": {"S": message.id},
        "due": {"N": str(int(time.time()) + GRACE)},
        "task": {"S": message.task},
        "payload": {"S": message.signed()},
        "attempts": {"N": "0"},
    }
    outbox_table().put_item(item, condition="absent")


def put_away(message: Message) -> None:
    """Deletes a message that the broker has accepted. If this fails, the message will be sent a second time."""
    outbox = outbox_table()
    try:
        outbox.delete_item(outbox.key(message.id))
    except PersistenceError:
        logger.warning(
            "Task %s [%s] was sent but is still in the outbox, so it will be sent again.", message.task, message.id
        )


def relay(backend: TaskBackend, *, now: Callable[[], float] = time.time) -> int:
    """Sends each outbox message that is due, and returns how many messages the broker has accepted.

    Several relays can share the work. A relay claims each message with a conditional update. If the relay doesn't send
    the message within ``GRACE`` seconds, another relay can claim it. A message that the broker refuses stays in the
    outbox.
    """
    outbox, sent, start = outbox_table(), 0, None
    while True:
        page = outbox.scan(consistent=True, limit=_PAGE, start=start)
        due = [item for item in page.items if int(item["due"]["N"]) <= now()]
        sent += sum(_sent(item, backend, now()) for item in due)
        start = page.last_key
        if start is None:
            return sent


def _sent(item: dict[str, Any], backend: TaskBackend, now: float) -> bool:
    outbox, key = outbox_table(), {"id": item["id"]}
    due = {"N": str(int(now) + GRACE)}
    try:
        outbox.update_item(
            key, {"due": due}, add={"attempts": {"N": "1"}}, condition="present", expected={"due": item["due"]}
        )
    except StaleItem:  # another relay has the message, or it was sent
        return False
    try:
        message = read_message(item["payload"]["S"])
        backend.send(message)
    except (BadMessage, TaskNotSent) as error:
        logger.warning("Task %s [%s] stays in the outbox: %s", item["task"]["S"], item["id"]["S"], error)
        return False
    except Exception:  # an error of the backend, such as an unknown queue: send the other messages
        logger.exception("Task %s [%s] stays in the outbox.", item["task"]["S"], item["id"]["S"])
        return False
    put_away(message)
    return True
