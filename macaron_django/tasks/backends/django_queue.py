"""Sends tasks through Django's task framework: ``django.tasks`` in Django 6, the package django-tasks in Django 5.2.

Whether tasks can have delays and results depends on the backend in Django's setting ``TASKS``, for example the backend
of django-tasks-db.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.utils.connection import ConnectionDoesNotExist

from macaron_django.conf import settings
from macaron_django.exceptions import TaskNotSent
from macaron_django.tasks.failures import TaskFailed
from macaron_django.tasks.messages.task_messages import Message, read_message
from macaron_django.tasks.runs import SentAgain, run
from macaron_django.tasks.task_backend import Abilities, TaskBackend

__all__ = ["DjangoBackend"]

#: The key of the result of a task that was sent again. No argument has this tag.
_AGAIN: Final = "$again"


def _package() -> str | None:
    return next((name for name in ("django.tasks", "django_tasks") if _is_there(name)), None)


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _run_message(text: str) -> Any:
    """Runs the task of a message. Django's workers call only this function."""
    returned = run(read_message(text), DjangoBackend())
    return {_AGAIN: returned.handle} if isinstance(returned, SentAgain) else returned


# Workers look up Django's task by the path of its function. The task is created at that time, because a project with
# another backend needs neither Django's tasks nor their settings.
_run_message.__name__ = _run_message.__qualname__ = "run_message"


def __getattr__(name: str) -> Any:
    if name == "run_message":
        return _task(settings.TASKS.DJANGO_ALIAS, None)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@lru_cache(maxsize=4)
def _task(alias: str, queue: str | None) -> Any:
    """Returns Django's task that runs messages, for the backend with this alias in Django's setting ``TASKS``."""
    package = _package()
    if package is None:
        raise TaskNotSent("Django has no tasks before 6.0: pip install 'macaron_django[django-tasks]'.")
    task = import_module(package).task
    return task(backend=alias, **({} if queue is None else {"queue_name": queue}))(_run_message)


class DjangoBackend(TaskBackend):
    """The backend that uses Django's own task framework. If a worker is killed, its unfinished task isn't run again."""

    name = "django"

    @property
    def abilities(self) -> Abilities:
        backend = self._backend()
        return Abilities(backend.supports_defer, backend.supports_get_result, survives_workers=False)

    def _backend(self) -> Any:
        return _task(settings.TASKS.DJANGO_ALIAS, None).get_backend()

    def problem(self) -> str | None:
        package = _package()
        if package is None:
            return "Django has no tasks before 6.0: pip install 'macaron_django[django-tasks]'."
        try:
            import_module(package).task_backends[settings.TASKS.DJANGO_ALIAS]
        except (ConnectionDoesNotExist, ImportError, ImproperlyConfigured) as error:
            return f"Django's setting TASKS has no backend {settings.TASKS.DJANGO_ALIAS!r} that can be used: {error}"
        return None

    def send(self, message: Message) -> str:
        task = _task(settings.TASKS.DJANGO_ALIAS, message.queue)
        if message.due is not None and message.due > time.time() and task.get_backend().supports_defer:
            task = task.using(run_after=datetime.fromtimestamp(message.due, timezone.utc))
        try:
            return str(task.enqueue(message.signed()).id)
        except Exception as error:
            raise TaskNotSent(f"Django's tasks don't accept {message.task}: {type(error).__name__}.") from error

    def result(self, handle: str, timeout: float | None) -> Any:
        if not self.abilities.results:
            return super().result(handle, timeout)
        task, deadline = _task(settings.TASKS.DJANGO_ALIAS, None), None if timeout is None else time.time() + timeout
        while True:
            found = task.get_result(handle)
            if found.is_finished:
                if found.errors:
                    raise TaskFailed(f"The task {handle} failed: {found.errors[-1].exception_class_path}")
                if not (isinstance(found.return_value, dict) and _AGAIN in found.return_value):
                    return found.return_value
                handle = found.return_value[_AGAIN]
                continue
            if deadline is not None and time.time() > deadline:
                raise TimeoutError(f"The task {handle} isn't finished yet.")
            time.sleep(0.1)
