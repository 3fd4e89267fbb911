"""The DynamoDB-compatible server in use: which one, where it answers, and its life.

In go ``MACARON["DYNAMODB"]`` and Django's ``DEBUG``; out comes one ``Engine`` a process, chosen when it is
first asked for. ``current()`` is how everything else finds it, each time it is needed, so that settings and
tests can change it; each engine has its own module here.

========================  ==================================================================
``ENGINE``                is
========================  ==================================================================
``embedded``              Dynoxide: one binary, data in a file
``moto``                  a stand-in from pip, in this process, in memory
``dynamodb-local``        Amazon's own DynamoDB Local (Java), in memory
``endpoint``              any URL that speaks the protocol
``aws``                   Amazon DynamoDB: region and the standard credential chain
``None`` and DEBUG on     ``embedded``, or ``moto`` where its binary is missing
``None`` and DEBUG off    nothing: an error, never AWS by accident
========================  ==================================================================
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Protocol

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from macaron_django.conf import settings

__all__ = ["NAMES", "Engine", "configuration_problem", "current", "make", "reset", "sample_debug", "use"]


class Engine(Protocol):
    """A DynamoDB-compatible server.

    ``endpoint_url`` is ``None`` for Amazon's own address; reading it starts a local server that isn't running.
    ``credentials`` are (access key, secret key), or ``None`` for the standard credential chain.
    ``local`` engines are this machine's, and hold no data of production.
    """

    name: str
    local: bool
    keeps_data_in: str | None

    @property
    def endpoint_url(self) -> str | None: ...
    @property
    def region(self) -> str: ...
    @property
    def credentials(self) -> tuple[str, str] | None: ...
    @property
    def running(self) -> bool:
        """Whether it answers, whichever process started it; asking starts nothing."""

    def check(self) -> None:
        """Raise ``ImproperlyConfigured`` if it can't be started as it is configured; start nothing."""

    def start(self) -> None:
        """Make sure that it runs, and goes on running as long as this process uses it."""

    def look_again(self) -> None:
        """After a call that nobody answered: find out where the server is by now; ``endpoint_url`` says it then."""

    def stop(self) -> None:
        """Stop using it; a local server ends with its last user."""

    def status(self) -> str:
        """Describe it in one line; asking starts nothing."""

    def shut_down(self) -> bool:
        """End it for all its users; whether there was anything to end."""

    def wait_for_end(self, timeout: float) -> bool:
        """After ``stop()``: whether it ended within ``timeout`` seconds, because nobody else used it."""


#: Engine name → where its class is. Imported when chosen: no engine's libraries are needed by another.
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
            f"MACARON['DYNAMODB']['ENGINE'] is {name!r}, which is no engine: choose one of {', '.join(NAMES)}."
        )
    module, _, class_name = NAMES[name].partition(":")
    engine: Engine = getattr(import_module(f"{__name__}.{module}"), class_name).from_settings()
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
    """Stop using whatever engines were made from the settings and choose again when next asked."""
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
