"""Decides whether a project overrides an attribute of this package, Django or Django REST framework.

An attribute is overridden if its value on a class differs from the original value. A *hook* is an attribute that a
project may override.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Collection, Iterable
from itertools import chain
from typing import Any

from django.core.signals import setting_changed

from macaron_django.tracers import unwrapped
from macaron_django.tracers.known_tracers import CLOSURES, VIEWS

__all__ = ["Changes", "Hooks", "Watched", "has_own_access", "is_computed", "overrides"]

_changes = 0


def _count_change(**_: object) -> None:
    global _changes
    _changes += 1


setting_changed.connect(_count_change, dispatch_uid="macaron_django.api.plans")


class Watched(ABCMeta):
    """The metaclass of viewsets.

    It counts how often code, such as a test, sets one of the ``hooks`` on an existing class.
    """

    hooks: Hooks | None = None

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if cls.hooks is None or name in cls.hooks.names:
            _count_change()

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        _count_change()


class Changes:
    """Detects changes to the settings, to the attributes of a class, and to the attributes of its base classes.

    To detect a change, callers compare two values that ``state()`` has returned.
    """

    def __init__(self, cls: type) -> None:
        unwatched = [each for each in cls.__mro__ if each is not object and not isinstance(each, Watched)]
        self._unwatched = [vars(each).values() for each in unwatched]

    def state(self) -> object:
        """Returns a value to compare. The values of two calls are equal if nothing has changed between the calls."""
        return _changes, [*map(list, self._unwatched)]


class Hooks:
    """The attributes of the classes ``bases``, and the values that they have when the instance is created.

    A hook is overridden if another class defines it, or if it was replaced on a base class. The attributes in
    ``data`` aren't hooks, because generated classes set them.
    """

    def __init__(self, *bases: type, data: Collection[str] = ()) -> None:
        classes = dict.fromkeys(each for base in bases for each in base.__mro__ if each is not object)
        # The attributes of Python and of ABCMeta don't affect requests.
        self._defined = {
            each: {n: value for n, value in vars(each).items() if not n.startswith(("__", "_abc_")) and n not in data}
            for each in classes
        }
        self.names = frozenset(chain.from_iterable(self._defined.values()))

    def overridden(self, cls: type) -> frozenset[str]:
        """Returns the names of the hooks that are overridden in ``cls``."""
        others = (vars(base).keys() & self.names for base in cls.__mro__ if base not in self._defined)
        return self.patched().union(*others)

    def patched(self) -> frozenset[str]:
        """Returns the names of the hooks that were added to a base class or replaced on it."""
        replaced = {
            name
            for base, attributes in self._defined.items()
            for name, value in attributes.items()
            if (found := vars(base).get(name)) is not value and not _is_traced(found, value)
        }
        added = (vars(base).keys() & self.names - attributes.keys() for base, attributes in self._defined.items())
        return frozenset(replaced.union(*added))


def _is_traced(found: Any, original: Any) -> bool:
    """Returns whether an attribute is the original one, either unwrapped or wrapped only by supported tracers."""
    layers, function = unwrapped(found, CLOSURES)
    return function is original and all(layer.name in VIEWS for layer in layers)


def overrides(cls: type[Any], names: Iterable[str], *own: type[Any]) -> bool:
    """Returns whether a class overrides a method in ``names``. The classes in ``own`` define the original methods.

    >>> overrides(bool, ("__add__", "__repr__"), int)
    True
    """
    for name in names:
        original = getattr(own[0] if len(own) == 1 else next(each for each in own if hasattr(each, name)), name)
        found = getattr(cls, name)
        if found is not original and _function(found) is not _function(original):
            return True
    return False


def _function(method: Any) -> Any:
    return getattr(method, "__func__", method)  # each access to a class method creates a new bound method


def is_computed(cls: type, name: str) -> bool:
    """Returns whether an attribute is a descriptor, such as a property. Its value can then differ at each access."""
    return hasattr(next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None), "__get__")


def has_own_access(cls: type) -> bool:
    """Returns whether a class has its own rules for getting or setting attributes."""
    methods = ("__getattribute__", "__setattr__", "__delattr__")
    return hasattr(cls, "__getattr__") or any(getattr(cls, name) is not getattr(object, name) for name in methods)
