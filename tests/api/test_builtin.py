"""The endpoints that this package brings: /ping, /version and /auth/version."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

from macaron_django.api import builtin

# DRF reads its default throttles when it is imported, so this takes a process of its own.
THROTTLED = """
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="only for a test" * 4,
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="macaron_django.urls",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "macaron_django"],
    REST_FRAMEWORK={
        "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
        "DEFAULT_THROTTLE_RATES": {"anon": "2/day"},
    },
    MACARON={"APIS": {}, "VIEWSETS": %r},
)
django.setup()
from django.test import Client

client = Client()
for path in ("/ping", "/version"):
    print(*(client.get(path).status_code for _ in range(4)))
"""
OWN = """
from rest_framework.throttling import AnonRateThrottle
from macaron_django import viewsets

class Ping(viewsets.ping.Ping):
    throttle_classes = [AnonRateThrottle]
"""


def statuses(script: str, **options) -> list[str]:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, **options)
    return done.stdout.splitlines()


def test_the_version_is_read_from_files_once(monkeypatch):
    installed = builtin.version()["version"]
    assert installed == metadata.version("macaron_django")
    monkeypatch.setattr(metadata, "distribution", lambda name: pytest.fail("each request reads the files"))
    assert builtin.version()["version"] == installed


def test_the_version_of_the_image_is_shown_and_read_once(monkeypatch):
    read = []
    monkeypatch.setattr(builtin, "get_container_version", lambda: read.append(1) or "261130-1200-abcdef0")
    builtin._running_container_version.cache_clear()
    try:
        assert [builtin.version()["container"] for _ in range(2)] == ["261130-1200-abcdef0"] * 2
        assert read == [1]
    finally:
        builtin._running_container_version.cache_clear()


def test_ping_is_not_throttled_by_the_project_s_default_throttles():
    assert statuses(THROTTLED % ((),)) == ["200 200 200 200", "200 200 429 429"]


def test_a_project_may_throttle_ping_itself(tmp_path):
    (tmp_path / "own_views.py").write_text(OWN)

    assert statuses(THROTTLED % (("own_views.Ping",),), cwd=tmp_path)[0] == "200 200 429 429"
