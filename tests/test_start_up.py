"""What a process imports before its first answer: nothing that only other projects, or other pages, need."""

import subprocess
import sys

START = """
import sys
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="only for a test" * 4,
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="macaron_django.urls",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "macaron_django"],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
)
django.setup()
from django.test import Client

client = Client()
print(client.get("/ping").status_code, *(name for name in sys.argv[1:] if name in sys.modules))
print(client.get("/openapi/ping.json").status_code, *(name for name in sys.argv[1:] if name in sys.modules))
"""


def test_a_project_that_keeps_nothing_answers_without_pynamodb_and_draws_its_documentation_when_asked():
    modules = ["botocore", "pynamodb", "moto", "tqdm", "drf_spectacular"]
    command = [sys.executable, "-c", START, *modules]
    answered = subprocess.run(command, capture_output=True, text=True, check=True)
    ping, docs = (line.split() for line in answered.stdout.splitlines())
    assert ping == ["200"]
    assert docs == ["200", "drf_spectacular"]
