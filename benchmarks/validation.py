"""Measures how long validating a body takes, compared with jsonschema-rs and the same schema.

    python benchmarks/validation.py [--check]

The schema is the example project's Profile, and the values are bodies of requests. benchmarks/README.md says what is
measured, and how.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs

from macaron_django.exceptions import ValidationFailed
from macaron_django.openapi import load
from macaron_django.schemas.validation.validators import validator_for

SPEC = Path(__file__).parents[1] / "example_project" / "apis" / "myserver.yaml"
TARGET = 2.0
ROUNDS, CALLS = 301, 500

VALID = {
    "profile_id": "ann-01",
    "name": "Ann Example",
    "email": "ann@example.com",
    "age": 37,
    "tags": ["admin", "early bird", "reader"],
    "address": {"street": "1 Main Street", "city": "Springfield", "zip": "12345"},
    "view_count": 12,
}
LACKING = {name: value for name, value in VALID.items() if name != "view_count"}
SENT_BACK = {**VALID, "created": "2026-01-02T03:04:05Z"}
INVALID = {**VALID, "age": -1, "email": "nobody", "address": {"zip": "!", "country": "?"}}


def refused(action: Callable[[Any], Any], body: Any) -> None:
    try:
        action(body)
    except ValidationFailed:
        return
    raise AssertionError("the body is valid")


def seconds(action: Callable[[], object], calls: int) -> float:
    return timeit.timeit(action, timer=time.process_time, number=calls)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how long validation takes.")
    parser.add_argument("--check", action="store_true", help="exit with 1 if the target is missed")
    arguments = parser.parse_args()

    schema = load(SPEC).schemas["Profile"]
    ours = validator_for(schema, "request")
    bare = jsonschema_rs.Draft202012Validator(schema.bundle("request"), validate_formats=True)
    assert [bare.is_valid(VALID), ours.is_valid(VALID), bare.is_valid(INVALID)] == [True, True, False]
    assert [ours.clean(LACKING), ours.clean(SENT_BACK)] == [{**LACKING, "view_count": 0}, VALID]

    rows: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        ("valid: is_valid", lambda: bare.is_valid(VALID), lambda: ours.is_valid(VALID)),
        ("valid: validate", lambda: bare.validate(VALID), lambda: ours.validate(VALID)),
        ("valid: clean, nothing to do", lambda: bare.is_valid(VALID), lambda: ours.clean(VALID)),
        ("valid: clean, a default applied", lambda: bare.is_valid(LACKING), lambda: ours.clean(LACKING)),
        ("valid: clean, readOnly dropped", lambda: bare.is_valid(SENT_BACK), lambda: ours.clean(SENT_BACK)),
        (
            "invalid: five errors",
            lambda: [error.message for error in bare.iter_errors(INVALID)],
            lambda: refused(ours.validate, INVALID),
        ),
    ]
    print(f"{'':32} {'bare':>8} {'ours':>8} {'ratio':>6}  (microseconds)")
    missed = False
    for number, (name, alone, whole) in enumerate(rows):
        for action in (alone, whole):
            action()
        calls = CALLS // (10 if name.startswith("invalid") else 1)
        taken = [(seconds(alone, calls), seconds(whole, calls)) for _ in range(ROUNDS)]
        ratio = statistics.median(ours / bare for bare, ours in taken)
        missed = missed or (number == 0 and ratio > TARGET)
        fastest = [min(column) / calls * 1e6 for column in zip(*taken, strict=True)]
        print(f"{name:32} {fastest[0]:8.2f} {fastest[1]:8.2f} {ratio:6.2f}")
    return int(missed and arguments.check)


if __name__ == "__main__":
    sys.exit(main())
