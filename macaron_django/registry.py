"""The composition root: creates the objects of each API from its spec.

The text of a spec becomes a document, from which classes, managers, viewsets and URLs are created in this order.

This module shows how the parts of the package fit together. `Registry.load` runs while Django imports models. Viewsets
and URLs are created at their first use, when every app is ready. Only this module stores APIs.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from django.db.models import Model

from macaron_django import api as api_layer
from macaron_django import auth, clients, dynamodb
from macaron_django import openapi as spec
from macaron_django.api.routing.url_index import IndexedResolver
from macaron_django.api.served_apis import ServedAPI, catalogue
from macaron_django.api.viewsets import UnusableViewsetError
from macaron_django.conf import base_folder, settings, under_compat
from macaron_django.discovery import DiscoveredAPI
from macaron_django.schemas import Classes
from macaron_django.schemas.checks.compilation_checks import build_all, parent_findings
from macaron_django.version import __version__

__all__ = ["API", "Registry", "is_chosen", "prebuilt_folder", "registry"]

logger = logging.getLogger("macaron_django")


@dataclass(frozen=True)
class API:
    """One API and the objects that were created from its spec.

    ``persistences`` has a ``Persistence`` for each persisted schema, by the schema's name. The row classes of these
    schemas are in ``classes``.
    """

    name: str
    document: spec.Document
    classes: Classes
    persistences: dict[str, dynamodb.Persistence]
    builtin: bool = False
    #: Whether ``manage.py prebuild`` has found no errors in the document.
    is_sound: bool = False

    @property
    def models(self) -> list[type[Model]]:
        return [persistence.model for persistence in self.persistences.values()]

    @cached_property
    def viewsets(self) -> api_layer.APIViewSets:
        return api_layer.build_viewsets(self.name, self.document, self.classes, self.persistences)


class Registry:
    """The APIs that were loaded, and the findings about the spec of each API."""

    def __init__(self) -> None:
        self._apis: dict[str, API] = {}
        self._findings: dict[str, list[spec.Finding]] = {}
        self._failed: dict[str, DiscoveredAPI] = {}
        self._checked: dict[str, tuple[spec.Finding, ...]] = {}
        #: The APIs that have classes but no operations.
        self._unserved_classes: dict[str, API] = {}
        #: The names of the APIs that have no URLs, because their specs have errors or ``SERVE`` leaves them out.
        self.unserved: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[API]:
        return iter(self._apis.values())

    def __getitem__(self, name: str) -> API:
        if name not in self._apis and name not in self._unserved_classes:
            self._load_client(name)
        return self._apis[name] if name in self._apis else self._unserved_classes[name]

    def names(self) -> list[str]:
        """Returns the names of all APIs in the order of loading. APIs that have only classes come last."""
        return list(dict.fromkeys([*self._apis, *self._unserved_classes, *clients.client_specs()]))

    @cached_property
    def clients(self) -> clients.APIClients:
        """The clients of all APIs, with the resources that they share."""
        return clients.APIClients()

    def _load_client(self, name: str) -> None:
        """Creates the classes of an API in ``CLIENTS``, when they are first used.

        Raises KeyError for an API that isn't in ``CLIENTS``.
        """
        self.add(name, _read(DiscoveredAPI(name, clients.client_specs()[name])), persist=False)

    def load(self, found: DiscoveredAPI) -> API | None:
        """Creates an API's classes and models from its spec. If the spec has errors, adds findings and returns None."""
        if found.name not in self._findings:  # Django may set up its apps again; models are made once
            findings = self._findings[found.name] = list(found.findings())
            try:
                api = _load(found, findings)
            except spec.SpecError as error:
                findings += error.findings
                self._failed[found.name] = found
                self.make_unserved_classes()
            else:
                self._apis[found.name] = api
        return self._apis.get(found.name)

    def add(self, name: str, document: spec.Document, *, persist: bool = True) -> API:
        """Creates an API's classes, but no operations. Raises SpecError if the document has errors."""
        if any(finding.level == "error" for finding in spec.quick_check(document)):
            raise spec.SpecError(spec.check(document))
        api = _with_clients(API(name, document, Classes(name, document), {}))
        made = self._unserved_classes[name] = _make(api, f"macaron_{name}") if persist else api
        return made

    def make_unserved_classes(self) -> None:
        """Creates the classes of APIs that ``SERVE`` leaves out. The code that their specs refer to doesn't have to
        exist.

        Other services serve these APIs, and this service calls them. It isn't an error if this service lacks the APIs'
        handlers and item classes, so the findings about such an API become warnings.
        """
        for name, found in self._failed.items():
            if is_chosen(name) or name in self._unserved_classes:
                continue
            with suppress(spec.SpecError):
                self.add(name, _read(found), persist=False)
                self._findings[name] = [each._replace(level="warning") for each in self._findings[name]]

    @property
    def left_out(self) -> dict[str, list[spec.Finding]]:
        """The findings about each API that couldn't be created from its spec, by the API's name."""
        return {name: found for name, found in self._findings.items() if name not in self._apis}

    def document_findings(self, *, sound: bool = False) -> dict[str, list[spec.Finding]]:
        """Returns the findings about each API's document.

        Imports no handlers, so apps can call this method while they load.

        By default, a document isn't checked again if ``prebuild`` found no errors in it. If ``sound`` is true, all
        documents are checked.
        """
        found = {name: list(findings) for name, findings in self._findings.items()}
        for api in self:
            if sound or not api.is_sound:
                if api.name not in self._checked:
                    self._checked[api.name] = spec.check(api.document)
                found[api.name] += self._checked[api.name]
        return found

    def findings(self, *, build: bool = True) -> dict[str, list[spec.Finding]]:
        """Returns the findings about each API, its handlers and its security.

        If ``build`` is true, also compiles validators.
        """
        found = self.document_findings(sound=build)
        for api in self:
            found[api.name] += build_all(api.document, api.classes).findings if build else parent_findings(api.classes)
            if not (api.builtin or is_chosen(api.name)):
                continue  # its operations aren't served here, and its handlers may be in another service
            if not api.builtin:  # without JWT, no one can call /auth/version; that is intended
                found[api.name] += auth.security_findings(api.document)
            with contextlib.suppress(UnusableViewsetError):  # the check of the settings reports it
                found[api.name] += api.viewsets.findings()
        return {name: list(dict.fromkeys(findings)) for name, findings in found.items()}

    def files(self) -> Iterator[Path]:
        """Returns the files of all APIs' documents."""
        return (path for api in self for path in api.document.files)

    def urls(self, without: Collection[str] = ()) -> list[IndexedResolver]:
        """Returns one resolver for the URLs of operations and documentation pages. Leaves out APIs in ``without``."""
        self.unserved = frozenset(without)
        served = {api.name: api for api in self if api.name not in without}
        operations = [each for api in served.values() for each in api_layer.url_patterns(api.name, api.viewsets)]
        pages = api_layer.docs_patterns(lambda: {api.name: api.document for api in self if api.name not in without})
        return [IndexedResolver([*pages, *operations])]


def is_chosen(name: str) -> bool:
    """Returns whether ``SERVE`` includes this API. Built-in APIs are always served."""
    return settings.SERVE is None or name in settings.SERVE


def prebuilt_folder() -> Path | None:
    """Returns the folder in the setting ``PREBUILT``; None if the setting is None or the folder doesn't exist."""
    folder = None if settings.PREBUILT is None else base_folder() / settings.PREBUILT
    return folder if folder is not None and folder.is_dir() else None


def _read(found: DiscoveredAPI) -> spec.Document:
    limits = spec.Limits(max_bytes=settings.MAX_SPEC_SIZE)
    hosts, cache = settings.SPEC_HOSTS, spec.cache_folder()
    base_path, root = settings.BASE_PATHS.get(found.name), found.root
    ignored = settings.IGNORE_BASE_PATH
    return spec.load(
        found.path,
        limits=limits,
        allow_hosts=hosts,
        root=root,
        cache=cache,
        prebuilt=prebuilt_folder(),
        base_path=base_path,
        ignore_base_path=under_compat() if ignored is None else ignored,
    )


def _load(found: DiscoveredAPI, findings: list[spec.Finding]) -> API:
    document, folder = _read(found), prebuilt_folder()
    is_sound = folder is not None and spec.is_known_sound(document, folder, __version__)
    if folder is not None and not is_sound:
        # A spec that refers to other hosts is checked at each start.
        unless = ", unless the spec refers to other hosts" if settings.SPEC_HOSTS else ""
        logger.warning(
            "%s has no file for the current contents of %s: run `manage.py prebuild`%s.", folder, found.path, unless
        )
    if any(finding.level == "error" for finding in (*findings, *(() if is_sound else spec.quick_check(document)))):
        raise spec.SpecError(spec.check(document))
    api = _with_clients(API(found.name, document, Classes(found.name, document), {}, found.builtin, is_sound))
    return _make(api, found.label)


def _with_clients(api: API) -> API:
    """Adds ``client`` and ``aclient``, which call the API's operations, to the API's classes."""
    described = api.name, api.document, api.classes
    api.classes.further["client"] = lambda: registry.clients.blocking(*described)
    api.classes.further["aclient"] = lambda: registry.clients.on_loop(*described)
    return api


def _make(api: API, label: str) -> API:
    document = api.document
    kept = {name: schema for name, schema in document.persisted.items() if not dynamodb.graft(schema, api.classes)}
    for name, schema in kept.items():
        api.persistences[name] = dynamodb.persist(api.name, label, schema, api.classes)
    return api


registry: Registry = Registry()
catalogue.connect(
    lambda: {
        api.name: ServedAPI(api.name, api.document, api.viewsets, api.name not in registry.unserved, api.persistences)
        for api in registry
    },
    lambda: registry.left_out,
)
