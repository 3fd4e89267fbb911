"""``manage.py check`` says what is wrong with the settings of observability."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from macaron_django.checks import check_observability
from macaron_django.observability import backends
from macaron_django.observability.backends import BACKENDS, Backend


def found(**section: Any) -> list[tuple[str, str]]:
    with override_settings(MACARON={"OBSERVABILITY": section}):
        return [(str(each.id).partition(".")[2], each.hint or "") for each in check_observability(None)]


def test_nothing_is_wrong_with_what_is_allowed() -> None:
    assert found() == []
    prices = {"AS_OF": "2030-01-31", "REGION": "eu-west-1", "READ_MILLION": 0.15, "WRITE_MILLION": 1}
    token = {"METRICS_TOKEN": "a-token", "BACKENDS": ("emf", "prometheus")}
    assert found(**token, PRICES=prices, REPORT_CALL_EXCEEDING_MS=2.5, EMF_NAMESPACE="Shop") == []
    rule = "macaron_django.observability.metrics.anybody"
    assert found(BACKENDS=["prometheus"], METRICS_ACCESS=rule) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("BACKENDS", "prometheus"),
        ("BACKENDS", ["datadog"]),
        ("METRICS_TOKEN", ""),
        ("METRICS_TOKEN", 7),
        ("METRICS_ACCESS", "no.such.function"),
        ("EMF_NAMESPACE", ""),
        ("REPORT_CALL_EXCEEDING_MS", -1),
        ("REPORT_CALL_EXCEEDING_MS", True),
        ("PRICES", {"READ": 1}),
        ("PRICES", {"AS_OF": "yesterday"}),
        ("PRICES", {"READ_MILLION": "0.1"}),
        ("PRICES", 5),
    ],
)
def test_a_value_that_is_not_allowed_is_an_error(key: str, value: Any) -> None:
    assert [id_ for id_, _ in found(**{key: value})] == ["E102"]


def test_a_misspelt_backend_is_guessed() -> None:
    ((id_, hint),) = found(BACKENDS=["prometeus"])
    assert (id_, hint.startswith("Did you mean 'prometheus'?")) == ("E102", True)


def test_a_backend_whose_library_is_missing_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Backend("no.such.Subscriber", "no_such_module", "gone")
    for module in (backends, "macaron_django.observability.setting_problems"):
        target = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{target}.BACKENDS", {**BACKENDS, "gone": gone})
    ((id_, hint),) = found(BACKENDS=["gone"])
    assert id_ == "E109"
    assert 'pip install "macaron_django[gone]"' in hint


def test_metrics_that_nobody_may_read_are_a_warning() -> None:
    assert [id_ for id_, _ in found(BACKENDS=["prometheus"])] == ["W127"]


def test_json_logs_without_request_ids_are_a_warning() -> None:
    assert [id_ for id_, _ in found(BACKENDS=["json_logs"])] == ["W126"]
