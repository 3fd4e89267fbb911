"""Messages are taken from Redis without a moment in which they are nowhere."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import kombu
import pytest
import redis

from macaron_django.tasks.backends.redis_transport import TakingTransport
from tests.conftest import eventually


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def client(broker: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(broker) as made:
        yield made


@pytest.fixture
def connect(broker: str) -> Iterator[Any]:
    made = []

    def connect(visibility: int = 3600, **others: Any) -> kombu.Connection:
        options = {"visibility_timeout": visibility, "unacked_restore_throttle": 1, **others}
        made.append(kombu.Connection(broker, transport=TakingTransport, transport_options=options))
        return made[-1]

    yield connect
    for connection in made:
        connection.release()


def consume(connection: kombu.Connection, *queues: str) -> list[Any]:
    """The bodies and messages that arrive, on a channel of their own."""
    arrived: list[Any] = []
    consumer = connection.Consumer(
        [kombu.Queue(name) for name in queues], callbacks=[lambda body, message: arrived.append((body, message))]
    )
    consumer.consume()
    return arrived


def send(connection: kombu.Connection, body: Any, queue: str = "q") -> None:
    connection.Producer().publish(body, routing_key=queue, declare=[kombu.Queue(queue)])


def drained(connection: kombu.Connection) -> None:
    with contextlib.suppress(TimeoutError):
        connection.drain_events(timeout=0.1)


def test_messages_of_several_queues_arrive_in_their_order_and_nothing_is_left(
    connect: Any, client: redis.Redis
) -> None:
    connection = connect()
    for number in range(20):
        send(connection, {"n": number}, f"q{number % 3}")
    arrived = consume(connection, "q0", "q1", "q2")

    def all_arrived() -> bool:
        drained(connection)
        return len(arrived) == 20

    eventually(all_arrived, "all arrive")
    for queue in range(3):
        numbers = [body["n"] for body, _ in arrived if body["n"] % 3 == queue]
        assert numbers == sorted(numbers)
    assert client.hlen("unacked") == 20
    for _, message in arrived:
        message.ack()
    assert [key for key in client.scan_iter() if not key.startswith(b"_kombu.binding")] == []


@pytest.mark.parametrize("order", ["round_robin", "priority", "sorted"])
def test_an_empty_queue_doesnt_hold_up_the_others(connect: Any, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connect(queue_order_strategy=order)
    for number in range(5):
        send(connection, {"n": number}, "q1")
    arrived = consume(connection, "q0", "q1", "q2")
    commands: list[str] = []
    send_command = redis.Connection.send_command

    def noted(self: redis.Connection, *command: Any, **options: Any) -> Any:
        commands.append(command[0])
        return send_command(self, *command, **options)

    monkeypatch.setattr(redis.Connection, "send_command", noted)
    eventually(lambda: drained(connection) or len(arrived) == 5, "all arrive")
    assert [body["n"] for body, _ in arrived] == list(range(5))
    assert commands.count("RPOPLPUSH") >= 5
    assert "BRPOPLPUSH" not in commands  # which waits at one queue
    eventually(lambda: drained(connection) or "BRPOPLPUSH" in commands, "it waits when all are empty")


def test_messages_with_a_priority_arrive_too(connect: Any) -> None:
    connection = connect(priority_steps=[0, 5])
    for priority in (None, 0, 5, 9):
        connection.Producer().publish({"n": priority}, routing_key="q", declare=[kombu.Queue("q")], priority=priority)
    arrived = consume(connection, "q")
    eventually(lambda: drained(connection) or len(arrived) == 4, "all arrive")


def test_an_applications_own_key_prefix_is_kept_to(connect: Any, client: redis.Redis) -> None:
    connection = connect(visibility=1, global_keyprefix="shop:")
    send(connection, {"n": 1})
    arrived = consume(connection, "q")
    eventually(lambda: drained(connection) or arrived, "it arrives")
    raw = client.hget("shop:unacked", arrived[0][1].delivery_tag)
    assert raw is not None
    arrived[0][1].ack()
    # As if the process had been killed before kombu's note.
    client.lpush("shop:q\x06\x16taken", json.dumps(json.loads(raw)[0]))
    client.zadd("shop:unacked_index\x06\x16taken", {arrived[0][1].delivery_tag: 1})
    connection.default_channel._looked_at = 0
    connection.default_channel.put_back()
    eventually(lambda: drained(connection) or len(arrived) == 2, "it arrives again")
    arrived[1][1].ack()
    assert all(key.startswith((b"shop:", b"_kombu.binding")) for key in client.scan_iter())
    assert client.exists("shop:q", "shop:q\x06\x16taken", "shop:unacked") == 0


def test_what_a_killed_worker_had_taken_and_not_noted_is_put_back(
    connect: Any, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(connect(), {"n": 1})
    killed = connect(visibility=1)
    consume(killed, "q")
    with monkeypatch.context() as patched:

        def die(*_: Any) -> None:
            raise Killed

        patched.setattr(type(killed.transport), "_deliver", die)
        with pytest.raises(Killed):
            eventually(lambda: killed.drain_events(timeout=1), "it is taken")
    assert (client.llen("q"), client.hlen("unacked"), client.llen("q\x06\x16taken")) == (0, 0, 1)
    other = connect(visibility=1)
    arrived = consume(other, "q")

    def has_arrived() -> bool:
        drained(other)
        return bool(arrived)

    eventually(has_arrived, "another worker has it")
    assert [body for body, _ in arrived] == [{"n": 1}]
    arrived[0][1].ack()
    assert client.llen("q\x06\x16taken") == 0
    assert client.hlen("unacked") == 0


@pytest.mark.parametrize(
    "text",
    [
        b"\xff",
        b"no JSON",
        b"[" * 200_000,
        b"[]",
        b'{"properties": {}}',
        b'{"properties": {"delivery_tag": "1"}, "body": "x"}',
    ],
    ids=["bytes", "text", "depth", "array", "untagged", "half"],
)
def test_what_is_no_message_is_dropped_and_holds_up_no_other(
    connect: Any, client: redis.Redis, text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    connection = connect()
    arrived = consume(connection, "q")
    client.lpush("q\x06\x16taken", text)  # a worker without this check has ended by it
    connection.default_channel.put_back()
    client.lpush("q", text)
    send(connection, {"n": 1})
    eventually(lambda: drained(connection) or arrived, "the message arrives")
    arrived[0][1].ack()
    assert client.exists("q", "q\x06\x16taken", "unacked") == 0
    assert caplog.text.count("from the queue q: they aren't a Celery message") == 2


def test_what_was_noted_is_not_put_back_as_well(connect: Any, client: redis.Redis) -> None:
    connection = connect()
    send(connection, {"n": 1})
    arrived = consume(connection, "q")
    eventually(lambda: drained(connection) or arrived, "it arrives")
    # As if the process had been killed after kombu's note, and before the message left the list.
    raw = client.hget("unacked", arrived[0][1].delivery_tag)
    assert raw is not None
    client.lpush("q\x06\x16taken", json.dumps(json.loads(raw)[0]))
    client.zadd("unacked_index\x06\x16taken", {arrived[0][1].delivery_tag: 1})
    channel = connection.default_channel
    channel.visibility_timeout = 1
    consume(connection, "q")
    channel._looked_at = 0
    channel.put_back()
    assert (client.llen("q"), client.llen("q\x06\x16taken"), client.hlen("unacked")) == (0, 0, 1)
