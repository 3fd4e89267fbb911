"""Fixtures that run the example project, or a project of a test's own, as real processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from macaron_django import events
from macaron_django.api.front import WSGIFront
from macaron_django.schemas.validation import violation_search
from macaron_django.testing.api_client import FrontHandler
from tests.recorded_events import RecordedEvents

# Where a shell runs the suite in the background, SIGINT is ignored, and by every child, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes to make and to try says how busy the machine is. Usually the suite tries the same examples
# each time, so that a change isn't refused for what another one broke; `make soak` tries new ones.
PATIENT = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("new-examples", PATIENT)
hypothesis_settings.register_profile("same-examples", PATIENT, derandomize=True)
hypothesis_settings.load_profile("same-examples")

ROOT = Path(__file__).resolve().parent.parent
#: Seconds that a server or command may take on a busy machine. Nothing takes longer because it is large.
PATIENCE = 300
#: Seconds in which an engine ends by itself once nothing uses it.
ENGINE_ENDS = 2

#: How the small projects are served: by Python's name for the interface, or by the server's.
SERVERS = {
    "wsgi": ("gunicorn", "--bind=127.0.0.1:{port}", "--workers=1", "--threads=4", "--keep-alive=60", "served:wsgi"),
    "asgi": (
        "uvicorn",
        "--host=127.0.0.1",
        "--port={port}",
        "--lifespan=off",
        "--timeout-keep-alive=60",
        "served:asgi",
    ),
    "granian": (
        *("granian", "--interface=wsgi", "--host=127.0.0.1", "--port={port}", "--workers=1", "--blocking-threads=4"),
        *("--respawn-failed-workers", "served:wsgi"),
    ),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--front", action="store_true", help="Send the requests of Django's test clients to the front.")


#: How many requests of Django's test clients the front has answered (True), and how many not (False).
ANSWERED = {True: 0, False: 0}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a process of pytest-xdist has counted."""
    for is_answered, count in zip(ANSWERED, getattr(node, "workeroutput", {}).get("answered", ()), strict=False):
        ANSWERED[is_answered] += count


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run with `--front` if the front answered less than half of the requests."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["answered"] = [*ANSWERED.values()]
    elif session.config.getoption("front") and ANSWERED[True] <= ANSWERED[False]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"The front answered too few requests: {ANSWERED}.")


@pytest.fixture(scope="session", autouse=True)
def _through_the_front(request: pytest.FixtureRequest) -> Iterator[None]:
    """With `--front`, the requests of Django's test clients take the way that a server's take."""
    if not request.config.getoption("front"):
        yield
        return
    make_client, find = Client.__init__, WSGIFront.found

    def init(self: Client, *args: Any, **options: Any) -> None:
        make_client(self, *args, **options)
        self.handler: Any = FrontHandler(self.handler.enforce_csrf_checks)

    def found(self: WSGIFront, environ: dict[str, Any]) -> Any:
        route = find(self, environ)
        ANSWERED[route is not None] += 1
        return route

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "__init__", init)
        patch.setattr(WSGIFront, "found", found)
        yield


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at, and that no outgoing connection takes before a server does."""
    ephemeral = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(ephemeral.read_text("ascii").split()[0]) if ephemeral.exists() else 32768
    while True:
        port = random.SystemRandom().randrange(10_000, first)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def eventually(condition: Callable[[], object], what: str) -> object:
    """Wait until ``condition`` holds, and return what it returns."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    return pytest.fail(f"It didn't happen within {PATIENCE} s: {what}")


def is_locked(file: Path) -> bool:
    """Whether another process has an exclusive lock on a file."""
    with contextlib.suppress(FileNotFoundError), file.open("rb") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class Project:
    """A Django project in a folder of its own: its `manage.py` as commands, its server as a process."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            name: value for name, value in os.environ.items() if name not in ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")
        } | {"PYTHONUNBUFFERED": "1", **environment}
        self.servers: list[subprocess.Popen[bytes]] = []
        self.clients: list[httpx.Client] = []

    def manage(self, *arguments: str, code: int | None = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py ARGUMENTS`; fail unless it exits with ``code`` (None: whatever it is)."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if code is not None and done.returncode != code:
            pytest.fail(f"manage.py {' '.join(arguments)} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def serve(self, *command: str) -> httpx.Client:
        """Start the server (`manage.py runserver`, or ``command`` with {port} in it) and wait until it answers."""
        port = free_port()
        command = command or (sys.executable, "manage.py", "runserver", "--noreload", "127.0.0.1:{port}")
        log = (self.folder / "server.log").open("ab")
        server = subprocess.Popen(
            [part.replace("{port}", str(port)) for part in command],
            cwd=self.folder,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        self.servers.append(server)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE)
        self.clients.append(client)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and server.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                client.get("/ping")
                return client
            time.sleep(0.1)
        self.kill(server)
        pytest.fail(f"the server did not answer:\n{self.log()}")

    def serve_by(self, server: str) -> httpx.Client:
        """Start one of `SERVERS`."""
        return self.serve(sys.executable, "-m", *SERVERS[server])

    def log(self) -> str:
        """What the project's servers printed."""
        return (self.folder / "server.log").read_text("utf-8", errors="replace")

    def kill(self, server: subprocess.Popen[bytes] | None = None, how: int = signal.SIGKILL) -> None:
        """Send ``how`` to the server and its children, and wait for it to end."""
        server = server or self.servers[-1]
        if server.poll() is None:
            os.killpg(server.pid, how)
        server.wait(PATIENCE)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        for server in self.servers:
            self.kill(server)
        deadline = time.monotonic() + ENGINE_ENDS
        while self._runs_engine():
            if time.monotonic() > deadline:
                self.manage("dynamodb", "--stop", code=None)
                return
            time.sleep(0.02)

    def _runs_engine(self) -> bool:
        """Whether a supervisor still holds a lock below the folder. It ends when nothing uses its engine any more."""
        try:
            files = [*self.folder.rglob("*.dynamodb.lock")]
        except FileNotFoundError:  # a folder has just been removed
            return True
        return any(is_locked(each) for each in files if not each.name.endswith(".users.dynamodb.lock"))


@pytest.fixture(autouse=True)
def no_old_names() -> Iterator[None]:
    """Take away the finder that a test has installed by importing ``macaron_django.compat``: it changes defaults."""
    before = [*sys.meta_path]
    yield
    for finder in [*sys.meta_path]:
        if finder not in before and type(finder).__module__.startswith("macaron_django.compat"):
            sys.meta_path.remove(finder)


@pytest.fixture
def recorded() -> Iterator[RecordedEvents]:
    """What happens in this process during a test, as subscribers are told."""
    record = RecordedEvents()
    events.subscribe(record)
    yield record
    events.unsubscribe(record)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the search for violations take its time: on a busy machine it would end before it has found them all."""
    monkeypatch.setattr(violation_search, "_SECONDS", 60)
    monkeypatch.setattr(violation_search, "_MOST_SECONDS", 60)


@pytest.fixture
def projects() -> Iterator[Callable[..., Project]]:
    """Make a `Project` of a folder; its processes end with the test."""
    made: list[Project] = []

    def make(folder: Path, **environment: str) -> Project:
        made.append(Project(folder, **environment))
        return made[-1]

    yield make
    for project in made:
        project.close()


@pytest.fixture
def notes(tmp_path: Path, projects: Callable[..., Project]) -> Project:
    """A new project of Django's that serves `apis/notes.yaml`, whose notes are persisted, and changes nothing else."""
    subprocess.run([sys.executable, "-m", "django", "startproject", "mysite", str(tmp_path)], check=True)
    for name, before, after in (
        ("settings.py", "INSTALLED_APPS = [", 'INSTALLED_APPS = [\n    "macaron_django",'),
        ("urls.py", "import path", "import include, path"),
        ("urls.py", "urlpatterns = [", 'urlpatterns = [\n    path("", include("macaron_django.urls")),'),
    ):
        file = tmp_path / "mysite" / name
        file.write_text(file.read_text("utf-8").replace(before, after), "utf-8")
    shutil.copytree(Path(__file__).parent / "fixtures" / "notes", tmp_path / "apis")
    return projects(tmp_path)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server in memory, for this test process alone."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.fail("The tests of tasks need Redis (Debian: apt-get install redis-server).")
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("redis")
    with (folder / "redis.log").open("wb") as log:
        server = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    import redis  # few tests need it

    def answers() -> bool:
        with contextlib.suppress(redis.ConnectionError), redis.Redis(port=port) as client:
            return bool(client.ping())
        return False

    eventually(answers, "Redis answers")
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(PATIENCE)


@pytest.fixture
def broker(redis_url: str) -> Iterator[str]:
    """The same, emptied."""
    import redis

    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield redis_url
        client.flushall()


@pytest.fixture(scope="module")
def case_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Project]]:
    """Make a `Project` of tests/fixtures/<case>/; its processes end with the module."""
    made: list[Project] = []

    def make(case: str, **environment: str) -> Project:
        folder = tmp_path_factory.mktemp(case) / case
        for part in ("project", case):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / "tests" / "fixtures" / part, folder, dirs_exist_ok=True, ignore=ignored)
        made.append(Project(folder, **environment))
        return made[-1]

    yield make
    for project in made:
        project.close()


@pytest.fixture(scope="module")
def case_server(case_project: Callable[..., Project]) -> Callable[..., httpx.Client]:
    """Serve such a project by gunicorn ("wsgi"), uvicorn ("asgi") or granian, until the module ends."""

    def serve(case: str, server: str = "wsgi", *commands: Sequence[str], **environment: str) -> httpx.Client:
        project = case_project(case, **environment)
        for command in commands:
            project.manage(*command)
        client = project.serve_by(server)
        client.headers["Accept"] = "*/*"
        return client

    return serve


@pytest.fixture(scope="session")
def loaded_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example project with tables and sample data, whose engine has ended."""
    folder = tmp_path_factory.mktemp("loaded_example")
    shutil.copy(ROOT / "manage.py", folder)
    data = shutil.ignore_patterns("*.sqlite3*", "__pycache__")
    shutil.copytree(ROOT / "example_project", folder / "example_project", ignore=data)
    project = Project(folder)
    try:
        project.manage("migrate", "--verbosity", "0")
        project.manage("synctables")
        project.manage("loadsample")
    finally:
        project.close()
    return folder


@pytest.fixture
def example(tmp_path: Path, projects: Callable[..., Project], loaded_example: Path) -> Project:
    """A copy of the example project with tables and sample data of its own."""
    shutil.copytree(loaded_example, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return projects(tmp_path)
