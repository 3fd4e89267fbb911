"""How many workers fit a machine: by its CPUs, by its container's limit, or as it is told."""

from __future__ import annotations

import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from macaron_django.shipping import (
    get_celery_worker_count,
    get_celery_worker_memory_limit,
    get_container_version,
    get_gunicorn_worker_count,
    get_memory_limit,
)
from macaron_django.shipping.worker_counts import usable_cpus


@pytest.fixture(autouse=True)
def _eight_cpus(monkeypatch):
    monkeypatch.delenv("PYM_GUNICORN_WORKERS_COUNT", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def test_gunicorn_gets_two_workers_for_each_cpu_and_one():
    assert get_gunicorn_worker_count(4) == 9
    assert get_gunicorn_worker_count() == 2 * usable_cpus() + 1
    assert get_gunicorn_worker_count(4, {"PYM_GUNICORN_WORKERS_COUNT": "3"}) == 3


@pytest.mark.parametrize("given", ["many", "0", "-1", "1.5", "²"])
def test_a_number_of_workers_that_is_none_is_refused(given):
    with pytest.raises(ImproperlyConfigured, match="PYM_GUNICORN_WORKERS_COUNT"):
        get_gunicorn_worker_count(environment={"PYM_GUNICORN_WORKERS_COUNT": given})


def test_celery_gets_two_workers_for_each_cpu():
    assert get_celery_worker_count(4) == 8
    assert get_celery_worker_count() == 2 * usable_cpus()
    assert get_celery_worker_memory_limit() == 150 * 1024


def test_the_memory_of_a_container_is_that_of_its_workers():
    assert get_memory_limit(cpu_count=2) == 5 * 250 + 4 * 150
    assert get_memory_limit(default_celery_worker_count=1, cpu_count=2) == 5 * 250 + 150


def test_the_version_of_the_image_is_in_its_file(tmp_path):
    assert get_container_version(tmp_path / "VERSION") == "local"
    (tmp_path / "VERSION").write_text("hello-20221001-1200\n", "utf-8")
    assert get_container_version(tmp_path / "VERSION") == "hello-20221001-1200"
