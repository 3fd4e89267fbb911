"""Creates the CloudFormation resources of a service on ECS Fargate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from macaron_django.shipping.infrastructure.described_services import (
    DEPLOYMENT,
    FARGATE_ALARMS,
    HEALTH_COMMAND,
    PORT,
    PULL_ACTIONS,
    USER,
    WORKER_COMMAND,
    FargateService,
)
from macaron_django.shipping.infrastructure.template_parts import (
    KEPT,
    Resource,
    alarm,
    allowed,
    role,
    secret_parameters,
    target_tracking,
)

__all__ = ["FargateTemplate", "fargate_template"]

_PULLS: Final = "HasRepository"


@dataclass(frozen=True)
class FargateTemplate:
    """Parts of a CloudFormation template, by their names."""

    parameters: dict[str, Any]
    conditions: dict[str, Any]
    resources: dict[str, Resource]
    outputs: dict[str, Any]


def fargate_template(service: FargateService, statements: Sequence[Resource]) -> FargateTemplate:
    """Returns the parts of the template for ``service``. ``statements`` are the statements of the service's policy."""
    outputs: dict[str, Any] = {
        "Cluster": {"Value": {"Ref": "ServiceCluster"}},
        "Service": {"Value": {"Fn::GetAtt": ["Service", "Name"]}},
        **({"Worker": {"Value": {"Fn::GetAtt": ["Worker", "Name"]}}} if service.worker else {}),
        "Task": {"Value": {"Ref": "ServiceTask"}},
        "SecurityGroup": {"Value": {"Ref": "ServiceSecurityGroup"}},
    }
    if service.own_load_balancer:
        outputs["LoadBalancer"] = {"Value": {"Fn::GetAtt": ["LoadBalancer", "DNSName"]}}
    return FargateTemplate(
        parameters=dict(_parameters(service)),
        conditions={_PULLS: {"Fn::Not": [{"Fn::Equals": [{"Ref": "RepositoryArn"}, ""]}]}},
        resources={
            **_task_resources(service, statements),
            **_network_resources(),
            **(_load_balancer() if service.own_load_balancer else _listener_rule()),
            **_service_resources(),
            **{f"Service{name.capitalize()}": _alarm(name, service) for name in FARGATE_ALARMS},
            **(_worker_resources(service) if service.worker else {}),
        },
        outputs=outputs,
    )


def _parameters(service: FargateService) -> Iterator[tuple[str, Any]]:
    yield "Image", _parameter("String", "The image, with its tag or digest. Each release has a different value.")
    yield (
        "RepositoryArn",
        _parameter("String", "The ARN of the image's private ECR repository; empty for another registry.", Default=""),
    )
    yield "Architecture", _parameter("String", Default="X86_64", AllowedValues=["ARM64", "X86_64"])
    yield "Cpu", _parameter("String", "In CPU units: 1024 units are one vCPU.", Default="512", AllowedValues=[*_UNITS])
    yield "Memory", _parameter("String", "In MiB. The allowed values depend on the number of vCPUs.", Default="1024")
    yield "LeastTasks", _parameter("Number", Default=2, MinValue=1)
    yield "MostTasks", _parameter("Number", Default=10, MinValue=1)
    yield "HostName", _parameter("String", "The host name that clients use.")
    yield "Vpc", _parameter("AWS::EC2::VPC::Id")
    yield "Subnets", _parameter("List<AWS::EC2::Subnet::Id>", "The subnets of the tasks.")
    yield (
        "PublicAddresses",
        _parameter(
            "String",
            "ENABLED if the subnets reach AWS through an internet gateway, not through NAT or VPC endpoints.",
            Default="DISABLED",
            AllowedValues=["DISABLED", "ENABLED"],
        ),
    )
    if service.own_load_balancer:
        yield (
            "PublicSubnets",
            _parameter("List<AWS::EC2::Subnet::Id>", "The load balancer's subnets, in at least two zones."),
        )
        yield "CertificateArn", _parameter("String", "The ARN of the certificate for the host name.")
    else:
        yield "ListenerArn", _parameter("String", "The ARN of the load balancer's listener.")
        yield "RulePriority", _parameter("Number", "The rule's priority in the listener.", MinValue=1, MaxValue=50000)
        yield "LoadBalancerSecurityGroup", _parameter("AWS::EC2::SecurityGroup::Id")
    yield from secret_parameters(service.secrets).values()
    if service.worker:
        yield "LeastWorkers", _parameter("Number", Default=1, MinValue=1)
        yield "MostWorkers", _parameter("Number", Default=10, MinValue=1)


_UNITS: Final = ("256", "512", "1024", "2048", "4096", "8192", "16384")


def _parameter(kind: str, description: str | None = None, **more: Any) -> dict[str, Any]:
    return {"Type": kind, **more, **({} if description is None else {"Description": description})}


# -- tasks -------------------------------------------------------------------------------------------------------------


def _task_resources(service: FargateService, statements: Sequence[Resource]) -> dict[str, Resource]:
    secrets = [{"Ref": parameter} for parameter, _ in secret_parameters(service.secrets).values()]
    execution = {
        "logs": [
            allowed(["logs:CreateLogStream", "logs:PutLogEvents"], [{"Fn::GetAtt": ["ServiceLog", "Arn"]}]),
        ]
    }
    if secrets:
        execution["secrets"] = [allowed(["secretsmanager:GetSecretValue"], secrets)]
    pulling = [allowed(PULL_ACTIONS, [{"Ref": "RepositoryArn"}]), allowed(["ecr:GetAuthorizationToken"], ["*"])]
    executing = role("ecs-tasks", {**execution, "pull": pulling})
    *always, pull = executing["Properties"]["Policies"]
    executing["Properties"]["Policies"] = [*always, {"Fn::If": [_PULLS, pull, {"Ref": "AWS::NoValue"}]}]
    return {
        "ServiceLog": {"Type": "AWS::Logs::LogGroup", **KEPT, "Properties": {"RetentionInDays": 30}},
        "ServiceRole": role("ecs-tasks", {"service": statements} if statements else {}),
        "ServiceExecutionRole": executing,
        "ServiceTask": _task(
            service,
            {
                "Name": "service",
                "PortMappings": [{"ContainerPort": PORT}],
                "HealthCheck": {
                    "Command": list(HEALTH_COMMAND),
                    "Interval": 10,
                    "Timeout": 5,
                    "Retries": 3,
                    "StartPeriod": DEPLOYMENT["grace"],
                },
            },
        ),
    }


def _task(service: FargateService, container: Resource) -> Resource:
    """Returns the definition of a task with one container. Further keys are added to those in ``container``.

    Fargate has no tmpfs, so /tmp is a volume of the task. At the start, it has the image's files in /tmp.
    """
    return {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "Family": {"Fn::Sub": f"${{AWS::StackName}}-{container['Name']}"},
            "RequiresCompatibilities": ["FARGATE"],
            "NetworkMode": "awsvpc",
            "RuntimePlatform": {"CpuArchitecture": {"Ref": "Architecture"}, "OperatingSystemFamily": "LINUX"},
            "Cpu": {"Ref": "Cpu"},
            "Memory": {"Ref": "Memory"},
            "ExecutionRoleArn": {"Fn::GetAtt": ["ServiceExecutionRole", "Arn"]},
            "TaskRoleArn": {"Fn::GetAtt": ["ServiceRole", "Arn"]},
            "Volumes": [{"Name": "tmp"}],
            "ContainerDefinitions": [
                {
                    **container,
                    "Image": {"Ref": "Image"},
                    "Essential": True,
                    "User": USER,
                    "ReadonlyRootFilesystem": True,
                    "LinuxParameters": {"InitProcessEnabled": True, "Capabilities": {"Drop": ["ALL"]}},
                    "MountPoints": [{"SourceVolume": "tmp", "ContainerPath": "/tmp"}],  # noqa: S108
                    "StopTimeout": DEPLOYMENT["stop"],
                    "Environment": [
                        *({"Name": name, "Value": value} for name, value in service.environment().items()),
                        {"Name": "AWS_REGION", "Value": {"Ref": "AWS::Region"}},
                        {"Name": "ALLOWED_HOSTS", "Value": {"Ref": "HostName"}},
                    ],
                    "Secrets": [
                        {"Name": name, "ValueFrom": {"Ref": parameter}}
                        for name, (parameter, _) in secret_parameters(service.secrets).items()
                    ],
                    "LogConfiguration": {
                        "LogDriver": "awslogs",
                        "Options": {
                            "awslogs-group": {"Ref": "ServiceLog"},
                            "awslogs-region": {"Ref": "AWS::Region"},
                            "awslogs-stream-prefix": "ecs",
                        },
                    },
                }
            ],
        },
    }


# -- the network -------------------------------------------------------------------------------------------------------


def _network_resources() -> dict[str, Resource]:
    return {
        "ServiceSecurityGroup": _security_group(
            "Tasks of the service: only the load balancer may send requests to them.",
            [{"FromPort": PORT, "ToPort": PORT, "SourceSecurityGroupId": {"Ref": "LoadBalancerSecurityGroup"}}],
        ),
        "ServiceTargetGroup": {
            "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
            "Properties": {
                "TargetType": "ip",
                "VpcId": {"Ref": "Vpc"},
                "Protocol": "HTTP",
                "Port": PORT,
                "HealthCheckPath": "/ready",
                "HealthCheckIntervalSeconds": 10,
                "HealthCheckTimeoutSeconds": 5,
                "HealthyThresholdCount": 2,
                "UnhealthyThresholdCount": 3,
                "TargetGroupAttributes": [
                    {"Key": "deregistration_delay.timeout_seconds", "Value": str(DEPLOYMENT["draining"])}
                ],
            },
        },
    }


def _security_group(description: str, rules: Iterable[Resource]) -> Resource:
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": description,
            "VpcId": {"Ref": "Vpc"},
            "SecurityGroupIngress": [{"IpProtocol": "tcp", **rule} for rule in rules],
        },
    }


_FORWARD: Final = {"Type": "forward", "TargetGroupArn": {"Ref": "ServiceTargetGroup"}}


def _listener_rule() -> dict[str, Resource]:
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": [{"Ref": "HostName"}]}}
    return {
        "ServiceRule": {
            "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
            "Properties": {
                "ListenerArn": {"Ref": "ListenerArn"},
                "Priority": {"Ref": "RulePriority"},
                "Conditions": [host],
                "Actions": [_FORWARD],
            },
        }
    }


def _load_balancer() -> dict[str, Resource]:
    anyone = [{"FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0"} for port in (80, 443)]
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    return {
        "LoadBalancerSecurityGroup": _security_group(
            "Load balancer of the service: anyone may send requests to it.", anyone
        ),
        "LoadBalancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Properties": {
                "Type": "application",
                "Scheme": "internet-facing",
                "Subnets": {"Ref": "PublicSubnets"},
                "SecurityGroups": [{"Ref": "LoadBalancerSecurityGroup"}],
                "LoadBalancerAttributes": [{"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"}],
            },
        },
        "ServiceRule": _listener(
            443,
            _FORWARD,
            Protocol="HTTPS",
            SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            Certificates=[{"CertificateArn": {"Ref": "CertificateArn"}}],
        ),
        "LoadBalancerRedirect": _listener(80, {"Type": "redirect", "RedirectConfig": redirect}, Protocol="HTTP"),
    }


def _listener(port: int, action: Resource, **more: Any) -> Resource:
    return {
        "Type": "AWS::ElasticLoadBalancingV2::Listener",
        "Properties": {
            "LoadBalancerArn": {"Ref": "LoadBalancer"},
            "Port": port,
            **more,
            "DefaultActions": [action],
        },
    }


# -- services ----------------------------------------------------------------------------------------------------------


def _service_resources() -> dict[str, Resource]:
    balancer = {"ContainerName": "service", "ContainerPort": PORT, "TargetGroupArn": {"Ref": "ServiceTargetGroup"}}
    running = _running("ServiceTask", LoadBalancers=[balancer], HealthCheckGracePeriodSeconds=DEPLOYMENT["grace"])
    return {
        "ServiceCluster": {"Type": "AWS::ECS::Cluster"},
        "Service": {**running, "DependsOn": "ServiceRule"},
        **dict(_scaling("Service", "Tasks")),
    }


def _worker_resources(service: FargateService) -> dict[str, Resource]:
    return {
        "WorkerTask": _task(service, {"Name": "worker", "Command": list(WORKER_COMMAND)}),
        "Worker": _running("WorkerTask"),
        **dict(_scaling("Worker", "Workers")),
    }


def _running(task: str, **more: Any) -> Resource:
    """Returns a service that runs a task. Scaling sets the number of tasks, and updates of the stack leave this number
    unchanged.
    """
    return {
        "Type": "AWS::ECS::Service",
        "Properties": {
            "Cluster": {"Ref": "ServiceCluster"},
            "TaskDefinition": {"Ref": task},
            "LaunchType": "FARGATE",
            "PropagateTags": "SERVICE",
            "DeploymentConfiguration": {
                "MinimumHealthyPercent": 100,
                "MaximumPercent": 200,
                "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            },
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "Subnets": {"Ref": "Subnets"},
                    "SecurityGroups": [{"Ref": "ServiceSecurityGroup"}],
                    "AssignPublicIp": {"Ref": "PublicAddresses"},
                }
            },
            **more,
        },
    }


def _scaling(name: str, limits: str) -> Iterator[tuple[str, Resource]]:
    target = f"{name}CountTarget"
    yield (
        target,
        {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ServiceNamespace": "ecs",
                "ResourceId": {"Fn::Sub": f"service/${{ServiceCluster}}/${{{name}.Name}}"},
                "ScalableDimension": "ecs:service:DesiredCount",
                "MinCapacity": {"Ref": f"Least{limits}"},
                "MaxCapacity": {"Ref": f"Most{limits}"},
            },
        },
    )
    yield f"{name}CountScaling", target_tracking(target, "ECSServiceAverageCPUUtilization", 60)


def _alarm(name: str, service: FargateService) -> Resource:
    metric, statistic, comparison, threshold, missing, description = FARGATE_ALARMS[name]
    if service.own_load_balancer:
        balancer: Resource = {"Fn::GetAtt": ["LoadBalancer", "LoadBalancerFullName"]}
    else:  # arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/app/NAME/ID/LISTENER
        parts = {"Fn::Split": ["/", {"Ref": "ListenerArn"}]}
        balancer = {"Fn::Join": ["/", [{"Fn::Select": [number, parts]} for number in (1, 2, 3)]]}
    return alarm(
        description,
        metric,
        {"TargetGroup": {"Fn::GetAtt": ["ServiceTargetGroup", "TargetGroupFullName"]}, "LoadBalancer": balancer},
        namespace="AWS/ApplicationELB",
        statistic=statistic,
        comparison=comparison,
        threshold=threshold,
        missing=missing,
    )
