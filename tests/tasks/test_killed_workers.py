"""Workers and senders are killed by SIGKILL: each task is done at least once, none is lost, and `once` writes once."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import redis

from tests.conftest import PATIENCE, eventually
from tests.tasks.conftest import Service

SIZES = [
    pytest.param(100, 3, id="100 tasks"),
    pytest.param(10_000, 10, id="10,000 tasks", marks=pytest.mark.soak),
]
#: Seconds after which what a killed worker had is another's.
VISIBILITY = "10"
SHARES = 10


def counted(service: Service) -> dict[str, Any]:
    printed = subprocess.run(
        [sys.executable, "many.py", "count"],
        cwd=service.project.folder,
        env=service.project.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    found: dict[str, Any] = json.loads(printed.stdout.splitlines()[-1])
    return found


def remaining(client: redis.Redis) -> int:
    """How many messages there are that nobody has done."""
    return int(client.llen("macaron")) + int(client.llen("macaron\x06\x16taken")) + int(client.hlen("unacked"))


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:
    return make_service("celery", JOBS_VISIBILITY=VISIBILITY)


@pytest.mark.parametrize(("size", "kills"), SIZES)
def test_no_task_is_lost_when_workers_are_killed(service: Service, broker: str, size: int, kills: int) -> None:
    sender = service.start("send", "0", str(size), program="many.py")
    assert sender.wait(PATIENCE * 10) == 0
    service.processes.remove(sender)
    with redis.Redis.from_url(broker) as client:
        total = remaining(client)
        assert total == 2 * size
        for kill in range(kills):
            worker = service.start("macaronworker", "--concurrency", "2")
            # In the middle of the work: somewhere in this part of what there is to do.
            goal = total * (kill + random.SystemRandom().random()) / (kills + 1)
            service.eventually(lambda goal=goal: client.llen("macaron") < total - goal, f"kill {kill}")  # type: ignore[misc]
            assert remaining(client)
            service.kill(worker)
        service.start("macaronworker", "--concurrency", "2")
        while before := remaining(client):
            service.eventually(lambda before=before: remaining(client) < before, "the rest is done")  # type: ignore[misc]
    found = counted(service)
    print(f"{size} tasks, {kills} workers killed: {found['begun']} begun")
    assert found["begun"] >= found["count"] == size
    assert found["once"] == size
    expected = {str(share): sum(range(share, size, SHARES)) for share in range(SHARES)}
    assert found["sums"] == expected


@pytest.mark.parametrize(("size", "kills"), SIZES)
def test_no_task_is_lost_when_senders_are_killed_after_their_transaction(
    service: Service, broker: str, size: int, kills: int
) -> None:
    first = 0
    for kill in range(kills):
        dies_at = first + random.SystemRandom().randrange(size // (kills + 1))
        sender = service.start("box", str(first), str(size), str(dies_at), program="many.py")
        assert sender.wait(PATIENCE * 10) == -signal.SIGKILL, kill
        service.processes.remove(sender)
        first = dies_at + 1
    sender = service.start("box", str(first), str(size), "-1", program="many.py")
    assert sender.wait(PATIENCE * 10) == 0
    service.processes.remove(sender)
    with redis.Redis.from_url(broker) as client:
        assert remaining(client) == size - kills
        service.start("macaronworker", "--concurrency", "2")  # and the relay beside it
        eventually(lambda: counted(service).get("boxed") == size, "all are done")
    found = counted(service)
    assert found["sent"] == found["boxed"] == size
