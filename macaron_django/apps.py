"""The Django apps: this package's own, and one for each API.

An API's app is labelled ``macaron_<api>``; its models are the rows of its persisted schemas. It has no migrations:
so ``migrate`` makes permissions and content types, and ``makemigrations`` has nothing to say.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _

from macaron_django.discovery import Found, discover
from macaron_django.spec.source import collector_paused


class APIConfig(AppConfig):
    """The app of one API, made from its spec instead of from a package."""

    def __init__(self, found: Found) -> None:
        module = ModuleType(f"macaron_django.apis.{found.name}", f"The classes of the API {found.name}.")
        module.__path__ = []  # a package without submodules: nobody's admin.py or tests.py is taken for this app's
        sys.modules[module.__name__] = module
        self.label = found.label
        self.path = str(found.path.parent)
        self.found = found
        super().__init__(module.__name__, module)
        self.verbose_name = found.name

    def import_models(self) -> None:
        """Load the spec and make its classes; a spec that can't be served leaves findings and no models."""
        self.models = apps.all_models[self.label]
        self.models_module = self.module
        # Modules, classes and the document stay: the collector would walk them several times on the way.
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
        # Here and not in ready(): once models are being imported, the app registry takes no more apps.
        for found in discover():
            config = APIConfig(found)
            config.apps = apps
            apps.app_configs[config.label] = config

    def ready(self) -> None:
        from django.utils.autoreload import autoreload_started

        from macaron_django import checks  # noqa: F401 (importing registers them)
        from macaron_django.dynamodb import engines

        engines.sample_debug()
        autoreload_started.connect(_watch_specs)


def _watch_specs(sender: Any, **_kwargs: Any) -> None:
    """Have ``runserver`` reload when a spec changes."""
    from macaron_django.registry import registry

    for path in registry.files():
        sender.extra_files.add(Path(path))
