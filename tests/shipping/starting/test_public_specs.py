"""Projects that are started from public specs run, pass their own tests, and have no error that `check` finds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from macaron_django.shipping.starting.api_files import api_name
from macaron_django.shipping.starting.project_files import new_project, write_project

#: Varied in version, size, language and author, with where their schemas are kept.
SPECS = [
    ("real/APIs-guru__unofficial_openapi_specs/atlassian.com/jira/7.6.1/swagger.yaml", "none"),
    ("real/APIs-guru__unofficial_openapi_specs/xkcd.com/1.0.0/openapi.yaml", "dynamodb"),
    ("real/Clever__swagger-api/full-v3.yml", "dynamodb"),
    ("real/Nexmo__api-specification/definitions/application.yml", "orm"),
    ("real/Redocly__museum-openapi-example/openapi.yaml", "dynamodb"),
    ("real/XeroAPI__Xero-OpenAPI/xero_bankfeeds.yaml", "dynamodb"),
    ("real/apache__iceberg/open-api/rest-catalog-open-api.yaml", "none"),
    ("real/goharbor__harbor/api/v2.0/swagger.yaml", "orm"),
    ("real/gotify__server/docs/spec.json", "dynamodb"),
    ("real/hashicorp__nomad-openapi/v1/openapi.yaml", "dynamodb"),
    ("real/matrix-org__matrix-spec/data/api/client-server/pushrules.yaml", "none"),
    ("real/netlify__open-api/swagger.yml", "orm"),
    ("real/ory__hydra/spec/swagger.json", "orm"),
    ("real/prometheus__alertmanager/api/v2/openapi.yaml", "orm"),
    ("real/tmforum-apis__TMF620_ProductCatalog/TMF620-ProductCatalog-v4.1.0.swagger.json", "dynamodb"),
    ("real/unitycatalog__unitycatalog/api/all.yaml", "dynamodb"),
    ("giants/PagerDuty__api-schema/reference/REST/openapiv3.json", "none"),
    ("giants/box__box-openapi/openapi.json", "none"),
    ("giants/discord__discord-api-spec/specs/openapi.json", "none"),
    ("giants/slackapi__slack-api-specs/web-api/slack_web_openapi_v2.json", "dynamodb"),
]


@pytest.mark.soak
@pytest.mark.parametrize(("spec", "storage"), SPECS, ids=lambda value: value.split("/")[1] if "/" in value else value)
def test_a_project_of_a_public_spec_starts_and_passes_its_tests(spec, storage, tmp_path, projects):
    if "MACARON_SPEC_CORPUS" not in os.environ:
        pytest.fail("Set MACARON_SPEC_CORPUS to a folder with public OpenAPI files.")
    source = Path(os.environ["MACARON_SPEC_CORPUS"]) / spec
    folder = tmp_path / "shop"
    made = new_project("shop", source, api_name(source, "shop"), storage, "0.1.0")
    write_project(made, folder)
    print(
        f"\n{spec} ({storage}): {len(made.api.document.operations)} operations, {made.api.generated} generated, "
        f"{len(made.api.stubs)} stubs, kept: {', '.join(each.name for each in made.api.kept) or '-'}"
    )

    project = projects(folder)
    checked = project.manage("check")
    assert "macaron_django.E" not in checked.stdout + checked.stderr
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder, env=project.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert subprocess.run([sys.executable, "-m", "ruff", "check", "-q", folder], check=False).returncode == 0
    client = project.serve()
    document = client.get(f"/openapi/{made.api.name}.json").json()
    assert document["paths"].keys() == made.api.document.json["paths"].keys()
