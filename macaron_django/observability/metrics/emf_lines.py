"""Writes a log line for each operation. CloudWatch Logs turns such lines into metrics (embedded metric format).

The logger ``macaron_django.emf`` writes the lines to standard output, which AWS Lambda, ECS and the CloudWatch agent
read. If a project has set handlers for this logger, they get the lines instead. Amazon's own library
(aws-embedded-metrics) isn't used, because it installs aiohttp, and needs a flush in each request.
"""

from __future__ import annotations

import logging
import sys
import time
from contextvars import ContextVar, Token
from typing import Final

import orjson

from macaron_django import events
from macaron_django.conf import settings
from macaron_django.events import ConsumedUnits
from macaron_django.observability.event_backend import EventBackend
from macaron_django.observability.metrics.prices import Prices, current_prices

__all__ = ["EMFLines"]

logger = logging.getLogger("macaron_django.emf")
#: CloudWatch charges for each combination of dimensions, so the status is only a field of the line.
_DIMENSIONS: Final = [["api", "operation"]]
_METRICS: Final = [
    {"Name": "Duration", "Unit": "Milliseconds"},
    {"Name": "ServerErrors", "Unit": "Count"},
    {"Name": "ReadUnits", "Unit": "Count"},
    {"Name": "WriteUnits", "Unit": "Count"},
    {"Name": "DynamoDBCalls", "Unit": "Count"},
    {"Name": "CostMicrodollars", "Unit": "None"},
]


class EMFLines(EventBackend):
    """Adds up the units that an operation consumes, and writes one log line when the operation ends."""

    def start(self) -> None:
        self._prices = current_prices()
        self._handler: logging.Handler | None = None
        self._before = logger.level, logger.propagate
        if not logger.handlers:
            self._handler = logging.StreamHandler(sys.stdout)
            self._handler.setFormatter(logging.Formatter("%(message)s"))
            logger.addHandler(self._handler)
            logger.propagate = False
        logger.setLevel(logging.INFO)

    def stop(self) -> None:
        if self._handler is not None:
            logger.removeHandler(self._handler)
        level, logger.propagate = self._before
        logger.setLevel(level)

    def operation(self, began: events.OperationBegan) -> events.Observation[events.OperationEnded]:
        return _OperationLine(self._prices)

    def dynamodb_call(self, began: events.DynamoDBCallBegan) -> events.Observation[events.DynamoDBCallEnded] | None:
        line = _line.get()
        return None if line is None else _CountedCall(line)


class _OperationLine(events.Observation[events.OperationEnded]):
    """The line of one operation, with the units that its calls have consumed so far."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self.consumed: list[ConsumedUnits] = []
        self.calls = 0
        self._token: Token[_OperationLine | None] = _line.set(self)

    def leave(self) -> None:
        _line.reset(self._token)

    def end(self, ended: events.OperationEnded) -> None:
        logger.info(self._text(ended))

    def _text(self, ended: events.OperationEnded) -> str:
        directive = {
            "Namespace": settings.OBSERVABILITY.EMF_NAMESPACE,
            "Dimensions": _DIMENSIONS,
            "Metrics": _METRICS,
        }
        line = {
            "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
            "api": ended.api,
            "operation": ended.operation_id or f"{ended.method} {ended.route}",
            "method": ended.method,
            "route": ended.route,
            "status": ended.status,
            "error_code": ended.error_code,
            "error_id": ended.error_id,
            "Duration": round(ended.duration * 1000, 3),
            "ServerErrors": int(ended.status >= 500),
            "ReadUnits": sum(each.read_units for each in self.consumed),
            "WriteUnits": sum(each.write_units for each in self.consumed),
            "DynamoDBCalls": self.calls,
            "CostMicrodollars": round(self._prices.cost(self.consumed) * 1e6, 6),
        }
        return orjson.dumps(line).decode()


class _CountedCall(events.Observation[events.DynamoDBCallEnded]):
    def __init__(self, line: _OperationLine) -> None:
        self._line = line

    def end(self, ended: events.DynamoDBCallEnded) -> None:
        self._line.calls += 1
        self._line.consumed.extend(ended.consumed)


_line: ContextVar[_OperationLine | None] = ContextVar("macaron_django.observability.metrics.emf_lines", default=None)
