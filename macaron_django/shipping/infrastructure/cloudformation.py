"""Writes a CloudFormation template for tables (with scaling and alarms), the IAM policy, and the service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import yaml

from macaron_django.dynamodb.tables.table_accesses import TableAccess
from macaron_django.shipping.infrastructure.described_services import ALIAS, FargateService, LambdaService
from macaron_django.shipping.infrastructure.described_tables import (
    MOST_UNITS,
    PYTHON_RUNTIME,
    DescribedIndex,
    DescribedTable,
    resource_names,
)
from macaron_django.shipping.infrastructure.fargate_template import fargate_template
from macaron_django.shipping.infrastructure.template_parts import (
    HAS_TOPIC,
    KEPT,
    Resource,
    alarm,
    allowed,
    pascal,
    role,
    secret_parameters,
    target_tracking,
)
from macaron_django.shipping.permissions.policies import statements_of

__all__ = ["cloudformation_template"]

Names = Mapping[tuple[str, str | None], str]


def cloudformation_template(
    tables: Iterable[DescribedTable],
    accesses: Iterable[TableAccess],
    *,
    prefix: str = "",
    service: LambdaService | FargateService | None = None,
) -> str:
    """Returns a template as YAML. The template has the tables and an IAM policy for them. If ``service`` is given, the
    template also has the service, and the policy belongs to the service's role.
    """
    tables = list(tables)
    names = {named: pascal(name) for named, name in resource_names(tables, prefix).items()}
    resources: dict[str, Resource] = {}
    for table in tables:
        resources.update(_table_resources(table, names))
    policy = _policy(accesses, names)
    parameters: dict[str, Any] = {
        "AlarmTopic": {
            "Type": "String",
            "Default": "",
            "Description": "The ARN of the SNS topic that alarms are sent to. If this is empty, alarms aren't sent.",
        }
    }
    conditions: dict[str, Any] = {HAS_TOPIC: {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopic"}, ""]}]}}
    outputs: dict[str, Any] = {}
    if service is None:
        resources["ServicePolicy"] = {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"Description": "What the service does with its tables.", "PolicyDocument": policy},
        }
        outputs["ServicePolicy"] = {"Value": {"Ref": "ServicePolicy"}}
    elif isinstance(service, LambdaService):
        parameters |= _FUNCTION_PARAMETERS | dict(secret_parameters(service.secrets).values())
        resources |= _function(policy, service)
        outputs["URL"] = {"Value": {"Fn::GetAtt": ["ServiceAPI", "ApiEndpoint"]}}
        outputs["Function"] = {"Value": {"Ref": "ServiceFunction"}}
    else:
        containers = fargate_template(service, policy["Statement"])
        parameters |= containers.parameters
        conditions |= containers.conditions
        resources |= containers.resources
        outputs |= containers.outputs
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": parameters,
        "Conditions": conditions,
        "Resources": resources,
        "Outputs": outputs,
    }
    return yaml.dump(template, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Writes repeated values in full, because CloudFormation doesn't allow aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


# -- tables ------------------------------------------------------------------------------------------------------------


def _table_resources(table: DescribedTable, names: Names) -> Iterator[tuple[str, Resource]]:
    name = names[table.name, None]
    yield f"{name}Table", {"Type": "AWS::DynamoDB::Table", **KEPT, "Properties": _table(table)}
    for index in table.scaled():
        for number, kind in enumerate(("Read", "Write")):
            part = f"{names[table.name, index]}{kind}"
            least = (table.units or (1, 1))[number]
            yield f"{part}Target", _scaling_target(name, index, kind, least)
            yield f"{part}Scaling", target_tracking(f"{part}Target", f"DynamoDB{kind}CapacityUtilization", 70)
    for index in (None, *(each.name for each in table.indexes if not each.local)):
        for kind in ("Read", "Write"):
            yield f"{names[table.name, index]}{kind}Throttled", _alarm(name, index, kind)


def _table(table: DescribedTable) -> Resource:
    made: Resource = {
        "TableName": table.name,
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in table.attributes.items()
        ],
        "KeySchema": _key_schema(table.hash_key, table.range_key),
        **_billing(table),
    }
    for key, local in (("GlobalSecondaryIndexes", False), ("LocalSecondaryIndexes", True)):
        if indexes := [_index(each, table) for each in table.indexes if each.local is local]:
            made[key] = indexes
    if table.ttl is not None:
        made["TimeToLiveSpecification"] = {"AttributeName": table.ttl, "Enabled": True}
    if table.recovery is not None:
        made["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": table.recovery}
    if table.protection is not None:
        made["DeletionProtectionEnabled"] = table.protection
    if table.tags:
        made["Tags"] = [{"Key": key, "Value": value} for key, value in table.tags.items()]
    return made


def _key_schema(hash_key: str, range_key: str | None) -> list[dict[str, str]]:
    ranged = [] if range_key is None else [{"AttributeName": range_key, "KeyType": "RANGE"}]
    return [{"AttributeName": hash_key, "KeyType": "HASH"}, *ranged]


def _billing(table: DescribedTable) -> Resource:
    if table.units is None:
        return {"BillingMode": "PAY_PER_REQUEST"}
    return {"BillingMode": "PROVISIONED", "ProvisionedThroughput": _throughput(table.units)}


def _throughput(units: tuple[int, int]) -> dict[str, int]:
    return {"ReadCapacityUnits": units[0], "WriteCapacityUnits": units[1]}


def _index(index: DescribedIndex, table: DescribedTable) -> Resource:
    projection: Resource = {"ProjectionType": "ALL" if index.held is None else "INCLUDE" if index.held else "KEYS_ONLY"}
    if index.held:
        projection["NonKeyAttributes"] = list(index.held)
    made: Resource = {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.hash_key, index.range_key),
        "Projection": projection,
    }
    if table.units is not None and not index.local:
        made["ProvisionedThroughput"] = _throughput(table.units)
    return made


def _scaling_target(name: str, index: str | None, kind: str, least: int) -> Resource:
    dimension = "table" if index is None else "index"
    below = "" if index is None else f"/index/{index}"
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "Properties": {
            "ServiceNamespace": "dynamodb",
            "ResourceId": {"Fn::Sub": f"table/${{{name}Table}}{below}"},
            "ScalableDimension": f"dynamodb:{dimension}:{kind}CapacityUnits",
            "MinCapacity": least,
            "MaxCapacity": least * MOST_UNITS,
        },
    }


def _alarm(name: str, index: str | None, kind: str) -> Resource:
    """Returns the alarm of a table or an index.

    An index needs its own alarm, because the table's metric doesn't count indexes.
    """
    place = f"${{{name}Table}}" if index is None else f"the index {index} of ${{{name}Table}}"
    return alarm(
        {"Fn::Sub": f"DynamoDB throttles {kind.lower()}s of {place}."},
        f"{kind}ThrottleEvents",
        {"TableName": {"Ref": f"{name}Table"}, **({} if index is None else {"GlobalSecondaryIndexName": index})},
        namespace="AWS/DynamoDB",
    )


# -- the policy and the service ----------------------------------------------------------------------------------------


def _policy(accesses: Iterable[TableAccess], names: Names) -> Resource:
    statements = [
        allowed((f"dynamodb:{action}" for action in actions), (_arn(table, index, names) for table, index in resources))
        for actions, resources in statements_of(accesses).items()
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _arn(table: str, index: str, names: Names) -> Resource:
    below = f"/index/{index}" if index else ""
    if (table, None) not in names:
        elsewhere = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/"
        return {"Fn::Sub": f"{elsewhere}{table}{below}"}
    resource = f"{names[table, None]}Table"
    return {"Fn::Sub": f"${{{resource}.Arn}}{below}"} if index else {"Fn::GetAtt": [resource, "Arn"]}


_FUNCTION_PARAMETERS: Final = {
    "CodeBucket": {"Type": "String", "Description": "The S3 bucket with the package of the service."},
    "CodeKey": {"Type": "String", "Description": "The package's key in the bucket. Each release has a different key."},
    "Architecture": {"Type": "String", "Default": "arm64", "AllowedValues": ["arm64", "x86_64"]},
}


def _function(policy: Resource, service: LambdaService) -> dict[str, Resource]:
    """Returns the function and the API. The API calls an alias, so new code is served only after the alias is moved."""
    environment: dict[str, Any] = {
        **service.environment(),
        # The suffix of all APIs' host names. This API's own host name would be a circular reference: the API needs the
        # function.
        "ALLOWED_HOSTS": {"Fn::Sub": ".execute-api.${AWS::Region}.${AWS::URLSuffix}"},
        **{
            name: {"Fn::Sub": f"{{{{resolve:secretsmanager:${{{parameter}}}}}}}"}
            for name, (parameter, _) in secret_parameters(service.secrets).items()
        },
    }
    logs = allowed(["logs:CreateLogStream", "logs:PutLogEvents"], [{"Fn::GetAtt": ["ServiceLog", "Arn"]}])
    return {
        "ServiceLog": {"Type": "AWS::Logs::LogGroup", **KEPT, "Properties": {"RetentionInDays": 30}},
        "ServiceRole": role("lambda", {"service": [*policy["Statement"], logs]}),
        "ServiceFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": PYTHON_RUNTIME,
                "Architectures": [{"Ref": "Architecture"}],
                "Handler": "macaron_django.aws.lambda_handler",
                "Code": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}},
                "Role": {"Fn::GetAtt": ["ServiceRole", "Arn"]},
                "MemorySize": 1024,
                "Timeout": 29,
                "Environment": {"Variables": environment},
                "LoggingConfig": {"LogGroup": {"Ref": "ServiceLog"}},
            },
        },
        "ServiceVersion": {
            "Type": "AWS::Lambda::Version",
            **KEPT,
            "Properties": {"FunctionName": {"Ref": "ServiceFunction"}},
        },
        "ServiceAlias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "Name": ALIAS,
                "FunctionName": {"Ref": "ServiceFunction"},
                "FunctionVersion": {"Fn::GetAtt": ["ServiceVersion", "Version"]},
            },
        },
        "ServiceAPI": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Name": {"Ref": "AWS::StackName"},
                "ProtocolType": "HTTP",
                "Target": {"Ref": "ServiceAlias"},
            },
        },
        "ServiceInvocation": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": {"Ref": "ServiceAlias"},
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {
                    "Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${ServiceAPI}/*"
                },
            },
        },
    }
