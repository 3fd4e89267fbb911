"""Provides ``apipool``, which has the classes of every API and the methods of PyMacaron's ``apipool``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from macaron_django import openapi as spec
from macaron_django.conf import settings, under_compat
from macaron_django.openapi.reading.source import parse
from macaron_django.registry import registry
from macaron_django.schemas import Classes
from macaron_django.schemas.formats.format_checks import register_formats

__all__ = ["APIPool", "DifferentModelsError", "apipool", "get_model"]


class DifferentModelsError(Exception):
    """Two APIs have different schemas with the same name."""


class APIPool:
    """Every API's classes by name: ``apipool.myserver.Profile``."""

    def __getattr__(self, name: str) -> Classes:
        try:
            return registry[name].classes
        except KeyError:
            known = ", ".join(self.get_api_names()) or "none"
            broken = f" APIs with errors in their specs: {', '.join(left)}." if (left := registry.left_out) else ""
            raise AttributeError(f"There is no API named {name!r}; the known ones are {known}.{broken}") from None

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.get_api_names()})

    def __call__(self) -> APIPool:
        """Returns this pool, so that PyMacaron 1's expression ``ApiPool().current_server_name`` works."""
        return self

    def get_model(self, api_name: str) -> Classes:
        """Returns the classes of an API. Raises ``AttributeError`` for an unknown API."""
        return self.__getattr__(api_name)

    def get_api_names(self) -> list[str]:
        """Returns the names of all APIs, including APIs that were loaded only for their classes."""
        return sorted(registry.names())

    @property
    def current_server_name(self) -> str:
        """The names of the served APIs as text, separated by commas. Built-in APIs are left out."""
        return ",".join(sorted(api.name for api in registry if not api.builtin))

    @property
    def current_server_api(self) -> Classes | None:
        """The classes of the first served API that isn't built in; None if there is no such API."""
        return next((api.classes for api in registry if not api.builtin), None)

    def add(
        self,
        name: str,
        yaml_path: str | Path | None = None,
        yaml_str: str | None = None,
        formats: Iterable[Any] | None = None,
        do_persist: bool = True,
        host: str | None = None,
        port: int | None = None,
        proto: str | None = None,
        timeout: float | None = None,
        verify_ssl: bool = True,
        local: bool = False,
        **_ignored: Any,
    ) -> Classes:
        """Loads a spec from a file or a string, and returns its classes. The spec's operations aren't served.

        If the project has already loaded the API, its classes are returned unchanged. ``formats`` are objects like
        bravado-core's ``SwaggerFormat``. They apply to every spec that is loaded later. If ``do_persist`` is false,
        ``x-persist`` has no effect.

        The other arguments configure the API's ``client``. It sends calls to ``host`` and ``port`` with the scheme
        ``proto``, waits for ``timeout`` seconds, and verifies certificates if ``verify_ssl`` is true. If ``local`` is
        true, the client calls the API in this process. Raises ``SpecError`` with the errors in the spec.
        """
        register_formats(formats or ())
        options = _client_options(host, port, proto, timeout, verify_ssl, local)
        if options:
            settings.change(CLIENTS={**settings.CLIENTS, name: options})
        if name in registry.names():
            return registry[name].classes
        if (yaml_path is None) == (yaml_str is None):
            raise TypeError(f"apipool.add({name!r}) needs either yaml_path or yaml_str.")
        limits = spec.Limits(max_bytes=settings.MAX_SPEC_SIZE)
        source: Any = yaml_path if yaml_str is None else parse(yaml_str.encode(), f"{name}.yaml", limits).tree
        document = spec.load(source, limits=limits, ignore_base_path=under_compat())
        return registry.add(name, document, persist=do_persist).classes

    def load_swagger(self, api_name: str, api_path: str | Path, *_code: Any, **_options: Any) -> Classes:
        """Loads a spec, and returns its classes. PyMacaron's other arguments, for generated code, have no effect."""
        return self.add(api_name, yaml_path=api_path)

    def add_model(self, api_name: str, model_name: str, model_class: type) -> None:
        """Makes ``model_class``, a class of the project, available as ``apipool.<api>.<model_name>``."""
        setattr(self.get_model(api_name), model_name, model_class)

    def enforce_global_model_names(self) -> None:
        """Raises ``DifferentModelsError`` with the differences, if APIs have different schemas with the same name."""
        first: dict[str, Any] = {}
        differences = []
        for api in map(registry.__getitem__, registry.names()):
            classes: Any = api.classes if not api.builtin else ()
            for name in classes:
                known = first.setdefault(name, classes[name])
                differences.append(known.diff_with(classes[name]) if known is not classes[name] else "")
        if any(differences):
            raise DifferentModelsError("\n".join(filter(None, differences)))

    merge = enforce_global_model_names


def _client_options(
    host: str | None, port: int | None, proto: str | None, timeout: float | None, verify_ssl: bool, local: bool
) -> dict[str, Any]:
    """Converts PyMacaron's arguments to an API's settings in ``CLIENTS``. Leaves out arguments that weren't given."""
    options: dict[str, Any] = {"IN_PROCESS": True} if local else {}
    if host is not None and not local:
        scheme = proto or ("https" if port == 443 else "http")
        options["BASE_URL"] = f"{scheme}://{host}" + (f":{port}" if port is not None else "")
    if timeout is not None:
        options |= {"READ_TIMEOUT": timeout, "CONNECT_TIMEOUT": timeout}
    if not verify_ssl:
        options["VERIFY"] = False
    return options


apipool = APIPool()


def get_model(name: str) -> Any:
    """Returns the class of the schema ``name`` from any API. If several APIs have it, the API loaded last wins.

    Raises ``AttributeError`` if no API has such a schema.
    """
    found = [api.classes[name] for api in map(registry.__getitem__, registry.names()) if name in api.classes]
    if not found:
        raise AttributeError(f"No API has an object schema {name!r}; the APIs are {', '.join(registry.names())}.")
    return found[-1]
