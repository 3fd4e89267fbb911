"""Defines the methods of a task backend.

Every backend accepts messages. Some backends can also delay messages, or keep the results of tasks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from macaron_django.tasks.messages.task_messages import Message

__all__ = ["Abilities", "TaskBackend", "UnsupportedByBackend"]


class UnsupportedByBackend(NotImplementedError):
    """The backend in use doesn't support the requested operation."""


@dataclass(frozen=True)
class Abilities:
    """The abilities of a backend. ``delays`` covers ``delay``, ``eta`` and the pauses between attempts."""

    delays: bool
    results: bool
    #: Whether the unfinished task of a killed worker is run again.
    survives_workers: bool


class TaskBackend(ABC):
    """A backend that runs tasks.

    ``MACARON["TASKS"]["BACKEND"]`` has a backend's name, or the dotted path of its class.
    """

    name: str

    @property
    @abstractmethod
    def abilities(self) -> Abilities:
        """Returns the backend's abilities with the current settings."""

    @abstractmethod
    def send(self, message: Message) -> str:
        """Sends a message. Returns a handle, by which ``result`` finds the task's result. Raises TaskNotSent."""

    def result(self, handle: str, timeout: float | None) -> Any:
        """Waits up to ``timeout`` seconds for the task's result. Returns the result in ``argument_json``'s form.

        Raises TimeoutError if there is no result by then, TaskFailed if the task has failed, and UnsupportedByBackend
        if the backend keeps no results.
        """
        raise UnsupportedByBackend(f"The task backend {self.name} keeps no results.")

    def problem(self) -> str | None:
        """Returns why the backend can't be used, for example a missing package, or None if it can be used."""
        return None
