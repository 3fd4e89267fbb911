"""A subscriber that keeps what it is told, for tests."""

from __future__ import annotations

from typing import Any

from macaron_django import events


class RecordedEvents(events.Subscriber):
    """``began`` and ``ended`` hold the events of all kinds in their order, ``open`` counts what hasn't ended."""

    def __init__(self) -> None:
        self.began: list[Any] = []
        self.ended: list[Any] = []
        self.open = self.entered = 0

    def operation(self, began: events.OperationBegan) -> Any:
        return self._keep(began)

    def dynamodb_call(self, began: events.DynamoDBCallBegan) -> Any:
        return self._keep(began)

    def client_call(self, began: events.ClientCallBegan) -> Any:
        return self._keep(began)

    def task(self, began: events.TaskBegan) -> Any:
        return self._keep(began)

    def block(self, began: events.BlockBegan) -> Any:
        return self._keep(began)

    @property
    def operations(self) -> list[events.OperationEnded]:
        """The operations that have ended."""
        return [each for each in self.ended if isinstance(each, events.OperationEnded)]

    @property
    def dynamodb_calls(self) -> list[events.DynamoDBCallEnded]:
        """The calls to DynamoDB that have ended."""
        return [each for each in self.ended if isinstance(each, events.DynamoDBCallEnded)]

    def _keep(self, began: Any) -> events.Observation[Any]:
        self.began.append(began)
        self.open += 1
        self.entered += 1
        return _Recording(self)


class _Recording(events.Observation[Any]):
    def __init__(self, record: RecordedEvents) -> None:
        self._record = record

    def leave(self) -> None:
        self._record.entered -= 1

    def end(self, ended: Any) -> None:
        self._record.open -= 1
        self._record.ended.append(ended)
