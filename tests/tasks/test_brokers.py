"""A broker that is away, or that doesn't answer, costs a request some seconds and no more."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from macaron_django.exceptions import TaskNotSent
from macaron_django.tasks import asynctask
from tests.conftest import free_port


@asynctask()
def task() -> None:
    """Does nothing."""


@pytest.fixture(params=["gone", "silent"])
def broker_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port where nobody listens, or where somebody takes connections and says nothing."""
    if request.param == "gone":
        yield free_port()
        return
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_broker_that_doesnt_answer_is_given_up(settings: Any, broker_port: int) -> None:
    broker = {"BACKEND": "celery", "BROKER_URL": f"redis://:hidden-password@127.0.0.1:{broker_port}/0"}
    settings.MACARON = {**settings.MACARON, "TASKS": broker}
    with pytest.raises(TaskNotSent, match=r"The broker doesn't accept tests.tasks.test_brokers.task") as refused:
        task.apply_async()
    assert "hidden-password" not in str(refused.value)
    assert refused.value.public_message is None  # clients learn nothing of the broker
