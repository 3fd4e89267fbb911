"""``manage.py iampolicy``: the policy of the example project, with and without recorded calls."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from macaron_django.dynamodb.tables.table_accesses import TableAccess
from macaron_django.shipping.permissions.recorded_calls import add_recorded

TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/"


def _run(**options: Any) -> str:
    output = StringIO()
    options.setdefault("region", "eu-west-1")
    call_command("iampolicy", stdout=output, no_color=True, **options)
    return output.getvalue()


def _statements(**options: Any) -> list[dict[str, Any]]:
    document = json.loads(_run(account="123456789012", **options))
    assert document["Version"] == "2012-10-17"
    statements: list[dict[str, Any]] = document["Statement"]
    assert all(statement["Effect"] == "Allow" for statement in statements)
    return statements


def test_the_policy_names_tables_and_actions() -> None:
    (statement,) = _statements()
    actions = ("DeleteItem", "DescribeTable", "GetItem", "PutItem", "Scan", "UpdateItem")
    assert statement["Action"] == [f"dynamodb:{action}" for action in actions]
    assert statement["Resource"] == [f"{TABLE}profiles"]


def test_recorded_calls_the_admin_and_tasks_are_added(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    recorded = [TableAccess("test-1-profiles", "by_name", "Query"), TableAccess("other", "", "GetItem")]
    add_recorded(file, recorded, "test-1-")
    macaron = {"DYNAMODB": {"TABLE_PREFIX": "live-"}, "TASKS": {"OUTBOX": True}}
    with override_settings(MACARON=macaron):
        statements = _statements(recorded=[file], admin=True, partition="aws-cn")
    allowed = {resource: each["Action"] for each in statements for resource in each["Resource"]}
    table = TABLE.replace(":aws:", ":aws-cn:")
    assert allowed[f"{table}live-profiles/index/by_name"] == ["dynamodb:Query"]
    assert allowed[f"{table}other"] == ["dynamodb:GetItem"]
    assert allowed[f"{table}live-macaron_task_marks"] == ["dynamodb:GetItem", "dynamodb:PutItem"]
    assert {"dynamodb:Scan", "dynamodb:UpdateItem"} < {*allowed[f"{table}live-macaron_outbox"]}
    assert {"dynamodb:DescribeTimeToLive", "dynamodb:Query"} < {*allowed[f"{table}live-profiles"]}


def test_text_says_what_each_action_is_needed_for() -> None:
    lines = _run(format="text").splitlines()
    assert lines[0] == "table profiles"
    assert "  DescribeTable: GET /ready (ready)" in lines
    assert "  Scan: GET /profiles (list_profiles) of myserver" in lines


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "--account"),
        ({"account": "1234"}, "twelve digits"),
        ({"account": "123456789012", "region": None}, "--region"),
        ({"recorded": [Path("no-such-file")]}, "no-such-file"),
        ({"recorded": [Path(__file__)]}, r"test_iampolicy\.py:1: this isn't a recorded call"),
    ],
)
def test_what_is_missing_is_named(options: dict[str, Any], complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CommandError, match=complaint):
        _run(**options)
