"""Finds the violations in an invalid instance, within limits of time and number.

jsonschema-rs decides in microseconds whether a part of an instance is valid. But the lists of errors that it returns
are too long. For a union, it lists the errors of every branch at every level, each with a copy of the instance. So the
number of errors grows exponentially with the depth. The size of the errors grows with the square of the depth.

This search uses only verdicts (valid or invalid), and descends into invalid parts. In a failed ``oneOf`` or ``anyOf``,
it follows one branch: the branch that the discriminator picks, the only branch with the right type, or the only branch
that accepts the top level of the value and fails below it. If there is no such branch, one message covers all branches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, NamedTuple

import jsonschema_rs
import orjson

from macaron_django.openapi import json_pointers
from macaron_django.openapi.dialects.schema_dialects import NUMBER_FORMATS
from macaron_django.schemas.validation.json_instances import JSON_ONLY
from macaron_django.schemas.validation.subschemas import Assertion, Subschema, Subschemas
from macaron_django.schemas.validation.unions import (
    PickedBranch,
    branch_that_gets_furthest,
    picked_branch,
    types_wanted,
)
from macaron_django.schemas.validation.violations import Violation, one_of, sentence, wrong_type

__all__ = ["MAX_VIOLATIONS", "MORE", "at_most_violations", "searches_share_time", "violations_of"]

#: How many violations in one instance are reported at most.
MAX_VIOLATIONS = 1000
#: Reported last if there are more violations, or if the search ended before it could find out.
MORE = Violation("has more errors than are listed here", "", "", "more")
#: The most characters of all pointers together. Pointers repeat names that a client chose.
_MAX_CHARACTERS = 500_000
#: The CPU seconds that a search may take: the base, the addition for each KB of the instance, and the maximum.
_SECONDS, _SECONDS_PER_KB, _MOST_SECONDS = 0.04, 0.0005, 5.0
#: Until ``_FREE_BYTES`` have been validated, a search may take ``_PATIENCE`` times as long, so that garbage collection
#: doesn't end an ordinary search early. A text or number counts as ``_SCALAR`` bytes. An object or array counts as the
#: whole instance.
_FREE_BYTES, _PATIENCE, _SCALAR = 500_000, 10, 32
#: After this many texts and numbers, the time is checked. A check takes as long as validating two of them.
_VERDICTS = 64


@dataclass
class _SearchTime:
    """The time that one or more searches may take. A search gets more time if its instance is larger."""

    seconds: float
    bytes_judged: int = 0


_shared: ContextVar[_SearchTime | None] = ContextVar("macaron_violation_search", default=None)


@contextmanager
def searches_share_time() -> Iterator[None]:
    """Returns a context in which all searches together get only the time of a single search.

    Use the context for one request.
    """
    token = _shared.set(_SearchTime(_SECONDS))
    try:
        yield
    finally:
        _shared.reset(token)


def at_most_violations(violations: list[Violation]) -> list[Violation]:
    """Returns the first :data:`MAX_VIOLATIONS` of ``violations``. If the list is longer, adds :data:`MORE`."""
    return violations if len(violations) <= MAX_VIOLATIONS else [*violations[:MAX_VIOLATIONS], MORE]


class _Trail(NamedTuple):
    """The path from the instance to a value in it."""

    outer: _Trail | None
    step: str | int

    def pointer(self, *more: str | int) -> str:
        steps = list(reversed(more))
        trail: _Trail | None = self
        while trail is not None and trail.outer is not None:
            steps.append(trail.step)
            trail = trail.outer
        return json_pointers.join(reversed(steps))


class _Mismatch(NamedTuple):
    """A value that a part of the schema refuses.

    ``place`` is a number that identifies the value's place in the instance.
    """

    part: Subschema
    value: Any
    trail: _Trail
    place: int


class _End(NamedTuple):
    """The entry of ``_todo`` that is reached when the search inside ``fault`` has ended.

    ``found`` is the number of violations that were found before this search.
    """

    fault: _Mismatch
    found: int


def violations_of(instance: Any, parts: Subschemas) -> Iterator[Violation]:
    """Yields each violation of an invalid ``instance`` once. If the search ends early, yields :data:`MORE` last."""
    return _Search(parts, instance).run()


class _OverError(Exception):
    """The search has used up its time."""


class _Search:
    def __init__(self, parts: Subschemas, instance: Any) -> None:
        self._parts = parts
        self._is_over = False
        self._found = self._verdicts = 0
        self._places: dict[tuple[int, str | int], int] = {}
        self._explained: dict[tuple[Subschema, int], bool] = {}  # True after the search inside it has ended
        self._unexplored: _Mismatch | None = None
        self._todo: list[Violation | _Mismatch | _End] = [_Mismatch(parts.at(()), instance, _Trail(None, ""), 0)]
        if parts.is_whole:
            parts.at(()).is_valid(instance)  # compiles the parts, before the clock starts
        self._size = _size(instance)
        self._allowance = _shared.get() or _SearchTime(_SECONDS)
        self._seconds = min(self._allowance.seconds + _SECONDS_PER_KB * self._size / 1000, _MOST_SECONDS)
        self._ends = time.thread_time() + self._seconds
        self._compiled = parts.seconds

    def run(self) -> Iterator[Violation]:
        reported: set[Violation] = set()
        characters = 0
        while self._todo:
            entry = self._todo.pop()
            if isinstance(entry, Violation):
                self._found += 1
                if entry in reported:
                    continue
                if len(reported) == MAX_VIOLATIONS or characters > _MAX_CHARACTERS:
                    self._is_over = True
                    break
                reported.add(entry)
                characters += len(entry.pointer)
                yield entry
            elif isinstance(entry, _End):
                self._explained[entry.fault.part, entry.fault.place] = True
                if self._found == entry.found and not self._is_over:
                    self._todo += self._unexplained(entry.fault)
            elif self._is_over:
                self._unexplored = self._unexplored or entry
            else:
                self._explore(entry)
        self._allowance.seconds = max(0.0, min(self._allowance.seconds, self._ends - self._now()))
        if not reported and self._unexplored is not None:
            yield _violation(self._unexplored, "is not valid", "")
        if self._is_over:
            yield MORE

    def _explore(self, fault: _Mismatch) -> None:
        key = (fault.part, fault.place)
        if key in self._explained:
            self._found += self._explained[key]
            return
        self._explained[key] = False
        self._todo.append(_End(fault, self._found))
        found: list[Violation | _Mismatch] = []
        try:
            for each in self._faults(fault):
                found.append(each)  # noqa: PERF402 (the faults found before the time was up count)
        except _OverError:
            self._is_over, self._unexplored = True, fault
        self._todo += reversed(found)

    def _fails(self, part: Subschema, value: Any) -> bool:
        return not self._judged(part.is_valid, value)

    def _judged(self, is_valid: Callable[[Any], Any], value: Any) -> bool:
        self._verdicts += 1
        is_container = isinstance(value, (dict, list))
        self._allowance.bytes_judged += self._size if is_container else _SCALAR
        if is_container or not self._verdicts % _VERDICTS:
            self._look_at_clock()
        return bool(is_valid(value))

    def _look_at_clock(self) -> None:
        over = self._now() - self._ends
        if over > 0 and (self._allowance.bytes_judged > _FREE_BYTES or over > _PATIENCE * self._seconds):
            raise _OverError

    def _now(self) -> float:
        # Assertions are compiled only once, so the time for compiling doesn't count for this instance.
        return time.thread_time() - (self._parts.seconds - self._compiled)

    def _faults(self, fault: _Mismatch) -> Iterator[Violation | _Mismatch]:
        """Yields the violations that don't need a further search, and the mismatches to explore next."""
        part, value = fault.part, fault.value
        self._look_at_clock()
        if not self._parts.is_whole:
            return
        if part.json is False:
            yield _violation(fault, "is not allowed here", "", "false")
        for assertion in part.assertions:
            if not self._judged(assertion.validator.is_valid, value):
                yield _of_assertion(fault, assertion)
        if isinstance(value, dict):
            yield from self._in_object(fault)
        elif isinstance(value, list):
            yield from self._in_array(fault)
        for each in part.lists.get("allOf", ()):
            yield from self._in_place(fault, each)
        for keyword in ("anyOf", "oneOf"):
            if keyword in part.lists:
                yield from self._of_union(fault, keyword, part.lists[keyword])
        if "not" in part.single and not self._fails(part.single["not"], value):
            yield _violation(fault, sentence("not", None, value), "not")
        if "if" in part.single:
            then = part.single.get("else" if self._fails(part.single["if"], value) else "then")
            yield from self._in_place(fault, then)
        yield from self._in_place(fault, part.target)

    def _in_place(self, fault: _Mismatch, part: Subschema | None) -> Iterator[_Mismatch]:
        if part is not None and self._fails(part, fault.value):
            yield fault._replace(part=part)

    def _in_object(self, fault: _Mismatch) -> Iterator[Violation | _Mismatch]:
        part, value = fault.part, fault.value
        missing = (name for name in part.keywords.get("required", ()) if name not in value)
        for name in islice(missing, _ENOUGH):
            yield _violation(fault, "is required", "required", at=name)
        for needing, names in part.names_needed_by.items():
            keyword = "dependentRequired" if "dependentRequired" in part.keywords else "dependencies"
            for name in islice((name for name in names if needing in value and name not in value), _ENOUGH):
                yield _violation(fault, "is required", keyword, at=name)
        if part.judges_members:
            yield from islice(self._members(fault), _ENOUGH)
        if "propertyNames" in part.single:
            yield from self._names(fault, part.single["propertyNames"])
        for keyword in ("dependentSchemas", "dependencies"):
            for name, each in part.maps.get(keyword, {}).items():
                if name in value:
                    yield from self._in_place(fault, each)

    def _members(self, fault: _Mismatch) -> Iterator[Violation | _Mismatch]:
        unknown = []
        for name, member in fault.value.items():
            for judge in fault.part.judges_of_member(name):
                if self._fails(judge, member):
                    if judge.json is False and judge.path[-1] == "additionalProperties":
                        unknown.append(name)
                    else:
                        yield self._inside(fault, judge, name, member)
        for name in unknown:
            yield _violation(fault, "is not a known property", "additionalProperties", at=name)

    def _names(self, fault: _Mismatch, judge: Subschema) -> Iterator[Violation]:
        if judge.json is False:
            yield _violation(fault, "is not allowed here", "propertyNames", "false")
            return
        wrong = islice((name for name in fault.value if self._fails(judge, name)), _ENOUGH)
        for name in wrong:
            todo: list[Violation | _Mismatch] = [_Mismatch(judge, name, _Trail(None, ""), 0)]
            while todo:
                self._look_at_clock()
                each = todo.pop()
                if isinstance(each, Violation):
                    yield replace(
                        each,
                        message=f"has a property name that {each.message}",
                        pointer=fault.trail.pointer(),
                        keyword="propertyNames",
                    )
                else:
                    todo += reversed(list(self._faults(each)))

    def _in_array(self, fault: _Mismatch) -> Iterator[Violation | _Mismatch]:
        part, value = fault.part, fault.value
        first, others = part.first_elements, part.other_elements
        judged: Iterator[tuple[Subschema, int]] = ((each, index) for index, each in enumerate(first[: len(value)]))
        if others is not None:
            judged = chain(judged, ((others, index) for index in range(len(first), len(value))))
        wrong = ((judge, index) for judge, index in judged if self._fails(judge, value[index]))
        for judge, index in islice(wrong, _ENOUGH):
            if judge.json is False and judge.path[-1] == "additionalItems":
                yield _violation(fault, sentence("additionalItems", len(first), value), "additionalItems")
            else:
                yield self._inside(fault, judge, index, value[index])
        if "contains" in part.single:
            matching = sum(not self._fails(part.single["contains"], element) for element in value)
            if matching < part.keywords.get("minContains", 1):
                keyword = "minContains" if "minContains" in part.keywords else "contains"
                yield _violation(fault, sentence("contains", None, value), keyword)
            elif matching > part.keywords.get("maxContains", matching):
                yield _violation(fault, sentence("maxContains", None, value), "maxContains")

    def _inside(self, fault: _Mismatch, part: Subschema, step: str | int, value: Any) -> _Mismatch:
        place = self._places.setdefault((fault.place, step), len(self._places) + 1)
        return _Mismatch(part, value, _Trail(fault.trail, step), place)

    def _of_union(
        self, fault: _Mismatch, keyword: str, branches: tuple[Subschema, ...]
    ) -> Iterator[Violation | _Mismatch]:
        value = fault.value
        valid = sum(not self._fails(branch, value) for branch in branches)
        if valid:
            if valid > 1 and keyword == "oneOf":
                message = "matches more than one of the schemas, and must match exactly one"
                yield _violation(fault, message, keyword)
            return
        picked = picked_branch(fault.part, branches, value)
        if picked is not None:
            yield self._of_picked(fault, picked)
            return
        wanted = [types_wanted(branch, value, self._judged) for branch in branches]
        candidates = [branch for branch, types in zip(branches, wanted, strict=True) if types is None]
        if not candidates:
            names = list(dict.fromkeys(name for types in wanted for name in types or ()))
            yield _violation(fault, wrong_type(names, value), keyword)
            return
        branch = candidates[0] if len(candidates) == 1 else branch_that_gets_furthest(candidates, value, self._judged)
        if branch is None:
            yield _violation(fault, sentence(keyword, branches, value), keyword)
        else:
            yield fault._replace(part=branch)

    def _of_picked(self, fault: _Mismatch, picked: PickedBranch) -> Violation | _Mismatch:
        if picked.branch is not None:
            return fault._replace(part=picked.branch)
        if picked.property_name in fault.value:
            message = f"must be {one_of(picked.allowed)}"
        else:
            message = "is required: it determines which schema applies"
        return _violation(fault, message, "discriminator", at=picked.property_name)

    def _unexplained(self, fault: _Mismatch) -> list[Violation]:
        """Returns the violations of an invalid value if the search inside the value has found none.

        It returns violations of ``unevaluatedItems`` or ``unevaluatedProperties``, or else "is not valid".
        """
        found: list[Violation] = []
        try:
            if self._parts.is_whole:
                found += islice(self._unevaluated(fault), _ENOUGH)
        except _OverError:
            self._is_over = True
        return found[::-1] or [_violation(fault, "is not valid", "")]

    def _unevaluated(self, fault: _Mismatch) -> Iterator[Violation]:
        judges = fault.part.single
        if isinstance(fault.value, list) and "unevaluatedItems" in judges:
            yield _violation(fault, sentence("unevaluatedItems", None, None), "unevaluatedItems")
        if isinstance(fault.value, dict) and "unevaluatedProperties" in judges:
            applied = self._applied(fault.part, fault.value)
            for name, member in fault.value.items():
                # Looking up a part counts as a verdict, so that the time limit also applies to many parts and names.
                if any(self._judged(part.judges_of_member, name) for part in applied):
                    continue
                if self._fails(judges["unevaluatedProperties"], member):
                    yield _violation(fault, "is not a known property", "unevaluatedProperties", at=name)

    def _applied(self, part: Subschema, value: dict[str, Any]) -> list[Subschema]:
        """Returns ``part``, and the parts that apply to the same object. Each of these parts may validate a property.

        jsonschema-rs finds these parts, too. But if several references lead to a part, jsonschema-rs validates the
        values there several times.
        """
        seen, todo = {part: None}, [part]
        while todo:
            each = todo.pop()
            inner = [*each.lists.get("allOf", ()), *self._valid_branches(each, value)]
            inner += [found for name, found in each.maps.get("dependentSchemas", {}).items() if name in value]
            inner += [each.target] if each.target is not None else []
            todo += [found for found in inner if found not in seen]
            seen.update(dict.fromkeys(inner))
        return list(seen)

    def _valid_branches(self, part: Subschema, value: Any) -> Iterator[Subschema]:
        for keyword in ("anyOf", "oneOf"):
            yield from (each for each in part.lists.get(keyword, ()) if not self._fails(each, value))
        if "if" in part.single:
            is_met = not self._fails(part.single["if"], value)
            chosen = part.single.get("then" if is_met else "else")
            yield from ([part.single["if"]] if is_met else [])
            yield from ([chosen] if chosen is not None else [])


_Kind = jsonschema_rs.ValidationErrorKind
#: The search in one value ends after this many mismatches. Each mismatch has at least one violation.
_ENOUGH = MAX_VIOLATIONS + 1


def _violation(
    fault: _Mismatch, message: str, place: str, keyword: str | None = None, *, at: str | int | None = None
) -> Violation:
    """Returns the violation of the keyword at ``place`` in the part.

    ``at`` is the missing or unknown member, if the violation is about a member.
    """
    return Violation(
        message=message,
        pointer=fault.trail.pointer() if at is None else fault.trail.pointer(at),
        schema_pointer=json_pointers.join([*fault.part.path, place] if place else fault.part.path),
        keyword=place if keyword is None else keyword,
    )


def _of_assertion(fault: _Mismatch, assertion: Assertion) -> Violation:
    keyword, limit, validator = assertion
    name = fault.part.keywords.get("format")
    if keyword in ("minimum", "maximum") and isinstance(name, str) and limit in NUMBER_FORMATS.get(name, ()):
        return _violation(fault, f"does not fit {name}", "format")
    if keyword == "pattern" and fault.part.table.is_backtracking:
        kinds = [error.kind for error in validator.iter_errors(fault.value)]
        if any(isinstance(kind, (_Kind.BacktrackLimitExceeded, _Kind.RegexEngineFailure)) for kind in kinds):
            return _violation(fault, "takes too long to compare with the pattern", keyword)
    return _violation(fault, sentence(keyword, limit, fault.value), keyword)


def _size(instance: Any) -> int:
    try:
        return len(orjson.dumps(instance, option=JSON_ONLY))
    except TypeError:  # numbers beyond 64 bits
        return len(str(instance))
