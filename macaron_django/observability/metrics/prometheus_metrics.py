"""Counts and measures operations, tasks, calls to other services, and calls to DynamoDB with their units and cost.

The metrics are for Prometheus. If the environment variable ``PROMETHEUS_MULTIPROC_DIR`` names a folder,
prometheus_client stores the values of all processes of a server in files in that folder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

from macaron_django import events
from macaron_django.observability.event_backend import EventBackend
from macaron_django.observability.metrics.prices import Prices, current_prices

__all__ = ["METRICS", "PrometheusMetrics"]

#: Adds an amount to a counter, or a duration to a histogram.
_Counts = Callable[[float], None]

#: Upper bounds in seconds. The fastest calls to DynamoDB take milliseconds, and the web server gives up after 30 s.
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_OPERATION: Final = ("api", "operation", "method")
#: Name → kind, help and labels.
METRICS: Final[dict[str, tuple[type[Any], str, tuple[str, ...]]]] = {
    "macaron_operation_duration_seconds": (Histogram, "How long operations took.", (*_OPERATION, "status")),
    "macaron_operation_read_units_total": (Counter, "The read units that operations have consumed.", _OPERATION),
    "macaron_operation_write_units_total": (Counter, "The write units that operations have consumed.", _OPERATION),
    "macaron_operation_cost_dollars_total": (
        Counter,
        "The cost of the units that operations have consumed, according to the price list.",
        _OPERATION,
    ),
    "macaron_dynamodb_call_duration_seconds": (
        Histogram,
        "How long calls to DynamoDB took, including all attempts.",
        ("call", "table", "error"),
    ),
    "macaron_dynamodb_repeated_attempts_total": (Counter, "Retries of calls to DynamoDB.", ("call", "table")),
    "macaron_dynamodb_read_units_total": (Counter, "Read units by table.", ("table",)),
    "macaron_dynamodb_write_units_total": (Counter, "Write units by table.", ("table",)),
    "macaron_dynamodb_price_dollars": (
        Gauge,
        "The price of one unit, according to the price list.",
        ("unit", "region", "as_of"),
    ),
    "macaron_client_call_duration_seconds": (
        Histogram,
        "How long calls to other services took, including all attempts.",
        (*_OPERATION, "status"),
    ),
    "macaron_task_duration_seconds": (Histogram, "How long tasks took.", ("task", "outcome")),
    "macaron_block_duration_seconds": (
        Histogram,
        "How long monitored code blocks took.",
        ("kind", "method", "outcome"),
    ),
}


class PrometheusMetrics(EventBackend):
    """Keeps its metrics in prometheus_client's registry from ``start()`` to ``stop()``."""

    def start(self) -> None:
        self._metrics = {name: _metric(name) for name in METRICS}
        #: The functions that add to the children of metrics. They are kept, because looking up a child by its labels
        #: takes longer.
        self._known: dict[tuple[Any, ...], _Counts] = {}
        self._counted: dict[tuple[Any, ...], list[tuple[_Counts, float, float]]] = {}
        self._prices: Prices = current_prices()
        for unit, price in (("read", self._prices.read_unit), ("write", self._prices.write_unit)):
            priced = self._metrics["macaron_dynamodb_price_dollars"]
            priced.labels(unit, self._prices.region, self._prices.as_of).set(price)

    def stop(self) -> None:
        for metric in self._metrics.values():
            REGISTRY.unregister(metric)

    def operation_ended(self, ended: events.OperationEnded) -> None:
        key = ended[:5]  # the names of the operation, and the status
        observe = self._known.get(key)
        if observe is None:
            labels = ended.api, _operation_name(ended), ended.method, str(ended.status)
            observe = self._known[key] = self._made("macaron_operation_duration_seconds", labels)
        observe(ended.duration)

    def dynamodb_call_ended(self, ended: events.DynamoDBCallEnded) -> None:
        call, tables, _, within, consumed, attempts, _, _, duration, error_code, _, _ = ended
        key = call, tables, error_code
        observe = self._known.get(key)
        if observe is None:
            labels = call, _listed(ended), error_code
            observe = self._known[key] = self._made("macaron_dynamodb_call_duration_seconds", labels)
        observe(duration)
        if attempts > 1:
            self._count("macaron_dynamodb_repeated_attempts_total", (call, _listed(ended)), attempts - 1)
        operation = within if type(within) is events.OperationBegan else None
        for table, read, written in consumed:
            units_key = table, read > 0, written > 0, operation and operation[:4]
            counted = self._counted.get(units_key)
            if counted is None:
                counted = self._counted[units_key] = self._made_counted(table, read, written, operation)
            for count, of_read, of_written in counted:
                count(read * of_read + written * of_written)

    def _made_counted(
        self, table: str, read: float, written: float, operation: events.OperationBegan | None
    ) -> list[tuple[_Counts, float, float]]:
        """Returns the counters of a table's units and, if there is an operation, of the operation's units and cost.

        Each counter comes with two amounts: what a read unit adds to the counter, and what a write unit adds to it.
        Units that weren't consumed have no counter, so their metric isn't shown.
        """
        reads, writes = (f"macaron_{{}}_{kind}_units_total" for kind in ("read", "write"))
        owners: list[tuple[str, tuple[str, ...]]] = [("dynamodb", (table,))]
        if operation is not None:
            owners.append(("operation", (operation.api, _operation_name(operation), operation.method)))
        counted = [(self._made(reads.format(owner), labels), 1.0, 0.0) for owner, labels in owners if read > 0]
        counted += [(self._made(writes.format(owner), labels), 0.0, 1.0) for owner, labels in owners if written > 0]
        prices = self._prices.read_unit, self._prices.write_unit
        return counted + [
            (self._made("macaron_operation_cost_dollars_total", labels), *prices) for _, labels in owners[1:]
        ]

    def client_call_ended(self, ended: events.ClientCallEnded) -> None:
        labels = ended.api, _operation_name(ended), ended.method, str(ended.status)
        self._count("macaron_client_call_duration_seconds", labels, ended.duration)

    def task_ended(self, ended: events.TaskEnded) -> None:
        self._count("macaron_task_duration_seconds", (ended.name, ended.outcome), ended.duration)

    def block_ended(self, ended: events.BlockEnded) -> None:
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
        if METRICS[name][0] is Histogram:
            observe: _Counts = child.observe
            return observe
        # A counter's inc() spends half of its time on checking its labels, and that the amount isn't negative.
        inc: _Counts = getattr(child, "_value", child).inc
        return inc


def _operation_name(named: Any) -> str:
    """Returns an operation's operationId, or its path if it has no operationId. The method is a separate label."""
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
