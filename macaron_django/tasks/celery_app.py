"""Celery's application, for its command line: ``celery -A macaron_django.tasks.celery_app worker``.

``manage.py macaronworker`` starts a worker of this application, with options that fit the machine.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery.signals import worker_process_init

from macaron_django.tasks.worker_processes import prepare_process

if TYPE_CHECKING:
    from celery import Celery

__all__ = ["app"]


def _application() -> Celery:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    prepare_process()
    # A message can be read only after Django's apps are loaded.
    from macaron_django.tasks.backends.celery_application import application
    from macaron_django.tasks.backends.celery_broker import add_task

    made = application()
    add_task(made)
    return made


app = _application()


@worker_process_init.connect(weak=False)
def _forget_connections(**_: Any) -> None:
    """Makes each process of the pool open its own connections to DynamoDB."""
    clients = sys.modules.get("macaron_django.dynamodb.calls.clients")
    if clients is not None:
        clients.reset()
