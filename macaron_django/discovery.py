"""Finds the project's APIs from its settings and files: their names and the paths of their specs.

It runs before any app is loaded, because the names become app labels.
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
#: The same in PyMacaron's shape.
PYMACARON_BUILTIN = _OWN / "pymacaron_ping.yaml"
CRASH = _OWN / "crash.yaml"


@dataclass(frozen=True)
class DiscoveredAPI:
    """One API: its name (an identifier) and its spec.

    ``problem`` says why it can't be loaded, if that is already known; ``builtin`` says whether it comes with this
    package.
    """

    name: str
    path: Path
    problem: str | None = None
    builtin: bool = False

    @property
    def label(self) -> str:
        """The label of the API's Django app, which its permissions and content types are stored with."""
        return f"macaron_{self.name}"

    @property
    def root(self) -> Path | None:
        """The folder below which the spec's references may read files; None for the folder above the spec's own."""
        given: str | Path | None = settings.SPEC_ROOTS.get(self.name)
        return None if given is None else base_folder() / given

    def findings(self) -> list[Finding]:
        """Returns the problem, if there is one, as a finding."""
        if self.problem is None:
            return []
        return [Finding("E105", "error", self.problem, "", Location(str(self.path)))]


def discover() -> list[DiscoveredAPI]:
    """Returns the APIs of ``MACARON["APIS"]``, or else of every ``apis/*.yaml|yml|json``, and the built-in ones.

    Without the setting the project's folder is searched first, then the folder of each installed app. An API has the
    name of its file (``my-api.yaml`` is ``my_api``). If two have the same name, the second one has a problem.
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
            problem = f"{name!r} can't name an API: use lower-case letters, digits and underscores."
        yield DiscoveredAPI(name, base_folder() / path, problem)


def _searched() -> Iterator[DiscoveredAPI]:
    for folder in dict.fromkeys([base_folder(), *_app_folders(django_settings.INSTALLED_APPS)]):
        for path in sorted((folder / "apis").glob("*")):
            if path.suffix in SUFFIXES and not path.name.startswith((".", "_")) and path.parent != _OWN:
                name = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_")
                yield DiscoveredAPI(name if name[:1].isalpha() else f"api_{name}", path)


def _app_folders(entries: Iterable[str]) -> Iterator[Path]:
    """Yields the folder of each installed app. An entry is a package, or ends with the name of an AppConfig class."""
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
