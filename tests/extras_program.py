"""Does what an extra of the package is for: ``python extras_program.py EXTRA [MODULE …]``.

The modules are those that the extra doesn't install: importing one fails, as where they aren't there. Nothing of the
tests is imported, so that a virtual environment with the extra alone can run it, too.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import tempfile
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).resolve().parent.parent / "example_project"
SPEC = """
openapi: 3.1.0
info: {title: Notes, version: "1"}
paths: {}
components:
  schemas:
    Note: {type: object, x-persist: {hash_key: note_id}, properties: {note_id: {type: string}}}
"""


class Absent(MetaPathFinder):
    """Lets imports of some top-level modules fail."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def set_up(**macaron: Any) -> None:
    """Load Django with an API and the admin."""
    import django
    from django.conf import settings

    folder = Path(tempfile.mkdtemp())
    (folder / "notes.yaml").write_text(SPEC, "utf-8")
    dynamodb = {"ENGINE": "endpoint", "ENDPOINT": "http://127.0.0.1:1"}
    django_apps = ("admin", "auth", "contenttypes", "messages", "sessions", "staticfiles")
    settings.configure(
        BASE_DIR=folder,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["macaron_django", "rest_framework", *(f"django.contrib.{name}" for name in django_apps)],
        MACARON={"APIS": {"notes": str(folder / "notes.yaml")}, "DYNAMODB": dynamodb, **macaron},
        ROOT_URLCONF="macaron_django.urls",
        SECRET_KEY="of-a-test-of-a-test-of-a-test-of-a-test",
        STATIC_URL="static/",
        USE_TZ=True,
    )
    django.setup()


def import_all(*packages: str) -> None:
    for package in packages:
        module = importlib.import_module(f"macaron_django.{package}")
        for each in pkgutil.walk_packages(module.__path__, f"{module.__name__}."):
            importlib.import_module(each.name)


def nothing() -> None:
    set_up()
    import_all("admin", "api", "auth", "checks", "dynamodb", "openapi", "schemas", "shipping")
    from django.core.checks import run_checks

    assert not [each for each in run_checks() if each.is_serious() and (each.id or "").startswith("macaron_django")]


def observability(backend: str) -> Callable[[], None]:
    def run() -> None:
        set_up(OBSERVABILITY={"BACKENDS": [backend], "METRICS_TOKEN": "t" * 40})
        from django.core.checks import run_checks

        from macaron_django.observability import monitor
        from macaron_django.observability.backends import BACKENDS

        assert "macaron_django.E109" not in {each.id for each in run_checks()}
        assert BACKENDS[backend].subscriber.rpartition(".")[0] in sys.modules  # it was made, and has subscribed
        with monitor(kind="trial", method="extra"):
            pass

    return run


def aws() -> None:
    set_up()
    from macaron_django.dynamodb import get_dynamodb

    assert get_dynamodb().meta.client.meta.endpoint_url == "http://127.0.0.1:1"


def celery() -> None:
    set_up(TASKS={"BACKEND": "celery", "BROKER_URL": "redis://127.0.0.1:1/0"})
    from macaron_django.tasks.celery_app import app

    assert "macaron_django.tasks.run" in app.tasks
    importlib.import_module("macaron_django.tasks.backends.redis_transport")


def clients() -> None:
    set_up()
    import_all("clients")


def moto() -> None:
    set_up()
    from macaron_django.testing import engine_in_memory

    engine = engine_in_memory("moto")
    engine.start()
    assert engine.running
    engine.stop()


def acceptance() -> None:
    set_up()
    for name in ("http_assertions", "live_test_case"):
        importlib.import_module(f"macaron_django.testing.{name}")


def demo() -> None:
    import os

    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    sys.path.insert(0, str(EXAMPLE))
    import django
    from django.core.management import call_command

    django.setup()
    call_command("check")


TRIALS: dict[str, Callable[[], None]] = {
    "": nothing,
    "acceptance": acceptance,
    "aws": aws,
    "celery": celery,
    "clients": clients,
    "demo": demo,
    "logs": observability("json_logs"),
    "moto": moto,
    "otel": observability("opentelemetry"),
    "prometheus": observability("prometheus"),
    "sentry": observability("sentry"),
}

if __name__ == "__main__":
    extra, *absent = sys.argv[1:]
    sys.meta_path.insert(0, Absent(set(absent)))
    TRIALS[extra]()
