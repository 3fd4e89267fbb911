"""Prometheus' metrics: what they count, who may read them, and that several processes are counted together."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from macaron_django.observability.metrics.prometheus_metrics import METRICS
from tests.conftest import SERVERS, Project
from tests.observability.conftest import WAYS

TOKEN = {"Authorization": "Bearer a-token"}


def samples(text: str) -> dict[tuple[str, ...], float]:
    """The samples of metrics by name and labels, but for buckets."""

    def labels(sample: Any) -> list[str]:
        _, _, names = METRICS[sample.name.removesuffix("_count").removesuffix("_sum")]
        return [sample.labels[name] for name in names]

    return {
        (sample.name, *labels(sample)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("macaron_") and "_created" not in sample.name and "le" not in sample.labels
    }


@pytest.mark.parametrize("way", WAYS)
def test_operations_calls_units_and_cost_are_counted(way: str, notes: Any) -> None:
    answer = notes(way, BACKENDS=["prometheus"], PRICES={"READ_MILLION": 2e6, "WRITE_MILLION": 10e6})
    assert [answer("GET /notes/a")[0] for _ in range(3)] == [200] * 3
    assert answer("GET /notes/missing")[0] == 404
    assert answer("PUT /notes/a", {"id": "a", "text": "B"})[0] == 200
    assert answer("GET /fail")[0] == 500
    status, headers, body = answer("GET /metrics", None, TOKEN)
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    assert "no-cache" in headers["cache-control"]
    found = samples(body.decode())
    count = "macaron_operation_duration_seconds_count"
    assert {key: value for key, value in found.items() if key[0] == count} == {
        (count, "notes", "readNote", "GET", "200"): 3,
        (count, "notes", "readNote", "GET", "404"): 1,
        (count, "notes", "writeNote", "PUT", "200"): 1,
        (count, "notes", "fail", "GET", "500"): 1,
    }
    calls = {key[1:]: value for key, value in found.items() if key[0] == "macaron_dynamodb_call_duration_seconds_count"}
    table = notes.table.table_name
    assert calls[("GetItem", table, "")] == 4
    read = found[("macaron_operation_read_units_total", "notes", "readNote", "GET")]
    written = found[("macaron_operation_write_units_total", "notes", "writeNote", "PUT")]
    assert read > 0
    assert written > 0
    assert found[("macaron_operation_cost_dollars_total", "notes", "readNote", "GET")] == pytest.approx(read * 2)
    assert found[("macaron_dynamodb_read_units_total", table)] >= read
    assert found[("macaron_dynamodb_write_units_total", table)] == written
    assert found[("macaron_dynamodb_price_dollars", "read", "us-east-1", "2024-11-01")] == 2


def test_nobody_reads_the_metrics_without_the_token(notes: Any) -> None:
    answer = notes(BACKENDS=["prometheus"])
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "a-token"}, {"Authorization": "Bearer"}):
        assert answer("GET /metrics", None, headers)[0] == 404, headers
    assert answer("POST /metrics", {}, TOKEN)[0] == 405


def test_without_a_token_in_the_settings_no_token_is_right(notes: Any) -> None:
    answer = notes(BACKENDS=["prometheus"], METRICS_TOKEN=None)
    for token in ("", "None", "a-token"):
        assert answer("GET /metrics", None, {"Authorization": f"Bearer {token}"})[0] == 404


def test_without_the_backend_there_is_no_page(notes: Any) -> None:
    assert notes()("GET /metrics", None, TOKEN)[0] == 404


def test_a_function_of_the_projects_decides_who_reads(notes: Any) -> None:
    rule = "macaron_django.observability.metrics.anybody"
    assert notes(BACKENDS=["prometheus"], METRICS_ACCESS=rule)("GET /metrics")[0] == 200
    assert notes(BACKENDS=["prometheus"], METRICS_ACCESS=lambda request: False)("GET /metrics", None, TOKEN)[0] == 404


def test_openmetrics_are_given_to_those_who_ask(notes: Any) -> None:
    accept = {**TOKEN, "Accept": "application/openmetrics-text; version=1.0.0"}
    _, headers, body = notes(BACKENDS=["prometheus"])("GET /metrics", None, accept)
    assert headers["content-type"].startswith("application/openmetrics-text")
    assert body.rstrip().endswith(b"# EOF")


def test_every_metric_says_what_it_measures() -> None:
    for name, (_, described, labels) in METRICS.items():
        assert described.endswith("."), name
        assert labels, name


@pytest.mark.parametrize("server", ["wsgi", "granian"])
def test_the_processes_of_a_server_are_counted_together(
    server: str, case_project: Callable[..., Project], tmp_path: Any
) -> None:
    project = case_project("metrics", PROMETHEUS_MULTIPROC_DIR=str(tmp_path), METRICS_TOKEN="a-token")
    command = [part.replace("--workers=1", "--workers=2") for part in SERVERS[server]]
    client = project.serve(sys.executable, "-m", *command)
    pids = set()
    sent = 0
    while len(pids) < 2 and sent < 2000:
        pids.add(client.get("/who", headers={"Connection": "close"}).text)
        sent += 1
    assert len(pids) == 2
    found = samples(client.get("/metrics", headers=TOKEN).text)
    assert found[("macaron_operation_duration_seconds_count", "metrics", "who", "GET", "200")] == sent
