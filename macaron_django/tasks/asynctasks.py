"""Defines ``@asynctask()``, which lets a worker run a function that is called in a request."""

from __future__ import annotations

import functools
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeVar

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections
from django.db import transaction as orm_transaction

from macaron_django.conf import settings
from macaron_django.exceptions import TaskNotSent
from macaron_django.tasks.definitions import RowForm, TaskDefinition, remember_definition
from macaron_django.tasks.messages.served_requests import in_request

if TYPE_CHECKING:
    from macaron_django.tasks.messages.task_messages import Message

__all__ = ["AsyncTask", "SentTask", "asynctask"]

logger = logging.getLogger("macaron_django")

P = ParamSpec("P")
R = TypeVar("R")

_LONGEST_PAUSE: Final = 366 * 24 * 3600


@dataclass
class SentTask:
    """A task that was sent, or will be sent when the open transaction has been committed."""

    id: str
    _handle: str | None = None

    def result(self, timeout: float | None = None) -> Any:
        """Returns the result of the task, after waiting for it at most ``timeout`` seconds.

        Raises TimeoutError if there is no result by then, TaskFailed if the task has failed, and UnsupportedByBackend
        if the backend doesn't keep results.
        """
        from macaron_django.tasks.backends.chosen_backend import chosen_backend
        from macaron_django.tasks.messages.argument_json import argument_of_json

        return argument_of_json(chosen_backend().result(self._handle or self.id, timeout))


class AsyncTask(Generic[P, R]):
    """A function with ``@asynctask()``. A call during a request sends the function to a worker. By default, any
    other call runs the function immediately.
    """

    def __init__(self, definition: TaskDefinition) -> None:
        self.task_definition = definition
        functools.update_wrapper(self, definition.function)

    def __repr__(self) -> str:
        return f"<task {self.task_definition.path}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """In a request, sends the task and returns None. Elsewhere, runs the function at once.

        If ``MACARON["TASKS"]["OUTSIDE_REQUESTS"]`` is ``"send"``, a call outside of a request sends the task, too. But
        a call inside a worker always runs the function at once.
        """
        if _is_task() or not (in_request() or settings.TASKS.OUTSIDE_REQUESTS == "send"):
            return self.call(*args, **kwargs)
        self.apply_async(args, kwargs)
        return None

    def call(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls the function in this process now, and returns what it returns."""
        function = self.task_definition.function
        made: R = (async_to_sync(function) if iscoroutinefunction(function) else function)(*args, **kwargs)
        return made

    def apply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        countdown: float | timedelta | None = None,
        eta: datetime | None = None,
        queue: str | None = None,
    ) -> SentTask:
        """Sends the task, even outside of a request. The task begins after ``countdown`` seconds, or at ``eta``.

        In a transaction of DynamoDB or of the ORM, the task is sent when the transaction is committed, and never if the
        transaction fails. If an argument can't be sent, raises UnsendableArgument immediately. Raises TaskNotSent if
        the broker doesn't accept the task and the task has no outbox.
        """
        from macaron_django.tasks.messages.argument_json import argument_json
        from macaron_django.tasks.messages.callers import described_caller
        from macaron_django.tasks.messages.task_messages import Message

        definition = self.task_definition
        if "<locals>" in definition.path:
            raise TypeError(
                f"{definition.path} is defined inside a function, where workers can't find it: move it to module level."
            )
        message = Message(
            task=definition.path,
            args=[
                argument_json(each, rows=definition.rows, place=f"argument {number} of {definition.path}")
                for number, each in enumerate(args, start=1)
            ],
            kwargs={
                name: argument_json(each, rows=definition.rows, place=f"the argument {name} of {definition.path}")
                for name, each in (kwargs or {}).items()
            },
            caller=described_caller(),
            due=_due(countdown, eta, definition.delay),
            queue=queue or definition.queue,
        )
        sent = SentTask(message.id)
        send = functools.partial(_send, message, sent, definition.outbox)
        if definition.outbox and _is_gathering():
            _put_in(message)
        else:
            message.signed()  # raises here if the message is too long, not after the transaction
            if definition.outbox:
                send = functools.partial(_put_in, message, send)
        _after_commit(send)
        return sent

    async def aapply_async(self, *args: Any, **options: Any) -> SentTask:
        """Does the same as ``apply_async()``, but doesn't block the event loop."""
        return await sync_to_async(self.apply_async)(*args, **options)


def asynctask(
    delay: float = 0,
    *,
    retries: int = 0,
    backoff: float = 10,
    retry_on: type[BaseException] | tuple[type[BaseException], ...] = Exception,
    rows: RowForm = "key",
    outbox: bool = False,
    once: bool = False,
    queue: str | None = None,
) -> Callable[[Callable[P, R]], AsyncTask[P, R]]:
    """Makes a function a task: a call during a request returns None at once, and a worker then runs the function as
    the caller.

    ::

        @asynctask(delay=5, retries=3)
        def welcome(profile: Profile) -> None: ...

    The task begins after ``delay`` seconds. If the function raises one of the exceptions that ``retry_on`` names, the
    task is tried again, up to ``retries`` times. The first pause is ``backoff`` seconds, and each further pause is
    twice as long as the one before. The last failure is reported. ``rows="whole"`` sends stored rows with all values
    instead of only their keys. ``outbox=True`` stores the message in DynamoDB until the broker has it. If a DynamoDB
    transaction is open, the message is part of this transaction. If only a transaction of the ORM is open, the message
    is written when that transaction is committed. With ``once=True``, the function's writes to DynamoDB are made only
    once, in one transaction, even if the task runs twice.
    """
    if callable(delay):
        raise TypeError("@asynctask needs parentheses: write @asynctask() above the function.")
    if retries < 0 or backoff < 0 or delay < 0:
        raise ValueError("asynctask's delay, retries and backoff must be 0 or more.")

    def decorated(function: Callable[P, R]) -> AsyncTask[P, R]:
        definition = TaskDefinition(
            function,
            delay=delay,
            retries=retries,
            backoff=backoff,
            retry_on=retry_on if isinstance(retry_on, tuple) else (retry_on,),
            rows=rows,
            outbox=outbox,
            once=once,
            queue=queue,
        )
        remember_definition(definition)
        return AsyncTask(definition)

    return decorated


def _due(countdown: float | timedelta | None, eta: datetime | None, delay: float) -> float | None:
    if countdown is not None and eta is not None:
        raise ValueError("A task can have a countdown or an eta, not both.")
    if eta is not None:
        if eta.tzinfo is None:
            raise ValueError("An eta must be an aware datetime: give it a time zone.")
        due = eta.timestamp()
    else:
        pause = delay if countdown is None else countdown
        pause = pause.total_seconds() if isinstance(pause, timedelta) else pause
        if pause <= 0:
            return None
        due = time.time() + pause
    if due - time.time() > _LONGEST_PAUSE:
        raise ValueError("A task can wait for a year at most.")
    return due


def _after_commit(send: Callable[[], None]) -> None:
    """Calls ``send`` after the open transactions of DynamoDB and of the ORM, or at once if none is open."""
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            send = functools.partial(orm_transaction.on_commit, send, using=connection.alias)
    pending_writes = sys.modules.get("macaron_django.dynamodb.items.pending_writes")
    if pending_writes is None:  # nothing has opened a transaction yet
        send()
    else:
        pending_writes.on_commit(send)


def _is_gathering() -> bool:
    """Returns whether a DynamoDB transaction is open. If so, the outbox's message becomes part of it."""
    pending_writes = sys.modules.get("macaron_django.dynamodb.items.pending_writes")
    return pending_writes is not None and pending_writes.gathering() is not None


def _put_in(message: Message, then: Callable[[], None] | None = None) -> None:
    from macaron_django.tasks.outbox import put_in

    put_in(message)
    if then is not None:
        then()


def _is_task() -> bool:
    runs = sys.modules.get("macaron_django.tasks.runs")
    return runs is not None and runs.is_task()


def _send(message: Message, sent: SentTask, has_outbox: bool) -> None:
    from macaron_django.tasks.backends.chosen_backend import chosen_backend

    try:
        sent._handle = chosen_backend().send(message)
    except TaskNotSent:
        if not has_outbox:
            raise
        logger.warning("Task %s [%s] waits in the outbox.", message.task, message.id, exc_info=True)
        return
    if has_outbox:
        from macaron_django.tasks.outbox import put_away

        put_away(message)
