"""The driver of Amazon ECS: task definitions and services on moto's server; deployments by recorded answers.

moto doesn't play deployments, so what ECS answers while one goes on is recorded here. botocore checks each request and
each answer against its model of the service.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.stub import Stubber

from macaron_django.shipping.deploying import DeployError, Release, ReleaseFiles, ecs_driver
from macaron_django.shipping.deploying.ecs_driver import EcsDriver
from tests.shipping.deploying.conftest import REGION, ShownActions

REPOSITORY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
SECRET = "hunter2hunter2"


@pytest.fixture
def cluster(aws) -> str:
    name = f"shop-{uuid4().hex[:8]}"
    aws("ecs").create_cluster(clusterName=name)
    return name


def make_service(aws, cluster: str, name: str, image: str) -> str:
    """Makes a service with two containers, and returns the ARN of its task definition."""
    registered = aws("ecs").register_task_definition(
        family=f"{cluster}-{name}",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        containerDefinitions=[
            {"name": "app", "image": image, "environment": [{"name": "SECRET_KEY", "value": SECRET}]},
            {"name": "agent", "image": "public.ecr.aws/xray/agent:3"},
        ],
        tags=[{"key": "team", "value": "shop"}],
    )
    definition = registered["taskDefinition"]["taskDefinitionArn"]
    aws("ecs").create_service(cluster=cluster, serviceName=name, taskDefinition=definition, desiredCount=1)
    return definition


def driver(cluster: str, actions: ShownActions, **options: object) -> EcsDriver:
    given = {"CLUSTER": cluster, "SERVICES": ["notes"], "REGION": REGION, "TIMEOUT": 5, **options}
    return EcsDriver(given, actions)


def described(aws, cluster: str, name: str = "notes") -> dict[str, Any]:
    """The task definition that a service has, with its tags."""
    (service,) = aws("ecs").describe_services(cluster=cluster, services=[name])["services"]
    found = aws("ecs").describe_task_definition(taskDefinition=service["taskDefinition"], include=["TAGS"])
    return {**found["taskDefinition"], "tags": {tag["key"]: tag["value"] for tag in found["tags"]}}


def test_a_release_copies_the_task_definition_with_the_new_image(aws, cluster, actions):
    before = make_service(aws, cluster, "notes", "docker.io/shop/notes:old")
    live = driver(cluster, actions)
    assert live.current() == Release("", {"notes": before})
    release = live.release(ReleaseFiles("v1", "docker.io/shop/notes:v1"))
    assert live.current() == release
    now = described(aws, cluster)
    assert [each["image"] for each in now["containerDefinitions"]] == [
        "docker.io/shop/notes:v1",
        "public.ecr.aws/xray/agent:3",
    ]
    assert now["containerDefinitions"][0]["environment"] == [{"name": "SECRET_KEY", "value": SECRET}]
    assert (now["cpu"], now["memory"], now["networkMode"]) == ("256", "512", "awsvpc")
    assert now["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert now["tags"] == {"team": "shop", "macaron-version": "v1", "macaron-before": before}
    assert not [line for line in actions.lines if SECRET in line]


def test_going_back_twice_reads_what_ran_before_from_aws_alone(aws, cluster, tmp_path):
    first = make_service(aws, cluster, "notes", "docker.io/shop/notes:old")
    for version in ("v1", "v2", "v2"):  # the second time is a repetition
        driver(cluster, ShownActions(tmp_path)).release(ReleaseFiles(version, f"docker.io/shop/notes:{version}"))
    elsewhere = driver(cluster, ShownActions(tmp_path))
    assert elsewhere.back().version == elsewhere.current().version == "v1"
    assert elsewhere.back() == elsewhere.current() == Release("", {"notes": first})
    with pytest.raises(DeployError, match="has no tag macaron-before"):
        elsewhere.back()


def test_a_release_that_failed_halfway_goes_back_where_it_was_only(aws, cluster, actions):
    for name in ("web", "worker"):
        make_service(aws, cluster, name, "docker.io/shop/notes:old")
    both, web = (driver(cluster, actions, SERVICES=names) for names in (["web", "worker"], ["web"]))
    both.release(ReleaseFiles("v1", "docker.io/shop/notes:v1"))
    web.release(ReleaseFiles("v2", "docker.io/shop/notes:v2"))
    assert both.current().version == "v2"
    both.back()
    images = [described(aws, cluster, name)["containerDefinitions"][0]["image"] for name in ("web", "worker")]
    assert images == ["docker.io/shop/notes:v1"] * 2


def test_going_back_reaches_the_services_that_ecs_did_not_roll_back(aws, cluster, actions):
    for name in ("web", "worker"):
        make_service(aws, cluster, name, "docker.io/shop/notes:old")
    both = driver(cluster, actions, SERVICES=["web", "worker"])
    first = both.release(ReleaseFiles("v1", "docker.io/shop/notes:v1"))
    both.release(ReleaseFiles("v2", "docker.io/shop/notes:v2"))
    aws("ecs").update_service(cluster=cluster, service="web", taskDefinition=first.places["web"])
    assert both.current().version == "v2"
    assert both.back().places == {"worker": first.places["worker"]}
    assert both.current() == first


def test_going_back_changes_nothing_if_a_task_definition_is_gone(aws, cluster, actions):
    for name in ("web", "worker"):
        make_service(aws, cluster, name, "docker.io/shop/notes:old")
    both = driver(cluster, actions, SERVICES=["web", "worker"])
    first = both.release(ReleaseFiles("v1", "docker.io/shop/notes:v1"))
    second = both.release(ReleaseFiles("v2", "docker.io/shop/notes:v2"))
    aws("ecs").deregister_task_definition(taskDefinition=first.places["worker"])
    with pytest.raises(
        DeployError,
        match=r"The previous task definition, .*, is INACTIVE: it was deregistered\. To release a version that",
    ):
        both.back()
    assert both.current() == second


def test_an_image_in_ecr_is_released_by_its_digest(aws, cluster, actions):
    name = f"shop/{cluster}"
    aws("ecr").create_repository(repositoryName=name)
    make_service(aws, cluster, "notes", f"{REPOSITORY}/{name}:old")
    live, image = driver(cluster, actions), f"{REPOSITORY}/{name}:v1"
    with pytest.raises(DeployError, match=r"can't be found: AWS ECR DescribeImages.*--from push"):
        live.release(ReleaseFiles("v1", image))
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
    pushed = aws("ecr").put_image(repositoryName=name, imageManifest=manifest, imageTag="v1")
    live.release(ReleaseFiles("v1", image))
    digest = pushed["image"]["imageId"]["imageDigest"]
    assert described(aws, cluster)["containerDefinitions"][0]["image"] == f"{REPOSITORY}/{name}@{digest}"
    live.release(ReleaseFiles("v1", image))  # a digest in the running one is the same repository


def test_a_container_of_another_repository_has_to_be_named(aws, cluster, actions):
    make_service(aws, cluster, "notes", "docker.io/library/httpd:2")
    with pytest.raises(
        DeployError, match=r"it has app \(docker\.io/library/httpd:2\), agent .* Set CONTAINER to the c"
    ):
        driver(cluster, actions).release(ReleaseFiles("v1", "docker.io/shop/notes:v1"))
    driver(cluster, actions, CONTAINER="app").release(ReleaseFiles("v1", "docker.io/shop/notes:v1"))
    assert described(aws, cluster)["containerDefinitions"][0]["image"] == "docker.io/shop/notes:v1"


def test_a_dry_run_shows_the_calls_without_secrets_and_changes_nothing(aws, cluster, tmp_path):
    before = make_service(aws, cluster, "notes", "docker.io/shop/notes:old")
    actions = ShownActions(tmp_path, dry_run=True)
    driver(cluster, actions).release(ReleaseFiles("v1", "docker.io/shop/notes:v1"))
    register, update = actions.lines
    assert register.startswith("AWS ECS RegisterTaskDefinition ")
    assert f" family={cluster}-notes " in register
    assert "containerDefinitions=[app:docker.io/shop/notes:v1 agent:public.ecr.aws/xray/agent:3]" in register
    assert update == (
        f"AWS ECS UpdateService cluster={cluster} service=notes taskDefinition='the new revision of {cluster}-notes'"
    )
    assert SECRET not in register
    assert driver(cluster, actions).current().places == {"notes": before}


def test_without_a_region_the_key_to_set_is_named(cluster, actions, monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(DeployError, match=r"No AWS region is known\. Set the environment's REGION"):
        driver(cluster, actions, REGION=None)


def test_without_credentials_it_says_how_to_give_them(actions, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # which remembers credentials
    with pytest.raises(DeployError, match=r"No AWS credentials were found\. Set AWS_PROFILE"):
        driver("shop", actions).current()


def test_a_service_that_is_not_there_is_named(aws, cluster, actions):
    with pytest.raises(DeployError, match=f"The cluster {cluster} in {REGION} has no active service notes"):
        driver(cluster, actions).current()


# ------------------------------------------------------------------ deployments, by recorded answers

OLD, NEW = (f"arn:aws:ecs:{REGION}:123456789012:task-definition/notes:{number}" for number in (41, 42))
TASK = f"arn:aws:ecs:{REGION}:123456789012:task/shop/0123456789abcdef"
MOMENT = datetime(2026, 11, 30, tzinfo=timezone.utc)


def answer(*deployments: dict[str, Any], breaker: bool = True) -> dict[str, Any]:
    """What DescribeServices answers; the first deployment is the primary one."""
    return {
        "services": [
            {
                "serviceName": "notes",
                "status": "ACTIVE",
                "taskDefinition": deployments[0]["taskDefinition"],
                "desiredCount": 2,
                "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": breaker, "rollback": True}},
                "deployments": [
                    {"id": f"ecs-svc/{number}", "createdAt": MOMENT, "desiredCount": 2, **each}
                    for number, each in enumerate(deployments)
                ],
            }
        ],
        "failures": [],
    }


def deployment(definition: str, status: str, rollout: str, running: int = 0, **more: Any) -> dict[str, Any]:
    return {"taskDefinition": definition, "status": status, "rolloutState": rollout, "runningCount": running, **more}


def stopped(stubber: Stubber) -> None:
    """Records why the tasks of the service have stopped."""
    listed = {"cluster": "shop", "serviceName": "notes", "desiredStatus": "STOPPED"}
    stubber.add_response("list_tasks", {"taskArns": [TASK]}, listed)
    container = {"name": "app", "exitCode": 3, "reason": "OutOfMemoryError"}
    task = {"taskArn": TASK, "stoppedReason": "Essential container in task exited.", "containers": [container]}
    stubber.add_response("describe_tasks", {"tasks": [task]}, {"cluster": "shop", "tasks": [TASK]})


@pytest.fixture
def recorded(actions, monkeypatch):
    """A driver whose client answers as recorded, and its recorder."""
    monkeypatch.setattr(ecs_driver, "INTERVAL", 0)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    one = driver("shop", actions)
    with Stubber(one._ecs) as stubber:
        yield one, stubber
        stubber.assert_no_pending_responses()


def during(stubber: Stubber, *answers: dict[str, Any]) -> None:
    for each in answers:
        stubber.add_response("describe_services", each, {"cluster": "shop", "services": ["notes"]})


def test_it_waits_until_the_deployment_is_complete(recorded, actions):
    one, stubber = recorded
    old = deployment(OLD, "ACTIVE", "COMPLETED", 2)
    during(
        stubber,
        answer(deployment(NEW, "PRIMARY", "IN_PROGRESS"), old),
        answer(deployment(NEW, "PRIMARY", "IN_PROGRESS"), old),
        answer(deployment(NEW, "PRIMARY", "IN_PROGRESS", 1, failedTasks=1), old),
        answer(deployment(NEW, "PRIMARY", "COMPLETED", 2)),
    )
    one.wait(Release("v1", {"notes": NEW}))
    assert actions.lines == [
        "notes: 0 of 2 tasks run",
        "notes: 1 of 2 tasks run, 1 failed",
        "notes: completed",
    ]


def test_a_deployment_that_the_circuit_breaker_ends_fails_with_the_reasons_of_its_tasks(recorded):
    one, stubber = recorded
    reason = "ECS deployment circuit breaker: tasks failed to start."
    during(stubber, answer(deployment(NEW, "PRIMARY", "FAILED", rolloutStateReason=reason)))
    stopped(stubber)
    with pytest.raises(DeployError) as failed:
        one.wait(Release("v1", {"notes": NEW}))
    assert str(failed.value) == (
        f"notes: the deployment failed. {reason} Essential container in task exited. "
        "app: exit code 3, OutOfMemoryError."
    )


def test_a_deployment_that_ecs_has_rolled_back_itself_fails(recorded):
    one, stubber = recorded
    during(
        stubber,
        answer(deployment(NEW, "PRIMARY", "IN_PROGRESS"), deployment(OLD, "ACTIVE", "COMPLETED", 2)),
        answer(deployment(OLD, "PRIMARY", "IN_PROGRESS", 2), deployment(NEW, "ACTIVE", "IN_PROGRESS")),
    )
    stopped(stubber)
    with pytest.raises(DeployError, match=r"gone back to .*notes:41, or another deployment has begun\. Essential cont"):
        one.wait(Release("v1", {"notes": NEW}))


def test_an_answer_from_before_the_release_and_reasons_that_cannot_be_read_hide_nothing(recorded, actions):
    one, stubber = recorded
    old = deployment(OLD, "PRIMARY", "COMPLETED", 2)
    failed = deployment(NEW, "PRIMARY", "FAILED", rolloutStateReason="Tasks failed to start.")
    during(stubber, answer(old), answer(old), answer(failed))
    stubber.add_client_error("list_tasks", "AccessDeniedException")
    with pytest.raises(
        DeployError, match=r"the deployment failed\. Tasks failed to start\. The reasons why tasks .*AccessDenied"
    ):
        one.wait(Release("v1", {"notes": NEW}))
    assert actions.lines == ["notes: ECS doesn't show the deployment yet"]


def test_a_deployment_that_takes_too_long_fails_and_one_that_nothing_ends_is_said(actions, recorded):
    one, stubber = recorded
    one._timeout = -1
    during(stubber, answer(deployment(NEW, "PRIMARY", "IN_PROGRESS"), breaker=False))
    stopped(stubber)
    with pytest.raises(DeployError, match="the deployment isn't complete after"):
        one.wait(Release("v1", {"notes": NEW}))
    assert actions.lines[0].startswith("notes has no deployment circuit breaker")
