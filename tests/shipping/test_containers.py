"""The image that ``manage.py dockerize`` describes, built and run by Podman on a base made of Debian's packages.

Only in `make soak`: the base alone takes minutes, and is kept as the image localhost/macaron-test-python afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.core.management import call_command
from django.test import override_settings

from macaron_django.testing import engine_in_memory
from tests.conftest import PATIENCE, free_port

pytestmark = pytest.mark.soak

ROOT = Path(__file__).resolve().parents[2]
CASE = ROOT / "tests" / "fixtures" / "container"
BASE, IMAGE = "localhost/macaron-test-python", "localhost/macaron-test-notes"
#: Debian 12's.
PYTHON = "3.11"
VERSION = "261130-1200-abcdef0"
#: What a container of the project is given in production: nothing that it doesn't need.
CONFINED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "host")


def podman(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image of Debian's packages alone, that installs nothing from elsewhere."""
    for program in ("podman", "mmdebstrap"):
        assert shutil.which(program), f"{program} isn't here: apt-get install podman crun iptables mmdebstrap"
    if podman("image", "exists", BASE, check=False).returncode:
        archive = tmp_path_factory.mktemp("base") / "base.tar"
        packages = "--include=python3,python3-venv"
        subprocess.run(["mmdebstrap", "--variant=apt", packages, "bookworm", str(archive)], check=True)
        podman("import", "--change", "ENV PIP_NO_INDEX=1", archive, BASE)
    return BASE


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with what dockerize writes, and the wheels that its image installs."""
    folder = tmp_path_factory.mktemp("projects") / "notes"
    shutil.copytree(CASE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    # By its own name pytest would find it here, too.
    (folder / "testaccept" / "notes.py").rename(folder / "testaccept" / "test_notes.py")
    with override_settings(BASE_DIR=folder, WSGI_APPLICATION="config.wsgi.application", STATIC_ROOT=folder / "static"):
        call_command("dockerize", "--python", PYTHON)
    pip, wheels = [sys.executable, "-m", "pip", "--quiet"], ["--dest", str(folder / "wheels")]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder / "wheels"), str(ROOT)], check=True)
    (wheel,) = (folder / "wheels").glob("macaron_django-*.whl")
    binary = ["--python-version", PYTHON, "--only-binary", ":all:"]
    subprocess.run([*pip, "download", *wheels, *binary, str(wheel), "granian", "whitenoise"], check=True)
    return folder


@pytest.fixture(scope="module")
def image(base: str, project: Path) -> str:
    options = ["--isolation", "chroot", "--network", "host", "--format", "docker"]
    arguments = ["--build-arg", f"BASE={base}", "--build-arg", f"VERSION={VERSION}"]
    podman("build", *options, *arguments, "--tag", IMAGE, project)
    return IMAGE


class Container:
    def __init__(self, image: str, endpoint: str, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {
            "SECRET_KEY": "of-a-test-of-a-test-of-a-test-of-a-test-of-a-test-of-a-test",
            "DYNAMODB_ENGINE": "endpoint",
            "DYNAMODB_ENDPOINT": endpoint,
            "PORT": str(self.port),
        }
        given = [each for name, value in environment.items() for each in ("--env", f"{name}={value}")]
        self.id = podman("run", "--detach", *CONFINED, *given, *options, image).stdout.strip()

    def run(self, *command: str) -> str:
        return podman("exec", self.id, *command).stdout

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/ready", timeout=10).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        pytest.fail(f"the container isn't ready: {self.log()}")

    def log(self) -> str:
        done = podman("logs", self.id, check=False)
        return done.stdout + done.stderr

    def wait(self) -> int:
        return int(podman("wait", self.id).stdout)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    engine = engine_in_memory("embedded")
    engine.start()
    yield engine.endpoint_url or ""
    engine.stop()


@pytest.fixture
def start(image: str, endpoint: str) -> Iterator[Callable[..., Container]]:
    """Start containers of the image, with tables; they end with the test."""
    started: list[Container] = []

    def start_one(*options: str) -> Container:
        started.append(Container(image, endpoint, *options))
        started[-1].run("python", "manage.py", "synctables")
        started[-1].wait_until_ready()
        return started[-1]

    yield start_one
    for container in started:
        podman("rm", "--force", "--time", "1", container.id, check=False)


def test_acceptance_tests_pass_and_the_version_is_shown(start, project):
    container = start()
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": "x" * 50}
    command = ["manage.py", "acceptance", "--host", "127.0.0.1", "--port", str(container.port)]
    subprocess.run([sys.executable, *command], cwd=project, env=environment, check=True)
    assert httpx.get(f"{container.url}/version").json()["container"] == VERSION
    page = httpx.get(f"{container.url}/static/drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js")
    assert page.status_code == 200  # by whitenoise


def test_it_runs_without_rights_on_a_file_system_that_nobody_can_write(start):
    container = start()
    status = dict(line.split(":", 1) for line in container.run("cat", "/proc/1/status").splitlines())
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"].strip() == "1"
    assert set(status["Uid"].split()) == {"10001"}
    refused = podman("exec", container.id, "sh", "-c", "echo > /app/file", check=False)
    assert refused.returncode != 0
    assert "Read-only file system" in refused.stderr
    assert container.run("find", "/app", "/venv", "/pym", "-perm", "/o+w", "!", "-type", "l") == ""


def test_the_health_check_asks_ready(start, image):
    container = start()
    (described,) = json.loads(podman("image", "inspect", image).stdout)
    check = described["HealthCheck"]["Test"] if "HealthCheck" in described else described["Healthcheck"]["Test"]
    assert check[0] == "CMD"
    assert podman("exec", container.id, *check[1:], check=False).returncode == 0
    asked = podman("exec", "--env", f"PORT={free_port()}", container.id, *check[1:], check=False)
    assert asked.returncode == 1


class Client(threading.Thread):
    """Writes notes one after another, each over a connection of its own, until it is stopped."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.stopping = url, threading.Event()
        self.made: list[str] = []
        self.lost: list[str] = []

    def run(self) -> None:
        for number in range(20_000):
            if self.stopping.is_set():
                return
            try:
                answer = httpx.post(f"{self.url}/notes", json={"text": str(number)}, timeout=PATIENCE)
            except httpx.TransportError as error:
                self.lost.append(repr(error))
                continue
            (self.made if answer.status_code == 201 else self.lost).append(answer.json().get("note_id", answer.text))


def test_sigterm_drains_without_a_lost_request_under_load(start):
    """Clients go on for two seconds after SIGTERM, as those behind a load balancer that hasn't noticed yet."""
    container = start("--env", "DRAIN_SECONDS=8")
    clients = [Client(container.url) for _ in range(4)]
    for client in clients:
        client.start()
    deadline = time.monotonic() + PATIENCE
    while sum(len(each.made) for each in clients) < 100 and time.monotonic() < deadline:
        time.sleep(0.1)
    podman("kill", "--signal", "TERM", container.id)
    before = sum(len(each.made) for each in clients)
    time.sleep(2)
    for client in clients:
        client.stopping.set()
    for client in clients:
        client.join(PATIENCE)
    assert [each for client in clients for each in client.lost] == []
    made = [each for client in clients for each in client.made]
    assert len(made) > before >= 100
    kept = [httpx.get(f"{container.url}/notes/{each}", timeout=PATIENCE).status_code for each in made[-20:]]
    assert set(kept) == {200}
    assert container.wait() == 0, container.log()
    print(f"{len(made)} requests were answered, {len(made) - before} of them after SIGTERM")


def test_a_request_that_has_begun_when_the_server_ends_is_answered(start):
    container = start("--env", "DRAIN_SECONDS=0")
    answers: list[int] = []

    def ask() -> None:
        answers.append(httpx.get(f"{container.url}/slow", timeout=PATIENCE).status_code)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    time.sleep(1)
    podman("kill", "--signal", "TERM", container.id)
    for asker in askers:
        asker.join(PATIENCE)
    assert answers == [200] * 4
    assert container.wait() == 0, container.log()
