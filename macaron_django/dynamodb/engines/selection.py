"""Chooses the engine by ``MACARON["DYNAMODB"]`` and ``DEBUG``, once for each process, and keeps it.

If ``ENGINE`` isn't set, it chooses the first of ``BY_ITSELF`` that this machine has while ``DEBUG`` is on, and reports
an error while ``DEBUG`` is off: AWS is never chosen by accident. Tests choose another engine with ``use``.
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

__all__ = [
    "BY_ITSELF",
    "NAMES",
    "choice_warning",
    "configuration_problem",
    "current",
    "make",
    "reset",
    "sample_debug",
    "use",
]

#: Where the class of each engine is. Imported when chosen, so that no engine needs another's libraries.
NAMES = {
    "embedded": "embedded:EmbeddedEngine",
    "moto": "moto:MotoEngine",
    "dynamodb-local": "dynamodb_local:DynamoDBLocalEngine",
    "container": "container:ContainerEngine",
    "endpoint": "endpoint:EndpointEngine",
    "aws": "aws:AWSEngine",
}
#: Chosen in this order where none is named and DEBUG is on. The last forgets its data.
BY_ITSELF = ("embedded", "dynamodb-local", "container", "moto")

NONE_CONFIGURED = (
    "No DynamoDB engine is configured, and DEBUG is off. Set MACARON['DYNAMODB']['ENGINE'] to 'aws' for Amazon "
    "DynamoDB, to 'endpoint' with an ENDPOINT, or to one of the engines for development: 'embedded', "
    "'dynamodb-local', 'container', 'moto'."
)
ALSO = "You can also use AWS's DynamoDB Local with Java, or Podman or Docker."


class NoEngineHereError(ImproperlyConfigured):
    """The settings name no engine, and this machine has none to choose."""


_lock = threading.RLock()
_made: dict[tuple[Any, ...], Engine] = {}  # by the settings that they were made from
_current: Engine | None = None
_replacements: list[Engine] = []
_debug: bool | None = None


def sample_debug() -> None:
    """Remembers DEBUG as it is now. Called when apps load, because test runners switch it off later."""
    global _debug
    _debug = bool(django_settings.DEBUG)


def current() -> Engine:
    """Returns the engine in use. Raises ``ImproperlyConfigured`` if the settings name none that can be used.

    In a pytest run, that is the engine of the ``dynamodb`` fixture; in tests without it, one that refuses every call.
    """
    engine = _replacements[-1] if _replacements else None
    plugin = sys.modules.get("macaron_django.testing.plugin")  # imported in a pytest process only
    if plugin is not None and plugin.guarding():
        guarded: Engine = plugin.guard(engine)
        return guarded
    return engine or _configured()


def make(name: str) -> Engine:
    """Makes the engine called ``name`` from the settings, without starting it."""
    if name not in NAMES:
        raise ImproperlyConfigured(
            f"MACARON['DYNAMODB']['ENGINE'] is {name!r}, which isn't an engine: choose one of {', '.join(NAMES)}."
        )
    engine: Engine = _class_of(name).from_settings()
    return engine


def configuration_problem() -> str | None:
    """Returns what is wrong with the choice of engine, in one or two sentences, or ``None``. Starts nothing."""
    try:
        make(_chosen_name()).check()
    except (ImproperlyConfigured, ImportError) as error:
        return str(error)
    return None


def choice_warning() -> str | None:
    """Returns a warning for a project that names no engine: this machine has none, or only one that forgets its data.

    That isn't a problem yet: a project can be migrated and looked at without DynamoDB. Returns ``None`` if there is
    nothing to warn of, or if ``configuration_problem()`` reports it.
    """
    try:
        return _moto_instead() if settings.DYNAMODB.ENGINE is None and _chosen_name() == "moto" else None
    except NoEngineHereError as error:
        return str(error)
    except ImproperlyConfigured:
        return None


@contextmanager
def use(engine: Engine) -> Iterator[Engine]:
    """Makes ``engine`` the current one in all threads, for the duration of a ``with`` block."""
    with _lock:
        _replacements.append(engine)
    try:
        yield engine
    finally:
        with _lock:
            _replacements.remove(engine)


def reset() -> None:
    """Stops using the engines made from the settings; the next call chooses anew."""
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
    for name in BY_ITSELF:
        if _class_of(name).is_here():
            return name
    raise NoEngineHereError(
        f"There is no DynamoDB engine on this machine, so items can't be read or written yet. {_remedy()} "
        "For a first look, `pip install 'macaron_django[moto]'` brings an engine that forgets its data."
    )


def _class_of(name: str) -> Any:
    module, _, class_name = NAMES[name].partition(":")
    return getattr(import_module(f"{__package__}.{module}"), class_name)


def _moto_instead() -> str:
    return (
        "DynamoDB is simulated by moto, in this process's memory: nothing is kept when it ends, and other manage.py "
        f"processes don't see it. {_remedy()}"
    )


def _remedy() -> str:
    from macaron_django.dynamodb.engines.embedded import binary_missing

    return f"{binary_missing()} {ALSO}"


def _forget_choice(*, setting: str, **_: object) -> None:
    global _current
    if setting in ("MACARON", "DEBUG", "DATABASES", "BASE_DIR"):
        _current = None


setting_changed.connect(_forget_choice)
