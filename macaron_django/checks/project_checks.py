"""Reports errors in the specs of a project, and in the code that its settings name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import chain
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from macaron_django import auth
from macaron_django.checks.check_messages import register
from macaron_django.conf import DEFAULTS, settings
from macaron_django.dynamodb import engines
from macaron_django.openapi import Finding
from macaron_django.registry import registry

__all__ = [
    "as_message",
    "check_clients",
    "check_engine",
    "check_jwt",
    "check_observability",
    "check_relations",
    "check_specs",
    "check_tasks",
    "known_tasks",
]


def as_message(finding: Finding) -> checks.CheckMessage:
    """Returns a finding as a check message. It begins with the finding's place, in a form that editors can open."""
    level = checks.ERROR if finding.level == "error" else checks.WARNING
    return checks.CheckMessage(
        level,
        f"{finding.location}: {finding.message}",
        hint=finding.hint or None,
        id=f"macaron_django.{finding.id}",
    )


@register()
def check_specs(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports the findings about the specs, and about the code that is generated from them."""
    found = chain.from_iterable(registry.findings().values())
    return [as_message(finding) for finding in dict.fromkeys(found)]


@register()
def check_clients(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports the findings about ``CLIENTS``, and about the specs in ``CLIENTS``."""
    if not settings.CLIENTS:
        return []
    from macaron_django.clients import client_findings  # imported here: most projects call no other service

    served = {api.name for api in registry}
    return [as_message(each) for each in client_findings(served, lambda name: registry[name].document)]


@register()
def check_engine(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """If schemas are persisted, reports a missing or unusable DynamoDB engine. So AWS is never used by accident.

    If this machine has no engine yet, the finding is only a warning, so that ``migrate`` runs in a new virtual
    environment.
    """
    if not any(api.persistences for api in registry):
        return []
    if warning := engines.choice_warning():
        return [checks.Warning(warning, id="macaron_django.W103")]
    problem = engines.configuration_problem()
    return [checks.Error(problem, id="macaron_django.E103")] if problem else []


@register()
def check_relations(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports Django models that have a relation to items in DynamoDB. Their queries and migrations would fail."""
    if not any(api.persistences for api in registry):
        return []
    from macaron_django.dynamodb.querysets.relations import (
        relations_into_items,  # imported here: it needs PynamoDB
    )

    hint = "Store the row's primary key in a CharField, and get the row by that key."
    return [
        checks.Error(sentence, hint=hint, obj=field, id="macaron_django.E106")
        for field, sentence in relations_into_items()
    ]


@register()
def check_jwt(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports settings that make it impossible or unsafe to sign and verify tokens."""
    levels = {"error": checks.Error, "warning": checks.Warning}
    return [
        levels[problem.level](problem.message, hint=problem.hint, id="macaron_django.E104")
        for problem in auth.configuration_problems()
    ]


def known_tasks() -> list[Any]:
    """Returns the tasks in the imported modules.

    If the project has no tasks, the packages for tasks aren't imported.
    """
    definitions = sys.modules.get("macaron_django.tasks.definitions")
    return [] if definitions is None else definitions.known_definitions()


@register()
def check_tasks(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports a task backend that can't be used, and tasks whose tables are missing."""
    if settings.TASKS.BACKEND == "immediate" and not known_tasks():
        return []
    from macaron_django.tasks.backends.chosen_backend import chosen_backend  # only projects with tasks need it

    try:
        problem = chosen_backend().problem()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="macaron_django.E102")]
    found: list[checks.CheckMessage] = []
    if problem is not None:
        found.append(checks.Error(problem, id="macaron_django.E107"))
    if settings.TASKS.OUTBOX:
        return found
    hint = "Set MACARON['TASKS']['OUTBOX'] to True, and run `manage.py synctables`."
    return [
        *found,
        *(
            checks.Error(
                f"The task {each.path} has {'outbox' if each.outbox else 'once'}=True, but there are no tables for it.",
                hint=hint,
                id="macaron_django.E108",
            )
            for each in known_tasks()
            if each.outbox or each.once
        ),
    ]


@register()
def check_observability(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports values of ``OBSERVABILITY`` that aren't allowed, and backends that would have no effect."""
    if not any(getattr(settings.OBSERVABILITY, key) != default for key, default in DEFAULTS["OBSERVABILITY"].items()):
        return []
    from macaron_django.observability.setting_problems import setting_problems  # only some projects need it

    levels = {"error": checks.Error, "warning": checks.Warning}
    return [
        levels[each.level](each.message, hint=each.hint, id=f"macaron_django.{each.id}") for each in setting_problems()
    ]
