"""The fast lane on an event loop: the same answers, a bounded number of connections, none used after its end."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import botocore.config
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from django.test.utils import override_settings

from macaron_django.conf import settings
from macaron_django.drivers import run_on_loop
from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.calls.clients import clients, reset
from macaron_django.dynamodb.calls.connection import connection
from macaron_django.dynamodb.calls.fast_lane.http import BrokenExchangeError, HTTPAnswer
from macaron_django.dynamodb.calls.fast_lane.lane import FastLane
from macaron_django.dynamodb.calls.fast_lane.lane_calls import DamagedAnswerError
from macaron_django.dynamodb.calls.fast_lane.loop_connections import LoopConnections, NotConnectedError, Place
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.testing import Fault, FaultProxy

MakePersistence = Callable[..., Persistence]
Parameters = dict[str, Any]

OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"Content-Length: 2\r\n\r\n{}"


class Server:
    """Answers each request with the next of ``answers``: pieces sent one by one, then None to close."""

    def __init__(self, answers: Iterable[Iterable[bytes | None]]) -> None:
        self.answers = iter(answers)
        self.opened = 0
        self.open = 0
        self.asked = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.open += 1
        try:
            while await reader.read(65536):
                self.asked.set()
                for piece in next(self.answers):
                    await self.goes_on.wait()
                    if piece is None:
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.002)
        except ConnectionError:
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def serving(
    answers: Iterable[Iterable[bytes | None]], *, most: int = 2, read_timeout: float = 5.0
) -> AsyncIterator[tuple[Server, LoopConnections]]:
    server = Server(answers)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    place = Place("127.0.0.1", port, None, most, 5.0, read_timeout)
    connections = LoopConnections(lambda: place)
    yield server, connections
    listening.close()


def ask(connections: LoopConnections, timeout: float | None = None) -> Awaitable[HTTPAnswer]:
    return connections.exchange(lambda: b"POST / HTTP/1.1\r\n\r\n", timeout)


async def until(true: Callable[[], bool]) -> None:
    async def wait() -> None:
        while not true():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(wait(), 5)


# -- answers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "body", "keeps"),
    [
        ([WHOLE], b"{}", True),
        ([bytes([octet]) for octet in WHOLE], b"{}", True),
        (
            [OK + b"Content-Length: 300000\r\n\r\n", b"a" * 200_000, b"b" * 100_000],
            b"a" * 200_000 + b"b" * 100_000,
            True,
        ),
        ([OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nab", b"c\r\n0\r\n\r\n"], b"abc", True),
        ([OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}"], b"{}", False),
        ([WHOLE + b"surplus"], b"{}", False),
        ([OK + b"Content-Length: 3\r\n\r\n", b"abcde"], b"abc", False),
        ([OK + b"\r\nto the end", None], b"to the end", False),
        ([OK + b"Content-Length: 9\r\n\r\ncut", None], b"cut", False),
        ([b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno"], b"no", True),
    ],
)
def test_an_answer_may_come_in_any_pieces(pieces: list[bytes | None], body: bytes, keeps: bool) -> None:
    async def main() -> None:
        async with serving([pieces, [WHOLE]]) as (server, connections):
            answer = await ask(connections)
            assert (answer.body, answer.keeps_alive) == (body, keeps)
            assert (await ask(connections)).body == b"{}"
            assert server.opened == (1 if keeps else 2)

    asyncio.run(main())


@pytest.mark.parametrize(
    "pieces", [[None], [b"HTTP/1.1 200", None], [b"no HTTP at all\r\n\r\n"], [OK + b"Content-Length: x\r\n\r\n"]]
)
def test_what_is_no_answer_breaks_the_exchange_and_its_connection(pieces: list[bytes | None]) -> None:
    async def main() -> None:
        async with serving([pieces, [WHOLE]]) as (server, connections):
            with pytest.raises(BrokenExchangeError):
                await ask(connections)
            await until(lambda: server.open == 0)
            assert (await ask(connections)).status == 200

    asyncio.run(main())


# -- connections -------------------------------------------------------------------------------------------------------


def test_no_more_connections_are_opened_than_there_may_be_and_who_came_first_gets_the_next() -> None:
    async def main() -> None:
        async with serving(([WHOLE] for _ in itertools.count()), most=3) as (server, connections):
            answers = await asyncio.gather(*(ask(connections) for _ in range(50)))
            assert [answer.status for answer in answers] == [200] * 50
            assert server.opened == 3

    asyncio.run(main())


def test_who_waits_too_long_for_a_connection_is_told_that_nothing_was_sent() -> None:
    async def main() -> None:
        async with serving([[WHOLE], [WHOLE]], most=1, read_timeout=0.1) as (server, connections):
            server.goes_on.clear()
            first = asyncio.ensure_future(ask(connections))
            await server.asked.wait()
            with pytest.raises(NotConnectedError, match="stayed in use"):
                await ask(connections, 0.02)
            server.goes_on.set()
            assert (await first).status == 200
            assert (await ask(connections)).status == 200

    asyncio.run(main())


def test_a_cancelled_exchange_closes_its_connection_and_leaves_its_place_to_another() -> None:
    async def main() -> None:
        async with serving([[WHOLE], [WHOLE]], most=1) as (server, connections):
            server.goes_on.clear()
            first = asyncio.ensure_future(ask(connections))
            await server.asked.wait()
            second, third = asyncio.ensure_future(ask(connections)), asyncio.ensure_future(ask(connections))
            await asyncio.sleep(0)
            second.cancel()
            first.cancel()
            server.goes_on.set()
            assert (await third).body == b"{}"  # the second's answer, not the first's
            assert first.cancelled()
            assert second.cancelled()
            await until(lambda: server.open == 1)
            assert server.opened == 2

    asyncio.run(main())


def test_an_answer_that_does_not_come_in_time_closes_the_connection() -> None:
    async def main() -> None:
        async with serving([[WHOLE], [WHOLE]], read_timeout=0.05) as (server, connections):
            server.goes_on.clear()
            with pytest.raises(TimeoutError):
                await ask(connections)
            server.goes_on.set()
            await until(lambda: server.open == 0)

    asyncio.run(main())


def test_each_answer_of_a_connection_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        now, later = loop.time, [0.0]
        monkeypatch.setattr(loop, "time", lambda: now() + later[0])
        async with serving([[WHOLE]] * 3, most=1, read_timeout=3000.0) as (server, connections):
            await ask(connections, 2000.0)
            await ask(connections, 500.0)
            server.goes_on.clear()
            waiting = asyncio.ensure_future(ask(connections, 1000.0))
            for seconds, is_over in ((0.0, False), (600.0, False), (900.0, False), (1500.0, True)):
                later[0] = seconds
                await asyncio.sleep(0.02)
                assert waiting.done() is is_over
            with pytest.raises(TimeoutError):
                await waiting
            assert server.opened == 1
            server.goes_on.set()

    asyncio.run(main())


def test_a_connection_that_the_server_has_closed_is_not_used() -> None:
    async def main() -> None:
        async with serving([[WHOLE, None], [WHOLE]]) as (server, connections):
            assert (await ask(connections)).keeps_alive
            await until(lambda: server.open == 0)
            await asyncio.sleep(0.01)
            assert (await ask(connections)).status == 200
            assert server.opened == 2

    asyncio.run(main())


@pytest.mark.parametrize(("idle", "opened"), [(0.5, 1), (2.0, 1), (100.0, 2)])
def test_a_connection_that_was_idle_for_long_is_opened_anew(
    idle: float, opened: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with serving([[WHOLE], [WHOLE]]) as (server, connections):
            await ask(connections)
            loop = asyncio.get_running_loop()
            now = loop.time
            monkeypatch.setattr(loop, "time", lambda: now() + idle)
            await ask(connections)
            assert server.opened == opened

    asyncio.run(main())


def test_connections_are_closed_with_their_loop() -> None:
    async def main() -> tuple[Server, Any]:
        async with serving([[WHOLE]]) as (server, connections):
            await ask(connections)
            return server, connections._pools[asyncio.get_running_loop()]

    loop = asyncio.new_event_loop()
    server, pool = loop.run_until_complete(main())
    (kept,) = pool._idle
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(until(lambda: server.open == 0))
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    assert not pool._idle
    assert kept.has_ended()


# -- the lane ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def table(make_table: MakePersistence) -> str:
    return make_table().table_name


def lane() -> FastLane:
    made = FastLane.beside(connection().client)
    assert made is not None
    return made


@pytest.mark.usefixtures("engine")
def test_an_answer_is_botocores(table: str) -> None:
    key = {"profile_id": {"S": "ada"}}
    requests: list[tuple[str, Parameters]] = [
        ("PutItem", {"TableName": table, "Item": {**key, "age": {"N": "1"}, "photo": {"B": b"\x00"}}}),
        ("GetItem", {"TableName": table, "Key": key}),
        ("Scan", {"TableName": table}),
        ("GetItem", {"TableName": "not-there", "Key": key}),
        ("PutItem", {"TableName": table, "Item": key, "ConditionExpression": "attribute_not_exists(profile_id)"}),
    ]

    async def by_lane(operation: str, parameters: Parameters) -> Any:
        try:
            return await on_loop.answer_on_loop(operation, parameters)
        except ClientError as error:
            return error

    def by_botocore(operation: str, parameters: Parameters) -> Any:
        try:
            return connection().client._make_api_call(operation, parameters)
        except ClientError as error:
            return error

    on_loop = lane()
    for request in requests:
        one, other = asyncio.run(by_lane(*request)), by_botocore(*request)
        assert type(one) is type(other)
        one, other = (getattr(each, "response", each) for each in (one, other))
        assert one.pop("ResponseMetadata")["HTTPStatusCode"] == other.pop("ResponseMetadata")["HTTPStatusCode"]
        assert one == other


@pytest.mark.usefixtures("embedded")
def test_failures_are_botocores_exceptions(table: str, embedded: engines.Engine) -> None:
    parameters = {"TableName": table, "Key": {"profile_id": {"S": "a"}}}
    failures = [
        (Fault.DROP_BEFORE, ConnectionClosedError),
        (Fault.DROP_AFTER, ConnectionClosedError),
        (Fault.TRUNCATE, DamagedAnswerError),
        (Fault.DAMAGE, DamagedAnswerError),
        (Fault.DELAY, ReadTimeoutError),
        (Fault.SERVER_ERROR, ClientError),
    ]

    async def main() -> None:
        on_loop = lane()
        for fault, expected in failures:
            proxy.inject([fault])
            with pytest.raises(expected):
                await on_loop.answer_on_loop("GetItem", parameters, timeout=0.3)
            assert await on_loop.answer_on_loop("GetItem", parameters) is not None

    with FaultProxy(str(embedded.endpoint_url), delay=3) as proxy, engines.use(EndpointEngine(proxy.url)):
        asyncio.run(main())
        reset()


def test_nobody_listening_means_that_nothing_was_sent() -> None:
    async def main() -> None:
        with pytest.raises(EndpointConnectionError):
            await lane().answer_on_loop("GetItem", {"TableName": "t", "Key": {}})

    with engines.use(EndpointEngine("http://127.0.0.1:9")):
        reset()
        asyncio.run(main())
    reset()


def test_a_host_that_does_not_accept_in_time_was_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(60)

    async def main() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
        with pytest.raises(ConnectTimeoutError):
            await lane().answer_on_loop("GetItem", {"TableName": "t", "Key": {}}, timeout=0.05)

    with engines.use(EndpointEngine("http://127.0.0.1:9")):
        reset()
        asyncio.run(main())
    reset()


def test_a_certificate_of_a_stranger_is_an_ssl_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_: Any, **__: Any) -> Any:
        raise ssl.SSLCertVerificationError("CERTIFICATE_VERIFY_FAILED")

    async def main() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", refused)
        with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            await lane().answer_on_loop("GetItem", {"TableName": "t", "Key": {}})

    with engines.use(EndpointEngine("https://127.0.0.1:9")):
        reset()
        asyncio.run(main())
    reset()


def test_a_proxy_is_botocores() -> None:
    config = botocore.config.Config(proxies={"https": "http://proxy.example:3128"})
    client = botocore.session.get_session().create_client(
        "dynamodb", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b", config=config
    )
    made = FastLane.beside(client)
    assert made is not None
    assert asyncio.run(made.answer_on_loop("GetItem", {"TableName": "t", "Key": {}})) is None


# -- calls -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("embedded")
def test_what_botocore_has_to_send_is_sent_from_a_thread(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    called = itertools.count()

    def handler(**_: Any) -> None:
        next(called)
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()

    async def main() -> None:
        steps = persistence.put_item_steps({"profile_id": {"S": "a"}})
        await run_on_loop(steps)
        connection().client.meta.events.register("before-send.dynamodb", handler)
        assert await run_on_loop(persistence.get_item_steps({"profile_id": {"S": "a"}})) is not None

    asyncio.run(main())
    assert next(called) == 1
    reset()


@pytest.mark.usefixtures("embedded")
def test_200_calls_at_once_share_50_connections_and_no_thread(
    make_rows: MakePersistence, monkeypatch: pytest.MonkeyPatch
) -> None:
    persistence = make_rows()
    persistence.put_item({"profile_id": {"S": "a"}, "age": {"N": "1"}})

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a thread")

    async def main() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", refuse)
        key = {"profile_id": {"S": "a"}}
        items = await asyncio.gather(*(run_on_loop(persistence.get_item_steps(key)) for _ in range(200)))
        assert [item and item["age"] for item in items] == [{"N": "1"}] * 200
        made = clients.present()
        assert made is not None
        assert made.lane is not None
        (kept,) = [on_loops for _, on_loops in made.lane._connections.values() if on_loops is not None]
        assert len(kept._pools[asyncio.get_running_loop()]._idle) <= settings.DYNAMODB.MAX_CONNECTIONS

    # (names are looked up in a thread; an address needs none)
    asyncio.run(main())


@pytest.mark.usefixtures("embedded")
def test_a_cancelled_call_leaves_no_deadline_behind(make_rows: MakePersistence, embedded: engines.Engine) -> None:
    from macaron_django.dynamodb.calls import deadlines

    persistence = make_rows()

    async def main() -> None:
        deadlines._allowance.set(deadlines._RequestTime())
        call = run_on_loop(persistence.get_item_steps({"profile_id": {"S": "a"}}))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call, 0.2)
        assert deadlines.left() is None
        proxy.inject([])
        assert await run_on_loop(persistence.get_item_steps({"profile_id": {"S": "a"}})) is None

    with FaultProxy(str(embedded.endpoint_url), delay=30) as proxy, engines.use(EndpointEngine(proxy.url)):
        persistence.get_item({"profile_id": {"S": "a"}})
        proxy.inject([Fault.DELAY] * 9)
        asyncio.run(main())
        reset()


@pytest.mark.usefixtures("embedded")
def test_the_lane_can_be_switched_off_on_a_loop_too(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    given = {"TABLE_PREFIX": settings.DYNAMODB.TABLE_PREFIX, "FAST_LANE": False}
    with override_settings(MACARON={"DYNAMODB": given}):
        assert asyncio.run(run_on_loop(persistence.get_item_steps({"profile_id": {"S": "a"}}))) is None
    reset()
