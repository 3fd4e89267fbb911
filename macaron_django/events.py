"""Notifies subscribers of events: operations, calls to DynamoDB and to other services, tasks and monitored blocks.

Each event has a beginning and an end. A subscriber has two methods for each kind of event. One method is called at the
end::

    class SlowOperations(events.Subscriber):
        def operation_ended(self, ended):
            if ended.duration > 1:
                print(ended.operation_id, ended.status)

    events.subscribe(SlowOperations())

The other method is called at the beginning. It can return an ``Observation``, such as a span. At the end, the event
notifies the observation::

    class Spans(events.Subscriber):
        def operation(self, began):
            return Span(began)

If an event has no subscribers, its only cost is a look at an empty tuple. If a subscriber's method raises an exception,
the first such exception is logged with its traceback. The exception has no other effect.
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


# ------------------------------------------------------------------ events


class OperationBegan(NamedTuple):
    """A request has reached the view of an operation. The middleware has run, but the user isn't known yet."""

    api: str
    #: The ``operationId`` in the spec. "" if the spec has none, or if the path doesn't have the request's method.
    operation_id: str
    #: In capitals; "_OTHER" for an unknown method.
    method: str
    #: The path template in the spec, after the path of the spec's servers: ``/v1/orders/{id}``.
    route: str
    request: HttpRequest

    def __repr__(self) -> str:
        return _shown(self, {"request"})


class OperationEnded(NamedTuple):
    """The response of an operation is ready. A streamed response has been either read to its end or abandoned."""

    api: str
    operation_id: str
    method: str
    route: str
    #: The status of the response.
    status: int
    #: In seconds, since the beginning.
    duration: float
    #: The code and id that the client gets. Both are "" if this package didn't create the response, or if it isn't an
    #: error.
    error_code: str
    error_id: str
    #: "" for an anonymous user.
    user_id: str
    #: The exception that caused a response with status 500 or above; otherwise None.
    exception: BaseException | None
    request: HttpRequest

    def __repr__(self) -> str:
        return _shown(self, {"request", "exception"})


class ConsumedUnits(NamedTuple):
    """The capacity units that a call has consumed from one table, including the table's indexes."""

    table: str
    read_units: float
    write_units: float


class DynamoDBCallBegan(NamedTuple):
    """A call is about to be sent to DynamoDB."""

    #: AWS's name for the operation, such as ``GetItem``.
    operation: str
    tables: tuple[str, ...]
    #: "" for the table itself.
    index_name: str
    within: Within | None
    #: The parameters that are sent to DynamoDB. They may contain any data from the items.
    parameters: Mapping[str, Any]

    def __repr__(self) -> str:
        return _shown(self, {"parameters"})


class DynamoDBCallEnded(NamedTuple):
    """DynamoDB has responded to a call, or the call has failed and won't be retried."""

    operation: str
    tables: tuple[str, ...]
    index_name: str
    within: Within | None
    #: Empty if the engine doesn't report the units, or if the call failed.
    consumed: tuple[ConsumedUnits, ...]
    #: How many times the call was sent: 1 if it wasn't retried.
    attempts: int
    #: The sizes of the bodies in the last attempt, in bytes; 0 if there was no body.
    request_size: int
    response_size: int
    #: In seconds, including all attempts and the pauses between them.
    duration: float
    #: DynamoDB's error code, or else the exception's name; "" if the call succeeded.
    error_code: str
    exception: BaseException | None
    #: The part of the response that was read. It may contain any data from the items.
    answer: Mapping[str, Any] | None

    def __repr__(self) -> str:
        return _shown(self, {"exception", "answer"})


class ClientCallBegan(NamedTuple):
    """A call to an operation in another service's spec is about to be sent."""

    api: str
    operation_id: str
    method: str
    route: str
    within: Within | None


class ClientCallEnded(NamedTuple):
    """Another service has responded to a call, or the call has failed."""

    api: str
    operation_id: str
    method: str
    route: str
    within: Within | None
    #: 0 if there was no response.
    status: int
    attempts: int
    #: In seconds, including all attempts and the pauses between them.
    duration: float
    #: "" if the call succeeded.
    error_code: str
    exception: BaseException | None

    def __repr__(self) -> str:
        return _shown(self, {"exception"})


class TaskBegan(NamedTuple):
    """A worker begins to run a task. ``attempt`` is 1 for the first attempt."""

    name: str
    id: str
    attempt: int


class TaskEnded(NamedTuple):
    """An attempt to run a task has ended. Another attempt can follow."""

    name: str
    id: str
    attempt: int
    #: In seconds, since the beginning.
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
    #: In seconds, since the beginning.
    duration: float
    #: The exception that ended the block; None if there was none.
    exception: BaseException | None

    def __repr__(self) -> str:
        return _shown(self, {"exception"})


#: The operation or task within which a call happens.
Within: TypeAlias = OperationBegan | TaskBegan


def _shown(event: Any, hidden: set[str]) -> str:
    """Returns an event as text for logs, without values that may contain secrets."""
    fields = ", ".join(f"{name}={value!r}" for name, value in event._asdict().items() if name not in hidden)
    return f"{type(event).__name__}({fields})"


# ------------------------------------------------------------------ subscribers


class Observation(Generic[EndedT]):
    """A subscriber's object for one event, from the event's beginning to its end."""

    def leave(self) -> None:
        """Is called when the observed code returns, in the thread, task and context in which the event began.

        Override it to reset context variables that were set at the beginning. After ``leave``, the event
        continues only if its response is streamed.
        """

    def end(self, ended: EndedT) -> None:
        """Is called once at the end, after ``leave``. A streamed response can end in another thread and context."""


class Subscriber:
    """The base class of subscribers. Override the methods that you need.

    The methods that return an ``Observation`` or None, such as ``operation``, are called at the beginning of an event.
    The ``…_ended`` methods are called at the event's end, after the ``end`` methods of the observations.
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
    """One kind of event. Callers begin an event only if its kind has ``subscribers``."""

    def __init__(self, method: str, *, encloses: bool = False) -> None:
        self.method, self.encloses = method, encloses
        #: The subscribers' methods that are called when an event begins (``beginnings``) and when it ends (``ends``).
        self.beginnings: tuple[Callable[[BeganT], Observation[EndedT] | None], ...] = ()
        self.ends: tuple[Callable[[EndedT], None], ...] = ()
        #: The methods in ``beginnings`` and in ``ends``.
        self.subscribers: tuple[Callable[..., Any], ...] = ()

    def begin(self, began: BeganT) -> Observed[EndedT]:
        """Notifies the subscribers that an event begins.

        The caller must call the returned object's methods ``leave`` and ``end``.
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
    """An event that has begun, and the observations that its subscribers have returned.

    ``began`` can be None only if ``kind.beginnings`` is empty and ``kind.encloses`` is False.
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
            observations.reverse()  # the observation that began first ends last, because spans nest
        self._observations, self._ends = observations, kind.ends
        self._token: Token[Within | None] | None = _within.set(began) if kind.encloses else None  # type: ignore[arg-type]
        self.has_ended = False
        #: By ``perf_counter``, in seconds.
        self.began_at = perf_counter()

    @property
    def duration(self) -> float:
        """The seconds since the event began."""
        return perf_counter() - self.began_at

    def leave(self) -> None:
        """Calls the method ``leave`` on each observation, because the observed code has returned.

        Call this method in the context in which the event began.
        """
        if self._token is not None:
            _within.reset(self._token)
            self._token = None
        for observation in self._observations:
            try:
                observation.leave()
            except Exception as error:  # noqa: BLE001, PERF203 (it is logged)
                _log_once(type(observation), ".leave", error)

    def end(self, ended: EndedT) -> None:
        """Notifies the observations and the subscribers that the event has ended. Only the first call has an effect."""
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
    """Returns the operation or task within which the caller runs.

    Returns None if the caller runs outside operations and tasks, or if there are no subscribers.
    """
    return _within.get()


def subscribe(subscriber: Subscriber) -> None:
    """Adds a subscriber. A second call has no effect.

    The subscriber is notified of an event if it overrides the method for this kind of event.
    """
    for kind in _KINDS:
        kind.subscribe(subscriber)


def unsubscribe(subscriber: Subscriber) -> None:
    """Removes a subscriber. If an event has already begun, the subscriber is still notified when the event ends."""
    for kind in _KINDS:
        kind.unsubscribe(subscriber)


#: The names of functions whose failure was logged. A subscriber that fails at each request must not fill the log.
_logged: set[str] = set()


def _log_once(failed: Any, method: str, error: Exception) -> None:
    """Logs an exception that a subscriber's code raised, unless this code has failed before.

    ``failed`` is either the subscriber's method, or the class of an observation. For a class, ``method`` is the name of
    the method, such as ``.end``. For a subscriber's method, it is "".
    """
    name = f"{failed.__module__}.{getattr(failed, '__qualname__', type(failed).__qualname__)}{method}"
    if name not in _logged:
        _logged.add(name)
        logger.error("%s, a subscriber to events, failed; this is logged only once", name, exc_info=error)
