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
#: Adds an amount to a counter, or a duration to a histogram.
_Counts = Callable[[float], None]

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
        "How long calls to DynamoDB took, including all attempts.",
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
        "How long calls to other services took, including all attempts.",
        (*_OPERATION, "status"),
    ),
    "macaron_task_duration_seconds": (Histogram, "How long tasks took.", ("task", "outcome")),
    "macaron_block_duration_seconds": (Histogram, "How long monitored blocks took.", ("kind", "method", "outcome")),
}


class PrometheusMetrics(EventBackend):
    """Keeps the metrics in prometheus_client's registry while it is subscribed."""

    def start(self) -> None:
        self._metrics = {name: _metric(name) for name in METRICS}
        #: What observes and counts in the children of metrics, because to look one up by its labels takes longer.
        self._known: dict[tuple[Any, ...], _Counts] = {}
        self._counts_of_units: dict[tuple[Any, ...], tuple[list[_Counts], list[_Counts], list[_Counts]]] = {}
        self._prices: Prices = current_prices()
        for unit, price in (("read", self._prices.read_unit), ("write", self._prices.write_unit)):
            priced = self._metrics["macaron_dynamodb_price_dollars"]
            priced.labels(unit, self._prices.region, self._prices.as_of).set(price)
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
        key = ended[:5]  # the names of the operation, and the status
        observe = self._known.get(key)
        if observe is None:
            labels = ended.api, _operation_name(ended), ended.method, str(ended.status)
            observe = self._known[key] = self._made("macaron_operation_duration_seconds", labels)
        observe(ended.duration)

    def _call_ended(self, ended: events.DynamoDBCallEnded) -> None:
        key = ended.operation, ended.tables, ended.error_code
        observe = self._known.get(key)
        if observe is None:
            labels = ended.operation, _listed(ended), ended.error_code
            observe = self._known[key] = self._made("macaron_dynamodb_call_duration_seconds", labels)
        observe(ended.duration)
        if ended.attempts > 1:
            repeated = ended.operation, _listed(ended)
            self._count("macaron_dynamodb_repeated_attempts_total", repeated, ended.attempts - 1)
        operation = ended.within if type(ended.within) is events.OperationBegan else None
        for consumed in ended.consumed:
            table, read, written = consumed
            units_key = table, read > 0, written > 0, operation and operation[:4]
            found = self._counts_of_units.get(units_key)
            if found is None:
                found = self._counts_of_units[units_key] = self._units_counted(consumed, operation)
            for count in found[0]:
                count(read)
            for count in found[1]:
                count(written)
            for count in found[2]:
                count(self._prices.cost((consumed,)))

    def _units_counted(
        self, consumed: events.ConsumedUnits, operation: events.OperationBegan | None
    ) -> tuple[list[_Counts], list[_Counts], list[_Counts]]:
        """Returns what counts read units, write units and their cost, of a table, and of an operation if there is one.

        Nothing counts units that weren't consumed, so that no metric of them is shown.
        """
        counted: list[tuple[str, tuple[str, ...]]] = [("dynamodb", (consumed.table,))]
        if operation is not None:
            counted.append(("operation", (operation.api, _operation_name(operation), operation.method)))
        reads = counted if consumed.read_units > 0 else []
        writes = counted if consumed.write_units > 0 else []
        return (
            [self._made(f"macaron_{what}_read_units_total", labels) for what, labels in reads],
            [self._made(f"macaron_{what}_write_units_total", labels) for what, labels in writes],
            [self._made("macaron_operation_cost_dollars_total", labels) for _, labels in counted[1:]],
        )

    def _client_call_ended(self, ended: events.ClientCallEnded) -> None:
        labels = ended.api, _operation_name(ended), ended.method, str(ended.status)
        self._count("macaron_client_call_duration_seconds", labels, ended.duration)

    def _task_ended(self, ended: events.TaskEnded) -> None:
        self._count("macaron_task_duration_seconds", (ended.name, ended.outcome), ended.duration)

    def _block_ended(self, ended: events.BlockEnded) -> None:
        outcome = "succeeded" if ended.exception is None else "failed"
        self._count("macaron_block_duration_seconds", (ended.kind, ended.method, outcome), ended.duration)

    def _count(self, name: str, labels: tuple[str, ...], amount: float) -> None:
        """Adds an amount to a counter, or a duration to a histogram."""
        key = name, labels
        counts = self._known.get(key)
        if counts is None:
            counts = self._known[key] = self._made(name, labels)
        counts(amount)

    def _made(self, name: str, labels: tuple[str, ...]) -> _Counts:
        child = self._metrics[name].labels(*labels)
        counts: _Counts = child.observe if METRICS[name][0] is Histogram else child.inc
        return counts


class _Ends(events.Observation[EndedT], Generic[EndedT]):
    """Tells a function how something ended: one for all that happens, since nothing is kept."""

    def __init__(self, told: Callable[[EndedT], None]) -> None:
        self.end: Callable[[EndedT], None] = told  # type: ignore[assignment]  # a method would be a call more


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
