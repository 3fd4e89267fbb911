"""Counts and measures what happens, for Prometheus: operations, calls to DynamoDB with their units and cost, tasks.

With ``PROMETHEUS_MULTIPROC_DIR`` in the environment, prometheus_client keeps the values of all of a server's processes
in files of that folder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

from macaron_django import events
from macaron_django.observability.event_backend import EventBackend
from macaron_django.observability.metrics.prices import Prices, current_prices

__all__ = ["METRICS", "PrometheusMetrics"]

EndedT = TypeVar("EndedT")

#: Seconds. The lane answers within milliseconds, and the web server gives up after 30 s.
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_OPERATION: Final = ("api", "operation", "method")
#: Name → kind, help and labels.
METRICS: Final[dict[str, tuple[type[Any], str, tuple[str, ...]]]] = {
    "macaron_operation_duration_seconds": (Histogram, "How long operations took.", (*_OPERATION, "status")),
    "macaron_operation_read_units_total": (Counter, "Read units that operations have consumed.", _OPERATION),
    "macaron_operation_write_units_total": (Counter, "Write units that operations have consumed.", _OPERATION),
    "macaron_operation_cost_dollars_total": (Counter, "What those units cost by the price list.", _OPERATION),
    "macaron_dynamodb_call_duration_seconds": (
        Histogram,
        "How long calls to DynamoDB took, with all attempts.",
        ("call", "table", "error"),
    ),
    "macaron_dynamodb_repeated_attempts_total": (Counter, "Attempts after the first one.", ("call", "table")),
    "macaron_dynamodb_read_units_total": (Counter, "Read units by table.", ("table",)),
    "macaron_dynamodb_write_units_total": (Counter, "Write units by table.", ("table",)),
    "macaron_dynamodb_price_dollars": (
        Gauge,
        "What one unit costs by the price list.",
        ("unit", "region", "as_of"),
    ),
    "macaron_client_call_duration_seconds": (
        Histogram,
        "How long calls to other services took, with all attempts.",
        (*_OPERATION, "status"),
    ),
    "macaron_task_duration_seconds": (Histogram, "How long tasks took.", ("task", "outcome")),
    "macaron_block_duration_seconds": (Histogram, "How long monitored blocks took.", ("kind", "method", "outcome")),
}


class PrometheusMetrics(EventBackend):
    """Keeps the metrics in prometheus_client's registry while it is subscribed."""

    def start(self) -> None:
        self._metrics = {name: _metric(name) for name in METRICS}
        #: The children of metrics, because to look one up by its labels takes longer than to count.
        self._known: dict[tuple[str, ...], Any] = {}
        self._durations: dict[tuple[Any, ...], Any] = {}
        self._prices: Prices = current_prices()
        for unit, price in (("read", self._prices.read_unit), ("write", self._prices.write_unit)):
            labels = ("macaron_dynamodb_price_dollars", unit, self._prices.region, self._prices.as_of)
            self._child(labels).set(price)
        self._operations = _Ends(self._operation_ended)
        self._calls = _Ends(self._call_ended)
        self._client_calls = _Ends(self._client_call_ended)
        self._tasks = _Ends(self._task_ended)
        self._blocks = _Ends(self._block_ended)

    def stop(self) -> None:
        for metric in self._metrics.values():
            REGISTRY.unregister(metric)

    def operation(self, began: events.OperationBegan) -> events.Observation[events.OperationEnded]:
        return self._operations

    def dynamodb_call(self, began: events.DynamoDBCallBegan) -> events.Observation[events.DynamoDBCallEnded]:
        return self._calls

    def client_call(self, began: events.ClientCallBegan) -> events.Observation[events.ClientCallEnded]:
        return self._client_calls

    def task(self, began: events.TaskBegan) -> events.Observation[events.TaskEnded]:
        return self._tasks

    def block(self, began: events.BlockBegan) -> events.Observation[events.BlockEnded]:
        return self._blocks

    def _operation_ended(self, ended: events.OperationEnded) -> None:
        name = _operation_name(ended)
        labels = ("macaron_operation_duration_seconds", ended.api, name, ended.method, str(ended.status))
        self._child(labels).observe(ended.duration)

    def _call_ended(self, ended: events.DynamoDBCallEnded) -> None:
        key = ended.operation, ended.tables, ended.error_code
        durations = self._durations.get(key)
        if durations is None:
            labels = ("macaron_dynamodb_call_duration_seconds", ended.operation, _listed(ended), ended.error_code)
            durations = self._durations[key] = self._child(labels)
        durations.observe(ended.duration)
        if ended.attempts > 1:
            repeated = ("macaron_dynamodb_repeated_attempts_total", ended.operation, _listed(ended))
            self._child(repeated).inc(ended.attempts - 1)
        within = ended.within
        for consumed in ended.consumed:
            self._count("dynamodb", (consumed.table,), consumed)
            if type(within) is events.OperationBegan:
                self._count("operation", (within.api, within.operation_id or within.route, within.method), consumed)

    def _count(self, what: str, labels: tuple[str, ...], consumed: events.ConsumedUnits) -> None:
        """Adds the units of one table, and for an operation their cost."""
        if consumed.read_units:
            self._child((f"macaron_{what}_read_units_total", *labels)).inc(consumed.read_units)
        if consumed.write_units:
            self._child((f"macaron_{what}_write_units_total", *labels)).inc(consumed.write_units)
        if what == "operation":
            self._child(("macaron_operation_cost_dollars_total", *labels)).inc(self._prices.cost((consumed,)))

    def _client_call_ended(self, ended: events.ClientCallEnded) -> None:
        name = _operation_name(ended)
        labels = ("macaron_client_call_duration_seconds", ended.api, name, ended.method, str(ended.status))
        self._child(labels).observe(ended.duration)

    def _task_ended(self, ended: events.TaskEnded) -> None:
        self._child(("macaron_task_duration_seconds", ended.name, ended.outcome)).observe(ended.duration)

    def _block_ended(self, ended: events.BlockEnded) -> None:
        outcome = "succeeded" if ended.exception is None else "failed"
        self._child(("macaron_block_duration_seconds", ended.kind, ended.method, outcome)).observe(ended.duration)

    def _child(self, key: tuple[str, ...]) -> Any:
        child = self._known.get(key)
        if child is None:
            child = self._known[key] = self._metrics[key[0]].labels(*key[1:])
        return child


class _Ends(events.Observation[EndedT], Generic[EndedT]):
    """Tells a function how something ended: one for all that happens, since nothing is kept."""

    def __init__(self, told: Callable[[EndedT], None]) -> None:
        self._told = told

    def end(self, ended: EndedT) -> None:
        self._told(ended)


def _operation_name(named: Any) -> str:
    """Returns an operation's operationId, or its path where it has none; its method is a separate label."""
    return str(named.operation_id or named.route)


def _listed(ended: events.DynamoDBCallEnded) -> str:
    return ",".join(sorted(ended.tables))


def _metric(name: str) -> Any:
    kind, described, labels = METRICS[name]
    if kind is Histogram:
        return Histogram(name, described, labels, buckets=_BUCKETS)
    if kind is Gauge:
        return Gauge(name, described, labels, multiprocess_mode="max")
    return Counter(name, described, labels)
