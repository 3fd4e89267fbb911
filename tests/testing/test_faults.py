"""The fault proxy in front of a real engine: what the client sees, and what the engine has applied."""

from __future__ import annotations

import contextlib
import doctest
import http.client
import itertools
import threading
import time
import zlib

import pytest

from macaron_django.testing import Fault, FaultProxy, RandomFaults, faults
from macaron_django.testing.faults import Exchange


@pytest.fixture
def through(memory):
    """Proxies in front of the engine, closed after the test."""
    opened = []

    def make(*faults, **options):
        proxy = FaultProxy(memory.endpoint_url, faults, **options)
        opened.append(proxy)
        return proxy.__enter__()

    yield make
    for proxy in opened:
        proxy.__exit__()


@pytest.fixture
def put(call, table):
    def put(url, key="1"):
        return call(url, "PutItem", TableName=table, Item={"id": {"S": key}})

    return put


@pytest.fixture
def stored(call, table, memory):
    """The keys of the items that the engine really has."""

    def keys():
        answer = call(memory.endpoint_url, "Scan", TableName=table)
        return sorted(item["id"]["S"] for item in answer.json["Items"])

    return keys


def test_without_a_fault_the_client_sees_what_the_engine_answered(through, call, memory, table, put, stored):
    proxy = through()
    assert put(proxy.url).status == 200
    assert stored() == ["1"]
    direct = call(memory.endpoint_url, "GetItem", TableName=table, Key={"id": {"S": "1"}})
    answer = call(proxy.url, "GetItem", TableName=table, Key={"id": {"S": "1"}})
    assert answer.body == direct.body
    assert answer.headers["x-amz-crc32"] == direct.headers["x-amz-crc32"] == str(zlib.crc32(answer.body))
    assert proxy.exchanges == [Exchange("PutItem", None, True), Exchange("GetItem", None, True)]


def test_a_connection_dropped_before_leaves_nothing_applied(through, put, stored):
    proxy = through(Fault.DROP_BEFORE)
    with pytest.raises(http.client.RemoteDisconnected):
        put(proxy.url)
    assert stored() == []
    assert proxy.exchanges == [Exchange("PutItem", Fault.DROP_BEFORE, False)]


def test_a_connection_dropped_after_leaves_the_write_applied(through, put, stored):
    proxy = through(Fault.DROP_AFTER)
    with pytest.raises(http.client.RemoteDisconnected):
        put(proxy.url)
    assert stored() == ["1"]
    assert proxy.exchanges == [Exchange("PutItem", Fault.DROP_AFTER, True)]


def test_a_truncated_answer_promises_more_than_it_has(through, call, table, put, stored):
    proxy = through(None, Fault.TRUNCATE)
    put(proxy.url)
    with pytest.raises(http.client.IncompleteRead):
        call(proxy.url, "Scan", TableName=table)


def test_a_damaged_answer_does_not_fit_its_checksum(through, call, table):
    answer = call(through(Fault.DAMAGE).url, "Scan", TableName=table)
    assert answer.status == 200
    assert str(zlib.crc32(answer.body)) != answer.headers["x-amz-crc32"]


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (Fault.SERVER_ERROR, 500, "InternalServerError"),
        (Fault.THROUGHPUT_EXCEEDED, 400, "ProvisionedThroughputExceededException"),
        (Fault.THROTTLED, 400, "ThrottlingException"),
        (Fault.EXPIRED_TOKEN, 400, "ExpiredTokenException"),
    ],
)
def test_a_refusal_reads_like_dynamodb_s_and_leaves_nothing_applied(through, put, stored, fault, status, error):
    answer = put(through(fault).url)
    assert answer.status == status
    assert answer.json["__type"].endswith(f"#{error}")
    assert answer.headers["x-amz-crc32"] == str(zlib.crc32(answer.body))
    assert stored() == []


def test_a_server_error_may_come_after_the_write_was_applied(through, put, stored):
    proxy = through(Fault.SERVER_ERROR_AFTER)
    assert put(proxy.url).status == 500
    assert stored() == ["1"]
    assert proxy.exchanges == [Exchange("PutItem", Fault.SERVER_ERROR_AFTER, True)]


def test_a_delay_makes_the_answer_late(through, put, stored):
    began = time.monotonic()
    assert put(through(Fault.DELAY, delay=0.3).url).status == 200
    assert time.monotonic() - began >= 0.3


def test_half_of_a_batch_of_writes_is_left_unprocessed(through, call, table, stored):
    writes = [{"PutRequest": {"Item": {"id": {"S": str(number)}}}} for number in range(5)]
    proxy = through(Fault.PARTIAL_BATCH)
    answer = call(proxy.url, "BatchWriteItem", RequestItems={table: writes})
    assert answer.json["UnprocessedItems"] == {table: writes[2:]}
    assert answer.headers["x-amz-crc32"] == str(zlib.crc32(answer.body))
    assert stored() == ["0", "1"]
    assert call(proxy.url, "BatchWriteItem", RequestItems=answer.json["UnprocessedItems"]).status == 200
    assert stored() == ["0", "1", "2", "3", "4"]


def test_half_of_a_batch_of_reads_is_left_unprocessed_with_its_options(through, call, table, put):
    proxy = through(None, None, Fault.PARTIAL_BATCH)
    put(proxy.url, "1")
    put(proxy.url, "2")
    keys = [{"id": {"S": "1"}}, {"id": {"S": "2"}}]
    answer = call(proxy.url, "BatchGetItem", RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    assert answer.json["Responses"] == {table: keys[:1]}
    assert answer.json["UnprocessedKeys"] == {table: {"Keys": keys[1:], "ConsistentRead": True}}


def test_a_batch_of_one_is_refused_as_dynamodb_does_it(through, call, table, stored):
    writes = [{"PutRequest": {"Item": {"id": {"S": "1"}}}}]
    answer = call(through(Fault.PARTIAL_BATCH).url, "BatchWriteItem", RequestItems={table: writes})
    assert answer.json["__type"].endswith("#ProvisionedThroughputExceededException")
    assert stored() == []


def test_a_partial_batch_leaves_other_operations_alone(through, put):
    proxy = through(Fault.PARTIAL_BATCH)
    assert put(proxy.url).status == 200
    assert proxy.exchanges == [Exchange("PutItem", None, True)]


def test_the_faults_come_in_their_order_and_then_no_more(through, put):
    proxy = through(Fault.THROTTLED, None, Fault.SERVER_ERROR)
    assert [put(proxy.url).status for _ in range(5)] == [400, 200, 500, 200, 200]


def test_operations_that_are_not_meant_take_no_fault(through, call, table, put):
    proxy = through(Fault.THROTTLED, operations={"PutItem"})
    assert call(proxy.url, "Scan", TableName=table).status == 200
    assert put(proxy.url).status == 400


def test_faults_can_be_injected_later(through, put):
    proxy = through()
    assert put(proxy.url).status == 200
    proxy.inject(itertools.repeat(Fault.SERVER_ERROR))
    assert [put(proxy.url).status for _ in range(3)] == [500, 500, 500]
    proxy.inject([])
    assert put(proxy.url).status == 200


def test_random_faults_repeat_with_their_seed():
    chances = {Fault.DROP_AFTER: 0.2, Fault.THROTTLED: 0.1}
    first, again, other = (list(itertools.islice(RandomFaults(chances, seed=seed), 2000)) for seed in (7, 7, 8))
    assert first == again != other
    assert 300 < first.count(Fault.DROP_AFTER) < 500
    assert 130 < first.count(Fault.THROTTLED) < 270


@pytest.mark.parametrize("chances", [{Fault.DELAY: -0.1}, {Fault.DELAY: 0.6, Fault.THROTTLED: 0.6}])
def test_probabilities_that_are_none_are_refused(chances):
    with pytest.raises(ValueError, match="probabilities"):
        RandomFaults(chances, seed=1)


def test_what_was_applied_is_known_under_random_faults_from_many_threads(through, put, stored):
    chances = dict.fromkeys((Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.SERVER_ERROR, Fault.SERVER_ERROR_AFTER), 0.15)
    proxy = through()
    proxy.inject(RandomFaults(chances, seed=3))
    acknowledged = []

    def write(thread):
        for number in range(25):
            with contextlib.suppress(http.client.HTTPException):
                if put(proxy.url, f"{thread}-{number}").status == 200:
                    acknowledged.append(f"{thread}-{number}")

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(acknowledged) <= set(stored())
    assert len(stored()) == sum(exchange.applied for exchange in proxy.exchanges)
    assert len(proxy.exchanges) == 200


def test_connections_are_kept_between_requests(through, memory):
    connection = http.client.HTTPConnection(through().url.removeprefix("http://"))
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
        used = connection.sock
        connection.request("GET", "/")
        connection.getresponse().read()
        assert connection.sock is used is not None
    finally:
        connection.close()


def test_an_engine_that_is_gone_is_a_broken_connection(call):
    with FaultProxy("http://127.0.0.1:1") as proxy, pytest.raises(http.client.RemoteDisconnected):
        call(proxy.url, "ListTables")
    assert proxy.exchanges == [Exchange("ListTables", None, False)]


def test_closing_ends_open_connections_and_late_answers(memory, call):
    with FaultProxy(memory.endpoint_url, [Fault.DELAY], delay=60) as proxy:
        idle = http.client.HTTPConnection(proxy.url.removeprefix("http://"))
        idle.connect()
        late = threading.Thread(target=_ignoring_errors, args=(call, proxy.url))
        late.start()
        time.sleep(0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 30
    late.join(60)
    assert not late.is_alive()
    idle.close()


def _ignoring_errors(call, url):
    with contextlib.suppress(OSError, http.client.HTTPException):
        call(url, "ListTables")


def test_the_url_is_there_inside_the_with_block_only():
    with pytest.raises(RuntimeError, match="with"):
        _ = FaultProxy("http://127.0.0.1:1").url


@pytest.mark.parametrize("target", ["127.0.0.1:8000", "https://dynamodb.eu-west-1.amazonaws.com", ""])
def test_a_target_that_is_no_engine_on_this_machine_is_refused(target):
    with pytest.raises(ValueError, match="isn't the URL of an engine"):
        FaultProxy(target)


def test_the_examples_in_the_documentation_run():
    results = doctest.testmod(faults)
    assert results.attempted > 0
    assert results.failed == 0
