"""Returns the resources that several parts of a CloudFormation template need: roles, alarms, scaling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = [
    "HAS_TOPIC",
    "KEPT",
    "Resource",
    "alarm",
    "allowed",
    "pascal",
    "role",
    "secret_parameters",
    "target_tracking",
]

Resource = dict[str, Any]

#: Policies that keep a resource if its stack is deleted, or if a change replaces the resource.
KEPT: Final = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
#: The name of the condition that is true if a topic for alarms was given.
HAS_TOPIC: Final = "HasAlarmTopic"


def pascal(snake: str) -> str:
    """Returns a name in Pascal case, for logical IDs.

    >>> pascal("order_lines")
    'OrderLines'
    """
    return "".join(part.capitalize() for part in snake.split("_"))


def secret_parameters(secrets: Iterable[str]) -> dict[str, tuple[str, Resource]]:
    """Returns the parameters for the ARNs of secrets: maps each secret to its parameter's name and definition."""
    return {
        name: (
            f"{pascal(name.lower())}SecretArn",
            {
                "Type": "String",
                "Description": f"The ARN of the Secrets Manager secret for the environment variable {name}.",
            },
        )
        for name in secrets
    }


def allowed(actions: Iterable[str], resources: Iterable[Any]) -> Resource:
    """Returns the IAM statement that allows these actions on these resources."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def role(service: str, policies: Mapping[str, Iterable[Resource]]) -> Resource:
    """Returns a role that an AWS service can assume.

    ``policies`` has each policy's statements, by the policy's name.
    """
    trusted = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
            "Policies": [
                {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}
                for name, statements in policies.items()
            ],
        },
    }


def alarm(
    description: Any,
    metric: str,
    dimensions: Mapping[str, Any],
    *,
    namespace: str,
    statistic: str = "Sum",
    comparison: str = "GreaterThanThreshold",
    threshold: int = 0,
    missing: str = "notBreaching",
) -> Resource:
    """Returns an alarm that goes off if its metric is past its threshold in three of five minutes."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": description,
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "Statistic": statistic,
            "Period": 60,
            "EvaluationPeriods": 5,
            "DatapointsToAlarm": 3,
            "Threshold": threshold,
            "ComparisonOperator": comparison,
            "TreatMissingData": missing,
            "AlarmActions": {"Fn::If": [HAS_TOPIC, [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]},
        },
    }


def target_tracking(target: str, metric: str, percent: int) -> Resource:
    """Returns the policy that scales a target (``…Target``) so that a metric stays near a percentage."""
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "Properties": {
            "PolicyName": target.removesuffix("Target"),
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": {"Ref": target},
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": percent,
                "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
            },
        },
    }
