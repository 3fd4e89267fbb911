"""Releases images to services of Amazon ECS, on Fargate or on instances. ECS itself does the rolling deployment."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from macaron_django.shipping.deploying.deploy_actions import DeployActions, DeployError, polls
from macaron_django.shipping.deploying.release_drivers import Release, ReleaseFiles

__all__ = ["EcsDriver"]

#: Tags of a task definition: the version that it runs, and the ARN of the task definition that ran before it.
VERSION_TAG: Final = "macaron-version"
BEFORE_TAG: Final = "macaron-before"
#: Seconds between two calls for the state of a deployment.
INTERVAL: Final = 5.0
_ECR: Final = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(.+)")
#: The maximum number of reasons for stopped tasks that are shown.
_REASONS: Final = 3
_INSTEAD: Final = (
    "To release a version that has already been pushed, use --from with this environment's name and --release VERSION."
)


class EcsDriver:
    """Deploys a new image: each service gets a copy of its task definition with this image.

    Services are updated in the order in which ``SERVICES`` lists them. In a task definition, a container's image is
    replaced if the old image is from the same repository, or if ``CONTAINER`` names the container.
    """

    makes = "image"
    required: frozenset[str] = frozenset({"CLUSTER", "SERVICES"})
    optional: frozenset[str] = frozenset({"CONTAINER"})

    def __init__(self, options: Mapping[str, Any], actions: DeployActions) -> None:
        self._actions = actions
        self._cluster, self._services = options["CLUSTER"], list(options["SERVICES"])
        self._container, self._timeout = options.get("CONTAINER"), options["TIMEOUT"]
        self._ecs = actions.client("ecs", options["REGION"])

    def upload(self, files: ReleaseFiles) -> None:
        """Does nothing, because the image is already in its registry."""

    def current(self) -> Release:
        """Returns the last release.

        If a deployment failed halfway, or if ECS rolled it back in one service, the services run two releases. In
        that case, returns the newer of the two. Its ``BEFORE_TAG`` names a task definition of the older one.
        """
        places = {name: each["taskDefinition"] for name, each in self._described().items()}
        found = [self._task_definition(each)[1] for each in dict.fromkeys(places.values())]
        versions = [tags.get(VERSION_TAG, "") for tags in found]
        if len(set(versions)) > 1:
            for tags, version in zip(found, versions, strict=True):
                if BEFORE_TAG in tags and self._ran_before(tags) in {*versions} - {version}:
                    return Release(version, places)
        return Release(versions[0], places)

    def release(self, files: ReleaseFiles) -> Release:
        """Registers task definitions, and updates the services."""
        if files.image is None:
            raise DeployError("There is no image to release.")
        image, registered = self._pinned(files.image), dict[str, str]()
        services = self._described()
        for before in dict.fromkeys(each["taskDefinition"] for each in services.values()):
            registered[before] = self._registered(before, image, files)
        return self._updated(
            files.version, {name: registered[each["taskDefinition"]] for name, each in services.items()}
        )

    def wait(self, release: Release) -> None:
        """Waits until all deployments are completed. Raises DeployError if a deployment fails or takes too long."""
        waited_for, shown, seen = dict(release.places), dict[str, str](), set[str]()
        services = self._described()
        for name in waited_for:
            breaker = services[name].get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", {})
            if not breaker.get("enable"):
                self._actions.write(f"{name} has no deployment circuit breaker: ECS keeps restarting tasks that fail.")
        for _ in polls(self._timeout, INTERVAL):
            if shown:
                services = self._described()
            for name in list(waited_for):
                state = self._state(name, services[name], waited_for[name])
                if state is None and name in seen:
                    # With `rollback`, the circuit breaker makes the previous deployment the primary one again.
                    told = f"ECS has gone back to {services[name]['taskDefinition']}, or another deployment has begun."
                    raise DeployError(" ".join([f"{name}: {told}", *self._stopped(name)]))
                if state is None:  # ECS's response may be older than the last change
                    state = "ECS doesn't show the deployment yet"
                else:
                    seen.add(name)
                if shown.get(name) != state:
                    self._actions.write(f"{name}: {state}")
                    shown[name] = state
                if state == "completed":
                    del waited_for[name]
            if not waited_for:
                return
        reasons = " ".join(reason for name in waited_for for reason in self._stopped(name))
        raise DeployError(
            f"{', '.join(waited_for)}: the deployment isn't complete after {self._timeout} s. {reasons}".strip()
        )

    def back(self) -> Release:
        """Changes the services that run the current version: each gets the task definition that it had before."""
        current, places = self.current(), dict[str, str]()
        for name, definition in current.places.items():
            _, tags = self._task_definition(definition)
            if tags.get(VERSION_TAG, "") != current.version:
                continue  # a failed deployment didn't reach this service, or ECS rolled it back
            if BEFORE_TAG not in tags:
                raise DeployError(
                    f"{definition} has no tag {BEFORE_TAG}, so the task definition that {name} had before isn't known. "
                    f"{_INSTEAD}"
                )
            places[name] = tags[BEFORE_TAG]
        versions = [self._version_of(definition) for definition in dict.fromkeys(places.values())]
        return self._updated(versions[0], places)

    def _ran_before(self, tags: Mapping[str, str]) -> str | None:
        with contextlib.suppress(DeployError):  # the task definition was deleted
            return self._task_definition(tags[BEFORE_TAG])[1].get(VERSION_TAG, "")
        return None

    def _version_of(self, before: str) -> str:
        """Returns the version of the task definition to go back to.

        Raises DeployError if it was deleted or deregistered.
        """
        try:
            definition, tags = self._task_definition(before)
        except DeployError as error:
            raise DeployError(f"The previous task definition can't be read: {error} {_INSTEAD}") from error
        if (status := definition.get("status", "ACTIVE")) != "ACTIVE":
            raise DeployError(f"The previous task definition, {before}, is {status}: it was deregistered. {_INSTEAD}")
        return tags.get(VERSION_TAG, "")

    def _described(self) -> dict[str, Any]:
        """Returns ECS's descriptions of the services by their names, in the order of the setting."""
        answer = self._actions.read(self._ecs, "DescribeServices", cluster=self._cluster, services=self._services)
        found = {each["serviceName"]: each for each in answer["services"] if each["status"] == "ACTIVE"}
        if missing := [name for name in self._services if name not in found]:
            raise DeployError(
                f"The cluster {self._cluster} in {self._ecs.meta.region_name} has no active service "
                f"{', '.join(missing)}."
            )
        return {name: found[name] for name in self._services}

    def _task_definition(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        answer = self._actions.read(self._ecs, "DescribeTaskDefinition", taskDefinition=name, include=["TAGS"])
        return answer["taskDefinition"], {tag["key"]: tag["value"] for tag in answer.get("tags", ())}

    def _registered(self, before: str, image: str, files: ReleaseFiles) -> str:
        """Registers a copy of a task definition with another image, and returns its ARN."""
        definition, tags = self._task_definition(before)
        operation = self._ecs.meta.service_model.operation_model("RegisterTaskDefinition")
        copied = {key: value for key, value in definition.items() if key in operation.input_shape.members}
        containers = [dict(each) for each in definition["containerDefinitions"]]
        chosen = [each for each in containers if self._is_ours(each, image)]
        if not chosen:
            there = ", ".join(f"{each['name']} ({each['image']})" for each in containers)
            raise DeployError(
                f"{before} has no container for {image}; it has {there}. Set CONTAINER to the container's name."
            )
        for each in chosen:
            each["image"] = image
        kept = {key: value for key, value in tags.items() if not key.startswith("aws:")}
        is_repeated = tags.get(VERSION_TAG) == files.version and BEFORE_TAG in tags
        kept |= {VERSION_TAG: files.version, BEFORE_TAG: tags[BEFORE_TAG] if is_repeated else before}
        copied |= {
            "containerDefinitions": containers,
            "tags": [{"key": key, "value": value} for key, value in kept.items()],
        }
        made_up = {"taskDefinition": {"taskDefinitionArn": f"the new revision of {definition['family']}"}}
        answer = self._actions.change(self._ecs, "RegisterTaskDefinition", made_up, **copied)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def _is_ours(self, container: Mapping[str, Any], image: str) -> bool:
        if self._container is not None:
            return bool(container["name"] == self._container)
        return _repository(container["image"]) == _repository(image)

    def _updated(self, version: str, places: Mapping[str, str]) -> Release:
        for name, definition in places.items():
            self._actions.change(
                self._ecs, "UpdateService", {}, cluster=self._cluster, service=name, taskDefinition=definition
            )
        return Release(version, places)

    def _pinned(self, image: str) -> str:
        """Returns the image's name with its digest if its registry is Amazon ECR, or else with its tag."""
        found = _ECR.fullmatch(image)
        if found is None:
            return image
        account, region, path = found.groups()
        repository, _, tag = path.rpartition(":")
        ecr = self._actions.client("ecr", region)
        try:
            answer = self._actions.read(
                ecr,
                "DescribeImages",
                registryId=account,
                repositoryName=repository,
                imageIds=[{"imageTag": tag}],
            )
        except DeployError as error:
            if self._actions.dry_run:
                return image  # in a dry run, the image isn't pushed yet
            raise DeployError(f"{image} can't be found: {error} To push the image, use --from push.") from error
        return f"{_repository(image)}@{answer['imageDetails'][0]['imageDigest']}"

    def _state(self, name: str, service: Mapping[str, Any], definition: str) -> str | None:
        """Describes the progress of a task definition's deployment. Returns None if the service isn't deploying it.

        Raises DeployError if the deployment has failed.
        """
        for deployment in service["deployments"]:
            if deployment["taskDefinition"] != definition:
                continue
            rollout = deployment.get("rolloutState", "IN_PROGRESS")
            if rollout == "FAILED":
                told = " ".join([deployment.get("rolloutStateReason", ""), *self._stopped(name)])
                raise DeployError(f"{name}: the deployment failed. {told}".strip())
            if deployment["status"] == "PRIMARY":
                if rollout == "COMPLETED":
                    return "completed"
                failed = deployment.get("failedTasks", 0)
                end = f", {failed} failed" if failed else ""
                return f"{deployment['runningCount']} of {deployment['desiredCount']} tasks run{end}"
        return None

    def _stopped(self, name: str) -> Iterator[str]:
        """Yields the reasons why tasks of a service have stopped. ECS keeps these reasons for an hour."""
        try:
            listed = self._actions.read(
                self._ecs, "ListTasks", cluster=self._cluster, serviceName=name, desiredStatus="STOPPED"
            )["taskArns"]
            if not listed:
                return
            described = self._actions.read(self._ecs, "DescribeTasks", cluster=self._cluster, tasks=listed[:_REASONS])
        except DeployError as error:  # this error mustn't hide that the deployment has failed
            yield f"The reasons why tasks of {name} stopped can't be read: {error}"
            return
        reasons = dict[str, None]()
        for task in described["tasks"]:
            reasons[task.get("stoppedReason", "")] = None
            for container in task.get("containers", ()):
                if "reason" in container or container.get("exitCode"):
                    code = f"exit code {container['exitCode']}" if "exitCode" in container else ""
                    told = ", ".join(filter(None, [code, container.get("reason")]))
                    reasons[f"{container['name']}: {told}."] = None
        yield from list(filter(None, reasons))[:_REASONS]


def _repository(image: str) -> str:
    """Returns the name of an image without its tag and digest.

    >>> _repository("localhost:5000/notes:1"), _repository("notes@sha256:12")
    ('localhost:5000/notes', 'notes')
    """
    path, _, last = image.partition("@")[0].rpartition("/")
    return "/".join(filter(None, [path, last.partition(":")[0]]))
