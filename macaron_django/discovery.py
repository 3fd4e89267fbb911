"""Settings → which APIs there are: names, and where their specs stand.

Apart from the registry, because it runs before any app is loaded: the names become app labels.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings as django_settings

from macaron_django.conf import settings
from macaron_django.spec import Finding, Location

__all__ = ["Found", "discover"]

SUFFIXES = (".yaml", ".yml", ".json")
BUILTIN = Path(__file__).parent / "apis" / "ping.yaml"


@dataclass(frozen=True)
class Found:
    """One API: its name (an identifier), its spec,
    why it can't be loaded where that is known by now, and whether this package brings it."""

    name: str
    path: Path
    problem: str | None = None
    builtin: bool = False

    @property
    def label(self) -> str:
        """The label of the API's Django app: what its permissions and content types are filed under."""
        return f"macaron_{self.name}"

    @property
    def root(self) -> Path | None:
        """The folder below which the spec's references may read files; None for the one above the spec's own."""
        given: str | Path | None = settings.SPEC_ROOTS.get(self.name)
        return None if given is None else base_folder() / given

    def findings(self) -> list[Finding]:
        """Why the API can't be loaded, if it can't."""
        if self.problem is None:
            return []
        return [Finding("E105", "error", self.problem, "", Location(str(self.path)))]


def base_folder() -> Path:
    """The project's folder: ``BASE_DIR`` as ``startproject`` writes it, else the current one."""
    return Path(getattr(django_settings, "BASE_DIR", None) or Path.cwd())


def discover() -> list[Found]:
    """Every API of the project: those of ``MACARON["APIS"]``, or every ``apis/*.yaml|yml|json``, and the built-in one.

    Without the setting the project's folder is searched first, then each installed app's, in order. An API is
    named by its file (``my-api.yaml`` is ``my_api``). Two of one name: the later one has a problem.
    """
    given: Mapping[str, str | Path] | None = settings.APIS
    found = _named(given) if given is not None else _searched()
    builtin = [Found("ping", BUILTIN, builtin=True)] if settings.BUILTIN_ENDPOINTS else []
    return _without_twins([*found, *builtin])


def _named(given: Mapping[str, str | Path]) -> Iterator[Found]:
    for name, path in given.items():
        problem = None
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            problem = f"{name!r} can't name an API: use lower-case letters, digits and underscores."
        yield Found(name, base_folder() / path, problem)


def _searched() -> Iterator[Found]:
    for folder in dict.fromkeys([base_folder(), *_app_folders(django_settings.INSTALLED_APPS)]):
        for path in sorted((folder / "apis").glob("*")):
            if path.suffix in SUFFIXES and not path.name.startswith((".", "_")) and path != BUILTIN:
                name = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_")
                yield Found(name if name[:1].isalpha() else f"api_{name}", path)


def _app_folders(entries: Iterable[str]) -> Iterator[Path]:
    """The folder of each installed app. An entry is a package, or ends in the name of an AppConfig class."""
    for entry in entries:
        for candidate in (entry, entry.rpartition(".")[0], entry.rpartition(".")[0].rpartition(".")[0]):
            try:
                package = importlib.util.find_spec(candidate) if candidate else None
            except (ImportError, ValueError):
                continue  # Django says what is wrong with INSTALLED_APPS, better than can be said here
            if package is not None and package.submodule_search_locations:
                yield from map(Path, package.submodule_search_locations)
                break


def _without_twins(found: Iterable[Found]) -> list[Found]:
    taken: dict[str, Found] = {}
    for api in found:
        first = taken.setdefault(api.name, api)
        if first is not api:
            problem = f"{api.path} and {first.path} both make an API named {api.name!r}: rename one of the files."
            taken[api.name] = Found(api.name, first.path, first.problem or problem)
    return list(taken.values())
