"""Tells subscribers what happens: operations, calls to DynamoDB and to other services, tasks and monitored blocks.

A subscriber has two methods for each kind. One is called at the end::

    class SlowOperations(events.Subscriber):
        def operation_ended(self, ended):
            if ended.duration > 1:
                print(ended.operation_id, ended.status)

    events.subscribe(SlowOperations())

The other is called at the beginning, and may return an ``Observation``, such as a span, that receives the end::

    class Spans(events.Subscriber):
        def operation(self, began):
            return Span(began)

A kind of event without subscribers costs a look at an empty tuple. If a subscriber raises, that is logged once, with
its traceback, and changes nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from macaron_django.overrides import overrides

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
MethodT = TypeVar("MethodT", bound=Callable[..., Any])


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
    #: As clients are shown them; both are "" if the answer isn't an error that this package has made.
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
    """An operation that another service's spec describes is about to be called."""

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
    """Code has left a ``with monitor(…):`` block."""

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
        """Is called when the observed code returns, in the thread, task and context in which it began.

        Context variables that were set at the beginning are reset here. Only a streamed answer continues after this.
        """

    def end(self, ended: EndedT) -> None:
        """Is called once at the end, after ``leave``; for a streamed answer, possibly in another thread and context."""


class Subscriber:
    """The methods of a subscriber: override those that you need.

    ``operation`` and its like are called at the beginning, and return None if there is nothing to keep.
    ``operation_ended`` and its like are called at the end, after the observations.
    """

    def operation(self, began: OperationBegan) -> Observation[OperationEnded] | None:
        return None

    def operation_ended(self, ended: OperationEnded) -> None:
        pass

    def dynamodb_call(self, began: DynamoDBCallBegan) -> Observation[DynamoDBCallEnded] | None:
        return None

    def dynamodb_call_ended(self, ended: DynamoDBCallEnded) -> None:
        pass

    def client_call(self, began: ClientCallBegan) -> Observation[ClientCallEnded] | None:
        return None

    def client_call_ended(self, ended: ClientCallEnded) -> None:
        pass

    def task(self, began: TaskBegan) -> Observation[TaskEnded] | None:
        return None

    def task_ended(self, ended: TaskEnded) -> None:
        pass

    def block(self, began: BlockBegan) -> Observation[BlockEnded] | None:
        return None

    def block_ended(self, ended: BlockEnded) -> None:
        pass


class Kind(Generic[BeganT, EndedT]):
    """One kind of event. Callers begin it only if it has ``subscribers``."""

    def __init__(self, method: str, *, encloses: bool = False) -> None:
        self.method, self.encloses = method, encloses
        #: The subscribers' methods: what is called at the beginning, and what is called at the end.
        self.beginnings: tuple[Callable[[BeganT], Observation[EndedT] | None], ...] = ()
        self.ends: tuple[Callable[[EndedT], None], ...] = ()
        #: Both.
        self.subscribers: tuple[Callable[..., Any], ...] = ()

    def begin(self, began: BeganT) -> Observed[EndedT]:
        """Tells the subscribers that something begins.

        The caller must call ``leave`` and ``end`` of what this returns.
        """
        return Observed(self, began)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Adds the methods that a subscriber overrides."""
        if overrides(type(subscriber), (self.method,), Subscriber):
            self.beginnings = _with(self.beginnings, getattr(subscriber, self.method))
        if overrides(type(subscriber), (f"{self.method}_ended",), Subscriber):
            self.ends = _with(self.ends, getattr(subscriber, f"{self.method}_ended"))
        self.subscribers = (*self.beginnings, *self.ends)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Removes a subscriber's methods."""
        self.beginnings = _without(self.beginnings, getattr(subscriber, self.method))
        self.ends = _without(self.ends, getattr(subscriber, f"{self.method}_ended"))
        self.subscribers = (*self.beginnings, *self.ends)


def _with(methods: tuple[MethodT, ...], method: MethodT) -> tuple[MethodT, ...]:
    return methods if method in methods else (*methods, method)


def _without(methods: tuple[MethodT, ...], method: MethodT) -> tuple[MethodT, ...]:
    return tuple(each for each in methods if each != method)


class Observed(Generic[EndedT]):
    """Something that has begun, with what its subscribers keep.

    ``began`` may be None where the kind has no ``beginnings`` and doesn't enclose anything.
    """

    __slots__ = ("_ends", "_observations", "_token", "began_at", "has_ended")

    def __init__(self, kind: Kind[BeganT, EndedT], began: BeganT | None) -> None:
        observations: list[Observation[EndedT]] = []
        for subscriber in kind.beginnings:
            try:
                kept = subscriber(began)  # type: ignore[arg-type]  # there are beginnings
            except Exception as error:  # noqa: BLE001, PERF203 (it is logged)
                _log_once(subscriber, "", error)
            else:
                if kept is not None:
                    observations.append(kept)
        if observations:
            observations.reverse()  # the first to begin is the last to end, as spans nest
        self._observations, self._ends = observations, kind.ends
        self._token: Token[Within | None] | None = _within.set(began) if kind.encloses else None  # type: ignore[arg-type]
        self.has_ended = False
        #: By ``perf_counter``, in seconds.
        self.began_at = perf_counter()

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
        for told in self._ends:
            try:
                told(ended)
            except Exception as error:  # noqa: BLE001, PERF203 (it is logged)
                _log_once(told, "", error)


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
        kind.subscribe(subscriber)


def unsubscribe(subscriber: Subscriber) -> None:
    """Stops sending events to a subscriber. It still gets the end of what it already observes."""
    for kind in _KINDS:
        kind.unsubscribe(subscriber)


#: The names of functions that have failed: a subscriber that fails at each request would fill the log.
_logged: set[str] = set()


def _log_once(failed: Any, method: str, error: Exception) -> None:
    """Logs that a function, or a method of an object, failed; ``failed`` may be anything that a subscriber returned."""
    name = f"{failed.__module__}.{getattr(failed, '__qualname__', type(failed).__qualname__)}{method}"
    if name not in _logged:
        _logged.add(name)
        logger.error("%s, a subscriber to events, failed; this is logged only once", name, exc_info=error)
