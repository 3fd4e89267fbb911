"""Sends tasks to Celery's workers."""

from __future__ import annotations

import logging
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from macaron_django.conf import settings
from macaron_django.exceptions import TaskNotSent
from macaron_django.tasks.backends.celery_application import application
from macaron_django.tasks.failures import TaskFailed
from macaron_django.tasks.messages.task_messages import BadMessage, Message, read_message
from macaron_django.tasks.runs import SentAgain, run
from macaron_django.tasks.task_backend import Abilities, TaskBackend

if TYPE_CHECKING:
    from celery import Celery

__all__ = ["CeleryBackend", "add_task"]

logger = logging.getLogger("macaron_django")

#: The name of the one Celery task, whose argument is a message.
RUN_MESSAGE: Final = "macaron_django.tasks.run"

#: The share of the visibility timeout that a worker may wait for a task to be due. After that it sends the task again.
_SHARE: Final = 0.5


class CeleryBackend(TaskBackend):
    """The backend with Celery's broker, Redis by default. A message is acknowledged when its task is done."""

    name = "celery"

    @property
    def abilities(self) -> Abilities:
        has_results = settings.TASKS.RESULT_URL is not None or settings.TASKS.CELERY_APP is not None
        return Abilities(delays=True, results=has_results, survives_workers=True)

    def problem(self) -> str | None:
        if find_spec("celery") is None:
            return "Celery isn't installed: pip install 'macaron_django[celery]'."
        return None

    def send(self, message: Message) -> str:
        """Sends a message, which a worker gets when it is due.

        If a worker doesn't acknowledge a message within the visibility timeout, another worker gets it. So a message
        is delayed by at most half of that timeout. If the message still isn't due after this delay, its worker sends it
        again.
        """
        text = message.signed()
        wait = None
        if message.due is not None:
            wait = max(0.0, min(message.due - time.time(), settings.TASKS.VISIBILITY_TIMEOUT * _SHARE))
        try:
            application().send_task(
                RUN_MESSAGE,
                args=[text],
                task_id=message.id,
                countdown=wait,
                queue=message.queue,
                # Celery's log and events show these texts instead of the message.
                shadow=message.task,
                argsrepr="(…)",
                kwargsrepr="{}",
            )
        except Exception as error:  # exceptions of Celery, of kombu, and of the broker's own client
            raise TaskNotSent(f"The broker doesn't accept {message.task}: {type(error).__name__}.") from error
        return message.id

    def result(self, handle: str, timeout: float | None) -> Any:
        from celery.exceptions import TimeoutError as CeleryTimeout

        if not self.abilities.results:
            return super().result(handle, timeout)
        try:
            return application().AsyncResult(handle).get(timeout=timeout)
        except CeleryTimeout as error:
            raise TimeoutError(f"The task {handle} isn't finished yet.") from error
        except TaskFailed:
            raise
        except Exception as error:
            raise TaskFailed(f"The task {handle} failed: {type(error).__name__}") from error


def add_task(app: Celery) -> None:
    """Adds a Celery task to ``app``, a worker's application. The Celery task runs the function that a message names."""
    if RUN_MESSAGE not in app.tasks:
        options: dict[str, Any] = {
            "name": RUN_MESSAGE,
            "bind": True,
            "acks_late": True,
            "reject_on_worker_lost": True,
            "throws": (TaskFailed, BadMessage),
        }
        app.task(**options)(_run_text)


def _run_text(task: Any, text: str) -> Any:
    from celery.exceptions import Ignore, Reject

    backend = CeleryBackend()
    try:
        message = read_message(text)
        if (task.request.delivery_info or {}).get("redelivered"):
            # The broker doesn't count how often workers have received a message, so the message itself has the count.
            backend.send(message.next_delivery())
            raise Ignore
        returned = run(message, backend)
    except BadMessage as error:
        logger.error("A message wasn't run: %s", error)  # noqa: TRY400 (the traceback has no more information)
        raise
    except TaskNotSent as error:  # the message for a later time couldn't be sent, so this message stays in the queue
        raise Reject(str(error), requeue=True) from error
    if isinstance(returned, SentAgain):
        raise Ignore  # the next message has the same id, and its result is the task's result
    return returned
