"""The dashboard and the alert rules ask for metrics and labels that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import Histogram

from macaron_django.observability.metrics.prometheus_metrics import METRICS

FILES = Path(__file__).resolve().parents[2] / "docs" / "files"
DASHBOARD = json.loads((FILES / "grafana-dashboard.json").read_text("utf-8"))
RULES = yaml.safe_load((FILES / "alert-rules.yml").read_text("utf-8"))["groups"][0]["rules"]
ASKED = [
    *(pytest.param(each["targets"][0]["expr"], id=each["title"]) for each in DASHBOARD["panels"]),
    *(pytest.param(each["expr"], id=each["alert"]) for each in RULES),
]


def labels_of(metric: str) -> set[str]:
    """The labels of a series, by its name."""
    for name, (kind, _, labels) in METRICS.items():
        if kind is Histogram and metric in {f"{name}_count", f"{name}_sum", f"{name}_bucket"}:
            return {*labels, *(["le"] if metric.endswith("_bucket") else [])}
        if kind is not Histogram and metric == name:
            return {*labels}
    raise AssertionError(f"{metric} isn't a metric")


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_for_exists(asked: str) -> None:
    metrics = re.findall(r"macaron_\w+", asked)
    known = set.union(*map(labels_of, metrics))
    grouped = {label for found in re.findall(r"by \(([^)]*)\)", asked) for label in found.split(", ")}
    selected = {label for found in re.findall(r"\{([^}]*)\}", asked) for label in re.findall(r"(\w+)[!=]~?\"", found)}
    assert metrics
    assert grouped | selected <= known


def test_every_panel_has_a_place_of_its_own() -> None:
    places = [tuple(each["gridPos"].values()) for each in DASHBOARD["panels"]]
    assert len(set(places)) == len(places) == len({each["id"] for each in DASHBOARD["panels"]})


def test_every_metric_is_shown() -> None:
    shown = " ".join(each["targets"][0]["expr"] for each in DASHBOARD["panels"])
    left_out = {name for name in METRICS if name not in shown}
    assert left_out == {
        "macaron_dynamodb_price_dollars",
        "macaron_block_duration_seconds",
        "macaron_operation_read_units_total",
        "macaron_operation_write_units_total",
    }
