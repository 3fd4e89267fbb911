"""The deploy check warns of a server whose threads wait for DynamoDB while requests wait for threads."""

from __future__ import annotations

import doctest
import math
import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import override_settings

from macaron_django import checks
from macaron_django.api.checks import thread_checks
from macaron_django.api.checks.thread_checks import configured_threads, is_starved, needed_threads
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.dynamodb.items import latency
from macaron_django.testing import Fault, FaultProxy

SCALING = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "scaling.md"


def test_its_examples_hold():
    assert doctest.testmod(thread_checks).failed == 0


def test_the_documentation_has_the_formula_that_the_check_uses():
    head, *rows = re.findall(r"^\| ([\d.].*|waiting .*) \|$", SCALING.read_text("utf-8"), re.MULTILINE)
    costs = [float(cost) for cost in re.findall(r"([\d.]+) ms", head)]
    assert len(costs) == 4
    assert len(rows) == 5
    for row in rows:
        waiting, *threads = row.replace(" ms", "").split(" | ")
        assert [needed_threads(float(waiting), cost) for cost in costs] == [int(number) for number in threads]


@pytest.mark.parametrize("waiting", [0.1, 1, 5, 40])
def test_what_is_needed_is_never_too_few(waiting):
    assert not is_starved(needed_threads(waiting), waiting)
    assert not is_starved(math.ceil(needed_threads(waiting) / 2), waiting)


@pytest.mark.parametrize(
    ("environment", "threads"),
    [
        ({}, None),
        ({"GRANIAN_BLOCKING_THREADS": "16"}, 16),
        ({"GRANIAN_BLOCKING_THREADS": "16", "GRANIAN_INTERFACE": "wsgi"}, 16),
        ({"GRANIAN_BLOCKING_THREADS": "16", "GRANIAN_INTERFACE": "asginl"}, None),
        ({"GRANIAN_BLOCKING_THREADS": "many"}, None),
        ({"GUNICORN_CMD_ARGS": "--threads 8 --workers=4"}, 8),
        ({"GUNICORN_CMD_ARGS": "--workers=4 --threads=8"}, 8),
        ({"GUNICORN_CMD_ARGS": "--threads=8 --threads 12"}, 12),
        ({"GUNICORN_CMD_ARGS": "-k uvicorn.workers.UvicornWorker --threads 8"}, None),
        ({"GUNICORN_CMD_ARGS": "--worker-class=gevent --threads 8"}, None),
        ({"GUNICORN_CMD_ARGS": "--workers 4"}, None),
        ({"GUNICORN_CMD_ARGS": "--threads"}, None),
        ({"GUNICORN_CMD_ARGS": "--access-logformat '--threads 8"}, None),
    ],
)
def test_the_threads_are_those_that_the_servers_read_from_the_environment(environment, threads):
    assert configured_threads(environment) == threads


@contextmanager
def configured(url):
    """The engine is at this address."""
    endpoint = {**settings.MACARON.get("DYNAMODB", {}), "ENGINE": "endpoint", "ENDPOINT": url}
    with override_settings(MACARON={**settings.MACARON, "DYNAMODB": endpoint}), engines.use(EndpointEngine(url)):
        yield


@pytest.fixture
def warned(monkeypatch):
    """What the check says of a server with so many threads, 40 ms from its engine."""

    def find(threads=None, late=5):
        monkeypatch.delenv("GUNICORN_CMD_ARGS", raising=False)
        monkeypatch.delenv("GRANIAN_BLOCKING_THREADS", raising=False)
        if threads is not None:
            monkeypatch.setenv("GRANIAN_BLOCKING_THREADS", str(threads))
        url = engines.current().endpoint_url
        with FaultProxy(url, [Fault.DELAY] * late, delay=0.04) as proxy, configured(proxy.url):
            return checks.check_threads(None), proxy.exchanges

    return find


def test_a_server_that_waits_for_a_distant_engine_is_warned(dynamodb, warned):
    (message,), exchanges = warned(4)
    assert message.id == "macaron_django.W102"
    milliseconds = float(re.search(r"after (\d+\.\d) ms, and a worker has 4 threads", message.msg)[1])
    assert milliseconds >= 40
    needed = int(re.search(r"about (\d+) ", message.hint)[1])
    assert needed == pytest.approx(needed_threads(milliseconds), abs=1)
    assert {exchange.operation for exchange in exchanges} == {"GetItem"}
    assert warned(20 * needed)[0] == []  # on a busy machine it takes longer


def test_nothing_is_measured_where_the_threads_are_not_known(dynamodb, warned):
    assert warned() == ([], [])


def test_nothing_is_measured_of_an_engine_on_this_machine(dynamodb, monkeypatch):
    monkeypatch.setenv("GRANIAN_BLOCKING_THREADS", "1")
    monkeypatch.setattr(latency, "measured_latency", lambda items: pytest.fail("it was measured"))
    assert checks.check_threads(None) == []


def test_it_is_said_before_a_deployment_only(dynamodb, monkeypatch):
    monkeypatch.setenv("GRANIAN_BLOCKING_THREADS", "4")
    monkeypatch.setattr(latency, "measured_latency", lambda items: 0.005)
    with configured(engines.current().endpoint_url):
        assert "macaron_django.W102" not in {message.id for message in run_checks(tags=["macaron_django"])}
        deployed = run_checks(tags=["macaron_django"], include_deployment_checks=True)
    assert "macaron_django.W102" in {message.id for message in deployed}
