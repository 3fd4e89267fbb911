"""Finds the names of the project's APIs, and the paths of their specs, in the settings and in folders.

The module runs before any app is loaded, because the names become app labels.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings as django_settings

from macaron_django.conf import base_folder, settings, under_compat
from macaron_django.openapi import Finding, Location

__all__ = ["DiscoveredAPI", "discover"]

SUFFIXES = (".yaml", ".yml", ".json")
_OWN = Path(__file__).parent / "apis"
BUILTIN = _OWN / "ping.yaml"
#: Replaces ``BUILTIN`` in compatibility mode, because PyMacaron's built-in endpoints have different responses.
PYMACARON_BUILTIN = _OWN / "pymacaron_ping.yaml"
CRASH = _OWN / "crash.yaml"


@dataclass(frozen=True)
class DiscoveredAPI:
    """The name of an API (an identifier), and the path of its spec.

    ``problem`` is a finding that says why the API can't be loaded, if this is already known. ``builtin`` is true if the
    API comes with this package.
    """

    name: str
    path: Path
    problem: str | None = None
    builtin: bool = False

    @property
    def label(self) -> str:
        """The label of the API's Django app. Django stores it in permissions and content types."""
        return f"macaron_{self.name}"

    @property
    def root(self) -> Path | None:
        """The folder that contains all files that the spec's references are allowed to read.

        None means the default, which ``Files.root`` describes: usually the parent of the spec's folder.
        """
        given: str | Path | None = settings.SPEC_ROOTS.get(self.name)
        return None if given is None else base_folder() / given

    def findings(self) -> list[Finding]:
        """Returns a list with ``problem``; an empty list if there is no problem."""
        if self.problem is None:
            return []
        return [Finding("E105", "error", self.problem, "", Location(str(self.path)))]


def discover() -> list[DiscoveredAPI]:
    """Returns the APIs in ``MACARON["APIS"]``, and the built-in APIs.

    If the setting is None, each file ``apis/*.yaml|yml|json`` defines an API. This function searches the project's
    folder first, then the folder of each installed app. The API's name comes from the file's name (``my-api.yaml``
    defines ``my_api``). If two files define APIs with the same name, only the first API is returned, and its
    ``problem`` is set.
    """
    given: Mapping[str, str | Path] | None = settings.APIS
    found = _named(given) if given is not None else _searched()
    spec = PYMACARON_BUILTIN if under_compat() else BUILTIN
    builtin = [DiscoveredAPI("ping", spec, builtin=True)] if settings.BUILTIN_ENDPOINTS else []
    crash = [DiscoveredAPI("crash", CRASH, builtin=True)] if settings.CRASH_ENDPOINTS else []
    return _without_twins([*found, *builtin, *crash])


def _named(given: Mapping[str, str | Path]) -> Iterator[DiscoveredAPI]:
    for name, path in given.items():
        problem = None
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            problem = (
                f"{name!r} can't be the name of an API. A name begins with a lower-case letter; lower-case letters, "
                "digits and underscores can follow."
            )
        yield DiscoveredAPI(name, base_folder() / path, problem)


def _searched() -> Iterator[DiscoveredAPI]:
    for folder in dict.fromkeys([base_folder(), *_app_folders(django_settings.INSTALLED_APPS)]):
        for path in sorted((folder / "apis").glob("*")):
            if path.suffix in SUFFIXES and not path.name.startswith((".", "_")) and path.parent != _OWN:
                name = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_")
                yield DiscoveredAPI(name if name[:1].isalpha() else f"api_{name}", path)


def _app_folders(entries: Iterable[str]) -> Iterator[Path]:
    """Yields the folder of each installed app. Each entry is the dotted path of a package or of an AppConfig class."""
    for entry in entries:
        for candidate in (entry, entry.rpartition(".")[0], entry.rpartition(".")[0].rpartition(".")[0]):
            try:
                package = importlib.util.find_spec(candidate) if candidate else None
            except (ImportError, ValueError):
                continue  # Django itself reports what is wrong with INSTALLED_APPS
            if package is not None and package.submodule_search_locations:
                yield from map(Path, package.submodule_search_locations)
                break


def _without_twins(found: Iterable[DiscoveredAPI]) -> list[DiscoveredAPI]:
    taken: dict[str, DiscoveredAPI] = {}
    for api in found:
        first = taken.setdefault(api.name, api)
        if first is not api:
            problem = f"{api.path} and {first.path} both define an API named {api.name!r}: rename one of the files."
            taken[api.name] = DiscoveredAPI(api.name, first.path, first.problem or problem)
    return list(taken.values())
