"""The composition root: for each API, text → document → classes → managers → viewsets → URLs.

Reads as the package's table of contents. `Registry.load` runs while Django imports models; viewsets and URLs are made
when they are first asked for, once every app is ready. The package's other modules keep no state of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from django.db.models import Model

from macaron_django import api as api_layer
from macaron_django import auth, dynamodb, spec
from macaron_django.api.catalogue import ServedAPI, catalogue
from macaron_django.api.url_index import IndexedResolver
from macaron_django.conf import settings
from macaron_django.discovery import Found
from macaron_django.schemas import Classes
from macaron_django.schemas.building import build_all

__all__ = ["API", "Registry", "apipool", "registry"]


@dataclass(frozen=True)
class API:
    """One API and what was made from its spec. ``persistences`` are named by schema; their rows are in ``classes``."""

    name: str
    document: spec.Document
    classes: Classes
    persistences: dict[str, dynamodb.Persistence]
    builtin: bool = False

    @property
    def models(self) -> list[type[Model]]:
        return [persistence.model for persistence in self.persistences.values()]

    @cached_property
    def viewsets(self) -> api_layer.APIViewSets:
        return api_layer.build_viewsets(self.name, self.document, self.classes, self.persistences)


class Registry:
    """The APIs that are served, and what was found wrong with those that aren't."""

    def __init__(self) -> None:
        self._apis: dict[str, API] = {}
        self._findings: dict[str, list[spec.Finding]] = {}

    def __iter__(self) -> Iterator[API]:
        return iter(self._apis.values())

    def __getitem__(self, name: str) -> API:
        return self._apis[name]

    def load(self, found: Found) -> API | None:
        """Make an API's classes and models from its spec; None, and findings, where it can't be served."""
        if found.name not in self._findings:  # Django may set up its apps again; models are made once
            findings = self._findings[found.name] = list(found.findings())
            try:
                api = _load(found, findings)
            except spec.SpecError as error:
                findings += error.findings
            else:
                self._apis[found.name] = api
        return self._apis.get(found.name)

    def findings(self) -> list[spec.Finding]:
        """All that is wrong with the specs, and with what their operations are bound to."""
        found = [finding for findings in self._findings.values() for finding in findings]
        for api in self:
            found += api.document.check()
            found += build_all(api.document, api.classes).findings
            if not api.builtin:  # in a project without JWT, /auth/version is closed to everybody, as it should be
                found += auth.security_findings(api.document)
            found += api.viewsets.findings()
        return list(dict.fromkeys(found))

    def files(self) -> Iterator[Path]:
        """The files that the APIs were read from."""
        return (path for api in self for path in api.document.files)

    def urls(self) -> list[IndexedResolver]:
        """The operations of every API, and the pages about them, under one index."""
        operations = [resolver for api in self for resolver in api_layer.url_patterns(api.name, api.viewsets)]
        pages = api_layer.docs_patterns(lambda: {api.name: api.document for api in self})
        return [IndexedResolver([*pages, *operations])]


def _load(found: Found, findings: list[spec.Finding]) -> API:
    limits = spec.Limits(max_bytes=settings.MAX_SPEC_SIZE)
    hosts, cache = settings.SPEC_HOSTS, spec.cache_folder()
    base_path, root = settings.BASE_PATHS.get(found.name), found.root
    document = spec.load(found.path, limits=limits, allow_hosts=hosts, root=root, cache=cache, base_path=base_path)
    if any(finding.level == "error" for finding in (*findings, *document.findings)):
        raise spec.SpecError(document.check())
    api = API(found.name, document, Classes(found.name, document), {}, found.builtin)
    for name, schema in document.persisted.items():
        api.persistences[name] = dynamodb.persist(found.name, found.label, schema, api.classes)
    return api


class APIPool:
    """Every API's classes by name: ``apipool.myserver.Profile``."""

    def __getattr__(self, name: str) -> Classes:
        try:
            return registry[name].classes
        except KeyError:
            known = ", ".join(sorted(api.name for api in registry)) or "none"
            raise AttributeError(f"There is no API named {name!r}; there are: {known}.") from None

    def __dir__(self) -> list[str]:
        return sorted(api.name for api in registry)


registry = Registry()
apipool = APIPool()
catalogue.connect(lambda: {api.name: ServedAPI(api.name, api.document, api.viewsets) for api in registry})
