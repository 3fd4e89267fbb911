"""CloudWatch's lines: one for each operation, with what it has consumed."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from tests.observability.conftest import WAYS


@pytest.mark.parametrize("way", WAYS)
def test_each_operation_has_a_line_that_cloudwatch_turns_into_metrics(
    way: str, notes: Any, caplog: pytest.LogCaptureFixture
) -> None:
    prices = {"READ_MILLION": 2.0, "WRITE_MILLION": 10.0}
    answer = notes(way, BACKENDS=["emf"], EMF_NAMESPACE="Shop", PRICES=prices)
    logger = logging.getLogger("macaron_django.emf")
    logger.addHandler(caplog.handler)
    try:
        answer("GET /notes/a")
        answer("PUT /notes/a", {"id": "a", "text": "B"})
        answer("GET /fail")
    finally:
        logger.removeHandler(caplog.handler)
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == logger.name]
    assert [(line["operation"], line["status"], line["ServerErrors"]) for line in lines] == [
        ("readNote", 200, 0),
        ("writeNote", 200, 0),
        ("fail", 500, 1),
    ]
    read, write, failed = lines
    assert read["ReadUnits"] > 0
    assert read["WriteUnits"] == 0
    assert read["CostMicrodollars"] == pytest.approx(read["ReadUnits"] * 2)
    assert write["WriteUnits"] > 0
    assert (read["DynamoDBCalls"], failed["DynamoDBCalls"], failed["ReadUnits"]) == (1, 0, 0)
    assert failed["error_code"] == "SERVER_ERROR"
    for line in lines:
        assert_embedded_metrics(line)
        assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Shop"
        assert line["Duration"] > 0


def assert_embedded_metrics(line: dict[str, Any]) -> None:
    """Fails unless a line is what the specification of the format asks for."""
    assert isinstance(line["_aws"]["Timestamp"], int)
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            assert all(isinstance(line[name], str) and line[name] for name in dimensions)
        for metric in directive["Metrics"]:
            assert isinstance(line[metric["Name"]], int | float)
            assert metric["Unit"] in {"Milliseconds", "Count", "None"}


def test_the_lines_go_to_standard_output_where_nothing_else_takes_them(
    notes: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = notes(BACKENDS=["emf"])
    answer("GET /notes/a")
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["operation"] == "readNote"
    notes(BACKENDS=[])
    assert logging.getLogger("macaron_django.emf").handlers == []
