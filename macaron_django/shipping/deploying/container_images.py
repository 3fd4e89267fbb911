"""Builds, runs and pushes a project's image with Docker or Podman."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from macaron_django.dynamodb.engines.container import find_runtime
from macaron_django.shipping.deploying.deploy_actions import DeployActions, DeployError
from macaron_django.shipping.deploying.served_versions import wait_for_answer

__all__ = ["ContainerImages"]

#: The most seconds from the start of the containers to the first response.
READY_WITHIN: Final = 120.0
_ECR: Final = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")


class ContainerImages:
    """The images of one repository. Methods raise DeployError if there is no container engine."""

    def __init__(self, repository: str, actions: DeployActions, *, engine: str | None, platform: str | None) -> None:
        self._repository, self._actions, self._platform = repository, actions, platform
        self._engine = engine or find_runtime() or ("docker" if actions.dry_run else None)

    def named(self, version: str) -> str:
        """Returns the name of a version's image."""
        return f"{self._repository}:{version}"

    def build(self, version: str) -> None:
        """Builds the image from the Dockerfile beside ``manage.py``."""
        if not (self._actions.folder / "Dockerfile").is_file():
            raise DeployError(f"{self._actions.folder} has no Dockerfile: `manage.py dockerize` writes one.")
        # The Docker format, because Podman's own format of images has no health check.
        form = ["--format", "docker"] if Path(self.engine).name == "podman" else []
        platform = ["--platform", self._platform] if self._platform else []
        self._actions.run(
            [
                *(self.engine, "build", *form, *platform, "--build-arg", f"VERSION={version}"),
                *("--tag", self.named(version), "."),
            ]
        )

    def push(self, version: str) -> None:
        """Pushes the image. For Amazon ECR, first gets a password from AWS."""
        registry = self._repository.partition("/")[0]
        if found := _ECR.fullmatch(registry):
            user, password = "AWS", ""
            if not self._actions.dry_run:
                user, password = self._ecr_login(*found.groups())
            self._actions.run([self.engine, "login", "--username", user, "--password-stdin", registry], text=password)
        self._actions.run([self.engine, "push", self.named(version)])

    @contextlib.contextmanager
    def running(self, version: str) -> Iterator[str]:
        """Runs the image with ``compose.yaml`` and new volumes. Yields the URL as soon as ``/ready`` answers with 200.

        A service with ``build`` in ``compose.yaml`` uses this image instead of building one. At the end, the containers
        and their volumes are removed.
        """
        compose_file = self._actions.folder / "compose.yaml"
        if not compose_file.is_file():
            raise DeployError(
                f"{compose_file} doesn't exist. Write it with `manage.py dockerize`, or add --no-local-acceptance."
            )
        built = _built_services(compose_file)
        with tempfile.TemporaryDirectory(prefix="macaron-deploy-") as made:
            images = Path(made, "images.json")  # JSON is also YAML
            images.write_text(
                json.dumps({"services": {name: {"image": self.named(version)} for name in built}}), "utf-8"
            )
            compose = [
                *(self.engine, "compose", "--project-name", f"{_project_name(self._repository)}-deploy"),
                *("--file", "compose.yaml", "--file", str(images)),
            ]
            down = [*compose, "down", "--volumes", "--timeout", "40"]
            try:
                self._actions.run([*compose, "up", "--detach", "--no-build"], variables={"VERSION": version})
                yield self._url(compose, built)
            except BaseException as failure:
                # Errors are ignored here, so that the first failure is reported. If `compose` isn't installed, these
                # commands fail, too.
                with contextlib.suppress(DeployError):
                    if isinstance(failure, DeployError):
                        self._actions.run([*compose, "logs", "--tail", "50", *built])
                with contextlib.suppress(DeployError):
                    self._actions.run(down)
                raise
            self._actions.run(down)

    def _url(self, compose: Sequence[str], built: Mapping[str, Any]) -> str:
        service, port = _published_port(built)
        if self._actions.dry_run:
            return "http://127.0.0.1:PORT"
        address = self._actions.output([*compose, "port", service, port]).strip()
        url = f"http://127.0.0.1:{address.rpartition(':')[2]}"
        wait_for_answer(f"{url}/ready", READY_WITHIN)
        return url

    @property
    def engine(self) -> str:
        """Returns the name of the program: docker or podman."""
        if self._engine is None:
            raise DeployError(
                "To build and run images, Docker or Podman is needed: `docker info` or `podman info` must succeed."
            )
        return self._engine

    def _ecr_login(self, account: str, region: str) -> tuple[str, str]:
        ecr = self._actions.client("ecr", region)
        answer = self._actions.read(ecr, "GetAuthorizationToken", registryIds=[account])
        token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode("utf-8")
        user, _, password = token.partition(":")
        return user, password


def _built_services(file: Path) -> dict[str, Any]:
    try:
        services = yaml.safe_load(file.read_text("utf-8"))["services"]
        return {name: service for name, service in services.items() if "build" in service}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise DeployError(f"{file} can't be read: {error}") from error


def _published_port(built: Mapping[str, Any]) -> tuple[str, str]:
    """Returns the first service that publishes a port, and the port's number inside the container."""
    for name, service in built.items():
        for port in service.get("ports", ()):
            target = port["target"] if isinstance(port, Mapping) else str(port).rpartition(":")[2]
            return name, str(target).partition("/")[0]
    raise DeployError("In compose.yaml, no service with `build` publishes a port, which the acceptance tests need.")


def _project_name(repository: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", repository.rpartition("/")[2].partition(":")[0]).strip("-") or "app"
