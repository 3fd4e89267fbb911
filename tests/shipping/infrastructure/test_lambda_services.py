"""Lambda functions that the files make: what they serve, and whether a new project's settings find what they read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import hcl2
import yaml

from macaron_django.dynamodb.tables.table_accesses import TableAccess
from macaron_django.shipping.infrastructure.cloudformation import cloudformation_template
from macaron_django.shipping.infrastructure.described_services import ALIAS, FargateService, LambdaService
from macaron_django.shipping.infrastructure.described_tables import DescribedTable
from macaron_django.shipping.infrastructure.terraform import terraform_text

TABLES = [DescribedTable("live-orders", "id", None, {"id": "S"}, (), None, None, None, None, {})]
ACCESSES = [TableAccess("live-orders", "", "GetItem")]
SERVICE = LambdaService("config.settings", ("SECRET_KEY",), table_prefix="live-")
NEW_SETTINGS = Path(__file__).parents[3] / "macaron_django/shipping/templates/project/config/settings.py-tpl"


def _template() -> dict[str, Any]:
    template: dict[str, Any] = yaml.safe_load(
        cloudformation_template(TABLES, ACCESSES, prefix="live-", service=SERVICE)
    )
    return template


def _terraform() -> dict[str, dict[str, Any]]:
    """The arguments of the service's resources, by their kinds."""
    parsed = hcl2.loads(terraform_text(TABLES, ACCESSES, prefix="live-", service=SERVICE))
    return {
        kind.strip('"'): named['"service"']
        for resource in parsed["resource"]
        for kind, named in resource.items()
        if '"service"' in named
    }


def test_the_settings_of_a_new_project_find_the_variables_that_they_need() -> None:
    read = set(re.findall(r'env\.\w+\("([A-Z_]+)"', NEW_SETTINGS.read_text("utf-8")))
    needed = {"ALLOWED_HOSTS", "DYNAMODB_ENGINE", "DYNAMODB_TABLE_PREFIX", "SECRET_KEY"}
    assert needed < read
    function = _template()["Resources"]["ServiceFunction"]["Properties"]
    given = function["Environment"]["Variables"]
    assert given.keys() == {"DJANGO_SETTINGS_MODULE", *needed}
    assert given["DYNAMODB_TABLE_PREFIX"] == "live-"
    assert given["SECRET_KEY"] == {"Fn::Sub": "{{resolve:secretsmanager:${SecretKeySecretArn}}}"}
    variables = _terraform()["aws_lambda_function"]["environment"][0]["variables"]
    assert variables.keys() == given.keys()
    assert variables["SECRET_KEY"] == "${data.aws_secretsmanager_secret_version.secret_key.secret_string}"


def test_containers_get_the_prefix_of_tables_only_where_there_is_one() -> None:
    assert "DYNAMODB_TABLE_PREFIX" not in FargateService("shop.settings", ()).environment()
    prefixed = FargateService("shop.settings", (), table_prefix="live-").environment()
    assert prefixed["DYNAMODB_TABLE_PREFIX"] == "live-"


def test_the_api_calls_the_alias_that_a_release_moves() -> None:
    resources = _template()["Resources"]
    assert resources["ServiceAlias"]["Properties"]["Name"] == ALIAS == "current"
    assert resources["ServiceAPI"]["Properties"]["Target"] == {"Ref": "ServiceAlias"}
    assert resources["ServiceInvocation"]["Properties"]["FunctionName"] == {"Ref": "ServiceAlias"}
    made = _terraform()
    assert made["aws_apigatewayv2_api"]["target"] == "${aws_lambda_alias.service.arn}"
    assert made["aws_lambda_permission"]["qualifier"] == "${aws_lambda_alias.service.name}"
    assert made["aws_lambda_function"]["publish"] is True
    # Or the next `terraform apply` would go back from the release.
    assert made["aws_lambda_alias"]["lifecycle"][0]["ignore_changes"] == ["description", "function_version"]
