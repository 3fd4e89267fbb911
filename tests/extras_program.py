"""Does what extras of the package are for: ``python extras_program.py EXTRA``, or JSON with several on standard input.

The JSON maps extras to the modules that they don't install: importing one fails, as where they aren't there. It imports
nothing of the tests, so that a virtual environment with an extra alone can run it, too.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import tempfile
import traceback
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
    """Load Django with an API and the admin; change the settings where that has been done."""
    import django
    from django.conf import settings

    if settings.configured:
        from django.test.utils import override_settings

        override_settings(MACARON={**settings.MACARON, **macaron}).enable()
        return
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


def try_several(absent: dict[str, list[str]]) -> int:
    """Try extras in processes that start with what the package alone imports; return how many failed."""
    finder = Absent(set(absent[""]))
    sys.meta_path.insert(0, finder)
    set_up()
    failed = 0
    for extra, names in absent.items():
        if not os.fork():
            finder.names = set(names)
            try:
                TRIALS[extra]()
            except BaseException:  # noqa: BLE001 (the parent goes on)
                traceback.print_exc()
                print(f"The extra {extra!r} isn't enough.", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        failed += os.waitstatus_to_exitcode(os.wait()[1]) != 0
    return failed


if __name__ == "__main__":
    if len(sys.argv) > 1:
        TRIALS[sys.argv[1]]()
    else:
        sys.exit(try_several(json.load(sys.stdin)))
