"""What is served, for code below the registry to look at: a function that lists the APIs goes in.

The registry connects itself here when it is made; nothing in this package imports it. So ``viewsets.myserver``
and ``GET /version`` always show what the registry holds at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from macaron_django.spec import Document

__all__ = ["Catalogue", "ServedAPI", "ViewSetsOfAPI", "catalogue"]


@dataclass(frozen=True)
class ServedAPI:
    """One API as it is served; ``viewsets`` are its viewset classes by name."""

    name: str
    document: Document
    viewsets: Mapping[str, type] = field(default_factory=dict)


class Catalogue(Mapping[str, ServedAPI]):
    """The served APIs by name; empty until a source is connected."""

    def __init__(self) -> None:
        self._source: Callable[[], Mapping[str, ServedAPI]] = dict

    def connect(self, source: Callable[[], Mapping[str, ServedAPI]]) -> None:
        """Ask ``source`` from now on; it is called at each look, so it had better keep what it makes."""
        self._source = source

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


catalogue = Catalogue()
