"""Runs a task: reads its message, and calls its function on behalf of the original caller.

If the task fails, it is tried again, or the failure is reported.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import replace
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from asgiref.sync import async_to_sync

from macaron_django import events
from macaron_django.conf import settings
from macaron_django.tasks.definitions import TaskDefinition, task_named
from macaron_django.tasks.failures import TaskFailed, WorkersKilled, report_task_failure
from macaron_django.tasks.messages.argument_json import argument_json, argument_of_json
from macaron_django.tasks.messages.callers import restored_caller, restored_trace
from macaron_django.tasks.messages.task_messages import Message
from macaron_django.tasks.task_backend import TaskBackend

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["SentAgain", "called", "current_task", "is_task", "run"]

#: The number of seconds that a message may arrive too early, because two clocks differ.
_EARLY: Final = 0.5
#: The most workers that get the same attempt. If an attempt kills its worker, for example by using too much memory, it
#: must not kill all workers.
_MOST_DELIVERIES: Final = 10
_current: ContextVar[Message | None] = ContextVar("macaron_django.tasks.current", default=None)


class SentAgain(NamedTuple):
    """``run`` returns this if the task isn't done yet. ``handle`` is the handle of the task's next message."""

    handle: str


def current_task() -> Message | None:
    """Returns the message of the task that runs this code, with ``id``, ``task`` and ``attempt``, or None outside of a
    task.
    """
    return _current.get()


def is_task() -> bool:
    """Returns whether the running code belongs to a task that was sent, not to an ordinary function call."""
    return _current.get() is not None


def run(message: Message, backend: TaskBackend) -> Any:
    """Runs a task. Returns the function's result, converted by ``argument_json``; None if the backend keeps no results.

    If the task isn't due yet, or has failed and will be tried again, sends its message again, and returns SentAgain.
    Reports any other failure, and raises TaskFailed.
    """
    if message.due is not None and message.due > time.time() + _EARLY and backend.abilities.delays:
        return SentAgain(backend.send(replace(message, deliveries=1)))
    with restored_trace(message.caller), _observed(message) as outcome, ExitStack() as caller:
        token = _current.set(message)
        again_in: float | None = None
        request: HttpRequest | None = None
        try:
            request = caller.enter_context(restored_caller(message.caller))
            definition = task_named(message.task)
            if message.deliveries > _MOST_DELIVERIES:
                raise WorkersKilled(f"{message.deliveries - 1} workers ended before {message.task} was done.")
            try:
                return _done(message, definition, backend)
            except Exception as error:
                if definition.is_tried_again(message.attempt, error):
                    again_in = definition.pause(message.attempt) if backend.abilities.delays else 0
                raise
        except Exception as error:
            error_id = report_task_failure(message, error, request, again_in)
            outcome("failed" if again_in is None else "retried", error)
            if again_in is None:
                raise TaskFailed(f"{message.task} failed: {type(error).__name__}", error_id) from error
        finally:
            _current.reset(token)
    return SentAgain(backend.send(message.next_attempt(time.time() + again_in)))


def _done(message: Message, definition: TaskDefinition, backend: TaskBackend) -> Any:
    def call() -> Any:
        args, kwargs = argument_of_json(message.args), argument_of_json(message.kwargs)
        return called(definition.function)(*args, **kwargs)

    if definition.once:
        from macaron_django.tasks.run_marks import done_once  # imports PynamoDB, which other tasks may not need

        returned = done_once(message, call)
    else:
        returned = call()
    place = f"what {message.task} returns"
    answer = argument_json(returned, rows=definition.rows, place=place) if backend.abilities.results else None
    _note_done(message)
    return answer


def _note_done(message: Message) -> None:
    """Marks the task as done in the table of failed tasks, if it was run again after a failure."""
    if message.again and settings.TASKS.KEEP_FAILURES_DAYS:
        from macaron_django.tasks.failed_tasks import note_done

        note_done(message)


def called(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that can be called without ``await``.

    If ``function`` is ``async def``, the returned function runs ``function``, and waits for its result.
    """
    return async_to_sync(function) if iscoroutinefunction(function) else function


Outcome = Literal["succeeded", "failed", "retried"]


@contextmanager
def _observed(message: Message) -> Iterator[Callable[[Outcome, BaseException | None], None]]:
    """Notifies the subscribers of ``events`` when a task begins and ends."""
    if not events.TASKS.subscribers:
        yield lambda _outcome, _error: None
        return
    told: list[tuple[Outcome, BaseException | None]] = []
    observed = events.TASKS.begin(events.TaskBegan(message.task, message.id, message.attempt))
    try:
        yield lambda outcome, error: told.append((outcome, error))
    finally:
        outcome, error = told[0] if told else ("succeeded", None)
        duration = observed.duration
        observed.leave()
        observed.end(events.TaskEnded(message.task, message.id, message.attempt, duration, outcome, error))
