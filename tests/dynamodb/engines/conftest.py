"""Processes that use an engine, as `manage.py` processes would, and what is needed to look at engines from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from macaron_django.dynamodb.engines.embedded import EmbeddedEngine
from macaron_django.dynamodb.engines.supervisor import ask
from tests.conftest import PATIENCE

USER = """
import sys
from pathlib import Path
from urllib.parse import urlsplit
from django.conf import settings
settings.configure(MACARON={"DYNAMODB": {"BINARY": sys.argv[2] or None}})
from macaron_django.dynamodb.engines.embedded import EmbeddedEngine
engine = EmbeddedEngine(Path(sys.argv[1]))
try:
    engine.start()
except Exception as error:
    print("error:", error, flush=True)
    sys.exit(1)
try:
    print(engine.endpoint_url, flush=True)
    sys.stdin.read()
except KeyboardInterrupt:
    pass
"""


class User:
    """A process that uses the engine over one data file until it is killed."""

    def __init__(self, data: Path, binary: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data), binary],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def url(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url())
        return parts.hostname or "", parts.port or 0

    def end(self, signal_number: int = signal.SIGKILL) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal_number)
        self.process.wait(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """The path of a data file whose engine is ended after the test."""
    path = tmp_path / "dynamodb.sqlite3"
    yield path
    EmbeddedEngine(path).shut_down()


@pytest.fixture
def start_user(data: Path) -> Iterator[Callable[..., User]]:
    """Start processes that use the engine over ``data``; they end with the test."""
    users: list[User] = []

    def start(binary: str = "") -> User:
        users.append(User(data, binary))
        return users[-1]

    yield start
    for user in users:
        user.end()


@pytest.fixture
def engine(data: Path) -> Iterator[EmbeddedEngine]:
    """The engine over ``data``, used by this process, too, once it is started."""
    engine = EmbeddedEngine(data)
    yield engine
    engine.stop()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds; fail after some minutes."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "it never came to that"
            time.sleep(0.02)

    return wait


@pytest.fixture
def servers(data: Path) -> Callable[[], list[int]]:
    """The pids of the Dynoxide processes that have ``data`` as their data file."""

    def find() -> list[int]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                arguments = (process / "cmdline").read_bytes().split(b"\0")
                if b"--db-path" in arguments and str(data).encode() in arguments:
                    found.append(int(process.name))
        return found

    return find


@pytest.fixture
def make_table() -> Callable[[tuple[str, int]], None]:
    """Make a table in the engine at an address."""

    def make(address: tuple[str, int], name: str = "things") -> None:
        ask(
            address,
            "CreateTable",
            {
                "TableName": name,
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        )

    return make
