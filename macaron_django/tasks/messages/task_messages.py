"""The message that carries a task to its worker: JSON, signed with ``SECRET_KEY``.

A worker refuses messages that its own service hasn't signed. So access to the broker isn't enough to run a task in a
user's name. Anyone who can read the broker's messages sees the user's claims and the arguments, but not the tokens.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from django.core.signing import BadSignature, Signer

from macaron_django.conf import settings
from macaron_django.schemas.values.generated_values import uuid7
from macaron_django.tasks.messages.argument_json import UnsendableArgument

__all__ = ["BadMessage", "Message", "new_task_id", "read_message"]

_SALT: Final = "macaron_django.tasks.message"


class BadMessage(ValueError):
    """The text isn't a message, or this service hasn't signed it."""


def new_task_id() -> str:
    """Returns a new id, which is greater than earlier ids (UUID version 7, RFC 9562)."""
    return str(uuid7())


@dataclass(frozen=True)
class Message:
    """A message for one task. ``due`` is the earliest time when the task can begin, in seconds since 1970.

    ``attempt`` is the number of the attempt, from 1. ``deliveries`` is the number of times that workers have
    received this attempt. ``again`` is the number of times that a user has run the failed task again.
    """

    task: str
    args: list[Any] = field(default_factory=list, repr=False)
    kwargs: dict[str, Any] = field(default_factory=dict, repr=False)
    caller: Mapping[str, Any] = field(default_factory=dict, repr=False)
    id: str = field(default_factory=new_task_id)
    attempt: int = 1
    deliveries: int = 1
    due: float | None = None
    queue: str | None = None
    again: int = 0

    def next_attempt(self, due: float) -> Message:
        """Returns the message for the task's next attempt."""
        return replace(self, attempt=self.attempt + 1, deliveries=1, due=due)

    def next_delivery(self) -> Message:
        """Returns a message that repeats this attempt. A worker has received the attempt, but hasn't finished it."""
        return replace(self, deliveries=self.deliveries + 1)

    def run_again(self) -> Message:
        """Returns the message that runs the task again at once, from its first attempt."""
        return replace(self, attempt=1, deliveries=1, due=None, again=self.again + 1)

    def signed(self) -> str:
        """Returns the message as text. Raises UnsendableArgument if the text is longer than ``MAX_MESSAGE_SIZE``.

        A message that a worker sends again may be longer, because its counts and times have grown.
        """
        text = Signer(salt=_SALT).sign(json.dumps(asdict(self), separators=(",", ":")))
        if len(text) > settings.TASKS.MAX_MESSAGE_SIZE and self.attempt == self.deliveries == 1 and not self.again:
            raise UnsendableArgument(
                f"The message of {self.task} has {len(text)} bytes, more than MACARON['TASKS']['MAX_MESSAGE_SIZE'] "
                "allows: send keys of rows, or the path of a file."
            )
        return text


def read_message(text: str) -> Message:
    """Returns the message that ``text`` contains. Raises BadMessage if this service hasn't signed the text, or if the
    text isn't a message.
    """
    if not isinstance(text, str):
        raise BadMessage("A message must be text.")
    try:
        given = json.loads(Signer(salt=_SALT).unsign(text))
        message = Message(**given)
        uuid.UUID(message.id)
    except BadSignature:
        raise BadMessage(
            "A message isn't signed with this service's SECRET_KEY: it comes from another service, or from a process "
            "with another key."
        ) from None
    except (ValueError, TypeError) as error:
        raise BadMessage("A message is signed, but doesn't have this version's format.") from error
    return message
