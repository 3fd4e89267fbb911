"""The stand-in from pip: one server a process, shared with the children of runserver only."""

from __future__ import annotations

import sys
import threading
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured

from macaron_django.dynamodb.engines.moto import PARENT_URL, MotoEngine
from macaron_django.dynamodb.engines.supervisor import answers


@pytest.fixture
def engine():
    engine = MotoEngine()
    yield engine
    engine.stop()


def address_of(engine: MotoEngine) -> tuple[str, int]:
    parts = urlsplit(engine.endpoint_url)
    return parts.hostname or "", parts.port or 0


def test_it_starts_when_its_url_is_first_read_and_ends_when_it_is_stopped(engine):
    assert not engine.running
    address = address_of(engine)
    assert answers(address)
    assert engine.status() == f"moto: running at {engine.endpoint_url} in this process, data in memory"
    engine.stop()
    assert not answers(address)
    assert "not running" in engine.status()


def test_threads_that_start_it_at_the_same_moment_share_one_server(engine):
    urls = set()
    threads = [threading.Thread(target=lambda: urls.add(engine.endpoint_url)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(urls) == 1


def test_a_child_of_runserver_uses_its_parent_s_server(engine, monkeypatch, eventually):
    monkeypatch.setenv(PARENT_URL, engine.endpoint_url)
    child = MotoEngine()
    assert child.endpoint_url == engine.endpoint_url
    child.stop()
    eventually(lambda: answers(address_of(engine)))


def test_a_parent_that_is_gone_is_forgotten(engine, monkeypatch, eventually):
    monkeypatch.setenv(PARENT_URL, "http://127.0.0.1:1")
    assert engine.endpoint_url != "http://127.0.0.1:1"
    eventually(lambda: answers(address_of(engine)))


def test_waiting_for_its_end_lasts_until_it_is_stopped(engine):
    engine.start()
    assert not engine.wait_for_end(0.01)
    assert engine.shut_down()
    assert engine.wait_for_end(0.01)
    assert not engine.shut_down()


def test_a_missing_moto_is_an_error_with_the_remedy(engine, monkeypatch):
    monkeypatch.setitem(sys.modules, "moto.server", None)
    with pytest.raises(ImproperlyConfigured, match=r"pip install 'macaron_django\[moto\]'"):
        engine.start()
