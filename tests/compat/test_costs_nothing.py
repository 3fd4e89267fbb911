"""A project that doesn't name PyMacaron pays nothing for what is there for PyMacaron's programs."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import cProfile
import pstats
import sys
from importlib.abc import MetaPathFinder

import django
from django.conf import settings

LAYERS = ("macaron_django.compat", "macaron_django.programs")


class Refusal(MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.startswith(LAYERS):
            raise AssertionError(f"{fullname} is imported")


sys.meta_path.insert(0, Refusal())
settings.configure(
    SECRET_KEY="only for a test" * 4,
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="macaron_django.urls",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "macaron_django"],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
    MACARON={"APIS": {}},
)
django.setup()
from django.core.management import call_command
from django.test import Client

call_command("check")
client = Client()
paths = ["/ping", "/version", "/auth/version", "/nowhere"]
first = [client.get(path).status_code for path in paths]
profile = cProfile.Profile()
profile.enable()
again = [client.get(path).status_code for path in paths]
profile.disable()
assert first == again == [200, 200, 401, 404], again
called = {f"{file}:{name}" for file, _, name in pstats.Stats(profile).stats}
assert any("macaron_settings" in each for each in called)  # so that the files' names are as this script takes them
parts = ("compat", "programs", "pym_config", "project_config", "crash_handlers", "error_objects")
print(sorted(each for each in called if "macaron_django" in each and any(part in each for part in parts)))
loaded = [name for name in sys.modules if name.startswith(("pymacaron", "flask"))]
print(loaded)
"""


def test_neither_an_import_nor_a_call_is_made_for_what_a_project_does_not_name():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-2:] == ["[]", "[]"], done.stdout + done.stderr
