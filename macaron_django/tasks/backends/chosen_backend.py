"""Finds the backend that ``MACARON["TASKS"]["BACKEND"]`` names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from macaron_django.conf import settings
from macaron_django.tasks.task_backend import TaskBackend

__all__ = ["BACKENDS", "chosen_backend"]

_PACKAGE: Final = "macaron_django.tasks.backends"
BACKENDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "immediate": f"{_PACKAGE}.immediate.ImmediateBackend",
        "celery": f"{_PACKAGE}.celery_broker.CeleryBackend",
        "django": f"{_PACKAGE}.django_queue.DjangoBackend",
    }
)


def chosen_backend() -> TaskBackend:
    """Returns the backend in use. Raises ImproperlyConfigured if the setting doesn't name a backend."""
    named = settings.TASKS.BACKEND
    try:
        made = import_string(BACKENDS.get(named, named))()
    except (ImportError, TypeError, AttributeError) as error:
        raise ImproperlyConfigured(
            f"MACARON['TASKS']['BACKEND'] is {named!r}: use {', '.join(map(repr, BACKENDS))}, or the dotted path "
            f"of a class. {error}"
        ) from error
    if not isinstance(made, TaskBackend):
        raise ImproperlyConfigured(f"MACARON['TASKS']['BACKEND'] is {named!r}, which isn't a TaskBackend.")
    return made
