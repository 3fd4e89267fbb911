"""Writes a Terraform file for tables, their scaling and alarms, the policy, and the service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from macaron_django.dynamodb.tables.table_accesses import TableAccess
from macaron_django.shipping.infrastructure.described_services import ALIAS, FargateService, LambdaService
from macaron_django.shipping.infrastructure.described_tables import (
    MOST_UNITS,
    PYTHON_RUNTIME,
    DescribedIndex,
    DescribedTable,
    resource_names,
)
from macaron_django.shipping.infrastructure.fargate_terraform import fargate_blocks
from macaron_django.shipping.infrastructure.hcl import Block, Expression, hcl_text
from macaron_django.shipping.infrastructure.terraform_parts import (
    alarm_block,
    policy_json,
    role_block,
    scaling_blocks,
    secret_variable,
    statement,
    variable,
)
from macaron_django.shipping.permissions.policies import statements_of

__all__ = ["terraform_text"]

Names = Mapping[tuple[str, str | None], str]


def terraform_text(
    tables: Iterable[DescribedTable],
    accesses: Iterable[TableAccess],
    *,
    prefix: str = "",
    service: LambdaService | FargateService | None = None,
) -> str:
    """Returns the text of the Terraform file. It describes the tables and their policy, and also the service if
    ``service`` is given.
    """
    tables, accesses = list(tables), list(accesses)
    names = resource_names(tables, prefix)
    provider = {"source": "hashicorp/aws", "version": ">= 5.80"}
    blocks = [
        Block("terraform", blocks=(Block("required_providers", arguments={"aws": provider}),)),
        variable(
            "alarm_topic",
            "The ARN of the SNS topic that alarms are sent to; null for none.",
            default=Expression("null"),
        ),
    ]
    for table in tables:
        blocks += _table_blocks(table, names)
    known = set() if service is None else {"aws_region"}
    if any((each.table, None) not in names for each in accesses):
        known = {"aws_caller_identity", "aws_partition", "aws_region"}
    blocks += (Block("data", (kind, "current")) for kind in sorted(known))
    blocks += _policy(accesses, names)
    if isinstance(service, LambdaService):
        blocks += _function(service)
    elif service is not None:
        blocks += fargate_blocks(service)
    return hcl_text(tuple(blocks))


# -- tables ------------------------------------------------------------------------------------------------------------


def _table_blocks(table: DescribedTable, names: Names) -> Iterator[Block]:
    name = names[table.name, None]
    yield _table(table, name)
    for index in table.scaled():
        for number, kind in enumerate(("read", "write")):
            label = f"{names[table.name, index]}_{kind}"
            yield from _scaling(name, index, kind, (table.units or (1, 1))[number], label)
    for index in (None, *(each.name for each in table.indexes if not each.local)):
        for kind in ("Read", "Write"):
            yield _alarm(name, index, kind, names[table.name, index])


def _table(table: DescribedTable, name: str) -> Block:
    read, write = table.units or (None, None)
    lifecycle: dict[str, object] = {"prevent_destroy": True}
    if table.units is not None:  # scaling changes these arguments later
        lifecycle["ignore_changes"] = [Expression("read_capacity"), Expression("write_capacity")]
    blocks = [Block("attribute", arguments={"name": each, "type": kind}) for each, kind in table.attributes.items()]
    blocks += [_index(each, table) for each in table.indexes]
    if table.ttl is not None:
        blocks.append(Block("ttl", arguments={"attribute_name": table.ttl, "enabled": True}))
    if table.recovery is not None:
        blocks.append(Block("point_in_time_recovery", arguments={"enabled": table.recovery}))
    return Block(
        "resource",
        ("aws_dynamodb_table", name),
        {
            "name": table.name,
            "billing_mode": "PAY_PER_REQUEST" if table.units is None else "PROVISIONED",
            "read_capacity": read,
            "write_capacity": write,
            "hash_key": table.hash_key,
            "range_key": table.range_key,
            "deletion_protection_enabled": table.protection,
            "tags": table.tags or None,
        },
        (*blocks, Block("lifecycle", arguments=lifecycle)),
    )


def _index(index: DescribedIndex, table: DescribedTable) -> Block:
    read, write = (None, None) if index.local or table.units is None else table.units
    return Block(
        "local_secondary_index" if index.local else "global_secondary_index",
        arguments={
            "name": index.name,
            "hash_key": None if index.local else index.hash_key,
            "range_key": index.range_key,
            "projection_type": "ALL" if index.held is None else "INCLUDE" if index.held else "KEYS_ONLY",
            "non_key_attributes": index.held or None,
            "read_capacity": read,
            "write_capacity": write,
        },
    )


def _scaling(name: str, index: str | None, kind: str, least: int, label: str) -> Iterator[Block]:
    below, dimension = ("", "table") if index is None else (f"/index/{index}", "index")
    yield from scaling_blocks(
        label,
        target={
            "service_namespace": "dynamodb",
            "resource_id": Expression(f'"table/${{aws_dynamodb_table.{name}.name}}{below}"'),
            "scalable_dimension": f"dynamodb:{dimension}:{kind.capitalize()}CapacityUnits",
        },
        limits=(least, least * MOST_UNITS),
        metric=f"DynamoDB{kind.capitalize()}CapacityUtilization",
        percent=70,
    )


def _alarm(name: str, index: str | None, kind: str, label: str) -> Block:
    """Returns the alarm of a table or an index.

    An index needs its own alarm, because the table's metric doesn't count indexes.
    """
    below, place = ("", "table") if index is None else (f"-{index}", f"index {index}")
    dimensions: dict[str, str] = {"TableName": Expression(f"aws_dynamodb_table.{name}.name")}
    return alarm_block(
        f"{label}_{kind.lower()}_throttled",
        Expression(f'"${{aws_dynamodb_table.{name}.name}}{below}-{kind.lower()}-throttled"'),
        f"DynamoDB throttles {kind.lower()}s of the {place}.",
        f"{kind}ThrottleEvents",
        dimensions if index is None else {**dimensions, "GlobalSecondaryIndexName": index},
        namespace="AWS/DynamoDB",
    )


# -- the policy and the service ----------------------------------------------------------------------------------------


def _policy(accesses: Iterable[TableAccess], names: Names) -> Iterator[Block]:
    yield Block(
        "data",
        ("aws_iam_policy_document", "service"),
        blocks=tuple(
            Block(
                "statement",
                arguments={
                    "actions": [f"dynamodb:{action}" for action in actions],
                    "resources": [_arn(table, index, names) for table, index in resources],
                },
            )
            for actions, resources in statements_of(accesses).items()
        ),
    )
    yield Block(
        "resource",
        ("aws_iam_policy", "service"),
        {
            "description": "What the service does with its tables.",
            "policy": Expression("data.aws_iam_policy_document.service.json"),
        },
    )


def _arn(table: str, index: str, names: Names) -> Expression:
    below = f"/index/{index}" if index else ""
    if (table, None) not in names:
        place = (
            "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.name}:"
            "${data.aws_caller_identity.current.account_id}"
        )
        return Expression(f'"{place}:table/{table}{below}"')
    arn = f"aws_dynamodb_table.{names[table, None]}.arn"
    return Expression(f'"${{{arn}}}{below}"' if index else arn)


def _function(service: LambdaService) -> Iterator[Block]:
    """Yields the function and the API. The API calls an alias, so new code is served only after the alias is moved."""
    yield variable("code_bucket", "The S3 bucket with the package of the service.")
    yield variable("code_key", "The package's key in the bucket. Each release has a different key.")
    yield variable("architecture", default="arm64")
    yield variable("service_name", default="service")
    environment: dict[str, Any] = {
        **service.environment(),
        # The suffix of all APIs' host names. This API's own host name would be a circular reference: the API needs the
        # function.
        "ALLOWED_HOSTS": Expression('".execute-api.${data.aws_region.current.name}.amazonaws.com"'),
    }
    for secret in service.secrets:
        label = secret.lower()
        yield (given := secret_variable(secret))
        yield Block(
            "data",
            ("aws_secretsmanager_secret_version", label),
            {"secret_id": Expression(f"var.{given.labels[0]}")},
        )
        environment[secret] = Expression(f"data.aws_secretsmanager_secret_version.{label}.secret_string")
    name = Expression("var.service_name")
    yield Block(
        "resource",
        ("aws_cloudwatch_log_group", "service"),
        {"name": Expression('"/aws/lambda/${var.service_name}"'), "retention_in_days": 30},
    )
    logs = statement(
        ["logs:CreateLogStream", "logs:PutLogEvents"], [Expression('"${aws_cloudwatch_log_group.service.arn}:*"')]
    )
    yield role_block("service", name, "lambda")
    yield Block(
        "resource",
        ("aws_iam_role_policy", "logs"),
        {"name": "logs", "role": Expression("aws_iam_role.service.id"), "policy": policy_json([logs])},
    )
    yield Block(
        "resource",
        ("aws_iam_role_policy_attachment", "service"),
        {"role": Expression("aws_iam_role.service.name"), "policy_arn": Expression("aws_iam_policy.service.arn")},
    )
    yield Block(
        "resource",
        ("aws_lambda_function", "service"),
        {
            "function_name": name,
            "runtime": PYTHON_RUNTIME,
            "architectures": [Expression("var.architecture")],
            "handler": "macaron_django.aws.lambda_handler",
            "s3_bucket": Expression("var.code_bucket"),
            "s3_key": Expression("var.code_key"),
            "role": Expression("aws_iam_role.service.arn"),
            "memory_size": 1024,
            "timeout": 29,
            "publish": True,
        },
        (
            Block("environment", arguments={"variables": environment}),
            Block(
                "logging_config",
                arguments={"log_format": "Text", "log_group": Expression("aws_cloudwatch_log_group.service.name")},
            ),
        ),
    )
    yield Block(
        "resource",
        ("aws_lambda_alias", "service"),
        {
            "name": ALIAS,
            "function_name": Expression("aws_lambda_function.service.function_name"),
            "function_version": Expression("aws_lambda_function.service.version"),
        },
        (  # a release changes these arguments later
            Block(
                "lifecycle",
                arguments={"ignore_changes": [Expression("description"), Expression("function_version")]},
            ),
        ),
    )
    yield Block(
        "resource",
        ("aws_apigatewayv2_api", "service"),
        {"name": name, "protocol_type": "HTTP", "target": Expression("aws_lambda_alias.service.arn")},
    )
    yield Block(
        "resource",
        ("aws_lambda_permission", "service"),
        {
            "action": "lambda:InvokeFunction",
            "function_name": Expression("aws_lambda_function.service.function_name"),
            "qualifier": Expression("aws_lambda_alias.service.name"),
            "principal": "apigateway.amazonaws.com",
            "source_arn": Expression('"${aws_apigatewayv2_api.service.execution_arn}/*"'),
        },
    )
    yield Block("output", ("url",), {"value": Expression("aws_apigatewayv2_api.service.api_endpoint")})
    yield Block("output", ("function",), {"value": Expression("aws_lambda_function.service.function_name")})
