"""Each request has its ids and one access line, whichever way it is answered, and all its log lines have the ids."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from macaron_django.api.front import unknown_middleware
from macaron_django.observability.json_logs import JSONFormatter
from macaron_django.observability.request_contexts import RequestContext, current_context
from tests.api.hooks.project_settings import STARTPROJECT
from tests.observability.conftest import WAYS

MIDDLEWARE = ["macaron_django.observability.RequestMiddleware", *STARTPROJECT]
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def lines() -> Iterator[Any]:
    """What this process logs, as a project with ``LOGGING`` would have it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    root, levels = logging.getLogger(), {}
    root.addHandler(handler)
    for name in ("", "macaron_django", "macaron_django.access", "django.request"):
        levels[name] = logging.getLogger(name).level
        logging.getLogger(name).setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def access(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["logger"] == "macaron_django.access"]


@pytest.mark.parametrize("way", WAYS)
def test_each_request_has_one_access_line_and_its_answer_the_id(way: str, notes: Any, lines: Any) -> None:
    answer = notes(way, BACKENDS=["json_logs"], settings={"MIDDLEWARE": MIDDLEWARE})
    given = {"X-Request-ID": "from-proxy-1", "traceparent": TRACEPARENT}
    answers = [
        answer("GET /notes/a?token=hush", None, given),
        answer("GET /notes/missing"),
        answer("GET /fail"),
        answer("GET /nowhere"),
    ]
    found = access(lines())
    assert [(line["status"], line["path"], line.get("operation_id")) for line in found] == [
        (200, "/notes/a", "readNote"),
        (404, "/notes/missing", "readNote"),
        (500, "/fail", "fail"),
        (404, "/nowhere", None),
    ]
    for (status, headers, body), line in zip(answers, found, strict=True):
        assert (status, headers["x-request-id"], len(body)) == (line["status"], line["request_id"], line["bytes"])
        assert line["duration_ms"] > 0
        assert re.fullmatch("[0-9a-f]{32}", line["trace_id"])
    assert (found[0]["request_id"], found[0]["trace_id"]) == ("from-proxy-1", TRACE)
    assert len({line["request_id"] for line in found}) == 4
    assert found[1]["error_code"] == "NOT_FOUND"
    assert found[2]["error_id"] in json.loads(answers[2][2])["error_id"]
    assert "hush" not in str(lines())


@pytest.mark.parametrize("way", WAYS)
def test_every_line_of_a_request_has_its_ids(way: str, notes: Any, lines: Any) -> None:
    answer = notes(way, BACKENDS=["json_logs"], settings={"MIDDLEWARE": MIDDLEWARE})
    answer("GET /fail", None, {"X-Request-ID": "a-failure"})
    found = lines()
    assert {line["logger"] for line in found} == {"macaron_django", "macaron_django.access", "django.request"}
    for line in found:
        assert (line["request_id"], line["operation_id"], line["user"]) == ("a-failure", "fail", ""), line
    assert any("ZeroDivisionError" in line.get("exception", "") for line in found)
    logging.getLogger("macaron_django").info("Later.")
    if way == "WSGI front":  # a server's thread goes on
        assert "request_id" not in lines()[-1]


@pytest.mark.parametrize("extra", [{"user": "\ud800"}, {"total": 2**64}, {"access": {"user": "\ud800"}}])
def test_a_line_with_what_orjson_refuses_is_written_all_the_same(extra: dict[str, Any]) -> None:
    record = logging.getLogger().makeRecord("shop", logging.INFO, "", 1, "%s", ("of \udfff",), None, extra=extra)
    line = json.loads(JSONFormatter().format(record))
    assert (line["message"], line["level"]) == ("of \udfff", "INFO")
    assert line | extra.get("access", extra) == line
    assert datetime.fromisoformat(line["time"]).tzinfo is not None


MALFORMED = ["", "a b", "x" * 129, "a\nb", "é", "a;b", "{}"]


@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_request_id_is_replaced(malformed: str, rf: Any) -> None:
    made = RequestContext(rf.get("/", headers={"X-Request-ID": malformed}))
    assert re.fullmatch("[0-9a-f]{32}", made.request_id)


@pytest.mark.parametrize(
    "malformed",
    [
        TRACEPARENT.replace("00-", "ff-", 1),
        TRACEPARENT.upper(),
        TRACEPARENT + "-more",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-b7ad-01",
        "01-" + "x" * 600,
    ],
)
def test_a_malformed_traceparent_is_replaced(malformed: str, rf: Any) -> None:
    assert RequestContext(rf.get("/", headers={"traceparent": malformed})).trace_id != TRACE
    assert RequestContext(rf.get("/", headers={"traceparent": TRACEPARENT})).trace_id == TRACE
    assert RequestContext(rf.get("/", headers={"traceparent": "01" + TRACEPARENT[2:] + "-more"})).trace_id == TRACE


def test_the_front_stays_with_the_middleware(notes: Any) -> None:
    notes(settings={"MIDDLEWARE": MIDDLEWARE})
    assert unknown_middleware() == []


def test_without_json_logs_the_access_line_is_a_sentence(notes: Any, caplog: pytest.LogCaptureFixture) -> None:
    answer = notes(settings={"MIDDLEWARE": MIDDLEWARE})
    with caplog.at_level(logging.INFO, "macaron_django.access"):
        answer("GET /notes/a%0Aforged")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "macaron_django.access"]
    assert re.fullmatch(r"GET /notes/a\\nforged \d+ [\d.]+ ms", line)
    assert current_context() is None


def test_the_backend_gives_the_formatter_to_handlers_and_takes_it_away_again(notes: Any) -> None:
    handler = logging.StreamHandler(io.StringIO())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        notes(BACKENDS=["json_logs"])
        assert isinstance(handler.formatter, JSONFormatter)
        notes(BACKENDS=[])
        assert handler.formatter is None
    finally:
        root.removeHandler(handler)
