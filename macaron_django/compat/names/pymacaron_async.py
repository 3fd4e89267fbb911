"""The names of ``pymacaron_async``."""

from __future__ import annotations

from macaron_django.compat.rows import Modules, later

__all__ = ["MODULES"]

_TASKS = later("asynchronous tasks")

MODULES: Modules = {
    "pymacaron_async": {
        "asynctask": later("asynchronous tasks", decorates=True),
        "start_celery": _TASKS,
        "kill_celery": _TASKS,
        "is_celery_task": _TASKS,
        "copy_func": _TASKS,
        "flaskapp": _TASKS,
    },
    "pymacaron_async.app": {
        "app": _TASKS,
        "setup_loggers": _TASKS,
        "conf": _TASKS,
    },
    "pymacaron_async.cmd": {
        "get_celery_cmd": _TASKS,
    },
    "pymacaron_async.loader": {
        "root_dir": _TASKS,
        "port": _TASKS,
        "debug": _TASKS,
        "server": _TASKS,
    },
    "pymacaron_async.serialization": {
        "model_to_task_arg": _TASKS,
        "task_arg_to_model": _TASKS,
    },
}
