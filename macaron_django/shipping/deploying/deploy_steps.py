"""The steps of a deployment, in PyMacaron's order."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from macaron_django.conf import settings
from macaron_django.shipping.deploying.container_images import ContainerImages
from macaron_django.shipping.deploying.deploy_actions import DeployActions, DeployError
from macaron_django.shipping.deploying.deploy_environments import STEPS_BEFORE, DeployEnvironment
from macaron_django.shipping.deploying.release_drivers import Driver, Release, ReleaseFiles
from macaron_django.shipping.deploying.served_versions import wait_for_version

__all__ = ["DeployStep", "Deployment", "deploy_steps", "step_names"]

#: The folder that keeps packages between two runs of the command. git ignores it, and `package` leaves it out.
PACKAGES: Final = ".deploy"
#: The most seconds until load balancers have noticed new servers.
NOTICED_WITHIN: Final = 120.0


@dataclass(frozen=True)
class DeployStep:
    """A step of a deployment. ``--no-NAME`` skips the step, and ``--from NAME`` begins the deployment with the step.

    If the step releases the version to an environment, or tests the release there, ``releases`` is the environment's
    name. For any other step, ``releases`` is None.
    """

    name: str
    does: str
    act: Callable[[], None]
    releases: str | None = None


def step_names(environments: Sequence[DeployEnvironment]) -> list[str]:
    """Returns the names of all steps, in their order."""
    return [*STEPS_BEFORE, *(name for each in environments for name in (each.name, f"{each.name}-acceptance"))]


def deploy_steps(deployment: Deployment) -> list[DeployStep]:
    """Returns the steps of a deployment."""
    before = {
        "check": ("manage.py check --deploy", deployment.check),
        "unittest": ("the unit tests", deployment.unittest),
        "build": ("the image or package", deployment.build),
        "local-acceptance": ("the acceptance tests, on this machine", deployment.local_acceptance),
        "push": ("the upload of the image or package", deployment.push),
        "tables": ("the tables of each environment", deployment.tables),
    }
    steps = [DeployStep(name, *before[name]) for name in STEPS_BEFORE]
    for each in deployment.environments:
        steps += _steps_of(deployment, each)
    return steps


def _steps_of(deployment: Deployment, environment: DeployEnvironment) -> Iterator[DeployStep]:
    name = environment.name
    yield DeployStep(name, f"the release to {name}", lambda: deployment.release(environment), name)
    tested = f"the acceptance tests, against {environment.base_url}"
    yield DeployStep(f"{name}-acceptance", tested, lambda: deployment.acceptance(environment), name)


class Deployment:
    """One version, and the environments that it is released to. Each step is a method that can raise DeployError."""

    def __init__(self, version: str, environments: Sequence[DeployEnvironment], actions: DeployActions) -> None:
        self.version, self.environments, self._actions = version, environments, actions
        self._drivers: dict[str, Driver] = {}

    def driver(self, environment: DeployEnvironment) -> Driver:
        """Returns the environment's driver. The driver is created when it is first needed."""
        if environment.name not in self._drivers:
            self._drivers[environment.name] = environment.driver(environment.options, self._actions)
        return self._drivers[environment.name]

    def check(self) -> None:
        """Runs Django's checks."""
        self._manage("check", "--deploy", "--fail-level", "ERROR")

    def unittest(self) -> None:
        """Runs the unit tests."""
        command = list(settings.DEPLOY.UNIT_TESTS)
        if command[:1] == ["python"]:
            command[0] = sys.executable
        if command:
            self._actions.run(command)
        elif importlib.util.find_spec("pytest") is not None:
            self._actions.run([sys.executable, "-m", "pytest"])
        else:
            self._manage("test")

    def build(self) -> None:
        """Builds the image and the packages that the environments' drivers need."""
        if self._makes("image"):
            self._images.build(self.version)
        packages = self._files.packages
        if packages and not self._actions.dry_run:
            folder = self._actions.folder / PACKAGES
            folder.mkdir(exist_ok=True)
            (folder / ".gitignore").write_text("*\n", "utf-8")
        in_bucket = ["--for-s3"] if all(each.options.get("BUCKET") for each in self._makes("package")) else []
        for architecture, file in packages.items():
            named = ["--architecture", architecture, "--release", self.version, "--out", str(file)]
            self._manage("package", "--lambda", *named, *in_bucket)

    def local_acceptance(self) -> None:
        """Runs the acceptance tests against the image or, if there is no image, against a server of this project."""
        running = self._images.running(self.version) if self._makes("image") else nullcontext(None)
        with running as url:
            self._manage("acceptance", *(["--host", url] if url else []), *settings.DEPLOY.ACCEPTANCE_TESTS)

    def push(self) -> None:
        """Pushes the image, and uploads the packages."""
        if self._makes("image"):
            self._images.push(self.version)
        for environment in self.environments:
            self.driver(environment).upload(self._files)

    def tables(self) -> None:
        """Creates and updates the tables of each environment."""
        for environment in self.environments:
            for command in environment.options["TABLES"]:
                self._manage(*shlex.split(command), variables=environment.variables)

    def release(self, environment: DeployEnvironment) -> None:
        """Releases the version, and waits until no other version is served."""
        driver = self.driver(environment)
        self._actions.write(f"{environment.name} serves {_said(driver.current())}.")
        self._settle(environment, driver.release(self._files))

    def acceptance(self, environment: DeployEnvironment) -> None:
        """Runs the acceptance tests against the environment."""
        chosen = environment.options["ACCEPTANCE_TESTS"]
        paths = settings.DEPLOY.ACCEPTANCE_TESTS if chosen is None else chosen
        self._manage("acceptance", "--host", environment.base_url, *paths, variables=environment.variables)

    def back(self, environment: DeployEnvironment) -> None:
        """Releases the version that the environment served before this one.

        If the environment doesn't serve this version, does nothing.
        """
        driver = self.driver(environment)
        current = driver.current()
        self._actions.write(f"{environment.name} serves {_said(current)}.")
        if self.version not in ("", current.version):
            self._actions.write(f"{environment.name} doesn't serve {self.version}, so nothing was changed.")
            return
        release = driver.back()
        self._actions.write(f"{environment.name} goes back to {_said(release)}.")
        try:
            self._settle(environment, release)
        except DeployError as error:
            told = f"{environment.name} has begun to go back to {_said(release)}. A second --back goes back further."
            raise DeployError(f"{error} {told}") from error

    def _settle(self, environment: DeployEnvironment, release: Release) -> None:
        if self._actions.dry_run:
            return
        self.driver(environment).wait(release)
        if release.version and wait_for_version(environment.base_url, release.version, NOTICED_WITHIN) is None:
            self._actions.write(f"{environment.base_url}/version doesn't say which version it serves.")

    def _makes(self, what: str) -> list[DeployEnvironment]:
        return [each for each in self.environments if each.driver.makes == what]

    @cached_property
    def _images(self) -> ContainerImages:
        given = settings.DEPLOY
        return ContainerImages(given.REPOSITORY, self._actions, engine=given.CONTAINER_ENGINE, platform=given.PLATFORM)

    @cached_property
    def _files(self) -> ReleaseFiles:
        architectures = {each.options.get("ARCHITECTURE", "arm64") for each in self._makes("package")}
        folder = self._actions.folder / PACKAGES
        packages = {name: folder / f"{self.version}-{name}.zip" for name in sorted(architectures)}
        image = self._images.named(self.version) if self._makes("image") else None
        return ReleaseFiles(self.version, image, packages)

    def _manage(self, *arguments: str, variables: Mapping[str, str] | None = None) -> None:
        has_manage = (self._actions.folder / "manage.py").is_file()
        program = ["manage.py"] if has_manage else ["-m", "django"]
        self._actions.run([sys.executable, *program, *arguments], variables=variables)


def _said(release: Release) -> str:
    if release.version:
        return release.version
    places: str = ", ".join(Path(each).name for each in release.places.values())
    return f"something that this command hasn't released ({places})" if places else "nothing yet"
