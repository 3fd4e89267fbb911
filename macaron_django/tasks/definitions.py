"""Describes a decorated function as a task: its name, its attempts, and its options for sending."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeAlias

__all__ = ["RowForm", "TaskDefinition", "UnknownTask", "known_definitions", "remember_definition", "task_named"]

#: "key": only the key of a stored row is sent, and the worker loads the row. "whole": all values of the row are sent.
RowForm: TypeAlias = Literal["key", "whole"]

#: The attribute of a decorated function that holds its definition.
DEFINITION = "task_definition"


class UnknownTask(LookupError):
    """A message names a task that this worker doesn't have, because the worker's code differs from the sender's."""


@dataclass(frozen=True)
class TaskDefinition:
    """A task. ``delay`` and ``backoff`` are seconds. ``retries`` is the number of further attempts after a failure."""

    function: Callable[..., Any]
    delay: float = 0
    retries: int = 0
    backoff: float = 10
    retry_on: tuple[type[BaseException], ...] = (Exception,)
    rows: RowForm = "key"
    outbox: bool = False
    once: bool = False
    queue: str | None = None

    @cached_property
    def path(self) -> str:
        """Returns the task's dotted path, which identifies the task in messages."""
        return task_path(self.function)

    def pause(self, attempt: int) -> float:
        """Returns the seconds to wait after a failed attempt.

        ``attempt`` is the number of this attempt, starting at 1. The first wait is ``backoff`` seconds. Each later
        wait, up to the 17th, is twice as long as the wait before it.
        """
        return float(self.backoff * 2 ** min(attempt - 1, 16))

    def is_tried_again(self, attempt: int, error: BaseException) -> bool:
        """Returns whether the task is tried again after an attempt that failed with ``error``.

        ``attempt`` is the number of this attempt, starting at 1.
        """
        return attempt <= self.retries and isinstance(error, self.retry_on)


_known: dict[str, TaskDefinition] = {}


def known_definitions() -> list[TaskDefinition]:
    """Returns the tasks of all modules that have been imported."""
    return list(_known.values())


def remember_definition(definition: TaskDefinition) -> None:
    """Adds a task to the known tasks."""
    _known[definition.path] = definition


def task_path(function: Callable[..., Any]) -> str:
    """Returns a function's dotted path.

    For a function in ``__main__``, the path starts with the name of the file, because workers import it by this name.
    """
    module = function.__module__
    if module == "__main__" and (file := getattr(sys.modules["__main__"], "__file__", None)):
        module = Path(file).stem
    return f"{module}.{function.__qualname__}"


def task_named(path: str) -> TaskDefinition:
    """Imports a task's module, and returns the task. Raises UnknownTask if there is no such task.

    ``path`` is the task's dotted path. Only functions with the decorator ``@asynctask`` are found, so a message can't
    call any other function.
    """
    parts = path.split(".")
    for count in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:count])
        try:
            found: Any = import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
                continue
            raise
        for attribute in parts[count:]:
            found = getattr(found, attribute, None)
        definition = getattr(found, DEFINITION, None)
        if isinstance(definition, TaskDefinition):
            return definition
        break
    raise UnknownTask(
        f"There is no task {path} here: the worker's code differs from the sender's. "
        "Deploy the same code to the worker and the sender."
    )
