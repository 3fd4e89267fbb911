"""Services on ECS Fargate: what the files say against the image, against AWS's API as moto plays it, and Terraform."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import hcl2
import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import override_settings
from moto import mock_aws

from macaron_django.dynamodb.tables.table_accesses import TableAccess
from macaron_django.management.commands.infrastructure import Command
from macaron_django.shipping.container_files import ContainedProject, container_files
from macaron_django.shipping.infrastructure.cloudformation import cloudformation_template
from macaron_django.shipping.infrastructure.described_services import (
    DEPLOYMENT,
    HEALTH_COMMAND,
    LATER_VARIABLES,
    PORT,
    USER,
    FargateService,
    LambdaService,
)
from macaron_django.shipping.infrastructure.described_tables import DescribedTable
from macaron_django.shipping.infrastructure.terraform import terraform_text

TABLES = [DescribedTable("orders", "id", None, {"id": "S"}, (), None, None, None, None, {})]
ACCESSES = [TableAccess("orders", "", "GetItem"), TableAccess("orders", "", "PutItem")]
SECRETS = ("SECRET_KEY", "DATABASE_URL")
SERVICES = {
    "existing": FargateService("shop.settings", SECRETS, worker=True),
    "new": FargateService("shop.settings", SECRETS, own_load_balancer=True),
}
IMAGE = container_files(
    ContainedProject("shop", "3.13", "shop.wsgi:application", dynamodb=True, worker=True, without_static=False)
)


def _template(service: FargateService) -> dict[str, Any]:
    template: dict[str, Any] = yaml.safe_load(cloudformation_template(TABLES, ACCESSES, service=service))
    return template


def _resources(service: str = "existing") -> dict[str, Any]:
    return {name: each.get("Properties", {}) for name, each in _template(SERVICES[service])["Resources"].items()}


def test_the_containers_are_those_of_the_image() -> None:
    dockerfile, start = IMAGE["Dockerfile"], IMAGE["start.sh"]
    assert f"USER {USER}\n" in dockerfile
    assert f"EXPOSE {PORT}\n" in dockerfile
    assert 'VOLUME ["/tmp"]\n' in dockerfile
    assert re.sub(r"[^a-z.:/0-9]", "", HEALTH_COMMAND[-1]).startswith(
        "importurllib.requesturllib.request.urlopenhttp://"
    )
    (drain,) = re.findall(r"DRAIN_SECONDS:-(\d+)", start)
    (kill,) = re.findall(r"--workers-kill-timeout (\d+)", start)
    assert DEPLOYMENT["stop"] >= int(drain) + int(kill)
    resources = _resources()
    (container,) = resources["ServiceTask"]["ContainerDefinitions"]
    assert container["User"] == USER
    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert "Command" not in container
    (worker,) = resources["WorkerTask"]["ContainerDefinitions"]
    assert worker["Command"] == yaml.safe_load(IMAGE["compose.yaml"])["services"]["worker"]["command"]
    assert not {"HealthCheck", "PortMappings"} & worker.keys()
    assert {each["Name"] for each in worker["Environment"] + worker["Secrets"]} == {
        *("ALLOWED_HOSTS", "AWS_REGION", "BEHIND_PROXY", "DJANGO_SETTINGS_MODULE", "DYNAMODB_ENGINE", "PORT", *SECRETS),
    }


def test_the_roles_have_the_least_rights() -> None:
    resources = _resources()
    (policy,) = resources["ServiceRole"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["dynamodb:GetItem", "dynamodb:PutItem"]
    assert statement["Resource"] == [{"Fn::GetAtt": ["OrdersTable", "Arn"]}]
    logs, secrets, pull = resources["ServiceExecutionRole"]["Policies"]
    (written,) = logs["PolicyDocument"]["Statement"]
    assert written["Resource"] == [{"Fn::GetAtt": ["ServiceLog", "Arn"]}]
    (read,) = secrets["PolicyDocument"]["Statement"]
    assert read["Action"] == ["secretsmanager:GetSecretValue"]
    assert read["Resource"] == [{"Ref": "SecretKeySecretArn"}, {"Ref": "DatabaseUrlSecretArn"}]
    repository, token = pull["Fn::If"][1]["PolicyDocument"]["Statement"]
    assert repository["Resource"] == [{"Ref": "RepositoryArn"}]
    assert (token["Action"], token["Resource"]) == (["ecr:GetAuthorizationToken"], ["*"])


def test_both_languages_describe_one_task() -> None:
    parsed = hcl2.loads(terraform_text(TABLES, ACCESSES, service=SERVICES["existing"]))
    tasks = {name: each for found in parsed["resource"] for name, each in _labelled(found, "aws_ecs_task_definition")}
    for name, label in (("ServiceTask", "service"), ("WorkerTask", "worker")):
        encoded = re.fullmatch(r"\$\{jsonencode\((.*)\)\}", tasks[label]["container_definitions"], re.DOTALL)
        assert encoded is not None
        (container,) = _unquoted(hcl2.loads(f"x = {encoded[1]}\n")["x"])
        expected = _camel(_resources()[name]["ContainerDefinitions"][0])
        assert container.keys() == expected.keys()
        for key in container.keys() - {"image", "environment", "secrets", "logConfiguration"}:
            assert container[key] == expected[key], key
        for key in ("environment", "secrets"):
            assert [each["name"] for each in container[key]] == [each["name"] for each in expected[key]]


def _labelled(resource: dict[str, Any], kind: str) -> list[tuple[str, Any]]:
    return [
        (name.strip('"'), each)
        for found, labelled in resource.items()
        if found.strip('"') == kind
        for name, each in labelled.items()
    ]


def _unquoted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.strip('"'): _unquoted(each) for name, each in value.items() if not name.startswith("__")}
    if isinstance(value, list):
        return [_unquoted(each) for each in value]
    return json.loads(value) if isinstance(value, str) and value.startswith('"') else value


def _camel(value: Any) -> Any:
    """A value of CloudFormation as ECS's API has it, whose names begin in lower case."""
    if isinstance(value, dict):
        return {name if "-" in name else name[0].lower() + name[1:]: _camel(each) for name, each in value.items()}
    return [_camel(each) for each in value] if isinstance(value, list) else value


# -- made in moto ------------------------------------------------------------------------------------------------------


def _client(name: str) -> Any:
    return boto3.client(name, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


def _resolved(value: Any, known: dict[str, Any]) -> Any:
    """A value with its references replaced; what isn't known becomes a text, as most of AWS's identifiers are."""
    if isinstance(value, list):
        return [_resolved(each, known) for each in value]
    if not isinstance(value, dict):
        return value
    (function, argument), *others = value.items()
    if not others and function in {"Ref", "Fn::GetAtt", "Fn::Sub"}:
        return known.get(".".join(argument) if isinstance(argument, list) else argument, "known-later")
    if not others and function in {"Fn::Join", "Fn::Select", "Fn::Split"}:
        first, second = _resolved(argument, known)
        return {"Fn::Join": str.join, "Fn::Select": lambda number, of: of[number], "Fn::Split": _split}[function](
            first, second
        )
    return {name: _resolved(each, known) for name, each in value.items()}


def _split(by: str, text: str) -> list[str]:
    return text.split(by)


@mock_aws
def test_aws_takes_the_tasks_services_and_rules_as_moto_plays_it() -> None:
    ec2, elb, ecs = _client("ec2"), _client("elbv2"), _client("ecs")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="shop", Description="shop", VpcId=vpc)["GroupId"]
    balancer = elb.create_load_balancer(Name="shared", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    nothing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[nothing])
    known = {
        "Cpu": "512",
        "Memory": "1024",
        "Image": "shop:1",
        "Architecture": "ARM64",
        "RulePriority": 7,
        "Vpc": vpc,
        "HostName": "shop.example",
        "Subnets": subnets,
        "PublicAddresses": "DISABLED",
        "ServiceCluster": "shop",
        "LeastTasks": 2,
        "MostTasks": 10,
        "LeastWorkers": 1,
        "MostWorkers": 10,
        "HasAlarmTopic": False,
        "ServiceSecurityGroup": group,
        "ListenerArn": listener["Listeners"][0]["ListenerArn"],
        "service/${ServiceCluster}/${Service.Name}": "service/shop/service",
        "service/${ServiceCluster}/${Worker.Name}": "service/shop/worker",
        **{f"${{AWS::StackName}}-{name}": name for name in ("service", "worker")},
    }
    resources = _resources()

    def made(name: str) -> Any:
        return _resolved(resources[name], known)

    targets = made("ServiceTargetGroup")
    targets.pop("TargetGroupAttributes")
    known["ServiceTargetGroup"] = elb.create_target_group(Name="shop", **targets)["TargetGroups"][0]["TargetGroupArn"]
    (rule,) = elb.create_rule(**made("ServiceRule"))["Rules"]
    assert rule["Conditions"][0]["HostHeaderConfig"] == {"Values": ["shop.example"]}
    ecs.create_cluster(clusterName="shop")
    scaling, watch = _client("application-autoscaling"), _client("cloudwatch")
    for name in ("Service", "Worker"):
        task = ecs.register_task_definition(**_camel(made(f"{name}Task")))["taskDefinition"]
        known[f"{name}Task"] = task["taskDefinitionArn"]
        service = ecs.create_service(serviceName=name.lower(), desiredCount=1, **_camel(made(name)))["service"]
        assert service["launchType"] == "FARGATE"
        target = made(f"{name}CountTarget")
        scaling.register_scalable_target(**target)
        policy = made(f"{name}CountScaling")
        policy.pop("ScalingTargetId")
        dimension = {each: target[each] for each in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
        scaling.put_scaling_policy(**policy, **dimension)
    alarms = [name for name in resources if name in {"ServiceErrors", "ServiceUnhealthy", "ServiceAbsent"}]
    for name in alarms:
        watch.put_metric_alarm(AlarmName=name, **{**made(name), "AlarmActions": []})
    dimensions = [each["Dimensions"][1]["Value"] for each in watch.describe_alarms(AlarmNames=alarms)["MetricAlarms"]]
    assert dimensions == [balancer.partition("loadbalancer/")[2]] * 3
    (listed,) = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=["service/shop/service"])[
        "ScalableTargets"
    ]
    assert (listed["MinCapacity"], listed["MaxCapacity"]) == (2, 10)


# -- the command -------------------------------------------------------------------------------------------------------


def _printed(*arguments: str, **options: Any) -> dict[str, Any]:
    output = StringIO()
    call_command(Command(), "cloudformation", *arguments, service="fargate", stdout=output, **options)
    template: dict[str, Any] = yaml.safe_load(output.getvalue())
    return template


def test_the_variables_of_a_task_are_those_that_no_secret_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "shop.settings")
    (container,) = _printed()["Resources"]["ServiceTask"]["Properties"]["ContainerDefinitions"]
    service = FargateService("shop.settings", ())
    assert {each["Name"] for each in container["Environment"]} == {*service.environment(), *LATER_VARIABLES}


def test_the_command_adds_workers_where_tasks_use_celery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "shop.settings")
    with override_settings(MACARON={"TASKS": {"BACKEND": "celery"}}):
        with_tasks = _printed()
    with override_settings(MACARON={"TASKS": {"BACKEND": "immediate"}}):
        without = _printed("--secret", "API_KEY", load_balancer="new")
    assert with_tasks["Resources"].keys() - without["Resources"].keys() == {
        *("Worker", "WorkerCountScaling", "WorkerCountTarget", "WorkerTask"),
    }
    assert without["Resources"].keys() - with_tasks["Resources"].keys() == {
        *("LoadBalancer", "LoadBalancerRedirect", "LoadBalancerSecurityGroup"),
    }
    assert [name for name in with_tasks["Parameters"] if name.endswith("SecretArn")] == [
        *("SecretKeySecretArn", "DatabaseUrlSecretArn", "CeleryBrokerUrlSecretArn"),
    ]
    assert [name for name in without["Parameters"] if name.endswith("SecretArn")] == ["ApiKeySecretArn"]


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        (["arn:aws:x"], "'arn:aws:x' can't be a secret: use the name of an environment variable"),
        (["KEY_1"], "The name, and each part after a '_', must begin with a letter"),
        (["API_KEY", "API_KEY"], "The secret API_KEY is given twice"),
        (["PORT"], "PORT can't be a secret: the service already has a value for it"),
        (["ALLOWED_HOSTS"], "ALLOWED_HOSTS can't be a secret"),
    ],
)
def test_the_command_refuses_what_cannot_be_a_secret(
    secrets: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "shop.settings")
    with pytest.raises(CommandError, match=message):
        _printed(*(word for name in secrets for word in ("--secret", name)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"secret": ["API_KEY"]}, "is only for a service: add --service lambda or --service fargate"),
        ({"load_balancer": "new"}, "is only for containers: add --service fargate"),
        ({"load_balancer": "new", "service": "lambda"}, "is only for containers: add --service fargate"),
    ],
)
def test_the_command_refuses_options_of_services_without_them(options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command(Command(), "terraform", **options)


# -- Terraform itself --------------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize(
    "service", [None, LambdaService("shop.settings", ("SECRET_KEY",), "live-"), *SERVICES.values()]
)
def test_terraform_finds_nothing_wrong_in_the_files(
    service: LambdaService | FargateService | None, tmp_path: Path
) -> None:
    terraform = shutil.which("terraform")
    assert terraform, "Install Terraform: https://developer.hashicorp.com/terraform/install"
    (tmp_path / "service.tf").write_text(terraform_text(TABLES, ACCESSES, service=service), "utf-8")
    for command in (["fmt", "-check", "-diff"], ["init", "-backend=false"], ["validate"]):
        done = subprocess.run(
            [terraform, *command, "-no-color"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
