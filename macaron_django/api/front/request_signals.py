"""Sends ``request_started`` and ``request_finished`` as Django does, but faster if all receivers are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.core.cache import close_caches
from django.core.cache.backends.base import BaseCache
from django.core.handlers.base import reset_urlconf
from django.db import close_old_connections, connections, reset_queries
from django.dispatch import Signal
from django.utils.module_loading import import_string

from macaron_django.conf import django_setting
from macaron_django.tracers import unwrapped
from macaron_django.tracers.known_tracers import CLOSURES, SIGNALS, records_signals

__all__ = ["RequestSignal"]

#: Django's receivers that close or reset connections to databases. Without connections, they do nothing.
_OF_CONNECTIONS = frozenset({close_old_connections, reset_queries})
#: Django's name for the engine of a database that a project doesn't configure.
_NO_DATABASE = "django.db.backends.dummy"
_KNOWN = _OF_CONNECTIONS | {close_caches, reset_urlconf}


class _Receivers(NamedTuple):
    """The receivers of a signal, each with a flag: whether it only closes connections.

    ``own`` has this package's receivers.
    """

    all: list[tuple[Callable[..., object], bool]]
    own: list[Callable[..., object]]


class RequestSignal:
    """A signal with one sender.

    If all receivers belong to Django or to this package, they are called directly. Otherwise, Django sends the signal.
    """

    def __init__(self, signal: Signal, sender: Any) -> None:
        self.signal, self.sender = signal, sender
        # The receivers and caches when they were last read, and the receivers to call (None if Django must send the
        # signal). The tuple is replaced as a whole.
        self._known: tuple[list[Any], Any, _Receivers | None] = ([], None, None)
        self._layers, self._live_receivers = unwrapped(vars(Signal)["_live_receivers"], CLOSURES)
        self._is_django = all(layer.name in SIGNALS for layer in self._layers)

    def send(self, **named: Any) -> None:
        """Calls the receivers. Doesn't catch their exceptions."""
        receivers = self._receivers()
        if receivers is None or (self._layers and any(records_signals(layer.wrapper) for layer in self._layers)):
            self.signal.send(sender=self.sender, **named)
            return
        has_connections = _has_databases() and bool(connections.all(initialized_only=True))
        for receiver, is_of_connections in receivers.all:
            if has_connections or not is_of_connections:
                receiver(signal=self.signal, sender=self.sender, **named)

    def send_own(self, **named: Any) -> None:
        """Calls only this package's receivers.

        Use this method if the request used no database and no cache. In that case, Django's receivers would do nothing.
        """
        receivers = self._receivers()
        for receiver in () if receivers is None else receivers.own:
            receiver(signal=self.signal, sender=self.sender, **named)

    @property
    def is_known(self) -> bool:
        """Whether all receivers belong to Django or to this package. If so, the receivers don't block while no database
        is open.
        """
        return self._receivers() is not None

    def _receivers(self) -> _Receivers | None:
        seen, caches, receivers = self._known
        if seen != self.signal.receivers or caches is not django_setting("CACHES"):
            seen, caches, receivers = self._known = self._look()
        return receivers

    def _look(self) -> tuple[list[Any], Any, _Receivers | None]:
        seen, caches = [*self.signal.receivers], django_setting("CACHES")
        found, asynchronous = self._live_receivers(self.signal, self.sender)
        if asynchronous or not self._is_django or not all(map(_is_known, found)):
            return seen, caches, None
        idle = {close_caches} if all(map(_stays_open, caches.values())) else set()
        every = [(each, each in _OF_CONNECTIONS) for each in found if each not in idle]
        return seen, caches, _Receivers(every, [each for each in found if each not in _KNOWN])


def _has_databases() -> bool:
    """Returns whether the settings have a database. Without one, Django's connection does nothing."""
    for each in connections.settings.values():  # noqa: SIM110 (a generator costs more)
        if each["ENGINE"] != _NO_DATABASE:
            return True
    return False


def _is_known(receiver: Any) -> bool:
    return receiver in _KNOWN or getattr(receiver, "__module__", "").startswith("macaron_django.")


def _stays_open(cache: Mapping[str, Any]) -> bool:
    """Returns whether a cache inherits ``close()`` from ``BaseCache``, whose method does nothing."""
    return getattr(import_string(cache["BACKEND"]), "close", None) is BaseCache.close
