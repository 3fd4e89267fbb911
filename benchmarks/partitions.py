"""Computes the traffic at which a key design starts to throttle, with a model of DynamoDB's partitions.

    python benchmarks/partitions.py [--partitions 4] [--item-kb 1] [--design NAME=KEYS[:ZIPF] …]

A partition allows 3,000 read units and 1,000 write units a second. An item can't use more than one partition allows,
even if there are many partitions (AWS: "Designing partition keys to distribute your workload"). A read unit is one
strongly consistent read of 4 KB or two eventually consistent reads. A write unit is a write of 1 KB.

Requests follow Zipf's law: the share of the k-th most requested key is proportional to 1/k**zipf. As in DynamoDB, a
hash distributes the keys over the partitions. Each design has two results. The first result is for the table's initial
partitions. The second result is for partitions that DynamoDB has split for heat until the most requested key has its
own partition. Splitting takes minutes, and a further split wouldn't help. Burst capacity (five minutes of unused units)
hides short peaks and isn't counted, so the results are for constant traffic. No result is above the 40,000 units that a
table gets by default.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import random
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

READ_UNITS = 3000
WRITE_UNITS = 1000
#: The read units, and the write units, that AWS allows a table by default. AWS raises them on request.
TABLE_UNITS = 40_000


class Design(NamedTuple):
    """A design of the hash key: how many values it has, and how unevenly requests are distributed over them."""

    name: str
    keys: int
    zipf: float


DESIGNS = [
    Design("an item each (profile_id), evenly wanted", 1_000_000, 0.0),
    Design("an item each (profile_id), some famous", 1_000_000, 1.0),
    Design("a tenant each, 200 of them", 200, 1.0),
    Design("a day each: all of today's writes", 1, 0.0),
    Design("a day and one of 10 shards", 10, 0.0),
    Design("a status each, 5 of them", 5, 1.0),
]


def shares(design: Design) -> list[float]:
    """Returns the share of the requests that each key gets, in descending order."""
    weights = [1 / rank**design.zipf for rank in range(1, design.keys + 1)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def partition_of(key: int, partitions: int) -> int:
    digest = hashlib.blake2b(key.to_bytes(8, "big"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % partitions


def partition_shares(keys: list[float], partitions: int) -> list[float]:
    """Returns the share of the requests that each partition gets."""
    loads = [0.0] * partitions
    for key, share in enumerate(keys):
        loads[partition_of(key, partitions)] += share
    return loads


class Limits(NamedTuple):
    """The requests a second at which one partition starts to throttle."""

    as_it_lies: float
    split_for_heat: float


def limits(design: Design, partitions: int, units: float, unit_cost: float) -> Limits:
    """Returns the rates at which a design starts to throttle, for requests that cost ``unit_cost`` units each."""
    keys = shares(design)
    of_partition, of_table = units / unit_cost, TABLE_UNITS / unit_cost
    return Limits(
        min(of_partition / max(partition_shares(keys, partitions)), of_table), min(of_partition / keys[0], of_table)
    )


def throttled(design: Design, partitions: int, rate: int, units: float, unit_cost: float, seconds: int = 20) -> float:
    """Returns the share of refused requests if ``rate`` random requests a second arrive.

    This checks the result of ``limits``.
    """
    draw = random.Random(1)
    cumulated = list(accumulate(shares(design)))
    place = [partition_of(key, partitions) for key in range(design.keys)]
    refused = 0
    for _ in range(seconds):
        left = [units] * partitions
        for key in draw.choices(range(design.keys), cum_weights=cumulated, k=rate):
            if left[place[key]] >= unit_cost:
                left[place[key]] -= unit_cost
            else:
                refused += 1
    return refused / (rate * seconds)


def report(designs: list[Design], partitions: int, item_kb: float) -> Iterator[str]:
    read_cost, write_cost = math.ceil(item_kb / 4), math.ceil(item_kb)
    yield f"Items of {item_kb:g} KB on {partitions} partitions; requests a second until one of them throttles:"
    yield ""
    yield "| hash key | hottest key | reads | reads, split | writes | writes, split | refused at twice the writes |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for design in designs:
        reads = limits(design, partitions, READ_UNITS, read_cost)
        writes = limits(design, partitions, WRITE_UNITS, write_cost)
        refused = throttled(design, partitions, round(writes.as_it_lies * 2), WRITE_UNITS, write_cost)
        yield (
            f"| {design.name} | {shares(design)[0]:.2%} | {reads.as_it_lies:,.0f} | {reads.split_for_heat:,.0f} "
            f"| {writes.as_it_lies:,.0f} | {writes.split_for_heat:,.0f} | {refused:.0%} |"
        )


def design_of(text: str) -> Design:
    """Parses NAME=KEYS or NAME=KEYS:ZIPF from the command line."""
    name, _, numbers = text.rpartition("=")
    keys, _, zipf = numbers.partition(":")
    try:
        made = Design(name, int(keys), float(zipf or 1.0))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} isn't NAME=KEYS or NAME=KEYS:ZIPF") from None
    if not name or made.keys < 1 or made.zipf < 0:
        raise argparse.ArgumentTypeError(f"{text!r}: give it a name, at least one key, and a ZIPF of 0 or more")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--partitions", type=int, default=4, help="a new on-demand table has 4; default %(default)s")
    parser.add_argument("--item-kb", type=float, default=1, help="the size of an item in KB; default %(default)s")
    parser.add_argument(
        "--design",
        type=design_of,
        action="append",
        metavar="NAME=KEYS[:ZIPF]",
        help="your own hash key: number of values, and exponent of Zipf's law (0: even, 1: like words of a language)",
    )
    options = parser.parse_args()
    if options.partitions < 1 or options.item_kb <= 0:
        parser.error("--partitions and --item-kb have to be more than 0.")
    for line in report(options.design or DESIGNS, options.partitions, options.item_kb):
        print(line)


if __name__ == "__main__":
    main()
