"""Provides the generated viewsets of each API, such as ``viewsets.myserver.Profiles``, and lets projects subclass them.

A generated viewset is a ``GenericAPIView``. Permissions, throttles, filters, renderers, the browsable API and
drf-spectacular work as for any other view. To change a viewset, register a subclass::

    from macaron_django.api import viewsets

    @viewsets.register
    class Profiles(viewsets.myserver.Profiles):
        permission_classes = [IsAuthenticated]

        def get_queryset(self):
            return super().get_queryset().filter(owner=self.request.user.pk)

Alternatively, name the class in ``MACARON["VIEWSETS"]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import SystemCheckError
from django.utils.module_loading import import_string

from macaron_django.api.served_apis import ViewSetsOfAPI, catalogue
from macaron_django.api.views.operation_viewsets import OperationViewSet
from macaron_django.api.views.resource_viewsets import ResourceViewSet
from macaron_django.conf import settings

__all__ = ["in_use", "register"]

V = TypeVar("V", bound="type[OperationViewSet]")


def register(viewset: V) -> V:
    """Serves ``viewset``, a subclass of a generated viewset, instead of the generated viewset. Returns ``viewset``.

    Import the subclass's module before the URLs are created: in an app's ``ready()``, or above the ``include`` in the
    root URLconf. A class in ``MACARON["VIEWSETS"]`` doesn't need such an import. Raises ``TypeError`` for a class that
    isn't such a subclass. Raises ``RuntimeError`` if the viewset is registered too late, or if another one is already
    registered.
    """
    generated = _generated(viewset)
    if generated is None:
        raise TypeError(f"{viewset.__name__} must subclass a generated viewset, such as viewsets.myserver.Profiles.")
    if generated.is_routed:
        # Otherwise, the permission classes of the viewset would be ignored silently.
        raise RuntimeError(
            f"{viewset.__name__} is registered too late: the URLs of {generated.api} already exist. Add the "
            f'class to MACARON["VIEWSETS"], or import its module in the ready() of an app.'
        )
    present = generated.replacement
    if present is not None and not issubclass(viewset, present):
        raise RuntimeError(
            f"{viewset.__module__}.{viewset.__name__} and {present.__module__}.{present.__name__} are both registered "
            f"for viewsets.{generated.api}.{generated.__name__}: register only one of them. The class that "
            "you register can subclass the other."
        )
    generated.replacement = viewset
    return viewset


class UnusableViewsetError(ImproperlyConfigured, SystemCheckError):
    """``MACARON["VIEWSETS"]`` can't be applied. Commands print only the message, without a traceback."""


def in_use(viewset: type[OperationViewSet]) -> type[OperationViewSet]:
    """Returns the class that replaces a generated viewset: the class in the settings, else the registered class.

    If there is neither, returns the viewset itself. Raises ``ImproperlyConfigured`` if the settings name two classes.
    """
    configured = [each for each in dict.fromkeys(_configured()) if _generated(each) is viewset]
    if len(configured) > 1:
        # Otherwise, the permission classes of one of them would be ignored silently.
        names = " and ".join(f"{each.__module__}.{each.__qualname__}" for each in configured)
        raise UnusableViewsetError(
            f"MACARON['VIEWSETS'] names {names}, which both replace viewsets.{viewset.api}.{viewset.__name__}: "
            f"list only one of them. The class that you list can subclass the other."
        )
    return configured[0] if configured else viewset.replacement or viewset


class _ViewSetsLeftOut:
    """Replaces the viewsets of an API that isn't served because its spec has errors.

    Each attribute is a viewset class without operations. A module of the project can subclass it, and so can still be
    imported. This matters if the module also has viewsets of other APIs, because their permissions apply only if the
    module can be imported.
    """

    def __init__(self, api: str) -> None:
        self._api = api

    def __getattr__(self, name: str) -> type[OperationViewSet]:
        if name.startswith("__"):
            raise AttributeError(name)
        members = {"api": self._api, "routes": {}, "__doc__": f"Replaces a viewset of the unserved API {self._api}."}
        return type(name, (ResourceViewSet,), members)


def _configured() -> Iterator[type[OperationViewSet]]:
    for dotted in settings.VIEWSETS:
        try:
            found = import_string(dotted)
        except ImportError as error:
            # Django's message says only that the module lacks the name, even if an import in the module failed.
            cause = error.__cause__ or error
            raise UnusableViewsetError(
                f"MACARON['VIEWSETS'] names {dotted!r}, which can't be imported: {cause}."
            ) from error
        if not isinstance(found, type) or _generated(found) is None:
            raise UnusableViewsetError(
                f"MACARON['VIEWSETS'] names {dotted!r}, which must subclass a generated viewset, such as "
                f"viewsets.myserver.Profiles."
            )
        yield found


def _generated(viewset: type) -> Any:
    """Returns the generated viewset from which a class inherits.

    Returns None for a generated viewset itself, and for other classes.
    """
    found = next((base for base in viewset.__mro__[1:] if "routes" in vars(base)), None)
    return None if found is OperationViewSet else found


def __getattr__(name: str) -> Any:
    # inspect and the import system look up dunder names on every module.
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        return ViewSetsOfAPI(catalogue[name])
    except KeyError:
        if name in catalogue.left_out:
            return _ViewSetsLeftOut(name)
        known = f"; the known ones are {', '.join(sorted(catalogue))}" if catalogue else ": the project has none"
        raise AttributeError(f"there is no API named {name!r}{known}") from None
