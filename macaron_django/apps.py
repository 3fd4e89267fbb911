"""The Django apps: the app of this package, and one app for each API.

An API's app has the label ``macaron_<api>``. Its models are the row classes of the API's persisted schemas. The app has
no migrations: ``migrate`` creates only permissions and content types, and ``makemigrations`` finds nothing to do.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.translation import gettext_lazy as _

from macaron_django.conf import settings, under_compat
from macaron_django.discovery import DiscoveredAPI, discover
from macaron_django.openapi.reading.source import collector_paused

__all__ = ["APIConfig", "MacaronConfig", "add_api"]


class APIConfig(AppConfig):
    """The Django app of one API. It is created from the API's spec instead of from a package."""

    def __init__(self, found: DiscoveredAPI) -> None:
        module = ModuleType(f"macaron_django.apis.{found.name}", f"The classes of the API {found.name}.")
        module.__path__ = []  # a package without submodules, so that Django finds no admin.py in it
        sys.modules[module.__name__] = module
        self.label = found.label
        self.path = str(found.path.parent)
        self.found = found
        super().__init__(module.__name__, module)
        self.verbose_name = found.name

    def import_models(self) -> None:
        """Loads the spec and creates its classes.

        If the spec has errors, the registry stores them, and the app has no models.
        """
        self.models = apps.all_models[self.label]
        self.models_module = self.module
        # Modules, classes and the document stay in memory, so garbage collection would free nothing here.
        with collector_paused():
            from macaron_django.registry import registry

            api = registry.load(self.found)
        if api is not None:
            self.verbose_name = api.document.title or self.found.name
            vars(self.module).update({model.__name__: model for model in api.models})  # for `manage.py shell`


class MacaronConfig(AppConfig):
    name = "macaron_django"
    verbose_name = _("OpenAPI with DynamoDB")
    default = True

    def __init__(self, app_name: str, app_module: Any) -> None:
        super().__init__(app_name, app_module)
        # ready() would be too late: once Django imports models, the app registry accepts no more apps.
        for found in discover():
            add_api(found)

    def import_models(self) -> None:
        super().import_models()
        if _keeps_failed_tasks():
            from macaron_django.tasks.item_tables import failed_task_model

            failed_task_model()
            self.models_module = self.module  # `migrate` creates no permissions for an app without this module

    def ready(self) -> None:
        from django.utils.autoreload import autoreload_started

        from macaron_django import checks  # noqa: F401 (importing registers them)
        from macaron_django.broken_specs import log_errors
        from macaron_django.dynamodb import engines

        if any(isinstance(config, APIConfig) and config.models for config in apps.get_app_configs()):
            from macaron_django.schemas.serializers import row_fields  # imports DRF's serializers, which rows need

            row_fields.install()
        engines.sample_debug()
        log_errors()
        autoreload_started.connect(_watch_specs)
        _start_backends()
        setting_changed.connect(_start_backends, dispatch_uid="macaron_django.observability")

    def error_object(self, fields: Mapping[str, Any]) -> Any:
        """Returns an object of the schema ``Error``. Ignores ``fields`` that the schema doesn't have.

        The schema comes from the API that serves the current request, or else from another served API. Raises
        LookupError if no served API has a schema ``Error``.
        """
        from macaron_django.auth.caller import current_request
        from macaron_django.registry import registry

        match = getattr(current_request(), "resolver_match", None)
        served = getattr(getattr(match and match.func, "cls", None), "api", None)
        having = [api for api in registry if "Error" in api.document.schemas]
        if not having:
            raise LookupError("No served API has a schema named Error.")
        chosen = min(having, key=lambda api: (api.name != served, api.builtin))
        known = chosen.document.schemas["Error"].properties
        return chosen.classes.Error(**{name: value for name, value in fields.items() if name in known})


def _keeps_failed_tasks() -> bool:
    try:
        return bool(settings.TASKS.KEEP_FAILURES_DAYS)
    except ImproperlyConfigured:  # pym-config.yaml can't be read; code that needs its settings reports that
        return False


def _start_backends(setting: str = "MACARON", **_kwargs: Any) -> None:
    """Subscribes the backends in the settings to events. Imports the backends' module only if the settings need it."""
    if setting != "MACARON":
        return
    try:
        section = settings.OBSERVABILITY
        is_wanted = section.BACKENDS or section.REPORT_CALL_EXCEEDING_MS is not None or under_compat()
    except ImproperlyConfigured:  # pym-config.yaml can't be read; code that needs its settings reports that
        return
    if is_wanted or "macaron_django.observability.backends" in sys.modules:
        from macaron_django.observability.backends import follow_settings

        follow_settings()


def add_api(found: DiscoveredAPI) -> None:
    """Adds the app of an API, either while Django sets up its apps or later.

    Doesn't change URL patterns that already exist. The registry stores the errors in the API's spec as findings.
    """
    config = APIConfig(found)
    config.apps = apps
    apps.app_configs[config.label] = config
    if apps.models_ready:
        config.import_models()
        apps.clear_cache()


def _watch_specs(sender: Any, **_kwargs: Any) -> None:
    """Makes ``runserver`` reload when a spec changes."""
    from macaron_django.registry import registry

    for path in registry.files():
        sender.extra_files.add(Path(path))
