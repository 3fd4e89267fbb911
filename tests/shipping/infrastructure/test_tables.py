"""The tables that a template and a Terraform file describe, made on real engines, against ``synctables --check``."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hcl2
import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import override_settings

from macaron_django import openapi as spec
from macaron_django.dynamodb import Persistence, engines, persistence_options
from macaron_django.dynamodb.calls.connection import connection
from macaron_django.dynamodb.tables.table_accesses import TableAccess
from macaron_django.management.commands.infrastructure import Command
from macaron_django.schemas import Classes
from macaron_django.shipping.infrastructure.cloudformation import cloudformation_template
from macaron_django.shipping.infrastructure.described_services import FargateService, LambdaService
from macaron_django.shipping.infrastructure.described_tables import (
    DescribedIndex,
    DescribedTable,
    described_tables,
    resource_names,
)
from macaron_django.shipping.infrastructure.hcl import Block, hcl_text
from macaron_django.shipping.infrastructure.terraform import terraform_text
from macaron_django.testing.isolation import engine_in_memory

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
SCHEMAS: dict[str, dict[str, Any]] = {
    "Order": {
        "table": "shop.orders",
        "hash_key": "customer",
        "range_key": "number",
        "ttl": "ends",
        "indexes": {
            "by_status": {"hash_key": "status", "range_key": "placed", "projection": "keys"},
            "by.reference": {"hash_key": "reference", "projection": ["status"]},
        },
        "local_indexes": {"by_placed": {"range_key": "placed"}},
        "point_in_time_recovery": True,
        "tags": {"team": 'the "${team}" of %{x}'},
    },
    "Rate": {
        "table": "shop_orders",
        "hash_key": "customer",
        "billing": {"read": 7, "write": 3},
        "indexes": {"by_status": "status"},
        "deletion_protection": False,
    },
}


@pytest.fixture
def persistences() -> Iterator[list[Persistence]]:
    """Two schemas that use all that x-persist says of a table, under a prefix."""
    names = ("customer", "status", "placed", "reference")
    properties = {**dict.fromkeys(names, TEXT), "number": WHOLE, "ends": WHOLE}
    document = spec.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "Shop", "version": "1"},
            "paths": {},
            "components": {
                "schemas": {
                    name: {"type": "object", "properties": properties, "x-persist": options}
                    for name, options in SCHEMAS.items()
                }
            },
        }
    )
    classes = Classes("shop", document)
    with override_settings(MACARON={"DYNAMODB": {"TABLE_PREFIX": "live-"}}):
        yield [
            Persistence("shop", schema, persistence_options(schema.extensions.persist)[0], classes)  # type: ignore[arg-type]
            for schema in document.schemas.values()
        ]


@pytest.fixture(params=["embedded", "moto"])
def engine(request: pytest.FixtureRequest) -> Iterator[engines.Engine]:
    made = engine_in_memory(request.param)
    made.start()
    with engines.use(made):
        yield made
        client = connection().client
        for name in client.list_tables()["TableNames"]:  # moto has them for its next server, and those of other tests
            if name.startswith("live-"):
                client.delete_table(TableName=name)
    made.stop()


ACCESSES = [
    TableAccess("live-shop.orders", "by.reference", "Query"),
    TableAccess("live-shop.orders", "", "GetItem"),
    TableAccess("live-shop_orders", "", "Scan"),
    TableAccess("elsewhere", "by_name", "Query"),
]


def _template(persistences: list[Persistence], **options: Any) -> str:
    return cloudformation_template(described_tables(persistences), ACCESSES, prefix="live-", **options)


def _terraform(persistences: list[Persistence], **options: Any) -> str:
    return terraform_text(described_tables(persistences), ACCESSES, prefix="live-", **options)


# -- from the files to the calls that CloudFormation and Terraform make ------------------------------------------------


def _of_cloudformation(persistences: list[Persistence]) -> Iterator[dict[str, Any]]:
    resources = yaml.safe_load(_template(persistences))["Resources"].values()
    for resource in resources:
        if resource["Type"] == "AWS::DynamoDB::Table":
            yield resource["Properties"]


def _plain(value: Any) -> Any:
    """What the parser gives, without the quotes of strings."""
    if isinstance(value, Mapping):
        return {_plain(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str) and value.startswith('"'):
        unquoted = yaml.safe_load(value)
        return unquoted.replace("$${", "${").replace("%%{", "%{")
    return value


def _of_terraform(persistences: list[Persistence]) -> Iterator[dict[str, Any]]:
    for resource in _plain(hcl2.loads(_terraform(persistences)))["resource"]:
        for table in resource.get("aws_dynamodb_table", {}).values():
            yield _called(table)


def _called(table: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "TableName": table["name"],
        "BillingMode": table["billing_mode"],
        "AttributeDefinitions": [
            {"AttributeName": each["name"], "AttributeType": each["type"]} for each in table["attribute"]
        ],
        "KeySchema": _key_schema(table["hash_key"], table.get("range_key")),
    }
    if "read_capacity" in table:
        made["ProvisionedThroughput"] = _units(table)
    for key, kind in (
        ("GlobalSecondaryIndexes", "global_secondary_index"),
        ("LocalSecondaryIndexes", "local_secondary_index"),
    ):
        if kind in table:
            made[key] = [_index(each, table) for each in table[kind]]
    if "ttl" in table:
        ttl = table["ttl"][0]
        made["TimeToLiveSpecification"] = {"AttributeName": ttl["attribute_name"], "Enabled": ttl["enabled"]}
    if "point_in_time_recovery" in table:
        enabled = table["point_in_time_recovery"][0]["enabled"]
        made["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": enabled}
    if "deletion_protection_enabled" in table:
        made["DeletionProtectionEnabled"] = table["deletion_protection_enabled"]
    if "tags" in table:
        made["Tags"] = [{"Key": key, "Value": value} for key, value in table["tags"].items()]
    return made


def _key_schema(hash_key: str, range_key: str | None) -> list[dict[str, str]]:
    ranged = [] if range_key is None else [{"AttributeName": range_key, "KeyType": "RANGE"}]
    return [{"AttributeName": hash_key, "KeyType": "HASH"}, *ranged]


def _units(described: dict[str, Any]) -> dict[str, int]:
    return {"ReadCapacityUnits": described["read_capacity"], "WriteCapacityUnits": described["write_capacity"]}


def _index(index: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    projection = {"ProjectionType": index["projection_type"]}
    if "non_key_attributes" in index:
        projection["NonKeyAttributes"] = index["non_key_attributes"]
    hash_key = index.get("hash_key", table["hash_key"])
    throughput = {"ProvisionedThroughput": _units(index)} if "read_capacity" in index else {}
    keys = _key_schema(hash_key, index.get("range_key"))
    return {"IndexName": index["name"], "KeySchema": keys, "Projection": projection, **throughput}


def _create(described: dict[str, Any]) -> None:
    client = connection().client
    later = {name: described.pop(name, None) for name in _LATER}
    client.create_table(**described)
    for name, operation in _LATER.items():
        if later[name] is not None and (name == "TimeToLiveSpecification" or engines.current().name == "moto"):
            getattr(client, operation)(TableName=described["TableName"], **{name: later[name]})


_LATER = {
    "TimeToLiveSpecification": "update_time_to_live",
    "PointInTimeRecoverySpecification": "update_continuous_backups",
}


@pytest.mark.parametrize("described_by", [_of_cloudformation, _of_terraform], ids=["cloudformation", "terraform"])
@pytest.mark.usefixtures("engine")
def test_synctables_finds_nothing_to_do_after_the_tables_were_made(
    described_by: Callable[..., Iterator[dict[str, Any]]],
    persistences: list[Persistence],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for described in described_by(persistences):
        _create(described)
    served = SimpleNamespace(name="shop", persistences={str(each.schema.name): each for each in persistences})
    monkeypatch.setattr("macaron_django.management.named_apis.registry", [served])
    output = StringIO()
    call_command("synctables", "--check", stdout=output, no_color=True)
    moto = engines.current().name == "moto"
    assert output.getvalue().count("up to date") == (2 if moto else 1), output.getvalue()


# -- the files themselves ----------------------------------------------------------------------------------------------


_CFN_LINT = "import sys; from cfnlint.runner import main; sys.exit(main())"


def test_cfn_lint_finds_nothing_in_the_templates(persistences: list[Persistence], tmp_path: Path) -> None:
    files = []
    secrets = ("SECRET_KEY", "DATABASE_URL")
    for name, service in (
        ("tables", None),
        ("function", LambdaService("shop.settings", secrets, table_prefix="live-")),
        ("containers", FargateService("shop.settings", secrets, worker=True)),
        ("load-balancer", FargateService("shop.settings", secrets, own_load_balancer=True)),
    ):
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(_template(persistences, service=service), "utf-8")
    found = subprocess.run(
        [sys.executable, "-c", _CFN_LINT, "--non-zero-exit-code", "informational", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_templates_policy_names_its_tables_by_reference(persistences: list[Persistence]) -> None:
    template = yaml.safe_load(_template(persistences))
    statements = template["Resources"]["ServicePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    here = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}"
    assert {str(each["Action"]): each["Resource"] for each in statements} == {
        "['dynamodb:Query']": [
            {"Fn::Sub": f"{here}:table/elsewhere/index/by_name"},
            {"Fn::Sub": "${ShopOrders68e05efeTable.Arn}/index/by.reference"},
        ],
        "['dynamodb:GetItem']": [{"Fn::GetAtt": ["ShopOrders68e05efeTable", "Arn"]}],
        "['dynamodb:Scan']": [{"Fn::GetAtt": ["ShopOrdersTable", "Arn"]}],
    }


def test_a_provisioned_table_and_its_indexes_are_scaled(persistences: list[Persistence]) -> None:
    resources = yaml.safe_load(_template(persistences))["Resources"]
    scaled = {
        each["Properties"]["ScalableDimension"]: (
            each["Properties"]["ResourceId"]["Fn::Sub"],
            each["Properties"]["MinCapacity"],
            each["Properties"]["MaxCapacity"],
        )
        for each in resources.values()
        if each["Type"].endswith("ScalableTarget")
    }
    table = "table/${ShopOrdersTable}"
    assert scaled == {
        "dynamodb:table:ReadCapacityUnits": (table, 7, 70),
        "dynamodb:table:WriteCapacityUnits": (table, 3, 30),
        "dynamodb:index:ReadCapacityUnits": (f"{table}/index/by_status", 7, 70),
        "dynamodb:index:WriteCapacityUnits": (f"{table}/index/by_status", 3, 30),
    }
    parsed = _plain(hcl2.loads(_terraform(persistences)))["resource"]
    targets = [target for each in parsed for target in each.get("aws_appautoscaling_target", {}).values()]
    assert sorted((each["min_capacity"], each["max_capacity"]) for each in targets) == [(3, 30)] * 2 + [(7, 70)] * 2


def test_a_table_and_each_of_its_global_indexes_have_alarms(persistences: list[Persistence]) -> None:
    resources = yaml.safe_load(_template(persistences))["Resources"]
    alarms = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    watched = {(each["MetricName"], *(str(dimension["Value"]) for dimension in each["Dimensions"])) for each in alarms}
    orders, rates = "{'Ref': 'ShopOrders68e05efeTable'}", "{'Ref': 'ShopOrdersTable'}"
    places = [(orders,), (orders, "by_status"), (orders, "by.reference"), (rates,), (rates, "by_status")]
    assert watched == {
        (f"{kind}ThrottleEvents", *place) for kind in ("Read", "Write") for place in places
    }  # none for the local index, whose events are its table's
    parsed = _plain(hcl2.loads(_terraform(persistences)))["resource"]
    found = [alarm for each in parsed for alarm in each.get("aws_cloudwatch_metric_alarm", {}).values()]
    assert len({each["alarm_name"] for each in found}) == len(alarms) == len(found) == 10
    assert sorted(each["dimensions"].get("GlobalSecondaryIndexName", "") for each in found) == sorted(
        each["Dimensions"][1]["Value"] if each["Dimensions"][1:] else "" for each in alarms
    )


def _described(name: str, *indexes: str) -> DescribedTable:
    made = tuple(DescribedIndex(each, "day", None, None) for each in indexes)
    return DescribedTable(name, "id", None, {"id": "S", "day": "S"}, made, (1, 1), None, None, None, {"${a}": "x"})


def test_no_two_resources_have_one_name() -> None:
    tables = [
        _described("orders", "lines-by.day", "lines_by.day", "lines-by-day", "lines_by_day"),
        *map(_described, ("orders_index_lines_by_day", "orders-index.lines", "or_ders_2", "orders2", "Orders2")),
    ]
    resources = yaml.safe_load(cloudformation_template(tables, []))["Resources"]
    kinds = Counter(each["Type"].rpartition("::")[2] for each in resources.values())
    assert kinds == {"Table": 6, "ScalableTarget": 20, "ScalingPolicy": 20, "Alarm": 20, "ManagedPolicy": 1}
    assert all(name.isalnum() for name in resources)
    text = terraform_text(tables, [])
    labels = re.findall(r'^resource "(\w+)" "([\w-]+)"', text, re.MULTILINE)
    assert len(labels) == len(set(labels)) == 6 + 20 + 20 + 20 + 1
    assert '"$${a}" = "x"' in text


def test_the_names_of_resources_do_not_depend_on_the_order_of_tables() -> None:
    tables = [_described("live-shop.orders", "by-day", "by.day"), *map(_described, ("live-shop_orders", "live-Rates"))]
    names = resource_names(tables, "live-")
    assert names == resource_names(reversed(tables), "live-")
    assert names["live-shop_orders", None] == "shop_orders"
    assert names["live-shop.orders", None] == "shop_orders_68e05efe"
    assert names["live-Rates", None] == "rates"
    assert len(set(names.values())) == 5


def test_terraforms_file_has_the_service_where_it_is_asked_for(persistences: list[Persistence]) -> None:
    def kinds(**options: Any) -> set[str]:
        parsed = _plain(hcl2.loads(_terraform(persistences, **options)))
        return {kind for resource in parsed["resource"] for kind in resource}

    assert kinds(service=LambdaService("shop.settings")) - kinds() == {
        *("aws_apigatewayv2_api", "aws_cloudwatch_log_group", "aws_iam_role", "aws_iam_role_policy"),
        *("aws_iam_role_policy_attachment", "aws_lambda_alias", "aws_lambda_function", "aws_lambda_permission"),
    }


def test_the_command_prints_and_writes_the_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings")
    file = tmp_path / "service.yaml"
    output = StringIO()
    call_command(Command(), "cloudformation", service="lambda", stdout=output)
    call_command(Command(), "cloudformation", service="lambda", out=file, stdout=StringIO())
    assert file.read_text("utf-8") == output.getvalue()
    resources = yaml.safe_load(output.getvalue())["Resources"]
    assert resources["ProfilesTable"]["DeletionPolicy"] == "Retain"
    assert resources["ServiceFunction"]["Properties"]["Handler"] == "macaron_django.aws.lambda_handler"
    with pytest.raises(CommandError, match="already exists"):
        call_command(Command(), "terraform", out=file)
    call_command(Command(), "terraform", out=file, overwrite=True, stdout=StringIO())
    assert file.read_text("utf-8").startswith("terraform {\n")


def test_a_tag_called_for_begins_no_expression() -> None:
    block = Block("x", arguments={"tags": {"for": "a", "team": "${b}"}})
    assert hcl_text((block,)).splitlines()[2:4] == ['    "for" = "a"', '    team  = "$${b}"']
