"""Findings and settings → Django's system checks, so that `manage.py check` says what can't be served, and why.

The IDs are catalogued in ``docs/reference/checks.md``. A finding keeps the ID that it has wherever it is shown.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.utils.module_loading import import_string

from macaron_django import auth
from macaron_django.api.exposure import public_writes
from macaron_django.conf import settings, unknown_keys
from macaron_django.dynamodb import engines
from macaron_django.registry import registry
from macaron_django.spec import Finding

__all__ = ["check_engine", "check_exposure", "check_jwt", "check_relations", "check_settings", "check_specs"]


def as_message(finding: Finding) -> checks.CheckMessage:
    """The finding as a check message: its place first, as an editor can follow it."""
    level = checks.ERROR if finding.level == "error" else checks.WARNING
    return checks.CheckMessage(
        level,
        f"{finding.location}: {finding.message}",
        hint=finding.hint or None,
        id=f"macaron_django.{finding.id}",
    )


@checks.register("macaron_django")
def check_specs(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """What is wrong with the specs, and with what was made from them."""
    return [as_message(finding) for finding in registry.findings()]


@checks.register("macaron_django")
def check_settings(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Keys of ``MACARON`` that mean nothing, and values that can't be."""
    return [*_unknown_settings(), *_impossible_settings(), *_unusable_reporter()]


def _unknown_settings() -> Iterator[checks.CheckMessage]:
    for key, known in unknown_keys():
        close = difflib.get_close_matches(key.rpartition(".")[2], known, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(sorted(known))}."
        yield checks.Error(f"The setting MACARON has no key {key!r}.", hint=hint, id="macaron_django.E101")


CHOICES = {
    "ERROR_FORMAT": ("pymacaron", "problem", "drf"),
    "RESPONSE_VALIDATION": (None, "off", "log", "raise"),
    "UNKNOWN_PARAMETERS": ("ignore", "refuse"),
}


def _impossible_settings() -> Iterator[checks.CheckMessage]:
    for key, allowed in CHOICES.items():
        value = getattr(settings, key)
        if value not in allowed:
            yield checks.Error(
                f"MACARON[{key!r}] is {value!r}.", hint=f"It can be {_listed(allowed)}.", id="macaron_django.E102"
            )


def _unusable_reporter() -> Iterator[checks.CheckMessage]:
    reporter = settings.ERROR_REPORTER
    if reporter is None or callable(reporter):
        return
    try:
        usable = callable(import_string(reporter))
    except (ImportError, AttributeError):
        usable = False
    if not usable:
        yield checks.Error(
            f"MACARON['ERROR_REPORTER'] is {reporter!r}, which can't be imported or isn't a function.",
            hint="Name a function that takes a title, a dictionary and an exception, by its dotted path.",
            id="macaron_django.E102",
        )


def _listed(names: Iterable[object]) -> str:
    return ", ".join(repr(name) for name in names)


@checks.register("macaron_django")
def check_engine(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Whether there is a DynamoDB engine for the schemas that need one. Never AWS by accident."""
    if not any(api.persistences for api in registry):
        return []
    problem = engines.configuration_problem()
    return [checks.Error(problem, id="macaron_django.E103")] if problem else []


@checks.register("macaron_django")
def check_relations(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Whether a model of the ORM points at rows that no database has: its first query, or migration, would fail."""
    if not any(api.persistences for api in registry):
        return []
    from macaron_django.dynamodb.relations import relations_into_items  # PynamoDB, for a project that has it loaded

    hint = "Keep the row's primary key in a CharField, and get the row by it."
    return [
        checks.Error(sentence, hint=hint, obj=field, id="macaron_django.E106")
        for field, sentence in relations_into_items()
    ]


@checks.register("macaron_django")
def check_jwt(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Whether tokens can be made and verified safely with the settings as they are."""
    levels = {"error": checks.Error, "warning": checks.Warning}
    return [
        levels[problem.level](problem.message, hint=problem.hint, id="macaron_django.E104")
        for problem in auth.configuration_problems()
    ]


@checks.register("macaron_django", deploy=True)
def check_exposure(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Generated operations that let anybody change data: meant so on a laptop, perhaps not on the internet."""
    return [as_message(finding) for api in registry for finding in public_writes(api.viewsets.served())]
