"""From which traffic on a key design throttles: a model of DynamoDB's partitions under Zipf-distributed keys.

    python benchmarks/partitions.py [--partitions 4] [--item-kb 1] [--design NAME=KEYS[:ZIPF] …]

A partition gives 3,000 read units and 1,000 write units a second, and so does an item at most, however many
partitions there are (AWS: "Designing partition keys to distribute your workload"). A read unit is a strongly
consistent read of 4 KB, or two eventually consistent ones; a write unit is 1 KB.

The k-th most wanted key gets a share of the requests that goes with 1/k**zipf. Keys are spread over the partitions by
a hash, as DynamoDB does. Two answers for each design: with the partitions as they lie, and after DynamoDB has split
for heat until the most wanted key has a partition to itself, which takes minutes and can't go further. Burst capacity
(five minutes of what wasn't used) hides short peaks and isn't counted: the answers are for traffic that stays.
None is above the 40,000 units that a table gets by default.
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
#: What AWS allows a table by default, of either; more on request.
TABLE_UNITS = 40_000


class Design(NamedTuple):
    """A way to choose the hash key: how many values it has, and how unevenly they are wanted."""

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
    """The share of the requests that each key gets, the most wanted first."""
    weights = [1 / rank**design.zipf for rank in range(1, design.keys + 1)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def partition_of(key: int, partitions: int) -> int:
    digest = hashlib.blake2b(key.to_bytes(8, "big"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % partitions


def partition_shares(keys: list[float], partitions: int) -> list[float]:
    """The share of the requests that each partition gets."""
    loads = [0.0] * partitions
    for key, share in enumerate(keys):
        loads[partition_of(key, partitions)] += share
    return loads


class Limits(NamedTuple):
    """Requests a second from which one partition has more than it gives."""

    as_it_lies: float
    split_for_heat: float


def limits(design: Design, partitions: int, units: float, unit_cost: float) -> Limits:
    """Where a design starts to throttle, for requests that cost so many units each."""
    keys = shares(design)
    of_partition, of_table = units / unit_cost, TABLE_UNITS / unit_cost
    return Limits(
        min(of_partition / max(partition_shares(keys, partitions)), of_table), min(of_partition / keys[0], of_table)
    )


def throttled(design: Design, partitions: int, rate: int, units: float, unit_cost: float, seconds: int = 20) -> float:
    """The share of requests refused when as many as ``rate`` a second are drawn at random: a check on ``limits``."""
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
    """NAME=KEYS or NAME=KEYS:ZIPF, as the command line takes it."""
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
        help="a hash key of yours: how many values, how unevenly wanted (0: evenly, 1: as words of a language)",
    )
    options = parser.parse_args()
    if options.partitions < 1 or options.item_kb <= 0:
        parser.error("--partitions and --item-kb have to be more than 0.")
    for line in report(options.design or DESIGNS, options.partitions, options.item_kb):
        print(line)


if __name__ == "__main__":
    main()
