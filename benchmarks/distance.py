"""Measures stacks with an engine 5 ms away, on threads that wait for the engine and on event loops.

The results get two sections: `latency` has the figures of the stacks, and `distance` the figures of calls without a
stack.
"""

from __future__ import annotations

import json
import statistics
import time

from client import Exchange, send
from halls import Plan, Row, hall
from measuring import Point
from processes import THREADS, Engine, make_table
from profiles import EXPECTED, exchanges

__all__ = ["latency"]

DISTANCE = 5.0  # milliseconds to the engine: a region's
CROWD = 64  # connections at once
#: The stacks over the distant engine, with the number of threads if the stack blocks.
FAR = (
    *(("macaron", 4), ("macaron", 16), ("macaron", 64), ("macaron-asgi", 0), ("django-raw", 64)),
    *(("blacksheep-dynamoxy", 0), ("litestar-dynamoxy", 0), ("fastapi-dynamoxy", 0), ("asgi-raw", 0)),
)


def latency(plan: Plan) -> None:
    """Measures stacks with one worker and 64 connections, over an engine that answers 5 ms later."""
    with hall(plan, DISTANCE, CROWD) as far:
        plan.note("distance", _distance(far.engine, plan))
        served = [
            (far.serve(name, threads=threads or THREADS), threads) for name, threads in FAR if name in plan.stacks
        ]
        points = [
            Point(
                each,
                {"stack": each.stack.name, "server": each.server, "threads": threads, "operation": operation},
                exchanges(operation, plan.of(count)),
                EXPECTED[operation],
                CROWD,
                memory=True,
                switches=True,
            )
            for operation, count in {"get": 3000, "create": 2000}.items()
            for each, threads in served
        ]
        plan.campaign("latency", points)


def _distance(far: Engine, plan: Plan) -> Row:
    """Measures calls through the proxy without a stack: the duration of a call, and the most calls in a second."""
    table = "profiles_nobody"
    make_table(far.url, table)
    call = Exchange("POST", "/", json.dumps({"TableName": table, "Key": {"profile_id": {"S": "x"}}}).encode())
    scope = "local/20260101/eu-west-1/dynamodb/aws4_request"
    headers = {
        "X-Amz-Target": "DynamoDB_20120810.GetItem",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}",
    }
    port = int(far.url.rpartition(":")[2])
    alone = send(port, [call] * 200, 200, 1, headers)
    count = plan.of(20_000)
    began = time.perf_counter()
    send(port, [call] * count, 200, CROWD, headers)
    carried = count / (time.perf_counter() - began)
    return {
        "milliseconds": DISTANCE,
        "connections": CROWD,
        "call_ms": round(statistics.median(alone) * 1000, 2),
        "carries_rps": round(carried),
    }
