"""What every backend of tasks does: it takes messages. It may also hold them until they are due, and keep results."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from macaron_django.tasks.messages.task_messages import Message

__all__ = ["Abilities", "TaskBackend", "UnsupportedByBackend"]


class UnsupportedByBackend(NotImplementedError):
    """The backend in use can't do what was asked for."""


@dataclass(frozen=True)
class Abilities:
    """What a backend can do. ``delays``: ``delay``, ``eta`` and the pauses between attempts."""

    delays: bool
    results: bool
    #: Whether a task that a killed worker had begun is done again.
    survives_workers: bool


class TaskBackend(ABC):
    """A way to have tasks done. ``MACARON["TASKS"]["BACKEND"]`` is the name of one, or the dotted path of its class."""

    name: str

    @property
    @abstractmethod
    def abilities(self) -> Abilities:
        """What the backend can do with the settings in force."""

    @abstractmethod
    def send(self, message: Message) -> str:
        """Hands a message over, and returns the handle by which to ask for its result. Raises TaskNotSent."""

    def result(self, handle: str, timeout: float | None) -> Any:
        """Returns what the task has returned, as ``argument_json`` writes it; waits ``timeout`` seconds for it.

        Raises UnsupportedByBackend, TimeoutError, or TaskFailed where the task has failed.
        """
        raise UnsupportedByBackend(f"The task backend {self.name} keeps no results.")

    def problem(self) -> str | None:
        """Returns why the backend can't be used, such as a package that isn't installed; None if it can."""
        return None
