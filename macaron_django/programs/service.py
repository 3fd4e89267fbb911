"""Defines the class with which a program describes its service: the specs, the functions for errors, and the port."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import get_config, settings
from macaron_django.programs.command_line import get_port
from macaron_django.programs.flask_apps import join
from macaron_django.programs.made_settings import are_made, ensure_settings, program_folder
from macaron_django.programs.serving import is_task_worker, loaded_by_server
from macaron_django.programs.serving import serve as run_server

__all__ = ["Service"]

logger = logging.getLogger("macaron_django")


class Service:
    """A service that serves one or more APIs. If the project has its own Django settings, the settings name the APIs.

    ``app`` is a Flask app that is served beside the APIs, or None. ``error_callback``, ``error_decorator`` and
    ``error_reporter`` are functions: see the settings with the same names. GET /ping calls the function ``ping_hook``.
    ``json_encoders`` has the function that converts each ``datetime`` in responses. Functions for other types aren't
    used. ``formats`` are the project's string formats.

    ::

        Service(app, port=8080, debug=True).load_apis("apis").start()
    """

    def __init__(
        self,
        app: Any = None,
        host: str = "localhost",
        port: int | str | None = None,
        debug: bool = False,
        log_level: int | str | None = None,
        json_encoders: Mapping[type, Callable[[Any], Any]] | None = None,
        formats: Iterable[Any] | None = None,
        timeout: float = 20,
        error_reporter: Callable[..., Any] | None = None,
        error_callback: Callable[..., Any] | None = None,
        error_decorator: Callable[..., Any] | None = None,
        default_user_id: str | None = None,
        ping_hook: Callable[[], Any] | Sequence[Callable[[], Any]] = (),
    ) -> None:
        ensure_settings(program_folder())
        self.app, self.host, self.debug, self.timeout = app, host, debug, timeout
        self.port = get_port() if port is None else int(port)
        self.error_callback, self.error_reporter = error_callback, error_reporter
        self.error_decorator, self.default_user_id = error_decorator, default_user_id
        self.formats, self.ping_hook = list(formats or ()), ping_hook
        #: The specs that ``load_apis`` has loaded, by API name.
        self.apis: dict[str, Path] = {}
        self._folder: Path | None = None
        if are_made():
            django_settings.DEBUG = debug
        if log_level is not None:
            logging.getLogger().setLevel(log_level)
        if json_encoders and not callable(json_encoders.get(dt.datetime)):
            raise ImproperlyConfigured("json_encoders needs a function for datetime: {datetime: datetime.isoformat}.")
        given = {
            "ERROR_CALLBACK": error_callback,
            "ERROR_DECORATOR": error_decorator,
            "ERROR_REPORTER": error_reporter,
            "DATETIME_ENCODER": json_encoders[dt.datetime] if json_encoders else None,
            "JWT": {"DEFAULT_USER_ID": default_user_id} if default_user_id else None,
        }
        settings.change(**{key: value for key, value in given.items() if value is not None})

    def load_apis(
        self,
        path: str | Path | None = None,
        ignore: Sequence[str] = (),
        only_models: Sequence[str] = (),
        include_crash_api: bool = False,
        force: bool = False,
        global_names: bool = False,
    ) -> Service:
        """Loads every ``*.yaml`` in a folder, by default ``apis``, and in its subfolders.

        Each API is named after its file.

        Doesn't load the APIs in ``ignore``. Creates only the classes of the APIs in ``only_models``.
        ``include_crash_api`` serves ``/crash/…``. ``force`` has no effect, because no code is generated. With
        ``global_names``, raises an exception if schemas with the same name differ between APIs.
        """
        folder = Path(path if path is not None else get_config().apis_path)
        found = _specs_in(folder, {*_names(ignore, "ignore"), "pym-config"})
        models = set(_names(only_models, "only_models"))
        self._folder = folder
        self.apis.update(found)
        if include_crash_api:
            settings.change(CRASH_ENDPOINTS=True)
        self._load({name: spec for name, spec in found.items() if name not in models})
        self._load_classes({name: spec for name, spec in found.items() if name in models})
        if global_names:
            from macaron_django import apipool

            apipool.enforce_global_model_names()
        return self

    def load_clients(self, path: str | Path | None = None, apis: Sequence[str] = ()) -> Service:
        """Creates the classes and clients of the named APIs in a folder. The operations of these APIs aren't served."""
        if not path:
            raise ImproperlyConfigured("load_clients needs the path of a folder with specs.")
        if not (names := _names(apis, "apis")):
            raise ImproperlyConfigured("load_clients needs the names of one or more APIs: apis=['shop'].")
        specs = {name: Path(path) / f"{name}.yaml" for name in names}
        for spec in specs.values():
            if not spec.is_file():
                raise ImproperlyConfigured(f"There is no spec {spec}.")
        self._load_classes(specs)
        return self

    def load_builtin_apis(self, names: Sequence[str] = ("ping",)) -> Service:
        """Serves the built-in APIs in ``names``: ``ping``, which every service has, and ``crash``, whose endpoints
        fail.
        """
        settings.change(BUILTIN_ENDPOINTS="ping" in names, CRASH_ENDPOINTS="crash" in names)
        return self

    def publish_apis(self, path: str = "doc", toc: str | None = None) -> Service:
        """Publishes each API's document for pages of other origins, at ``/doc/<api>.yaml`` if ``path`` is ``doc``."""
        settings.change(PUBLISH_PATH=path, PUBLISH_TOC=toc)
        return self

    def start(self, serve: str | Sequence[str] | None = None) -> None:
        """Serves the APIs in ``serve``, or by default all loaded APIs, until the program is interrupted.

        If a WSGI server has loaded the program, ``start`` only adds the APIs to ``app``, and returns. In a worker for
        tasks, it only loads the APIs.
        """
        self._load({})
        from macaron_django.registry import registry

        if serve is not None:
            settings.change(SERVE=self._chosen(serve))
            registry.make_unserved_classes()
        if is_task_worker():
            return
        from macaron_django.wsgi import get_wsgi_application

        application = join(self.app, get_wsgi_application())
        if not loaded_by_server():
            self._start_worker()
            run_server(application, self.port)

    def _start_worker(self) -> None:
        """Starts a worker for tasks beside the program, if ``with_async`` of ``pym-config.yaml`` is true."""
        if settings.file() is None or not getattr(get_config(), "with_async", False):
            return
        if find_spec("celery") is None:
            logger.error("with_async needs Celery, which isn't installed: pip install 'macaron_django[celery]'.")
            return
        from macaron_django.tasks.worker_processes import start_celery

        start_celery(self.port, self.debug)

    def _chosen(self, named: str | Sequence[str]) -> list[str]:
        names = [named] if isinstance(named, str) else _names(named, "serve")
        if not names:
            raise ImproperlyConfigured("start(serve=…) needs the names of one or more APIs.")
        from macaron_django.registry import registry

        known = self.apis.keys() | {api.name for api in registry}
        for name in names:
            if name not in known:
                raise ImproperlyConfigured(f"There is no {name}.yaml in {self._folder}, so it can't be served.")
        return list(names)

    def _load(self, specs: Mapping[str, Path]) -> None:
        """Loads specs. If Django's apps aren't loaded, loads them first."""
        if not apps.ready:
            self._set_up(specs)
            return
        from macaron_django.registry import registry

        known = {api.name for api in registry} | registry.left_out.keys()
        strange = {name: spec for name, spec in specs.items() if name not in known}
        if strange and not are_made():
            logger.warning(
                "%s: not served because the project's settings don't name them in MACARON['APIS'].",
                ", ".join(sorted(strange)),
            )
            return
        from macaron_django.apps import add_api
        from macaron_django.discovery import DiscoveredAPI

        for name, spec in strange.items():
            add_api(DiscoveredAPI(name, spec))

    def _set_up(self, specs: Mapping[str, Path]) -> None:
        import django

        if are_made():
            settings.change(APIS={**(settings.APIS or {}), **{name: str(spec) for name, spec in specs.items()}})
        if self.formats:
            from macaron_django.schemas.formats.format_checks import register_formats

            register_formats(self.formats)
        django.setup()
        hooks = [self.ping_hook] if callable(self.ping_hook) else self.ping_hook
        if hooks:
            from macaron_django.api.builtin import add_ping_hook

            for hook in hooks:
                add_ping_hook(hook)
        if not are_made():
            self._load(specs)

    def _load_classes(self, specs: Mapping[str, Path]) -> None:
        self._load({})
        if specs:
            from macaron_django import apipool

            for name, spec in specs.items():
                apipool.add(name, yaml_path=spec, do_persist=False)


def _names(names: Sequence[str], argument: str) -> Sequence[str]:
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"{argument} must be a list of names of APIs, not {names!r}.")
    return names


def _specs_in(folder: Path, ignored: set[str]) -> dict[str, Path]:
    if not folder.is_dir():
        raise ImproperlyConfigured(f"There is no folder {folder.absolute()} with specs.")
    found = sorted(path for path in folder.rglob("*.yaml") if not path.name.startswith((".#", "#")))
    return {path.stem: path.absolute() for path in found if path.stem not in ignored}
