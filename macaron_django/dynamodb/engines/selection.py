"""Chooses the engine that ``MACARON["DYNAMODB"]`` and ``DEBUG`` name, once a process, and keeps it.

Without ``ENGINE``, that is ``embedded`` where ``DEBUG`` is on, or ``moto`` where its binary is missing, and an error
where ``DEBUG`` is off: never AWS by accident. Tests choose another engine with ``use``.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from macaron_django.conf import settings
from macaron_django.dynamodb.engines.engine import Engine

__all__ = ["NAMES", "configuration_problem", "current", "make", "reset", "sample_debug", "use"]

#: Where the class of each engine is. Imported when chosen, so that no engine needs another's libraries.
NAMES = {
    "embedded": "embedded:EmbeddedEngine",
    "moto": "moto:MotoEngine",
    "dynamodb-local": "dynamodb_local:DynamoDBLocalEngine",
    "endpoint": "endpoint:EndpointEngine",
    "aws": "aws:AWSEngine",
}

NONE_CONFIGURED = (
    "No DynamoDB engine is configured, and DEBUG is off. Set MACARON['DYNAMODB']['ENGINE'] to 'aws' for Amazon "
    "DynamoDB, to 'endpoint' with an ENDPOINT, or to one of the engines for development: 'embedded', "
    "'dynamodb-local', 'moto'."
)

_lock = threading.RLock()
_made: dict[tuple[Any, ...], Engine] = {}  # by the settings that they were made from
_current: Engine | None = None
_replacements: list[Engine] = []
_debug: bool | None = None


def sample_debug() -> None:
    """Remember DEBUG as it is now: called when apps load, because test runners switch it off later."""
    global _debug
    _debug = bool(django_settings.DEBUG)


def current() -> Engine:
    """Return the engine in use; raise ``ImproperlyConfigured`` if the settings name none that can be used.

    In a pytest run it is what the ``dynamodb`` fixture provides, and otherwise one that refuses every call.
    """
    engine = _replacements[-1] if _replacements else None
    plugin = sys.modules.get("macaron_django.testing.plugin")  # there in a pytest process only
    if plugin is not None and plugin.guarding():
        guarded: Engine = plugin.guard(engine)
        return guarded
    return engine or _configured()


def make(name: str) -> Engine:
    """Make the engine called ``name`` from the settings; nothing is started."""
    if name not in NAMES:
        raise ImproperlyConfigured(
            f"MACARON['DYNAMODB']['ENGINE'] is {name!r}, which isn't an engine: choose one of {', '.join(NAMES)}."
        )
    module, _, class_name = NAMES[name].partition(":")
    engine: Engine = getattr(import_module(f"{__package__}.{module}"), class_name).from_settings()
    return engine


def configuration_problem() -> str | None:
    """Return what is wrong with the choice of engine in one or two sentences, or ``None``; start nothing."""
    try:
        make(_chosen_name()).check()
    except (ImproperlyConfigured, ImportError) as error:
        return str(error)
    return None


@contextmanager
def use(engine: Engine) -> Iterator[Engine]:
    """Make ``engine`` the current one in all threads, for the duration of a ``with`` block."""
    with _lock:
        _replacements.append(engine)
    try:
        yield engine
    finally:
        with _lock:
            _replacements.remove(engine)


def reset() -> None:
    """Stop using the engines made from the settings, and choose anew at the next call."""
    with _lock:
        for engine in _made.values():
            engine.stop()
        _made.clear()
        _forget_choice(setting="MACARON")


def _configured() -> Engine:
    global _current
    if _current is None:
        with _lock:
            name = _chosen_name()
            section = settings.DYNAMODB
            key = (name, section.PATH, section.BINARY, section.ENDPOINT, section.REGION)
            if key not in _made:
                _made[key] = make(name)
                if name == "moto" and section.ENGINE is None:
                    warnings.warn(_moto_instead(), RuntimeWarning, stacklevel=3)
            _current = _made[key]
            return _current
    return _current


def _chosen_name() -> str:
    if settings.DYNAMODB.ENGINE is not None:
        return str(settings.DYNAMODB.ENGINE)
    if not (django_settings.DEBUG if _debug is None else _debug):
        raise ImproperlyConfigured(NONE_CONFIGURED)
    from macaron_django.dynamodb.engines.embedded import find_binary

    return "embedded" if find_binary() else "moto"


def _moto_instead() -> str:
    from macaron_django.dynamodb.engines.embedded import BINARY_MISSING

    return (
        "DynamoDB is played by moto, in this process's memory: nothing is kept when it ends, and other manage.py "
        f"processes don't see it. {BINARY_MISSING}"
    )


def _forget_choice(*, setting: str, **_: object) -> None:
    global _current
    if setting in ("MACARON", "DEBUG", "DATABASES", "BASE_DIR"):
        _current = None


setting_changed.connect(_forget_choice)
