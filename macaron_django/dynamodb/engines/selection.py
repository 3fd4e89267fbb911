"""Chooses the engine by ``MACARON["DYNAMODB"]`` and ``DEBUG``, once in each process.

If ``ENGINE`` isn't set and ``DEBUG`` is on, the first engine of ``BY_ITSELF`` that is available on this machine is
chosen. If ``ENGINE`` isn't set and ``DEBUG`` is off, an error is raised, so that AWS is never chosen by accident. Tests
choose another engine with ``use``.
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

#: The module and the class of each engine. Only the chosen engine is imported, so that other engines' libraries aren't
#: needed.
NAMES = {
    "embedded": "embedded:EmbeddedEngine",
    "moto": "moto:MotoEngine",
    "dynamodb-local": "dynamodb_local:DynamoDBLocalEngine",
    "container": "container:ContainerEngine",
    "endpoint": "endpoint:EndpointEngine",
    "aws": "aws:AWSEngine",
}
#: The order in which engines are tried if the settings name none and DEBUG is on. The last one keeps its data only in
#: memory.
BY_ITSELF = ("embedded", "dynamodb-local", "container", "moto")

NONE_CONFIGURED = (
    "No DynamoDB engine is configured, and DEBUG is off. Set MACARON['DYNAMODB']['ENGINE'] to 'aws' for Amazon "
    "DynamoDB, to 'endpoint' with an ENDPOINT, or to one of the engines for development: 'embedded', "
    "'dynamodb-local', 'container', 'moto'."
)
ALSO = "You can also use AWS's DynamoDB Local, with Java, Podman or Docker."


class NoEngineHereError(ImproperlyConfigured):
    """The settings name no engine, and this machine has no engine that could be chosen."""


_lock = threading.RLock()
_made: dict[tuple[Any, ...], Engine] = {}  # the key has the settings that the engine was made from
_current: Engine | None = None
_replacements: list[Engine] = []
_debug: bool | None = None


def sample_debug() -> None:
    """Remembers the current value of DEBUG. Called when apps load, because test runners switch DEBUG off later."""
    global _debug
    _debug = bool(django_settings.DEBUG)


def current() -> Engine:
    """Returns the engine in use. Raises ``ImproperlyConfigured`` if the settings don't lead to a usable engine.

    In a pytest run, the result is the engine of the ``dynamodb`` fixture. In tests without the fixture, the result is
    an engine that refuses every call.
    """
    engine = _replacements[-1] if _replacements else None
    plugin = sys.modules.get("macaron_django.testing.plugin")  # imported only in a pytest process
    if plugin is not None and plugin.guarding():
        guarded: Engine = plugin.guard(engine)
        return guarded
    return engine or _configured()


def make(name: str) -> Engine:
    """Returns a new engine with this name, made from the settings. Doesn't start it."""
    if name not in NAMES:
        raise ImproperlyConfigured(
            f"MACARON['DYNAMODB']['ENGINE'] is {name!r}, which isn't an engine: choose one of {', '.join(NAMES)}."
        )
    engine: Engine = _class_of(name).from_settings()
    return engine


def configuration_problem() -> str | None:
    """Returns a message about the problem with the chosen engine; ``None`` if there is no problem. Starts nothing."""
    try:
        make(_chosen_name()).check()
    except (ImproperlyConfigured, ImportError) as error:
        return str(error)
    return None


def choice_warning() -> str | None:
    """Returns a warning if the settings name no engine, and no engine except moto is available on this machine.

    This isn't an error, because migrations and a first look at the project don't need DynamoDB. Returns ``None`` if
    there is nothing to warn about, or if ``configuration_problem()`` reports the problem.
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
    """Stops using the engines made from the settings. The next call chooses an engine again."""
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
        "For a first look, `pip install 'macaron_django[moto]'` installs an engine that keeps its data only in memory."
    )


def _class_of(name: str) -> Any:
    module, _, class_name = NAMES[name].partition(":")
    return getattr(import_module(f"{__package__}.{module}"), class_name)


def _moto_instead() -> str:
    return (
        "DynamoDB is simulated by moto, in this process's memory. The data is lost when the process ends, and other "
        f"manage.py processes can't read it. {_remedy()}"
    )


def _remedy() -> str:
    from macaron_django.dynamodb.engines.embedded import binary_missing

    return f"{binary_missing()} {ALSO}"


def _forget_choice(*, setting: str, **_: object) -> None:
    global _current
    if setting in ("MACARON", "DEBUG", "DATABASES", "BASE_DIR"):
        _current = None


setting_changed.connect(_forget_choice)
