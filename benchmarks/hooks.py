"""Lists APIs with one hook each, the API to compare each with, and the highest allowed ratio of their costs.

From the CPU seconds by hook, operation and round, the module computes rows of the results. It sends no requests:
hook_requests.py creates them, hook_turns.py measures them in one process, and bench.py's part `hooks` starts that
process.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["BESIDE", "HOOKS", "OPERATIONS", "Beside", "Hook", "Measured", "Place", "added", "ratio", "rows"]

#: operation → how many requests a turn makes
OPERATIONS = {"get": 60, "list100": 20, "put": 40, "create": 40}
#: Operations with which only some hooks are measured.
OTHERS = {"patch": 40, "absent": 60, "wrong": 40, "view": 40, "by_index": 20}

Place = tuple[str, str]  # a hook's name, an operation's
Measured = Mapping[Place, Sequence[float]]  # CPU seconds a request, round by round
Row = dict[str, object]


def _each(limit: float, **others: float) -> dict[str, float]:
    return {**dict.fromkeys(OPERATIONS, limit), **others}


@dataclass(frozen=True)
class Hook:
    """An API that adds one hook or feature to the plain API."""

    name: str
    what: str  # in the table
    limits: Mapping[str, float] = field(default_factory=dict)  # operation → highest ratio to `of`
    spec: str | None = "trimmed"  # of specs.py; None: no spec, or another hook's spec
    of: str | None = "plain"  # the API that it is compared with
    api: str = ""  # the hook whose API is called, if this hook has no API itself
    headers: Mapping[str, str] = field(default_factory=dict)
    token: bool = False  # each request carries a JWT
    backend: str = ""  # the backend that is subscribed during its turns; in one process only
    more: Sequence[str] = ()  # operations besides the four
    only: Sequence[str] = ()  # operations instead of the four

    @property
    def prefix(self) -> str:
        return f"/{self.api or self.name}"

    @property
    def operations(self) -> dict[str, int]:
        """Returns the number of requests in a turn, by operation."""
        names = self.only or [*OPERATIONS, *self.more]
        return {name: count for name, count in {**OPERATIONS, **OTHERS}.items() if name in names}


def _by(application: str) -> dict[str, str]:
    """Returns the header with which stacks/hook_stack.py chooses the application that answers."""
    return {"X-Application": application}


#: "About 1": smaller differences can't be distinguished from noise.
_NOTHING = 1.05

HOOKS = {
    hook.name: hook
    for hook in (
        Hook("plain", "plain", spec="trimmed+patch", of=None, more=("patch", "absent", "wrong")),
        Hook("again", "the same API again: the error of the measurement", spec="trimmed+patch"),
        Hook("open", "no `additionalProperties: false`", _each(1.15), spec="plain"),
        Hook("permission", "an overridden permission class", _each(1.25)),
        Hook("queryset", "an overridden `get_queryset`", _each(1.4)),
        Hook("creating", "an overridden `perform_create`", _each(_NOTHING, create=1.3)),
        Hook("updating", "an overridden `perform_update`", _each(_NOTHING, put=1.3)),
        Hook("receiver", "a receiver of `post_save`", _each(1.3)),
        Hook("versioned", "`version`", _each(1.25), spec="trimmed+versioned"),
        Hook("sets", "`sets`", _each(1.2), spec="trimmed+sets"),
        Hook("silent", "a spec without `security`", spec="trimmed+silent"),
        Hook(
            *("cookie", "a spec without `security`, with a cookie in the request", _each(1.05)),
            spec=None,
            api="silent",
            headers={"Cookie": "consent=necessary; theme=dark"},
        ),
        Hook("prometheus", "Prometheus", _each(1.1), None, api="plain", backend="prometheus"),
        Hook("logs", "logs as JSON", _each(1.1), None, api="plain", headers=_by("logged"), backend="json_logs"),
        Hook("emf", "CloudWatch's embedded metric format", spec=None, api="plain", backend="emf"),
        Hook("front", "the front, before Django's handler", spec=None, api="plain", headers=_by("front")),
        Hook(
            *("front_prometheus", "Prometheus with the front, compared with the front", {}, None, "front", "plain"),
            headers=_by("front"),
            backend="prometheus",
        ),
        Hook(
            *("front_logs", "logs as JSON with the front, compared with the front", {}, None, "front", "plain"),
            headers=_by("front-logged"),
            backend="json_logs",
        ),
        Hook("jwt", "a JWT", spec="trimmed+jwt", token=True),
        Hook("startproject", "the middleware of `startproject`"),
        Hook("throttled", "a throttle"),
        Hook("bare", "a bare view of Django REST framework", spec=None, of=None),
        Hook("bare_throttled", "a throttle on a bare view, compared with the bare view", spec=None, of="bare"),
        Hook(
            *("orm", "`x-model`, compared with hand-written Django REST framework on the ORM", _each(0.7)),
            spec="trimmed+orm",
            of="drf_orm",
        ),
        Hook("drf_orm", "hand-written Django REST framework on the ORM", spec=None, of=None),
        Hook("handler", "a handler", spec="trimmed+handler", of=None, only=("view",)),
        Hook("indexed", "an index", spec="trimmed+indexed", of=None, only=("list100", "by_index")),
    )
}


@dataclass(frozen=True)
class Beside:
    """Two operations that are compared with each other, and the ratio that is allowed."""

    what: str
    measured: Place
    of: Place
    limit: float


BESIDE = (
    Beside("PATCH, compared with PUT", ("plain", "patch"), ("plain", "put"), 1.4),
    Beside("404, compared with get", ("plain", "absent"), ("plain", "get"), 1.15),
    Beside("400, compared with create", ("plain", "wrong"), ("plain", "create"), 1.15),
    Beside(
        "a handler that loads, changes and saves an item, compared with PUT", ("handler", "view"), ("plain", "put"), 1.5
    ),
    Beside(
        "a list by an index, compared with an unfiltered list of as many items",
        ("indexed", "by_index"),
        ("indexed", "list100"),
        1.2,
    ),
)
#: The highest ratio of the time that a throttle adds to the time that it adds to a bare view.
ADDED = 1.0


def ratio(own: Sequence[float], others: Sequence[float]) -> float:
    """Returns the median of the ratios within rounds, because other work of the machine slows both sides of a round."""
    return statistics.median(mine / other for mine, other in zip(own, others, strict=True))


def added(own: Sequence[float], others: Sequence[float]) -> float:
    """Returns the median of the differences within rounds, in the same unit as the arguments."""
    return statistics.median(mine - other for mine, other in zip(own, others, strict=True))


def _compared(place: Place) -> Place | None:
    """Returns the hook and operation that these are compared with, or None."""
    for each in BESIDE:
        if each.measured == place:
            return each.of
    of = HOOKS[place[0]].of
    return (of, place[1]) if of and place[1] in OPERATIONS else None


def rows(measured: Measured) -> list[Row]:
    """Returns rows of the results: a request's CPU time in ms, and its ratio to the compared request's time."""
    found: list[Row] = []
    for place, seconds in measured.items():
        row: Row = {"stack": "macaron", "hook": place[0], "operation": place[1]}
        row["cpu_ms"] = round(statistics.median(seconds) * 1000, 4)
        of = _compared(place)
        if of and of in measured:
            row["ratio"] = round(ratio(seconds, measured[of]), 3)
            row["more_ms"] = round(added(seconds, measured[of]) * 1000, 4)
        found.append(row)
    return found
