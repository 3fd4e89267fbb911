"""Measures what an HTTP/1.1 exchange costs with the fast lane, http.client and urllib3, in one thread and in four.

    python benchmarks/micro/http_exchanges.py [--rounds N]

A separate process answers each request with the same 500 bytes, like DynamoDB's response to a GetItem. The clients take
turns on kept connections. Each client checks the status and length of the response. CPU time and context switches are
measured for this process only. The fast lane is this package's own code for calls to DynamoDB, used instead of
botocore.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import resource
import socket
import statistics
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import urllib3

from macaron_django.dynamodb.calls.fast_lane.blocking_exchange import exchange

BODY = b'{"Item":{"profile_id":{"S":"person-7"},"name":{"S":"Person 7"}}}'.ljust(400)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nx-amz-crc32: 2745614147\r\n"
ANSWER = HEAD + b"x-amzn-requestid: 0123456789\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
REQUEST_BODY = b'{"TableName":"profiles","Key":{"profile_id":{"S":"person-7"}}}'
HEADERS = {
    "X-Amz-Target": "DynamoDB_20120810.GetItem",
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 " + "x" * 200,
}
THREADS = 4
CALLS = 2000
TIMEOUT = 5


def serve(listener: socket.socket) -> None:
    """Answers all requests, with a thread for each connection."""

    def answer(connection: socket.socket) -> None:
        received = b""
        while part := connection.recv(65536):
            received += part
            while received.endswith(REQUEST_BODY):  # one request at a time
                received = b""
                connection.sendall(ANSWER)

    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


@contextmanager
def serving() -> Iterator[int]:
    """Yields the port of a server that runs until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
        process.start()
        yield listener.getsockname()[1]
        process.kill()
        process.join()


def connected(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), TIMEOUT)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def request(port: int) -> bytes:
    lines = {"Host": f"127.0.0.1:{port}", **HEADERS, "Content-Length": str(len(REQUEST_BODY))}
    return (
        "".join(["POST / HTTP/1.1\r\n", *(f"{n}: {v}\r\n" for n, v in lines.items()), "\r\n"]).encode() + REQUEST_BODY
    )


def by_lane(port: int) -> Callable[[], tuple[int, int]]:
    """Makes an exchange with the fast lane's code and the kernel's timeouts, as over plain connections on Linux."""
    connection, sent = connected(port), request(port)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        connection.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", TIMEOUT, 0))
    connection.settimeout(None)

    def call() -> tuple[int, int]:
        answer = exchange(connection, sent)
        return answer.status, len(answer.body)

    return call


def by_lane_with_pythons_timeouts(port: int) -> Callable[[], tuple[int, int]]:
    """Makes an exchange with the fast lane's code over a socket with Python's own timeout, as over TLS."""
    connection, sent = connected(port), request(port)

    def call() -> tuple[int, int]:
        answer = exchange(connection, sent)
        return answer.status, len(answer.body)

    return call


def by_http_client(port: int) -> Callable[[], tuple[int, int]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

    def call() -> tuple[int, int]:
        connection.request("POST", "/", REQUEST_BODY, HEADERS)
        answer = connection.getresponse()
        return answer.status, len(answer.read())

    return call


def by_urllib3(port: int) -> Callable[[], tuple[int, int]]:
    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=1, timeout=TIMEOUT, retries=False)

    def call() -> tuple[int, int]:
        answer = pool.urlopen("POST", "/", REQUEST_BODY, HEADERS)
        return answer.status, len(answer.data)

    return call


CLIENTS = {
    "the fast lane": by_lane,
    "the fast lane, Python's timeouts": by_lane_with_pythons_timeouts,
    "http.client": by_http_client,
    "urllib3": by_urllib3,
}


def measured(make: Callable[[int], Callable[[], tuple[int, int]]], port: int, threads: int) -> tuple[float, float]:
    """Returns the CPU microseconds and the context switches, voluntary or not, of one call.

    Each thread makes ``CALLS`` calls.
    """
    calls = [make(port) for _ in range(threads)]
    for call in calls:
        assert [call() for _ in range(20)] == [(200, len(BODY))] * 20
    running = [threading.Thread(target=lambda call=call: [call() for _ in range(CALLS)]) for call in calls]
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.process_time()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    after, seconds = resource.getrusage(resource.RUSAGE_SELF), time.process_time() - began
    switches = after.ru_nvcsw + after.ru_nivcsw - before.ru_nvcsw - before.ru_nivcsw
    return seconds / CALLS / threads * 1e6, switches / CALLS / threads


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args().rounds
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    with serving() as port:
        for _ in range(rounds):
            for name, make in CLIENTS.items():
                for threads in (1, THREADS):
                    found.setdefault((name, threads), []).append(measured(make, port, threads))
    print("| client | CPU µs, 1 thread | switches | CPU µs, 4 threads | switches |")
    print("|---|--:|--:|--:|--:|")
    for name in CLIENTS:
        cells = [
            f"{statistics.median(each):.1f}"
            for threads in (1, THREADS)
            for each in zip(*found[name, threads], strict=True)
        ]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
