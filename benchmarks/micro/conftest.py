"""Sets up Django once, with two APIs: a trimmed one from stacks/profiles.yaml, and one with a thousand operations."""

from __future__ import annotations

import atexit
import importlib.util
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings

BENCHMARKS = Path(__file__).resolve().parents[1]


def _specs() -> Any:
    found = importlib.util.spec_from_file_location("benchmark_specs", BENCHMARKS / "specs.py")
    module = importlib.util.module_from_spec(found)  # type: ignore[arg-type]
    found.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def pytest_configure() -> None:
    folder = tempfile.mkdtemp(prefix="macaron-micro-")
    atexit.register(shutil.rmtree, folder)
    large = Path(folder, "large.yaml")
    spec_text, profiles = _specs().spec_text, Path(folder, "profiles.yaml")
    profiles.write_text(spec_text("trimmed", "profiles"), "utf-8")
    text = spec_text("trimmed", "large", operations=1000)
    large.write_text(text.replace("  /", "  /large/").replace("title: Profiles", "title: Large"), "utf-8")
    settings.configure(
        ROOT_URLCONF="macaron_django.urls",
        SECRET_KEY="benchmark-benchmark-benchmark-benchmark",
        INSTALLED_APPS=["macaron_django", "django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
        USE_TZ=True,
        MACARON={
            "APIS": {"profiles": profiles, "large": large},
            "DYNAMODB": {"ENGINE": "endpoint", "ENDPOINT": "http://127.0.0.1:9"},
        },
    )
    django.setup()


@pytest.fixture(scope="session")
def profile_class() -> Any:
    from macaron_django import apipool

    return apipool.profiles.Profile


@pytest.fixture
def body() -> dict[str, Any]:
    """Returns a profile as a client sends it."""
    return {
        "profile_id": "person-7",
        "name": "Person 7",
        "email": "person7@example.com",
        "age": 7,
        "tags": ["mathematics", "engines", "poetry"],
        "address": {"street": "7 Long Street", "city": "London", "zip": "N1 9GU"},
        "view_count": 7,
    }


@pytest.fixture
def text(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


@pytest.fixture
def item() -> dict[str, Any]:
    """Returns the same profile as DynamoDB returns it."""
    return {
        "profile_id": {"S": "person-7"},
        "name": {"S": "Person 7"},
        "email": {"S": "person7@example.com"},
        "age": {"N": "7"},
        "tags": {"L": [{"S": "mathematics"}, {"S": "engines"}, {"S": "poetry"}]},
        "address": {"M": {"street": {"S": "7 Long Street"}, "city": {"S": "London"}, "zip": {"S": "N1 9GU"}}},
        "view_count": {"N": "7"},
        "created": {"S": "2026-01-02T03:04:05.000000Z"},
    }
