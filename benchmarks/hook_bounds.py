"""Measures a handler and an overridden `perform_create` with parts of a row's work left out.

    python benchmarks/hook_runs.py --bounds [--rounds 15]

The results show how low a ratio can get while a hook still gets a serializer or a row. hook_runs.py starts this script
like hook_turns.py. The output is JSON: the CPU seconds of a request by case and round. Each response must have the same
status as with all parts.
"""

from __future__ import annotations

import gc
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from client import Exchange
from hook_requests import EXPECTED, exchanges, headers, seeds
from hook_turns import WARM, Caller, environ_of, prepare
from hooks import HOOKS

Case = tuple[str, str, tuple[str, ...]]  # a hook's name, an operation's, and the names of the parts that are left out
ROW = ("generated values", "validation", "signals", "refreshing")
CASES: tuple[Case, ...] = (
    ("plain", "create", ()),
    ("creating", "create", ()),
    ("creating", "create", ROW),
    ("plain", "put", ()),
    ("handler", "view", ()),
    ("handler", "view", ROW),
    ("handler", "view", (*ROW, "comparing")),
)


@contextmanager
def _replaced(owner: Any, name: str, new: object) -> Iterator[None]:
    old = vars(owner)[name]
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, old)


def _parts() -> Mapping[str, Callable[[], Any]]:
    from macaron_django.dynamodb.items.persistence import Persistence
    from macaron_django.schemas.models import row_models
    from macaron_django.schemas.models.row_models import Row

    class Silent:
        @staticmethod
        def send(*args: object, **named: object) -> list[object]:
            return []

    @contextmanager
    def signals() -> Iterator[None]:
        with _replaced(row_models, "pre_save", Silent), _replaced(row_models, "post_save", Silent):
            yield

    def stored(self: Any, row: Any, key: Any, item: Any, *args: Any, **named: Any) -> None:
        row._state.item = item

    def counted(self: Any, row: Any, *args: Any) -> tuple[dict[str, Any], list[str]]:
        return {"view_count": {"N": str(row.__dict__["view_count"])}}, []  # the only property that the handler changes

    return {
        "generated values": lambda: _replaced(Row, "_generated", lambda self, *, creating: {}),
        "validation": lambda: _replaced(Row, "_check", lambda self: None),
        "signals": signals,
        "refreshing": lambda: _replaced(Persistence, "written", stored),
        "comparing": lambda: _replaced(Persistence, "_changes", counted),
    }


def measure(rounds: int) -> list[tuple[Case, list[float]]]:
    """Returns the CPU seconds of a request in each round. All cases take turns."""
    import hook_stack

    prepare()
    caller = Caller(hook_stack.application)
    parts = _parts()
    for name in dict.fromkeys(hook for hook, _, _ in CASES):
        for seed in seeds(HOOKS[name]):
            if caller.ask(seed, headers(HOOKS[name]))[0] != 201:
                sys.exit(f"{name} doesn't take {seed.body!r}: {caller.statuses[-1]}")
    found: dict[Case, list[float]] = {case: [] for case in CASES}
    for number in range(1 + rounds):
        if number < 2:
            gc.collect()
            gc.freeze()
        for case in random.Random(number).sample(CASES, len(CASES)):
            name, operation, without = case
            hook = HOOKS[name]
            requests: list[Exchange] = exchanges(hook, operation, WARM + hook.operations[operation])
            with ExitStack() as left_out:
                for part in without:
                    left_out.enter_context(parts[part]())
                seconds = caller.cost([environ_of(each, headers(hook)) for each in requests], EXPECTED[operation])
            if number:
                found[case].append(seconds)
    return list(found.items())


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
