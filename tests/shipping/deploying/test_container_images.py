"""Images: what Docker or Podman is called with. A program that records its arguments takes the engine's place.

No image is built here; ``tests/shipping/test_containers.py`` builds one with Podman, of the same Dockerfile.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from macaron_django.shipping.container_files import ContainedProject, container_files, write_files
from macaron_django.shipping.deploying import DeployError, container_images
from macaron_django.shipping.deploying.container_images import ContainerImages
from tests.shipping.deploying.conftest import REGION, ShownActions

REGISTRY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
RECORDER = """#!/bin/sh
printf '%s' "$0" | sed 's|.*/||' >> calls
for word in "$@"; do printf ' %s' "$word" >> calls; done
echo >> calls
case "$*" in
    *login*) cat > password ;;
    *" port "*) cat address ;;
    *" up "*) for word in "$@"; do case "$word" in *.json) cat "$word" > images ;; esac; done ;;
esac
if [ -e failing ]; then case "$*" in *"$(cat failing)"*) exit 7 ;; esac; fi
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the files of a container, and recorders called docker and podman first on the path."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("docker", "podman"):
        (programs / name).write_text(RECORDER, "utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    write_files(
        tmp_path, container_files(ContainedProject("notes", "3.13", "config.wsgi:application", True, True, False))
    )
    return tmp_path


def images(actions: ShownActions, engine: str = "docker", repository: str = "docker.io/shop/notes") -> ContainerImages:
    return ContainerImages(repository, actions, engine=engine, platform=None)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text("utf-8").splitlines()


def test_an_image_has_its_version_as_tag_and_as_argument(folder, actions):
    images(actions).build("v1")
    ContainerImages("docker.io/shop/notes", actions, engine="podman", platform="linux/arm64").build("v2")
    assert calls(folder) == [
        "docker build --build-arg VERSION=v1 --tag docker.io/shop/notes:v1 .",
        "podman build --format docker --platform linux/arm64 --build-arg VERSION=v2 --tag docker.io/shop/notes:v2 .",
    ]
    assert [line.removeprefix("$ ") for line in actions.lines] == calls(folder)


def test_the_password_of_ecr_is_given_to_the_engine_and_not_shown(aws, folder, actions):
    images(actions, repository=f"{REGISTRY}/shop/notes").push("v1")
    assert calls(folder) == [
        f"docker login --username AWS --password-stdin {REGISTRY}",
        f"docker push {REGISTRY}/shop/notes:v1",
    ]
    password = (folder / "password").read_text("utf-8")
    assert password
    assert password not in "".join([*actions.lines, *calls(folder)])


def test_other_registries_are_those_that_the_engine_has_logged_in_to(folder, actions):
    images(actions).push("v1")
    assert calls(folder) == ["docker push docker.io/shop/notes:v1"]


def test_a_failure_of_the_engine_is_said(folder, actions):
    (folder / "failing").write_text("push", "utf-8")
    with pytest.raises(DeployError, match=r"`docker push [^`]+:v1` ended with exit code 7"):
        images(actions).push("v1")
    with pytest.raises(DeployError, match="`no-such-engine` can't be started"):
        images(actions, "no-such-engine").push("v1")
    (folder / "Dockerfile").unlink()
    with pytest.raises(DeployError, match=r"has no Dockerfile: `manage\.py dockerize` writes one"):
        images(actions).build("v1")


@pytest.fixture
def answering(folder: Path) -> Iterator[list[str]]:
    """A server where the recorder says that the container's port is; the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(503 if len(asked) == 1 else 200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    (folder / "address").write_text(f"0.0.0.0:{server.server_address[1]}\n", "utf-8")
    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_image_runs_as_compose_yaml_says_until_the_tests_end(folder, actions, answering):
    with images(actions).running("v1") as url:
        assert url == f"http://127.0.0.1:{(folder / 'address').read_text('utf-8').strip().rpartition(':')[2]}"
        assert answering == ["/ready", "/ready"]
        built = json.loads((folder / "images").read_text("utf-8"))
        assert built == {
            "services": {name: {"image": "docker.io/shop/notes:v1"} for name in ("app", "worker", "setup")}
        }
    words = [line.split(".json ")[1] for line in calls(folder)]
    assert words == ["up --detach --no-build", "port app 8000", "down --volumes --timeout 40"]
    assert all(
        line.startswith("docker compose --project-name notes-deploy --file compose.yaml") for line in calls(folder)
    )


def test_containers_that_fail_show_their_logs_and_are_removed(folder, actions, answering, monkeypatch):
    def tested() -> None:
        with images(actions).running("v1"):
            raise DeployError("the tests failed")

    with pytest.raises(DeployError, match="the tests failed"):
        tested()
    assert [line.split(".json ")[1] for line in calls(folder)][2:] == [
        "logs --tail 50 app worker setup",
        "down --volumes --timeout 40",
    ]
    monkeypatch.setattr(container_images, "READY_WITHIN", -1)
    answering.clear()  # the next answer is 503 again
    with pytest.raises(DeployError, match=r"/ready doesn't answer with 200 within"):
        tested()


def test_the_first_failure_is_told_if_compose_can_do_nothing(folder, actions):
    (folder / "failing").write_text("compose", "utf-8")
    with (
        pytest.raises(DeployError, match=r"up --detach --no-build` ended with exit code 7"),
        images(actions).running("v1"),
    ):
        pass
    assert [line.split(".json ")[1].split()[0] for line in calls(folder)] == ["up", "logs", "down"]
    with pytest.raises(DeployError, match="`do` can't be started: embedded null byte"):
        actions.run(["do", "a\0"])


def test_a_compose_file_that_cannot_be_used_is_said(folder, actions):
    def run() -> None:
        with images(actions).running("v1"):
            pass

    (folder / "compose.yaml").write_text("services: {app: {build: .}}", "utf-8")
    with pytest.raises(DeployError, match="publishes a port, which the acceptance tests need"):
        run()
    (folder / "compose.yaml").write_text("services: 1", "utf-8")
    with pytest.raises(DeployError, match=r"compose\.yaml can't be read"):
        run()
    (folder / "compose.yaml").unlink()
    with pytest.raises(DeployError, match=r"Write it with `manage.py dockerize`, or add --no-local-acceptance"):
        run()


def test_without_an_engine_a_dry_run_shows_docker_and_a_build_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(container_images, "find_runtime", lambda: None)
    (tmp_path / "Dockerfile").write_text("", "utf-8")
    with pytest.raises(DeployError, match="Docker or Podman is needed"):
        ContainerImages("notes", ShownActions(tmp_path), engine=None, platform=None).build("v1")
    dry = ShownActions(tmp_path, dry_run=True)
    ContainerImages("notes", dry, engine=None, platform=None).build("v1")
    assert dry.lines == ["$ docker build --build-arg VERSION=v1 --tag notes:v1 ."]
