"""A service with workers, and a broker of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Project, eventually


class Service:
    """A service of `tests/fixtures/jobs/` with its workers and its broker."""

    def __init__(self, project: Project, broker: str) -> None:
        self.project, self.broker = project, broker
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, program: str = "manage.py", **environment: str) -> subprocess.Popen[bytes]:
        """Start `manage.py COMMAND`, or another program, in the background, in a process group of its own."""
        with (self.project.folder / "workers.log").open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, program, *command],
                cwd=self.project.folder,
                env={**self.project.environment, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(started)
        return started

    def kill(self, started: subprocess.Popen[bytes]) -> None:
        """Kill a process with its children, by SIGKILL."""
        self.processes.remove(started)
        self.project.kill(started)

    def log(self) -> str:
        """What the workers have printed."""
        return (self.project.folder / "workers.log").read_text("utf-8", errors="replace")

    def eventually(self, condition: Callable[[], object], what: str) -> Any:
        """Wait until ``condition`` holds, and return what it returns; fail where a worker has ended before."""

        def checked() -> object:
            if any(each.poll() is not None for each in self.processes):
                pytest.fail(f"A worker has ended:\n{self.log()}")
            return condition()

        return eventually(checked, what)

    def done(self, client: httpx.Client, name: str) -> Any:
        """What a task has noted under a name, once it has."""

        def found() -> Any:
            answer = client.get(f"/done/{name}")
            return answer.json() if answer.status_code == 200 else None

        return self.eventually(found, name)

    def close(self) -> None:
        while self.processes:
            self.kill(self.processes[-1])


@pytest.fixture
def make_service(case_project: Callable[..., Project], broker: str) -> Iterator[Callable[..., Service]]:
    """Make a service with its tables; its processes end with the test."""
    made: list[Service] = []

    def make(backend: str = "celery", **environment: str) -> Service:
        project = case_project("jobs", JOBS_BACKEND=backend, CELERY_BROKER_URL=broker, **environment)
        made.append(Service(project, broker))
        project.manage("synctables")
        return made[-1]

    yield make
    for service in made:
        service.close()
        service.project.close()
