"""The checks that only ``manage.py check --deploy`` runs. They report what is wrong or slow in production."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks

from macaron_django import auth
from macaron_django.api.checks.open_schema_checks import open_writes
from macaron_django.api.checks.public_write_checks import public_writes
from macaron_django.api.checks.thread_checks import configured_threads, is_starved, needed_threads
from macaron_django.checks.check_messages import register
from macaron_django.checks.project_checks import as_message, known_tasks
from macaron_django.checks.setting_checks import impossible_policies
from macaron_django.conf import settings
from macaron_django.dynamodb import engines
from macaron_django.registry import registry

__all__ = ["check_exposure", "check_fast_lane", "check_front", "check_immediate_tasks", "check_threads"]


@register(deploy=True)
def check_immediate_tasks(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports tasks that block the requests that call them. Only for ``check --deploy``."""
    if settings.TASKS.BACKEND != "immediate" or not known_tasks():
        return []
    return [
        checks.Warning(
            f"Requests wait for the tasks that they call, such as {known_tasks()[0].path}: "
            "MACARON['TASKS']['BACKEND'] is 'immediate'.",
            hint="Use 'celery' or 'django', or silence this check if requests should wait.",
            id="macaron_django.W125",
        )
    ]


@register(deploy=True)
def check_exposure(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports generated operations that let anyone change data, and generated operations that store any additional
    property. Also reports a JWT secret that is too short.

    Only for ``check --deploy``.
    """
    found = [finding for api in registry for finding in public_writes(api.viewsets.served())]
    if not list(impossible_policies()):
        found += [finding for api in registry for finding in open_writes(api.viewsets.served())]
    return [*map(as_message, found), *_short_secret()]


def _short_secret() -> Iterator[checks.CheckMessage]:
    problem = auth.short_secret()
    if problem is not None:
        yield checks.Warning(problem.message, hint=problem.hint, id="macaron_django.W124")


@register(deploy=True)
def check_front(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports unknown middleware and patches. With such code, Django's handler answers all requests.

    Without such code, ``macaron_django.api.front`` answers requests faster. Only for ``check --deploy``.
    """
    if not settings.FRONT:
        return []
    from macaron_django.api.front import (  # imported here: importing DRF's views reads the project's settings
        replaced_methods,
        unknown_middleware,
    )

    hint = (
        "Responses stay the same, but requests cost more CPU time. If that cost is acceptable, set MACARON['FRONT'] to "
        "False, or silence this check."
    )
    found = [f"MIDDLEWARE has {dotted}, which" for dotted in unknown_middleware()]
    found += [f"{method} was replaced, perhaps by a tracer. The replacement" for method in replaced_methods()]
    return [
        checks.Warning(
            f"{what} isn't known to macaron_django's front. So Django's handler answers all requests.",
            hint=hint,
            id="macaron_django.W101",
        )
        for what in found
    ]


@register(deploy=True)
def check_fast_lane(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports unknown code that hooks into botocore's calls, because such code makes calls to DynamoDB slower.

    Only for ``check --deploy``.
    """
    if not settings.DYNAMODB.FAST_LANE or not any(api.persistences for api in registry):
        return []
    from macaron_django.dynamodb.calls.aws_sdk.botocore_clients import strangers  # imported here: it needs botocore

    hint = (
        "Results stay the same, but each call needs about 1 ms more CPU time. A list of 100 items needs 5 ms more. "
        "Remove the hook, use macaron_django's own tracing instead, or silence this check."
    )
    return [
        checks.Warning(
            f"{name} hooks into botocore's calls, and isn't known to macaron_django's fast lane. So calls to "
            "DynamoDB go through botocore, and not through the fast lane.",
            hint=hint,
            id="macaron_django.W130",
        )
        for name in strangers()
    ]


@register(deploy=True)
def check_threads(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports a server that has too few threads for the engine's latency.

    Runs only if the environment sets the number of threads.
    """
    threads = configured_threads(os.environ)
    persistence = next((each for api in registry for each in api.persistences.values()), None)
    if threads is None or persistence is None or engines.configuration_problem() or engines.current().local:
        return []
    from macaron_django.dynamodb.items.latency import measured_latency  # imported here: it needs botocore

    seconds = measured_latency(persistence)
    if seconds is None or not is_starved(threads, seconds * 1000):
        return []
    milliseconds = seconds * 1000
    return [
        checks.Warning(
            f"DynamoDB answers after {milliseconds:.1f} ms, and a worker has {threads} "
            f"thread{'s' * (threads != 1)}: the worker is idle while its requests wait.",
            hint=f"Give each worker about {needed_threads(milliseconds)} threads (GRANIAN_BLOCKING_THREADS, or "
            "gunicorn's --threads) if most requests make one call to DynamoDB.",
            id="macaron_django.W102",
        )
    ]
