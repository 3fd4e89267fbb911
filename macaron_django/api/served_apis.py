"""Lists the served APIs. Modules that can't import the registry get the list here.

When the registry is created, it connects itself to this module.

``viewsets.myserver`` and ``GET /version`` use this list, so they always show the current APIs in the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from macaron_django.openapi import Document

__all__ = ["Catalogue", "ServedAPI", "ViewSetsOfAPI", "catalogue"]


@dataclass(frozen=True)
class ServedAPI:
    """One API. ``viewsets`` has the API's viewset classes by name. ``is_routed`` is False if the API has no URLs.

    ``persistences`` maps the name of each persisted schema to the object that stores the schema's items in DynamoDB.
    """

    name: str
    document: Document
    viewsets: Mapping[str, type] = field(default_factory=dict)
    is_routed: bool = True
    persistences: Mapping[str, Any] = field(default_factory=dict)


class Catalogue(Mapping[str, ServedAPI]):
    """The served APIs by name; empty until a source is connected."""

    def __init__(self) -> None:
        self._source: Callable[[], Mapping[str, ServedAPI]] = dict
        self._left_out: Callable[[], Collection[str]] = tuple

    def connect(
        self, source: Callable[[], Mapping[str, ServedAPI]], left_out: Callable[[], Collection[str]] = tuple
    ) -> None:
        """Connects two functions: ``source`` returns the APIs, and ``left_out`` returns the names of the broken APIs.

        Both functions are called at each access, so they should cache their results.
        """
        self._source, self._left_out = source, left_out

    @property
    def left_out(self) -> Collection[str]:
        """The names of APIs that couldn't be created because of errors in their specs."""
        return self._left_out()

    def __getitem__(self, name: str) -> ServedAPI:
        return self._source()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._source())

    def __len__(self) -> int:
        return len(self._source())


class ViewSetsOfAPI:
    """The viewset classes of one API as attributes: ``viewsets.myserver.Profiles``."""

    def __init__(self, api: ServedAPI) -> None:
        self._api = api

    def __getattr__(self, name: str) -> Any:
        try:
            return self._api.viewsets[name]
        except KeyError:
            known = ", ".join(sorted(self._api.viewsets)) or "none"
            raise AttributeError(f"the API {self._api.name!r} has no viewset {name!r}; it has: {known}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._api.viewsets]

    def __iter__(self) -> Iterator[str]:
        return iter(self._api.viewsets)

    def __repr__(self) -> str:
        return f"<viewsets of {self._api.name}: {', '.join(self._api.viewsets)}>"


#: The APIs that the registry serves.
catalogue: Catalogue = Catalogue()
