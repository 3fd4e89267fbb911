"""Runs ``@asynctask()`` functions in a worker, after the request that calls them has been answered.

During a request, calling a task only sends a signed message to a broker. A worker receives the message, and calls the
function on the caller's behalf. The modules and folders:

- ``asynctasks``: the decorator, and sending tasks
- ``messages``: the types of arguments, and the data about the caller
- ``runs``: running tasks in a worker
- ``failures``: reports of failed tasks
- ``outbox``: tasks that run at least once
- ``run_marks``: tasks that take effect only once
- ``backends``: brokers
- ``worker_processes``: starting workers
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports
from macaron_django.tasks.asynctasks import AsyncTask, SentTask, asynctask

if TYPE_CHECKING:
    from macaron_django.tasks.failures import TaskFailed
    from macaron_django.tasks.messages.argument_json import UnknownTag, UnsendableArgument
    from macaron_django.tasks.messages.task_messages import BadMessage, Message
    from macaron_django.tasks.runs import current_task, is_task
    from macaron_django.tasks.task_backend import Abilities, TaskBackend, UnsupportedByBackend

__all__ = [
    "Abilities",
    "AsyncTask",
    "BadMessage",
    "Message",
    "SentTask",
    "TaskBackend",
    "TaskFailed",
    "UnknownTag",
    "UnsendableArgument",
    "UnsupportedByBackend",
    "asynctask",
    "current_task",
    "is_task",
]

#: A module that decorates tasks may be imported before Django's apps are loaded.
__getattr__ = lazy_exports(
    __name__,
    {
        "messages.argument_json": ("UnknownTag", "UnsendableArgument"),
        "failures": ("TaskFailed",),
        "messages.task_messages": ("BadMessage", "Message"),
        "runs": ("current_task", "is_task"),
        "task_backend": ("Abilities", "TaskBackend", "UnsupportedByBackend"),
    },
)
