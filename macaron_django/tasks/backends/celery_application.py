"""Creates Celery's application, with Redis as broker. A message is acknowledged when its task is done, not before.

So if a worker is killed, its unfinished task is run again. The setting ``CELERY_APP`` can name another application.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from django.utils.module_loading import import_string

from macaron_django.conf import settings

if TYPE_CHECKING:
    from celery import Celery

__all__ = ["BROKER_URL", "application", "broker_url"]

_TRANSPORT: Final = "macaron_django.tasks.backends.redis_transport:TakingTransport"
BROKER_URL: Final = "redis://localhost:6379/0"


def broker_url() -> str:
    """Returns the broker's URL: the setting ``BROKER_URL``, or else the variable ``CELERY_BROKER_URL``.

    If neither is set, returns the URL of Redis on this host.
    """
    return settings.TASKS.BROKER_URL or os.environ.get("CELERY_BROKER_URL") or BROKER_URL


def application() -> Celery:
    """Returns the application from the setting ``CELERY_APP``, or creates one from the other settings."""
    named, options = settings.TASKS.CELERY_APP, settings.TASKS
    if named is None:
        return _made(broker_url(), options.RESULT_URL, options.QUEUE, options.VISIBILITY_TIMEOUT)
    app: Celery = import_string(named) if isinstance(named, str) else named
    return app


@lru_cache(maxsize=4)
def _made(broker: str, results: str | None, queue: str, visibility_timeout: int) -> Celery:
    from celery import Celery

    app = Celery("macaron_django", set_as_current=False)
    app.conf.update(
        broker_url=broker,
        result_backend=results,
        task_ignore_result=results is None,
        task_default_queue=queue,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        # kombu's own transport loses a message if the worker that has just taken it is killed.
        broker_transport=_TRANSPORT if broker.startswith(("redis://", "rediss://")) else None,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        # If a worker doesn't acknowledge a message within this time, another worker gets it.
        broker_transport_options={
            "visibility_timeout": visibility_timeout,
            "unacked_restore_throttle": 1,  # look for unacknowledged messages every 10 seconds, instead of every 100
            # Requests wait for these timeouts; workers ask for messages every second.
            "socket_connect_timeout": 3,
            "socket_timeout": 3,
            "socket_keepalive": True,
        },
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 0.5},
    )
    return app
