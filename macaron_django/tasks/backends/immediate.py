"""Runs each task immediately, in the thread that sends it, for development and tests."""

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
    """A backend that needs no workers. If a task fails, the failure is reported, and the sender gets no exception,
    just as if a worker had run the task.

    The backend ignores the delays of tasks, and makes the next attempt without a pause.
    """

    name = "immediate"

    @property
    def abilities(self) -> Abilities:
        return Abilities(delays=False, results=False, survives_workers=False)

    def send(self, message: Message) -> str:
        # The message is signed and read, and the task runs in a new context, so that a task that works here also works
        # with a broker.
        Context().run(self._run, read_message(replace(message, due=None).signed()))
        return message.id

    def _run(self, message: Message) -> Any:
        try:
            run(message, self)
        except TaskFailed:
            return  # the failure is already reported
