"""Returns the blocks that several parts of a Terraform file need: variables, roles, alarms, scaling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from macaron_django.shipping.infrastructure.hcl import Block, Expression, hcl_text

__all__ = [
    "STRING",
    "alarm_block",
    "json_of",
    "policy_json",
    "role_block",
    "scaling_blocks",
    "secret_variable",
    "statement",
    "variable",
]

STRING: Final = Expression("string")


def variable(name: str, description: str | None = None, kind: str = STRING, **more: Any) -> Block:
    """Returns the block of a Terraform variable. If the variable has no ``default``, users must set it."""
    return Block("variable", (name,), {"description": description, "type": kind, **more})


def secret_variable(name: str) -> Block:
    """Returns the block of a Terraform variable for the ARN of a secret.

    The secret has the value of the environment variable ``name``.
    """
    description = f"The ARN of the Secrets Manager secret for the environment variable {name}."
    return variable(f"{name.lower()}_secret_arn", description)


def statement(actions: Iterable[str], resources: Iterable[str]) -> dict[str, Any]:
    """Returns the IAM statement that allows these actions on these resources."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def policy_json(statements: Iterable[Mapping[str, Any]]) -> Expression:
    """Returns the Terraform expression of an IAM policy that has the given ``statements``."""
    return json_of({"Version": "2012-10-17", "Statement": list(statements)})


def json_of(value: object) -> Expression:
    """Returns the expression that encodes a value as JSON."""
    text = hcl_text((Block("x", arguments={"x": value}),)).split("x = ", 1)[1].rsplit("}", 1)[0].rstrip()
    return Expression("jsonencode(" + text.replace("\n  ", "\n") + ")")


def role_block(label: str, name: Expression, service: str) -> Block:
    """Returns a role that an AWS service can assume."""
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
    return Block("resource", ("aws_iam_role", label), {"name": name, "assume_role_policy": policy_json([trusted])})


def alarm_block(
    label: str,
    name: Expression,
    description: str,
    metric: str,
    dimensions: Mapping[str, str],
    *,
    namespace: str,
    statistic: str = "Sum",
    comparison: str = "GreaterThanThreshold",
    threshold: int = 0,
    missing: str = "notBreaching",
) -> Block:
    """Returns an alarm that goes off if its metric is past its threshold in three of five minutes."""
    return Block(
        "resource",
        ("aws_cloudwatch_metric_alarm", label),
        {
            "alarm_name": name,
            "alarm_description": description,
            "namespace": namespace,
            "metric_name": metric,
            "statistic": statistic,
            "period": 60,
            "evaluation_periods": 5,
            "datapoints_to_alarm": 3,
            "threshold": threshold,
            "comparison_operator": comparison,
            "treat_missing_data": missing,
            "alarm_actions": Expression("var.alarm_topic == null ? [] : [var.alarm_topic]"),
            "dimensions": dimensions,
        },
    )


def scaling_blocks(
    label: str, *, target: Mapping[str, Any], limits: tuple[Any, Any], metric: str, percent: int
) -> Iterator[Block]:
    """Yields the blocks that scale a target between two limits, so that a metric stays near a percentage.

    ``target`` has a namespace, an id and a dimension.
    """
    made = f"aws_appautoscaling_target.{label}"
    yield Block(
        "resource",
        ("aws_appautoscaling_target", label),
        {**target, "min_capacity": limits[0], "max_capacity": limits[1]},
    )
    yield Block(
        "resource",
        ("aws_appautoscaling_policy", label),
        {
            "name": label,
            "policy_type": "TargetTrackingScaling",
            **{
                each: Expression(f"{made}.{each}")
                for each in ("service_namespace", "resource_id", "scalable_dimension")
            },
        },
        (
            Block(
                "target_tracking_scaling_policy_configuration",
                arguments={"target_value": percent},
                blocks=(Block("predefined_metric_specification", arguments={"predefined_metric_type": metric}),),
            ),
        ),
    )
