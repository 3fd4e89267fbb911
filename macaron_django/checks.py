"""Django's system checks: what ``manage.py check`` reports about specs, settings, engine and tokens.

``docs/reference/checks.md`` lists their IDs. A finding has the same ID in every place that shows it.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from macaron_django import auth
from macaron_django.api.checks.open_schema_checks import open_writes
from macaron_django.api.checks.public_write_checks import public_writes
from macaron_django.api.checks.thread_checks import configured_threads, is_starved, needed_threads
from macaron_django.api.requests.unknown_properties import POLICIES
from macaron_django.api.viewsets import UnusableViewsetError, in_use
from macaron_django.conf import DEFAULTS, settings, unknown_keys
from macaron_django.conf.pym_config_keys import misspelt
from macaron_django.dynamodb import engines
from macaron_django.openapi import Finding
from macaron_django.registry import registry

__all__ = [
    "check_clients",
    "check_engine",
    "check_exposure",
    "check_front",
    "check_immediate_tasks",
    "check_jwt",
    "check_observability",
    "check_pym_config",
    "check_relations",
    "check_settings",
    "check_specs",
    "check_tasks",
    "check_threads",
]


def as_message(finding: Finding) -> checks.CheckMessage:
    """Returns a finding as a check message, which starts with its place in a form that editors can open."""
    level = checks.ERROR if finding.level == "error" else checks.WARNING
    return checks.CheckMessage(
        level,
        f"{finding.location}: {finding.message}",
        hint=finding.hint or None,
        id=f"macaron_django.{finding.id}",
    )


@checks.register("macaron_django")
def check_specs(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports what is wrong with the specs and with what was made from them."""
    found = chain.from_iterable(registry.findings().values())
    return [as_message(finding) for finding in dict.fromkeys(found)]


@checks.register("macaron_django")
def check_settings(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports unknown keys of the setting ``MACARON`` and values that aren't allowed."""
    return [
        *_unknown_settings(),
        *_impossible_settings(),
        *_impossible_limits(),
        *_impossible_policies(),
        *_unusable_viewsets(),
        *_impossible_deadline(),
        *_impossible_ready_checks(),
        *_impossible_circuit(),
        *_unusable_functions(),
        *_unknown_served(),
    ]


def _unknown_settings() -> Iterator[checks.CheckMessage]:
    for where, key, known in unknown_keys():
        close = difflib.get_close_matches(key.rpartition(".")[2], known, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(sorted(known))}."
        yield checks.Error(f"{where} has no key {key!r}.", hint=hint, id="macaron_django.E101")


@checks.register("macaron_django")
def check_pym_config(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports keys of ``pym-config.yaml`` that are likely to be misspelt, and secrets that the environment lacks."""
    found = settings.file()
    if found is None:
        return []
    return [
        *(
            checks.Warning(
                f"{found.path} has a key {key!r}.", hint=f"Did you mean {close!r}?", id="macaron_django.W122"
            )
            for key, close in misspelt(found)
        ),
        *(
            checks.Warning(
                f"{found.path}: {key} has no value, because the environment variable {name} isn't set.",
                hint=f"Set {name}, or take it out of env_secrets.",
                id="macaron_django.W123",
            )
            for key, name in found.unset.items()
        ),
    ]


CHOICES = {
    "ON_BROKEN_SPEC": ("refuse", "leave_out"),
    "ERROR_FORMAT": ("pymacaron", "problem", "drf"),
    "RESPONSE_VALIDATION": (None, "off", "log", "raise"),
    "UNKNOWN_PARAMETERS": ("ignore", "refuse"),
    "TASKS.OUTSIDE_REQUESTS": ("run", "send"),
}


def _impossible_settings() -> Iterator[checks.CheckMessage]:
    for key, allowed in CHOICES.items():
        section, _, name = key.rpartition(".")
        value = getattr(getattr(settings, section) if section else settings, name)
        if value not in allowed:
            named = f"[{section!r}][{name!r}]" if section else f"[{name!r}]"
            yield checks.Error(
                f"MACARON{named} is {value!r}.", hint=f"It can be {_listed(allowed)}.", id="macaron_django.E102"
            )


#: Limits of what is read and answered, by section: without one, a request could cost anything.
LIMITS = {
    "": ("PAGE_SIZE", "MAX_PAGE_SIZE", "MAX_BODY_SIZE", "MAX_BODY_DEPTH", "MAX_BODY_CONTAINERS"),
    "DYNAMODB": ("SCAN_LIMIT", "READ_LIMIT", "MAX_PAGE_BYTES"),
    "TASKS": ("VISIBILITY_TIMEOUT", "TOKEN_EXPIRE_IN", "MAX_MESSAGE_SIZE"),
}


def _impossible_limits() -> Iterator[checks.CheckMessage]:
    for section, keys in LIMITS.items():
        for key in keys:
            value = getattr(getattr(settings, section) if section else settings, key)
            if type(value) is not int or value < 1:
                named = f"[{section!r}]" if section else ""
                yield checks.Error(
                    f"MACARON{named}[{key!r}] is {value!r}.",
                    hint="It has to be a whole number, 1 or more.",
                    id="macaron_django.E102",
                )


def _impossible_policies() -> Iterator[checks.CheckMessage]:
    given = settings.UNKNOWN_PROPERTIES
    if isinstance(given, Mapping):
        known = {api.name for api in registry} | {
            f"{api.name}.{name}" for api in registry for name in api.document.schemas
        }
        strange = [name for name in given if name not in known]
        is_known = not strange and all(policy in POLICIES for policy in given.values())
        hint = f"It names {_listed(strange)}, which is no API and no schema of one." if strange else ""
    else:
        is_known, hint = given in POLICIES, ""
    if not is_known:
        hint = hint or f"It can be {_listed(POLICIES)}, or a mapping of APIs and schemas (shop.Order) to these."
        yield checks.Error(f"MACARON['UNKNOWN_PROPERTIES'] is {given!r}.", hint=hint, id="macaron_django.E102")


def _unusable_viewsets() -> Iterator[checks.CheckMessage]:
    try:
        for api in registry:
            for viewset in api.viewsets.values():
                in_use(viewset)
    except UnusableViewsetError as error:
        hint = "Correct it, or what its module imports: until then, who answers an operation isn't checked."
        yield checks.Error(str(error), hint=hint, id="macaron_django.E102")


def _impossible_circuit() -> Iterator[checks.CheckMessage]:
    value = settings.DYNAMODB.CIRCUIT_FAILURES
    if value is not None and (type(value) is not int or value < 1):
        yield checks.Error(
            f"MACARON['DYNAMODB']['CIRCUIT_FAILURES'] is {value!r}.",
            hint="It can be a whole number, 1 or more, or None.",
            id="macaron_django.E102",
        )


def _impossible_deadline() -> Iterator[checks.CheckMessage]:
    value = settings.DYNAMODB.REQUEST_DEADLINE
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (is_number and value > 0):
        yield checks.Error(
            f"MACARON['DYNAMODB']['REQUEST_DEADLINE'] is {value!r}.",
            hint="It can be a number of seconds above 0, or None.",
            id="macaron_django.E102",
        )


def _impossible_ready_checks() -> Iterator[checks.CheckMessage]:
    timeout, named = settings.READY_TIMEOUT, settings.READY_CHECKS
    if not isinstance(timeout, int | float) or isinstance(timeout, bool) or not 0 < timeout <= MOST_READY_SECONDS:
        yield checks.Error(
            f"MACARON['READY_TIMEOUT'] is {timeout!r}.",
            hint=f"It has to be a number of seconds above 0, {MOST_READY_SECONDS} at most.",
            id="macaron_django.E102",
        )
    if isinstance(named, str) or not all(_is_function(each) for each in named):
        yield checks.Error(
            f"MACARON['READY_CHECKS'] is {named!r}, of which something can't be imported or isn't a function.",
            hint="List functions by their dotted paths. They take nothing, and return what is missing, or None.",
            id="macaron_django.E102",
        )


#: Nobody who probes a server waits longer.
MOST_READY_SECONDS = 60
#: Settings that name a function, and what it takes.
FUNCTIONS = {
    "ERROR_REPORTER": "a title, a dictionary and an exception",
    "ERROR_CALLBACK": "an exception and returns the body of its answer",
    "ERROR_DECORATOR": "the body of an error's answer and returns the one to send",
    "DATETIME_ENCODER": "a datetime and returns what answers have in its place",
}


def _unusable_functions() -> Iterator[checks.CheckMessage]:
    for key, taken in FUNCTIONS.items():
        if not _is_function(named := getattr(settings, key)):
            yield checks.Error(
                f"MACARON[{key!r}] is {named!r}, which can't be imported or isn't a function.",
                hint=f"Name a function that takes {taken}, by its dotted path.",
                id="macaron_django.E102",
            )


def _is_function(named: Any) -> bool:
    if named is None or callable(named):
        return True
    try:
        return callable(import_string(named))
    except (ImportError, AttributeError, TypeError):
        return False


def _unknown_served() -> Iterator[checks.CheckMessage]:
    known = {api.name for api in registry} | registry.left_out.keys()
    strange = [name for name in settings.SERVE or () if name not in known]
    if strange or isinstance(settings.SERVE, str):
        yield checks.Error(
            f"MACARON['SERVE'] is {settings.SERVE!r}.",
            hint=f"It can be a list of names of APIs; there are: {', '.join(sorted(known))}.",
            id="macaron_django.E102",
        )


def _listed(names: Iterable[object]) -> str:
    return ", ".join(repr(name) for name in names)


@checks.register("macaron_django")
def check_clients(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports what is wrong with ``CLIENTS`` and the specs that it names."""
    if not settings.CLIENTS:
        return []
    from macaron_django.clients import client_findings  # imported here: most projects call nobody

    served = {api.name for api in registry}
    return [as_message(each) for each in client_findings(served, lambda name: registry[name].document)]


@checks.register("macaron_django")
def check_engine(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports if schemas are persisted and no DynamoDB engine is configured: AWS is never used by accident."""
    if not any(api.persistences for api in registry):
        return []
    problem = engines.configuration_problem()
    return [checks.Error(problem, id="macaron_django.E103")] if problem else []


@checks.register("macaron_django")
def check_relations(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports models of the ORM with a relation to items in DynamoDB, whose queries and migrations would fail."""
    if not any(api.persistences for api in registry):
        return []
    from macaron_django.dynamodb.querysets.relations import (
        relations_into_items,  # imported here: it needs PynamoDB
    )

    hint = "Keep the row's primary key in a CharField, and get the row by it."
    return [
        checks.Error(sentence, hint=hint, obj=field, id="macaron_django.E106")
        for field, sentence in relations_into_items()
    ]


@checks.register("macaron_django")
def check_jwt(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports settings with which tokens can't be signed and verified safely."""
    levels = {"error": checks.Error, "warning": checks.Warning}
    return [
        levels[problem.level](problem.message, hint=problem.hint, id="macaron_django.E104")
        for problem in auth.configuration_problems()
    ]


def _tasks() -> list[Any]:
    """Returns the tasks of the modules that were imported; projects without any don't import what tasks need."""
    definitions = sys.modules.get("macaron_django.tasks.definitions")
    return [] if definitions is None else definitions.known_definitions()


@checks.register("macaron_django")
def check_tasks(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports a backend of tasks that can't be used, and tasks that lack their tables."""
    if settings.TASKS.BACKEND == "immediate" and not _tasks():
        return []
    from macaron_django.tasks.backends.chosen_backend import chosen_backend  # projects without tasks do without it

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
                f"The task {each.path} has {'outbox' if each.outbox else 'once'}=True, and there are no tables for it.",
                hint=hint,
                id="macaron_django.E108",
            )
            for each in _tasks()
            if each.outbox or each.once
        ),
    ]


@checks.register("macaron_django", deploy=True)
def check_immediate_tasks(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports tasks for which requests wait, for ``check --deploy`` only."""
    if settings.TASKS.BACKEND != "immediate" or not _tasks():
        return []
    return [
        checks.Warning(
            f"Requests wait for the tasks that they call, such as {_tasks()[0].path}: "
            "MACARON['TASKS']['BACKEND'] is 'immediate'.",
            hint="Use 'celery' or 'django', or silence this if it is meant so.",
            id="macaron_django.W125",
        )
    ]


@checks.register("macaron_django", deploy=True)
def check_exposure(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports generated operations that let anybody change data, or keep anything, for ``check --deploy`` only."""
    found = [finding for api in registry for finding in public_writes(api.viewsets.served())]
    if not list(_impossible_policies()):
        found += [finding for api in registry for finding in open_writes(api.viewsets.served())]
    return [*map(as_message, found), *_short_secret()]


def _short_secret() -> Iterator[checks.CheckMessage]:
    problem = auth.short_secret()
    if problem is not None:
        yield checks.Warning(problem.message, hint=problem.hint, id="macaron_django.W124")


@checks.register("macaron_django", deploy=True)
def check_front(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports what leaves Django's handler in charge of all requests, for ``check --deploy`` only."""
    if not settings.FRONT:
        return []
    from macaron_django.api.front import (  # DRF's views read the project's settings when imported
        replaced_methods,
        unknown_middleware,
    )

    hint = "Nothing is wrong: requests cost more CPU. Set MACARON['FRONT'] to False if it is meant so, or silence this."
    found = [f"MIDDLEWARE has {dotted}, which" for dotted in unknown_middleware()]
    found += [f"{method} was replaced, by a tracer perhaps, which" for method in replaced_methods()]
    return [
        checks.Warning(
            f"{what} macaron_django's front doesn't know: Django's handler answers everything.",
            hint=hint,
            id="macaron_django.W101",
        )
        for what in found
    ]


@checks.register("macaron_django", deploy=True)
def check_fast_lane(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports what takes part in botocore's calls and isn't known, for ``check --deploy`` only."""
    if not settings.DYNAMODB.FAST_LANE or not any(api.persistences for api in registry):
        return []
    from macaron_django.dynamodb.calls.clients import strangers  # imported here: it needs botocore

    hint = (
        "Nothing is wrong: a call costs about a millisecond of CPU more, one for a list of 100 items about five. "
        "Remove it, take macaron_django's own tracing in its place, or silence this."
    )
    return [
        checks.Warning(
            f"{name} takes part in botocore's calls, and macaron_django's fast lane doesn't know it: botocore makes "
            "each call to DynamoDB.",
            hint=hint,
            id="macaron_django.W130",
        )
        for name in strangers()
    ]


@checks.register("macaron_django", deploy=True)
def check_threads(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports a server with too few threads for the engine's latency, where the environment says how many it has."""
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
            f"thread{'s' * (threads != 1)}: it waits while requests do.",
            hint=f"Give it about {needed_threads(milliseconds)} (GRANIAN_BLOCKING_THREADS, or gunicorn's --threads) if "
            "most requests make one call; docs/explanation/scaling.md has the formula.",
            id="macaron_django.W102",
        )
    ]


@checks.register("macaron_django")
def check_observability(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports settings of ``OBSERVABILITY`` that aren't allowed, and backends that can't do anything."""
    if not any(getattr(settings.OBSERVABILITY, key) != default for key, default in DEFAULTS["OBSERVABILITY"].items()):
        return []
    from macaron_django.observability.setting_problems import setting_problems  # only where something is set

    levels = {"error": checks.Error, "warning": checks.Warning}
    return [
        levels[each.level](each.message, hint=each.hint, id=f"macaron_django.{each.id}") for each in setting_problems()
    ]
