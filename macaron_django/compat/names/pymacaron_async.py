"""Lists the names in ``pymacaron_async``, each with its counterpart or the reason why there is no counterpart."""

from __future__ import annotations

from macaron_django.compat.rows import Modules, without

__all__ = ["MODULES"]

_LOADED = without("`manage.py macaronworker` loads the program that a worker runs")

MODULES: Modules = {
    "pymacaron_async": {
        "asynctask": "macaron_django.tasks.asynctask",
        "start_celery": "macaron_django.tasks.worker_processes.start_celery",
        "kill_celery": "macaron_django.tasks.worker_processes.kill_workers",
        "is_celery_task": "macaron_django.tasks.is_task",
        "copy_func": without("a task calls the original function, not a copy"),
        "flaskapp": without(
            "a worker has no Flask app, but current_request() returns a request with the data of the caller's request"
        ),
    },
    "pymacaron_async.app": {
        "app": "macaron_django.tasks.celery_app.app",
        "setup_loggers": without("Django's LOGGING applies to workers, too"),
        "conf": without('MACARON["TASKS"] has the settings of workers'),
    },
    "pymacaron_async.cmd": {
        "get_celery_cmd": without("`manage.py macaronworker` starts Celery, and celery_command() returns the command"),
    },
    "pymacaron_async.loader": {
        "root_dir": _LOADED,
        "port": _LOADED,
        "debug": _LOADED,
        "server": _LOADED,
    },
    "pymacaron_async.serialization": {
        "model_to_task_arg": "macaron_django.tasks.messages.argument_json.argument_json",
        "task_arg_to_model": "macaron_django.tasks.messages.argument_json.argument_of_json",
    },
}
