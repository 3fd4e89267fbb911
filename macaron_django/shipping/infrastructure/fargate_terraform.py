"""Creates the blocks of a Terraform file for a service on ECS Fargate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from macaron_django.shipping.infrastructure.hcl import Block, Expression
from macaron_django.shipping.infrastructure.terraform_parts import (
    alarm_block,
    json_of,
    policy_json,
    role_block,
    scaling_blocks,
    secret_variable,
    statement,
    variable,
)

__all__ = ["fargate_blocks"]

_NUMBER: Final = Expression("number")
_STRINGS: Final = Expression("list(string)")
_NULL: Final = Expression("null")
_NAME: Final = Expression("var.service_name")


def fargate_blocks(service: FargateService) -> Iterator[Block]:
    """Yields the blocks. The file must also have ``aws_iam_policy.service`` and ``aws_region.current``."""
    yield from _variables(service)
    yield from _roles(service)
    yield _task(
        service,
        "service",
        {
            "portMappings": [{"containerPort": PORT}],
            "healthCheck": {
                "command": list(HEALTH_COMMAND),
                "interval": 10,
                "timeout": 5,
                "retries": 3,
                "startPeriod": DEPLOYMENT["grace"],
            },
        },
    )
    yield from _network()
    yield from (_load_balancer() if service.own_load_balancer else _listener_rule())
    yield Block("resource", ("aws_ecs_cluster", "service"), {"name": _NAME})
    yield _service(
        "service",
        _NAME,
        {"health_check_grace_period_seconds": DEPLOYMENT["grace"]},
        Block(
            "load_balancer",
            arguments={
                "container_name": "service",
                "container_port": PORT,
                "target_group_arn": Expression("aws_lb_target_group.service.arn"),
            },
        ),
        after=("aws_lb_listener.service" if service.own_load_balancer else "aws_lb_listener_rule.service",),
    )
    yield from _scaling("service", "tasks")
    yield from map(_alarm, FARGATE_ALARMS)
    if service.worker:
        yield _task(service, "worker", {"command": list(WORKER_COMMAND)})
        yield _service("worker", Expression('"${var.service_name}-worker"'), {})
        yield from _scaling("worker", "workers")
    yield Block("output", ("cluster",), {"value": Expression("aws_ecs_cluster.service.name")})
    yield Block("output", ("service",), {"value": Expression("aws_ecs_service.service.name")})
    if service.worker:
        yield Block("output", ("worker",), {"value": Expression("aws_ecs_service.worker.name")})
    yield Block("output", ("task",), {"value": Expression("aws_ecs_task_definition.service.arn")})
    if service.own_load_balancer:
        yield Block("output", ("load_balancer",), {"value": Expression("aws_lb.service.dns_name")})
    yield Block("output", ("security_group",), {"value": Expression("aws_security_group.service.id")})


def _variables(service: FargateService) -> Iterator[Block]:
    yield variable("service_name", default="service")
    yield variable("image", "The image, with its tag or digest. Each release has a different value.")
    yield variable(
        "repository_arn", "The ARN of the image's private ECR repository; null for another registry.", default=_NULL
    )
    yield variable("architecture", "ARM64 or X86_64.", default="X86_64")
    yield variable("cpu", "In CPU units: 1024 units are one vCPU.", _NUMBER, default=512)
    yield variable("memory", "In MiB. The allowed values depend on the number of vCPUs.", _NUMBER, default=1024)
    yield variable("least_tasks", kind=_NUMBER, default=2)
    yield variable("most_tasks", kind=_NUMBER, default=10)
    yield variable("host_name", "The host name that clients use.")
    yield variable("vpc_id")
    yield variable("subnets", "The subnets of the tasks.", _STRINGS)
    yield variable(
        "public_addresses",
        "true if the subnets reach AWS through an internet gateway, not through NAT or VPC endpoints.",
        Expression("bool"),
        default=False,
    )
    if service.own_load_balancer:
        yield variable("public_subnets", "The load balancer's subnets, in at least two zones.", _STRINGS)
        yield variable("certificate_arn", "The ARN of the certificate for the host name.")
    else:
        yield variable("listener_arn", "The ARN of the load balancer's listener.")
        yield variable("rule_priority", "The rule's priority in the listener.", _NUMBER)
        yield variable("load_balancer_security_group")
    yield from map(secret_variable, service.secrets)
    if service.worker:
        yield variable("least_workers", kind=_NUMBER, default=1)
        yield variable("most_workers", kind=_NUMBER, default=10)


# -- tasks -------------------------------------------------------------------------------------------------------------


def _roles(service: FargateService) -> Iterator[Block]:
    yield Block(
        "resource",
        ("aws_cloudwatch_log_group", "service"),
        {"name": Expression('"/ecs/${var.service_name}"'), "retention_in_days": 30},
    )
    yield role_block("service", _NAME, "ecs-tasks")
    yield Block(
        "resource",
        ("aws_iam_role_policy_attachment", "service"),
        {"role": Expression("aws_iam_role.service.name"), "policy_arn": Expression("aws_iam_policy.service.arn")},
    )
    yield role_block("execution", Expression('"${var.service_name}-execution"'), "ecs-tasks")
    allowed = [
        statement(
            ["logs:CreateLogStream", "logs:PutLogEvents"], [Expression('"${aws_cloudwatch_log_group.service.arn}:*"')]
        )
    ]
    if service.secrets:
        secrets = [_arn(name) for name in service.secrets]
        allowed.append(statement(["secretsmanager:GetSecretValue"], secrets))
    yield _execution_policy("execution", allowed)
    yield _execution_policy(
        "pull",
        [
            statement(PULL_ACTIONS, [Expression("var.repository_arn")]),
            statement(["ecr:GetAuthorizationToken"], ["*"]),
        ],
        count=Expression("var.repository_arn == null ? 0 : 1"),
    )


def _arn(secret: str) -> Expression:
    return Expression(f"var.{secret_variable(secret).labels[0]}")


def _execution_policy(name: str, statements: list[dict[str, Any]], **more: Expression) -> Block:
    return Block(
        "resource",
        ("aws_iam_role_policy", name),
        {**more, "name": name, "role": Expression("aws_iam_role.execution.id"), "policy": policy_json(statements)},
    )


def _task(service: FargateService, name: str, container: Mapping[str, Any]) -> Block:
    """Returns the definition of a task with one container. Further keys are added to those in ``container``.

    Fargate has no tmpfs, so /tmp is a volume of the task. At the start, it has the image's files in /tmp.
    """
    environment: list[dict[str, str]] = [
        *({"name": each, "value": value} for each, value in service.environment().items()),
        {"name": "AWS_REGION", "value": Expression("data.aws_region.current.name")},
        {"name": "ALLOWED_HOSTS", "value": Expression("var.host_name")},
    ]
    made = {
        "name": name,
        **container,
        "image": Expression("var.image"),
        "essential": True,
        "user": USER,
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "mountPoints": [{"sourceVolume": "tmp", "containerPath": "/tmp"}],  # noqa: S108
        "stopTimeout": DEPLOYMENT["stop"],
        "environment": environment,
        "secrets": [{"name": each, "valueFrom": _arn(each)} for each in service.secrets],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": Expression("aws_cloudwatch_log_group.service.name"),
                "awslogs-region": Expression("data.aws_region.current.name"),
                "awslogs-stream-prefix": "ecs",
            },
        },
    }
    return Block(
        "resource",
        ("aws_ecs_task_definition", name),
        {
            "family": _NAME if name == "service" else Expression(f'"${{var.service_name}}-{name}"'),
            "requires_compatibilities": ["FARGATE"],
            "network_mode": "awsvpc",
            "cpu": Expression("var.cpu"),
            "memory": Expression("var.memory"),
            "execution_role_arn": Expression("aws_iam_role.execution.arn"),
            "task_role_arn": Expression("aws_iam_role.service.arn"),
            "container_definitions": json_of([made]),
        },
        (
            Block(
                "runtime_platform",
                arguments={"cpu_architecture": Expression("var.architecture"), "operating_system_family": "LINUX"},
            ),
            Block("volume", arguments={"name": "tmp"}),
        ),
    )


# -- the network -------------------------------------------------------------------------------------------------------


def _network() -> Iterator[Block]:
    yield _security_group("service", "Tasks of the service: only the load balancer may send requests to them.")
    yield Block(
        "resource",
        ("aws_vpc_security_group_ingress_rule", "service"),
        {
            "security_group_id": Expression("aws_security_group.service.id"),
            "ip_protocol": "tcp",
            "from_port": PORT,
            "to_port": PORT,
            "referenced_security_group_id": Expression("local.load_balancer_security_group"),
        },
    )
    yield _egress("service")
    yield Block(
        "resource",
        ("aws_lb_target_group", "service"),
        {
            "name": _NAME,
            "target_type": "ip",
            "vpc_id": Expression("var.vpc_id"),
            "protocol": "HTTP",
            "port": PORT,
            "deregistration_delay": DEPLOYMENT["draining"],
        },
        (
            Block(
                "health_check",
                arguments={
                    "path": "/ready",
                    "interval": 10,
                    "timeout": 5,
                    "healthy_threshold": 2,
                    "unhealthy_threshold": 3,
                },
            ),
        ),
    )


def _security_group(label: str, description: str) -> Block:
    suffix = "" if label == "service" else f"-{label.replace('_', '-')}"
    return Block(
        "resource",
        ("aws_security_group", label),
        {
            "name": Expression(f'"${{var.service_name}}{suffix}"') if suffix else _NAME,
            "description": description,
            "vpc_id": Expression("var.vpc_id"),
        },
    )


def _egress(label: str) -> Block:
    return Block(
        "resource",
        ("aws_vpc_security_group_egress_rule", label),
        {
            "security_group_id": Expression(f"aws_security_group.{label}.id"),
            "ip_protocol": "-1",
            "cidr_ipv4": "0.0.0.0/0",
        },
    )


_FORWARD: Final = {"type": "forward", "target_group_arn": Expression("aws_lb_target_group.service.arn")}


def _locals(group: str, full_name: str) -> Block:
    """Returns the block ``locals`` for a new or an existing load balancer.

    The local values are the load balancer's security group and its name in metrics.
    """
    named = {"load_balancer_security_group": Expression(group), "load_balancer": Expression(full_name)}
    return Block("locals", arguments=named)


def _listener_rule() -> Iterator[Block]:
    # arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/app/NAME/ID/LISTENER
    yield _locals("var.load_balancer_security_group", 'join("/", slice(split("/", var.listener_arn), 1, 4))')
    host = Block("host_header", arguments={"values": [Expression("var.host_name")]})
    yield Block(
        "resource",
        ("aws_lb_listener_rule", "service"),
        {"listener_arn": Expression("var.listener_arn"), "priority": Expression("var.rule_priority")},
        (Block("condition", blocks=(host,)), Block("action", arguments=_FORWARD)),
    )


def _load_balancer() -> Iterator[Block]:
    yield _locals("aws_security_group.load_balancer.id", "aws_lb.service.arn_suffix")
    yield _security_group("load_balancer", "Load balancer of the service: anyone may send requests to it.")
    for port in (80, 443):
        yield Block(
            "resource",
            ("aws_vpc_security_group_ingress_rule", f"load_balancer_{port}"),
            {
                "security_group_id": Expression("aws_security_group.load_balancer.id"),
                "ip_protocol": "tcp",
                "from_port": port,
                "to_port": port,
                "cidr_ipv4": "0.0.0.0/0",
            },
        )
    yield _egress("load_balancer")
    yield Block(
        "resource",
        ("aws_lb", "service"),
        {
            "name": _NAME,
            "load_balancer_type": "application",
            "internal": False,
            "subnets": Expression("var.public_subnets"),
            "security_groups": [Expression("aws_security_group.load_balancer.id")],
            "drop_invalid_header_fields": True,
        },
    )
    yield _listener(
        "service",
        {
            "port": 443,
            "protocol": "HTTPS",
            "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "certificate_arn": Expression("var.certificate_arn"),
        },
        Block("default_action", arguments=_FORWARD),
    )
    redirect = Block("redirect", arguments={"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301"})
    yield _listener(
        "redirect",
        {"port": 80, "protocol": "HTTP"},
        Block("default_action", arguments={"type": "redirect"}, blocks=(redirect,)),
    )


def _listener(label: str, arguments: Mapping[str, Any], action: Block) -> Block:
    balancer = {"load_balancer_arn": Expression("aws_lb.service.arn")}
    return Block("resource", ("aws_lb_listener", label), {**balancer, **arguments}, (action,))


# -- services ----------------------------------------------------------------------------------------------------------


def _service(
    label: str, name: Expression, arguments: Mapping[str, Any], *blocks: Block, after: tuple[str, ...] = ()
) -> Block:
    """Returns a service that runs a task. Scaling sets the number of tasks, which Terraform doesn't change later."""
    waits = (*after, "aws_iam_role_policy.execution", "aws_iam_role_policy.pull")
    return Block(
        "resource",
        ("aws_ecs_service", label),
        {
            "name": name,
            "cluster": Expression("aws_ecs_cluster.service.id"),
            "task_definition": Expression(f"aws_ecs_task_definition.{label}.arn"),
            "launch_type": "FARGATE",
            "propagate_tags": "SERVICE",
            "desired_count": 1,
            "deployment_minimum_healthy_percent": 100,
            "deployment_maximum_percent": 200,
            **arguments,
            "depends_on": [Expression(each) for each in waits],
        },
        (
            Block("deployment_circuit_breaker", arguments={"enable": True, "rollback": True}),
            Block(
                "network_configuration",
                arguments={
                    "subnets": Expression("var.subnets"),
                    "security_groups": [Expression("aws_security_group.service.id")],
                    "assign_public_ip": Expression("var.public_addresses"),
                },
            ),
            *blocks,
            Block("lifecycle", arguments={"ignore_changes": [Expression("desired_count")]}),
        ),
    )


def _scaling(label: str, limits: str) -> Iterator[Block]:
    yield from scaling_blocks(
        label,
        target={
            "service_namespace": "ecs",
            "resource_id": Expression(f'"service/${{aws_ecs_cluster.service.name}}/${{aws_ecs_service.{label}.name}}"'),
            "scalable_dimension": "ecs:service:DesiredCount",
        },
        limits=(Expression(f"var.least_{limits}"), Expression(f"var.most_{limits}")),
        metric="ECSServiceAverageCPUUtilization",
        percent=60,
    )


def _alarm(name: str) -> Block:
    metric, statistic, comparison, threshold, missing, description = FARGATE_ALARMS[name]
    return alarm_block(
        f"service_{name}",
        Expression(f'"${{var.service_name}}-{name}"'),
        description,
        metric,
        {
            "TargetGroup": Expression("aws_lb_target_group.service.arn_suffix"),
            "LoadBalancer": Expression("local.load_balancer"),
        },
        namespace="AWS/ApplicationELB",
        statistic=statistic,
        comparison=comparison,
        threshold=threshold,
        missing=missing,
    )
