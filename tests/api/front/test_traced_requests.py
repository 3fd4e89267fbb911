"""Tracers see a request that the front answers as one of Django's handler, or the front leaves it to that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PATIENCE

PROGRAM = Path(__file__).with_name("traced_program.py")


def seen_by(tracer: str, folder: Path) -> dict[str, Any]:
    name, *options = tracer.split()
    command = [sys.executable, str(PROGRAM), name, str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if done.returncode:
        pytest.fail(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("tracer", ["opentelemetry", "sentry", "sentry untraced", "xray"])
def test_a_tracer_sees_the_same_through_the_front(tracer: str, tmp_path: Path) -> None:
    found = seen_by(tracer, tmp_path)
    assert found["unknown"] == []
    assert (found["handler"]["answered"], len(found["front"]["answered"])) == ([], 8)
    assert found["front"]["answers"] == found["handler"]["answers"]
    assert len(found["handler"]["seen"]) == {"sentry": 9, "sentry untraced": 1}.get(tracer, 8)
    assert found["front"]["seen"] == found["handler"]["seen"]


@pytest.mark.parametrize("tracer", ["opentelemetry asgi", "opentelemetry asgi bare", "xray asgi"])
def test_a_tracer_sees_the_same_on_an_event_loop_and_in_its_threads(tracer: str, tmp_path: Path) -> None:
    found = seen_by(tracer, tmp_path)
    assert found["unknown"] == []
    assert (found["handler"]["answered"], {*found["front"]["answered"]}) == (
        [],
        {"/orders", "/orders/a", "/orders/absent", "/broken"},
    )
    assert found["front"]["answers"] == found["handler"]["answers"]
    assert found["front"]["seen"] == found["handler"]["seen"]
    assert len(found["front"]["seen"]) == 8


def test_a_trace_that_a_client_began_goes_on(tmp_path: Path) -> None:
    seen = seen_by("opentelemetry", tmp_path)["front"]["seen"]
    assert [span["trace"] for span in seen].count("0af7651916cd43dd8448eb211c80319c") == 2


@pytest.mark.parametrize("tracer", ["ddtrace", "sentry middleware"])
def test_what_makes_spans_of_middleware_is_left_to_djangos_handler(tracer: str, tmp_path: Path) -> None:
    found = seen_by(tracer, tmp_path)
    assert found["unknown"]
    assert found["front"]["answered"] == []
    assert len(found["front"]["seen"]) == len(found["handler"]["seen"]) > 8
