"""Tells subscribers what happens: operations, calls of DynamoDB and of other services, tasks and monitored blocks.

A subscriber has a method for each kind, which is called when one begins, and may return an ``Observation`` of it, such
as a span, that is given its end::

    class SlowOperations(events.Subscriber):
        def operation(self, began):
            return SlowOperation()

    class SlowOperation(events.Observation):
        def end(self, ended):
            if ended.duration > 1:
                print(ended.operation_id, ended.status)

    events.subscribe(SlowOperations())

Without a subscriber to a kind, whatever begins looks at one empty tuple. One that raises is logged once, with its
traceback, and changes nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from contextvars import Token

    from django.http import HttpRequest

__all__ = [
    "BLOCKS",
    "CLIENT_CALLS",
    "DYNAMODB_CALLS",
    "OPERATIONS",
    "TASKS",
    "BlockBegan",
    "BlockEnded",
    "ClientCallBegan",
    "ClientCallEnded",
    "ConsumedUnits",
    "DynamoDBCallBegan",
    "DynamoDBCallEnded",
    "Kind",
    "Observation",
    "Observed",
    "OperationBegan",
    "OperationEnded",
    "Subscriber",
    "TaskBegan",
    "TaskEnded",
    "Within",
    "subscribe",
    "unsubscribe",
    "within",
]

logger = logging.getLogger("macaron_django")

BeganT = TypeVar("BeganT")
EndedT = TypeVar("EndedT")


# ------------------------------------------------------------------ what happens


class OperationBegan(NamedTuple):
    """A request has reached the view of an operation. Its middleware has run; its user isn't known yet."""

    api: str
    #: The spec's ``operationId``; "" where it has none, and for methods that the path doesn't have.
    operation_id: str
    #: In capitals; "_OTHER" for one that HTTP doesn't know.
    method: str
    #: The path as the spec has it, below that of its servers: ``/v1/orders/{id}``.
    route: str
    request: HttpRequest

    def __repr__(self) -> str:
        return _shown(self, {"request"})


class OperationEnded(NamedTuple):
    """An operation was answered: the answer is ready. A streamed answer was read to its end or abandoned."""

    api: str
    operation_id: str
    method: str
    route: str
    #: That of the answer.
    status: int
    #: Seconds since it began.
    duration: float
    #: As clients are shown them, both "" where the answer is no error of this package's.
    error_code: str
    error_id: str
    #: "" for nobody.
    user_id: str
    #: What was answered as an error, where it is the server's fault: status 500 or above.
    exception: BaseException | None
    request: HttpRequest

    def __repr__(self) -> str:
        return _shown(self, {"request", "exception"})


class ConsumedUnits(NamedTuple):
    """The capacity units of one table, including its indexes, that a call has consumed."""

    table: str
    read_units: float
    write_units: float


class DynamoDBCallBegan(NamedTuple):
    """A call is about to be sent to DynamoDB."""

    #: As AWS calls it: ``GetItem``.
    operation: str
    tables: tuple[str, ...]
    #: "" for the table itself.
    index_name: str
    within: Within | None
    #: As they are sent: they may hold anything that the items do.
    parameters: Mapping[str, Any]

    def __repr__(self) -> str:
        return _shown(self, {"parameters"})


class DynamoDBCallEnded(NamedTuple):
    """DynamoDB has answered a call, or it failed for good."""

    operation: str
    tables: tuple[str, ...]
    index_name: str
    within: Within | None
    #: Empty where the engine doesn't say, and for calls that failed.
    consumed: tuple[ConsumedUnits, ...]
    #: How many times it was sent: 1 if the first time sufficed.
    attempts: int
    #: Bytes of the bodies of the last attempt; 0 where there was none.
    request_size: int
    response_size: int
    #: Seconds since it began, with all attempts and the pauses between them.
    duration: float
    #: DynamoDB's code, else the name of the exception; "" for a success.
    error_code: str
    exception: BaseException | None
    #: As far as it was read: it may hold anything that the items do.
    answer: Mapping[str, Any] | None

    def __repr__(self) -> str:
        return _shown(self, {"exception", "answer"})


class ClientCallBegan(NamedTuple):
    """An operation of another service is about to be called by its spec."""

    api: str
    operation_id: str
    method: str
    route: str
    within: Within | None


class ClientCallEnded(NamedTuple):
    """Another service has answered, or the call has failed."""

    api: str
    operation_id: str
    method: str
    route: str
    within: Within | None
    #: 0 where there was no answer.
    status: int
    attempts: int
    #: Seconds since it began, with all attempts and the pauses between them.
    duration: float
    #: "" for a success.
    error_code: str
    exception: BaseException | None

    def __repr__(self) -> str:
        return _shown(self, {"exception"})


class TaskBegan(NamedTuple):
    """A worker begins a task. ``attempt`` is 1 for the first time."""

    name: str
    id: str
    attempt: int


class TaskEnded(NamedTuple):
    """A task has ended; it may be tried again."""

    name: str
    id: str
    attempt: int
    #: Seconds since it began.
    duration: float
    outcome: Literal["succeeded", "failed", "retried"]
    exception: BaseException | None

    def __repr__(self) -> str:
        return _shown(self, {"exception"})


class BlockBegan(NamedTuple):
    """Code has entered a ``with monitor(…):`` block."""

    kind: str
    method: str
    within: Within | None


class BlockEnded(NamedTuple):
    """Code has left such a block."""

    kind: str
    method: str
    within: Within | None
    #: Seconds since it began.
    duration: float
    #: What it was left with; None if it succeeded.
    exception: BaseException | None

    def __repr__(self) -> str:
        return _shown(self, {"exception"})


#: What a call happens within.
Within: TypeAlias = OperationBegan | TaskBegan


def _shown(event: Any, hidden: set[str]) -> str:
    """Returns an event as text for logs, without values that may contain secrets."""
    fields = ", ".join(f"{name}={value!r}" for name, value in event._asdict().items() if name not in hidden)
    return f"{type(event).__name__}({fields})"


# ------------------------------------------------------------------ who wants to know


class Observation(Generic[EndedT]):
    """What a subscriber keeps between the beginning and the end of something."""

    def leave(self) -> None:
        """Called when the code that is observed returns, in the thread, task and context in which it began.

        Context variables that were set at the beginning are reset here. Only a streamed answer continues after this.
        """

    def end(self, ended: EndedT) -> None:
        """Called once at the end, after ``leave``; of a streamed answer possibly in another thread and context."""


class Subscriber:
    """The methods of a subscriber. They return None if there is nothing to keep. Override those that you need."""

    def operation(self, began: OperationBegan) -> Observation[OperationEnded] | None:
        return None

    def dynamodb_call(self, began: DynamoDBCallBegan) -> Observation[DynamoDBCallEnded] | None:
        return None

    def client_call(self, began: ClientCallBegan) -> Observation[ClientCallEnded] | None:
        return None

    def task(self, began: TaskBegan) -> Observation[TaskEnded] | None:
        return None

    def block(self, began: BlockBegan) -> Observation[BlockEnded] | None:
        return None


class Kind(Generic[BeganT, EndedT]):
    """One kind of what happens. It begins only where ``subscribers`` aren't empty."""

    def __init__(self, method: str, *, encloses: bool = False) -> None:
        self.method, self.encloses = method, encloses
        self.subscribers: tuple[Callable[[BeganT], Observation[EndedT] | None], ...] = ()

    def begin(self, began: BeganT) -> Observed[EndedT]:
        """Tells the subscribers that something begins. The caller has to call ``leave`` and ``end`` of what it gets."""
        observations = []
        for subscriber in self.subscribers:
            try:
                kept = subscriber(began)
            except Exception as error:  # noqa: BLE001, PERF203 (it is logged)
                _log_once(subscriber, "", error)
            else:
                if kept is not None:
                    observations.append(kept)
        # The first to begin is the last to end, as spans nest.
        observations.reverse()
        return Observed(observations, _within.set(began) if self.encloses else None)  # type: ignore[arg-type]


class Observed(Generic[EndedT]):
    """Something that has begun, with what its subscribers keep."""

    __slots__ = ("_observations", "_token", "began_at", "has_ended")

    def __init__(self, observations: list[Observation[EndedT]], token: Token[Within | None] | None) -> None:
        self._observations, self._token = observations, token
        self.began_at, self.has_ended = perf_counter(), False

    @property
    def duration(self) -> float:
        """The seconds since it began."""
        return perf_counter() - self.began_at

    def leave(self) -> None:
        """Tells the subscribers that the code has returned, in the context in which it began."""
        if self._token is not None:
            _within.reset(self._token)
            self._token = None
        for observation in self._observations:
            try:
                observation.leave()
            except Exception as error:  # noqa: BLE001, PERF203 (it is logged)
                _log_once(type(observation), ".leave", error)

    def end(self, ended: EndedT) -> None:
        """Tells the subscribers how it ended, once."""
        if self.has_ended:
            return
        self.has_ended = True
        for observation in self._observations:
            try:
                observation.end(ended)
            except Exception as error:  # noqa: BLE001, PERF203 (it is logged)
                _log_once(type(observation), ".end", error)


_within: ContextVar[Within | None] = ContextVar("macaron_django.events.within", default=None)

OPERATIONS: Final[Kind[OperationBegan, OperationEnded]] = Kind("operation", encloses=True)
DYNAMODB_CALLS: Final[Kind[DynamoDBCallBegan, DynamoDBCallEnded]] = Kind("dynamodb_call")
CLIENT_CALLS: Final[Kind[ClientCallBegan, ClientCallEnded]] = Kind("client_call")
TASKS: Final[Kind[TaskBegan, TaskEnded]] = Kind("task", encloses=True)
BLOCKS: Final[Kind[BlockBegan, BlockEnded]] = Kind("block")
_KINDS: Final[tuple[Kind[Any, Any], ...]] = (OPERATIONS, DYNAMODB_CALLS, CLIENT_CALLS, TASKS, BLOCKS)


def within() -> Within | None:
    """Returns the operation or task that this code serves; None outside of them, or if nothing subscribes to them."""
    return _within.get()


def subscribe(subscriber: Subscriber) -> None:
    """Sends events to a subscriber from now on, of the kinds whose methods it overrides. Subscribing twice has no
    effect.
    """
    for kind in _KINDS:
        if getattr(type(subscriber), kind.method) is not getattr(Subscriber, kind.method):
            method = getattr(subscriber, kind.method)
            if method not in kind.subscribers:
                kind.subscribers = (*kind.subscribers, method)


def unsubscribe(subscriber: Subscriber) -> None:
    """Stops sending events to a subscriber. It still gets the end of what it already observes."""
    for kind in _KINDS:
        kind.subscribers = tuple(each for each in kind.subscribers if each != getattr(subscriber, kind.method))


#: The names of functions that have failed: a subscriber that fails at each request would fill the log.
_logged: set[str] = set()


def _log_once(failed: Any, method: str, error: Exception) -> None:
    """Logs that a function, or a method of a class, failed. What it is may be anything that a subscriber returned."""
    name = f"{failed.__module__}.{getattr(failed, '__qualname__', type(failed).__qualname__)}{method}"
    if name not in _logged:
        _logged.add(name)
        logger.error("%s, a subscriber to events, failed; this is logged only once", name, exc_info=error)
