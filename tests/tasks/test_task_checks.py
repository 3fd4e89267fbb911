"""What `manage.py check` says of the settings of tasks, and of the tasks themselves."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from macaron_django.checks import check_immediate_tasks, check_settings, check_tasks
from macaron_django.tasks import asynctask, definitions

HERE = "tests.tasks.test_task_checks"


@pytest.fixture(autouse=True)
def tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "_known", {})


def decorate(**options: Any) -> None:
    @asynctask(**options)
    def task() -> None:
        """Does nothing."""


def found(check: Any, **tasks: Any) -> list[tuple[str | None, str]]:
    with override_settings(MACARON={"TASKS": tasks}):
        return [(each.id, each.msg) for each in check(None)]


def test_a_project_without_tasks_is_told_nothing() -> None:
    assert found(check_tasks) == found(check_immediate_tasks) == []


@pytest.mark.parametrize("name", ["celery", "immediate"])
def test_a_backend_that_can_be_used_is_no_finding(name: str) -> None:
    decorate()
    assert found(check_tasks, BACKEND=name) == []


def test_a_backend_that_cant_be_used_is_said(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    assert [each for each, _ in found(check_tasks, BACKEND="rabbit")] == ["macaron_django.E102"]
    monkeypatch.setattr("macaron_django.tasks.backends.celery_broker.find_spec", lambda name: None)
    (missing,) = found(check_tasks, BACKEND="celery")
    assert missing == ("macaron_django.E107", "Celery isn't installed: pip install 'macaron_django[celery]'.")
    settings.TASKS = {"default": {"BACKEND": "nothing.Here"}}
    ((number, said),) = found(check_tasks, BACKEND="django", DJANGO_ALIAS="other")
    assert number == "macaron_django.E107"
    assert "Django's setting TASKS has no backend 'other'" in said


@pytest.mark.parametrize("option", ["outbox", "once"])
def test_a_task_that_needs_tables_says_so(option: str) -> None:
    decorate(**{option: True})
    ((number, said),) = found(check_tasks)
    assert number == "macaron_django.E108"
    assert said.endswith(f"has {option}=True, but there are no tables for it.")
    assert found(check_tasks, OUTBOX=True) == []


def test_tasks_that_requests_wait_for_are_said_at_deployment() -> None:
    decorate()
    assert [each for each, _ in found(check_immediate_tasks)] == ["macaron_django.W125"]
    assert found(check_immediate_tasks, BACKEND="celery") == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("OUTSIDE_REQUESTS", "sometimes"),
        ("VISIBILITY_TIMEOUT", 0),
        ("TOKEN_EXPIRE_IN", "15m"),
        ("MAX_MESSAGE_SIZE", None),
        ("BROKER", "redis://"),
    ],
)
def test_wrong_values_are_errors(key: str, value: Any) -> None:
    ((number, said),) = found(check_settings, **{key: value})
    assert number in ("macaron_django.E101", "macaron_django.E102")
    assert key in said
