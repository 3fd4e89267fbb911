"""Does tasks at once, in the thread that sends them: for development, and for tests."""

from __future__ import annotations

from contextvars import Context
from dataclasses import replace
from typing import Any

from macaron_django.tasks.failures import TaskFailed
from macaron_django.tasks.messages.task_messages import Message, read_message
from macaron_django.tasks.runs import run
from macaron_django.tasks.task_backend import Abilities, TaskBackend

__all__ = ["ImmediateBackend"]


class ImmediateBackend(TaskBackend):
    """A backend without workers. As with a worker, a failure is reported and doesn't reach the sender. There are no
    pauses.
    """

    name = "immediate"

    @property
    def abilities(self) -> Abilities:
        return Abilities(delays=False, results=False, survives_workers=False)

    def send(self, message: Message) -> str:
        # Through its text and in a context of its own, so that what works here works with a broker.
        Context().run(self._run, read_message(replace(message, due=None).signed()))
        return message.id

    def _run(self, message: Message) -> Any:
        try:
            run(message, self)
        except TaskFailed:
            return  # it is reported
