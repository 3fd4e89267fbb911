"""Checks the setting ``MACARON`` and the file ``pym-config.yaml`` for keys and values that aren't allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.utils.module_loading import import_string

from macaron_django.api.requests.unknown_properties import POLICIES
from macaron_django.api.viewsets import UnusableViewsetError, in_use
from macaron_django.checks.check_messages import register
from macaron_django.conf import DEFAULTS, settings, unknown_keys
from macaron_django.conf.pym_config_keys import misspelt
from macaron_django.registry import registry

__all__ = ["check_deploy", "check_pym_config", "check_settings", "impossible_policies"]


@register()
def check_settings(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports unknown keys of the setting ``MACARON`` and values that aren't allowed."""
    return [
        *_unknown_settings(),
        *_impossible_settings(),
        *_impossible_limits(),
        *impossible_policies(),
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
        hint = f"Did you mean {close[0]!r}?" if close else f"The known ones are {', '.join(sorted(known))}."
        yield checks.Error(f"{where} has no key {key!r}.", hint=hint, id="macaron_django.E101")


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
                f"MACARON{named} is {value!r}.", hint=f"Use one of {_listed(allowed)}.", id="macaron_django.E102"
            )


#: Settings that limit the size of requests and responses, by section. Without such a limit, a request's cost has no
#: bound.
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
                    hint="It must be a whole number, 1 or more.",
                    id="macaron_django.E102",
                )


def impossible_policies() -> Iterator[checks.CheckMessage]:
    """Yields the errors in the setting ``UNKNOWN_PROPERTIES``."""
    given = settings.UNKNOWN_PROPERTIES
    if isinstance(given, Mapping):
        known = {api.name for api in registry} | {
            f"{api.name}.{name}" for api in registry for name in api.document.schemas
        }
        strange = [name for name in given if name not in known]
        is_known = not strange and all(policy in POLICIES for policy in given.values())
        hint = f"No API or schema is named {_listed(strange)}." if strange else ""
    else:
        is_known, hint = given in POLICIES, ""
    if not is_known:
        hint = hint or f"Use {_listed(POLICIES)}, or a mapping from APIs and schemas (shop.Order) to these values."
        yield checks.Error(f"MACARON['UNKNOWN_PROPERTIES'] is {given!r}.", hint=hint, id="macaron_django.E102")


def _unusable_viewsets() -> Iterator[checks.CheckMessage]:
    try:
        for api in registry:
            for viewset in api.viewsets.values():
                in_use(viewset)
    except UnusableViewsetError as error:
        hint = (
            "Correct the path, or its module's imports. Until then, the checks can't find out which code answers the "
            "operations."
        )
        yield checks.Error(str(error), hint=hint, id="macaron_django.E102")


def _impossible_circuit() -> Iterator[checks.CheckMessage]:
    value = settings.DYNAMODB.CIRCUIT_FAILURES
    if value is not None and (type(value) is not int or value < 1):
        yield checks.Error(
            f"MACARON['DYNAMODB']['CIRCUIT_FAILURES'] is {value!r}.",
            hint="It must be a whole number, 1 or more, or None.",
            id="macaron_django.E102",
        )


def _impossible_deadline() -> Iterator[checks.CheckMessage]:
    value = settings.DYNAMODB.REQUEST_DEADLINE
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (is_number and value > 0):
        yield checks.Error(
            f"MACARON['DYNAMODB']['REQUEST_DEADLINE'] is {value!r}.",
            hint="It must be a number of seconds above 0, or None.",
            id="macaron_django.E102",
        )


def _impossible_ready_checks() -> Iterator[checks.CheckMessage]:
    timeout, named = settings.READY_TIMEOUT, settings.READY_CHECKS
    if not isinstance(timeout, int | float) or isinstance(timeout, bool) or not 0 < timeout <= MOST_READY_SECONDS:
        yield checks.Error(
            f"MACARON['READY_TIMEOUT'] is {timeout!r}.",
            hint=f"It must be a number of seconds above 0 and at most {MOST_READY_SECONDS}.",
            id="macaron_django.E102",
        )
    if isinstance(named, str) or not all(_is_function(each) for each in named):
        yield checks.Error(
            f"MACARON['READY_CHECKS'] is {named!r}: one of its entries can't be imported or isn't a function.",
            hint="List the dotted paths of functions without parameters. Each function must return None, or a short "
            "description of what is missing.",
            id="macaron_django.E102",
        )


#: The longest time for which the health check of a server waits.
MOST_READY_SECONDS = 60
#: Settings that name a function, with the function's parameters and return value.
FUNCTIONS = {
    "ERROR_REPORTER": "a title, a dictionary and an exception",
    "ERROR_CALLBACK": "an exception and returns the body of the error response",
    "ERROR_DECORATOR": "the body of an error response and returns the body to send",
    "DATETIME_ENCODER": "a datetime and returns its JSON value",
}


def _unusable_functions() -> Iterator[checks.CheckMessage]:
    for key, taken in FUNCTIONS.items():
        if not _is_function(named := getattr(settings, key)):
            yield checks.Error(
                f"MACARON[{key!r}] is {named!r}, which can't be imported or isn't a function.",
                hint=f"Use the dotted path of a function that accepts {taken}.",
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
            hint=f"It must be a list of names of APIs. The known ones are {', '.join(sorted(known))}.",
            id="macaron_django.E102",
        )


def _listed(names: Iterable[object]) -> str:
    return ", ".join(repr(name) for name in names)


@register()
def check_deploy(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports errors in the setting ``DEPLOY``."""
    if all(getattr(settings.DEPLOY, key) == default for key, default in DEFAULTS["DEPLOY"].items()):
        return []
    from macaron_django.shipping.deploying.deploy_environments import deploy_problems  # only some projects need it

    return [checks.Error(each.message, hint=each.hint, id="macaron_django.E110") for each in deploy_problems()]


@register()
def check_pym_config(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports keys of ``pym-config.yaml`` that are probably misspelt, and secrets that aren't in the environment."""
    found = settings.file()
    if found is None:
        return []
    return [
        *(
            checks.Warning(
                f"{found.path} has an unknown key {key!r}.", hint=f"Did you mean {close!r}?", id="macaron_django.W122"
            )
            for key, close in misspelt(found)
        ),
        *(
            checks.Warning(
                f"{found.path}: {key} has no value, because the environment variable {name} isn't set.",
                hint=f"Set {name}, or remove it from env_secrets.",
                id="macaron_django.W123",
            )
            for key, name in found.unset.items()
        ),
    ]
