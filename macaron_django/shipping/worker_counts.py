"""Calculates the number of worker processes for a machine or container, and the memory that they need."""

from __future__ import annotations

import os
from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import get_config
from macaron_django.shipping.cpu_limits import usable_cpus

__all__ = [
    "CELERY_WORKER_MEM",
    "GUNICORN_WORKER_MEM",
    "get_celery_worker_count",
    "get_celery_worker_memory_limit",
    "get_gunicorn_worker_count",
    "get_memory_limit",
    "usable_cpus",
]

#: The megabytes of memory for one worker.
GUNICORN_WORKER_MEM = 250
CELERY_WORKER_MEM = 150


def get_gunicorn_worker_count(cpu_count: int | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Returns the number of gunicorn workers: ``PYM_GUNICORN_WORKERS_COUNT``, or twice the number of CPUs, plus one.

    ``cpu_count`` defaults to the CPUs that this process may use. Raises ImproperlyConfigured if the variable isn't a
    number.
    """
    given = environment.get("PYM_GUNICORN_WORKERS_COUNT", "").strip()
    if given:
        return _count(given, "PYM_GUNICORN_WORKERS_COUNT")
    return (cpu_count or usable_cpus()) * 2 + 1


def get_celery_worker_count(cpu_count: int | None = None) -> int:
    """Returns the number of Celery workers: ``worker_count`` in ``pym-config.yaml``, or else two for each CPU."""
    configured = getattr(get_config(), "worker_count", None)
    return int(configured) if configured else (cpu_count or usable_cpus()) * 2


def get_memory_limit(default_celery_worker_count: int | None = None, cpu_count: int | None = None) -> int:
    """Returns the megabytes of memory that one container needs for its gunicorn and Celery workers."""
    celery = default_celery_worker_count or get_celery_worker_count(cpu_count)
    return get_gunicorn_worker_count(cpu_count) * GUNICORN_WORKER_MEM + celery * CELERY_WORKER_MEM


def get_celery_worker_memory_limit() -> int:
    """Returns the kilobytes of memory above which a Celery worker is replaced."""
    return CELERY_WORKER_MEM * 1024


def _count(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise ImproperlyConfigured(f"{name} is {text!r}: set it to the number of workers.")
    return int(text)
