"""Celery's broker is reached over TLS, and only with a certificate that is trusted: ``rediss://``."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import kombu.pools
import pytest

from macaron_django.exceptions import TaskNotSent
from macaron_django.tasks import Message
from macaron_django.tasks.backends.celery_application import application
from macaron_django.tasks.backends.celery_broker import CeleryBackend
from macaron_django.tasks.messages.task_messages import read_message
from tests.certificates import certificate
from tests.conftest import PATIENCE, eventually, free_port
from tests.tasks.test_redis_transport import drained


@pytest.fixture
def tls_redis(tmp_path: Path) -> Iterator[tuple[str, str, str]]:
    """A Redis server that speaks TLS alone: its URL, its authority's file, and that of another authority."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.fail("The tests of tasks need Redis (Debian: apt-get install redis-server).")
    made, key = certificate(tmp_path, "server")
    other, _ = certificate(tmp_path, "other")
    port = free_port()
    with (tmp_path / "redis.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(program, "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", ""),
                *("--tls-cert-file", made, "--tls-key-file", key, "--tls-ca-cert-file", made),
                *("--tls-auth-clients", "no"),
            ],
            cwd=tmp_path,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    eventually(lambda: b"Ready to accept" in (tmp_path / "redis.log").read_bytes(), "Redis is ready")
    yield f"rediss://localhost:{port}/0", made, other
    server.terminate()
    server.wait(PATIENCE)


def broker(settings: Any, url: str, authority: str) -> Any:
    kombu.pools.reset()  # a pool is known by the broker's host alone
    options = f"ssl_cert_reqs=required&ssl_ca_certs={quote(authority)}"
    settings.MACARON = {**settings.MACARON, "TASKS": {"BACKEND": "celery", "BROKER_URL": f"{url}?{options}"}}
    return application()


def test_messages_go_over_tls_and_not_to_a_broker_whose_certificate_is_not_trusted(
    tls_redis: tuple[str, str, str], settings: Any
) -> None:
    url, authority, other = tls_redis
    app = broker(settings, url, authority)
    CeleryBackend().send(Message("jobs.add", [1, 2]))
    arrived: list[Any] = []
    with app.connection_for_read() as connection:
        consumer = connection.Consumer([app.amqp.queues["macaron"]], callbacks=[lambda body, _: arrived.append(body)])
        consumer.consume()

        def has_arrived() -> bool:
            drained(connection)
            return bool(arrived)

        eventually(has_arrived, "the message arrives")
    (((text,), _kwargs, _embedded),) = arrived
    assert read_message(text).args == [1, 2]

    broker(settings, url, other)
    with pytest.raises(TaskNotSent):
        CeleryBackend().send(Message("jobs.add", [1, 2]))
