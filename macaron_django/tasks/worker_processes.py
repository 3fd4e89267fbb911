"""Starts Celery's workers with options that fit the machine. The workers end when their parent process ends."""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from django.apps import apps
from django.conf import settings as django_settings

from macaron_django.shipping import get_celery_worker_count

__all__ = ["celery_command", "die_with_parent", "kill_workers", "prepare_process", "start_celery", "start_relay"]

#: An environment variable of processes that must end with their parent.
_DIES = "MACARON_DIES_WITH_PARENT"
_PR_SET_PDEATHSIG = 1  # prctl(2)
_started: list[subprocess.Popen[bytes]] = []


def celery_command(
    *,
    concurrency: int | None = None,
    queues: str | None = None,
    level: str = "INFO",
    memory: int | None = None,
    arguments: Sequence[str] = (),
) -> list[str]:
    """Returns the command that starts a worker with ``concurrency`` processes, by default two for each CPU.

    If a process uses more than ``memory`` megabytes, it is replaced when its task is done. ``arguments`` are passed to
    Celery.
    """
    module = getattr(django_settings, "MACARON_WORKER_MODULE", "macaron_django.tasks.celery_app")
    return [
        *(sys.executable, "-m", "celery", "-A", module, "worker"),
        *(f"--concurrency={concurrency or get_celery_worker_count()}", f"--loglevel={level}", "-O", "fair"),
        *([] if queues is None else ["-Q", queues]),
        *([] if memory is None else [f"--max-memory-per-child={memory * 1024}"]),
        *arguments,
    ]


def start_celery(port: int, debug: bool, concurrency: int | None = None, keep_alive: bool = False) -> None:
    """Starts a worker in the background, as PyMacaron's programs do. ``debug`` logs more.

    The worker ends when this process ends, unless ``keep_alive`` is true. ``port`` has no effect.
    """
    command = celery_command(concurrency=concurrency, level="DEBUG" if debug else "INFO")
    if keep_alive:
        subprocess.Popen(command, start_new_session=True)  # noqa: S603 (this package's own command)
    else:
        _start(command)


def start_relay() -> subprocess.Popen[bytes]:
    """Starts ``macaronrelay`` in the background. The relay ends when this process ends."""
    return _start([sys.executable, "-m", "django", "macaronrelay"])


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    made = subprocess.Popen(command, env={**os.environ, _DIES: "1"})  # noqa: S603 (this package's own commands)
    if not _started:
        atexit.register(kill_workers)
    _started.append(made)
    return made


def kill_workers() -> None:
    """Ends the processes that ``start_celery`` and ``start_relay`` have started.

    Unfinished tasks run again later.
    """
    for each in _started:
        each.terminate()
    while _started:
        each = _started.pop()
        try:
            each.wait(timeout=10)
        except subprocess.TimeoutExpired:
            each.kill()


def die_with_parent() -> None:
    """Makes Linux end this process when its parent ends, even if SIGKILL ends the parent.

    Does nothing on other systems.
    """
    if os.environ.pop(_DIES, None) and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def prepare_process() -> None:
    """Loads Django's apps in a worker."""
    die_with_parent()
    if not apps.ready:
        import django

        django.setup()
