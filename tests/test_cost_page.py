"""The sums of ``docs/explanation/costs.md``, computed anew from the prices on the page."""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path

import pytest

from macaron_django.observability.metrics.prices import ON_DEMAND

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "explanation" / "costs.md").read_text("utf-8")
PRICES = {
    name: float(dollars)
    # Each with the list that it was compared with: a link, then a date or why there is none.
    for name, dollars in re.findall(
        r"^\| ([^|]+) \| [^|]+ \| ([\d.]+) \| \[[^|]+\]\(https:[^|]+\), [^|]+ \|$", PAGE, re.MULTILINE
    )
}
SUMS = {
    int(line.split("|")[1]): [float(each) for each in line.split("|")[2:-1]]
    for line in re.findall(r"^\| \d+ \|.*\|$", PAGE, re.MULTILINE)
}
HOURS = 730
STORED = {1: 1, 20: 10, 200: 100}  # GB


def test_dynamodbs_prices_are_those_of_monitoring() -> None:
    assert PRICES["DynamoDB reads"] == ON_DEMAND["READ_MILLION"]
    assert PRICES["DynamoDB writes"] == ON_DEMAND["WRITE_MILLION"]
    assert f"in {ON_DEMAND['REGION']} on {ON_DEMAND['AS_OF']}" in PAGE


def test_each_price_has_the_list_that_it_was_compared_with() -> None:
    (table,) = re.findall(r"compared with \|\n\|[-:|]+\|\n((?:\|.*\|\n)+)", PAGE)
    assert len(PRICES) == table.count("\n") == 14


@pytest.mark.parametrize("rate", STORED)
def test_the_sums_follow_from_the_prices(rate: int) -> None:
    millions = rate * HOURS * 3600 / 1e6
    reads, writes = 0.8 * 0.5 + 0.1 * 20 * 2 / 4 * 0.5, 0.1 * 2
    table = millions * (reads * PRICES["DynamoDB reads"] + writes * PRICES["DynamoDB writes"])
    table += STORED[rate] * PRICES["DynamoDB storage"]
    number = max(2, ceil(round(rate * 3 * 0.002 / 0.6 / 0.5, 9)))
    task = 0.5 * PRICES["Fargate CPU"] + PRICES["Fargate memory"] + PRICES["public address"]
    traffic = rate * 7 * 3600 / 1e6 * PRICES["load balancer capacity"]
    balancer = HOURS * (PRICES["load balancer"] + 2 * PRICES["public address"] + traffic)
    fixed = 2 * PRICES["secret"] + 5 * PRICES["alarm"]
    function = millions * (PRICES["Lambda requests"] + 0.02 * 1e6 * PRICES["Lambda time"])
    gateway = min(millions, 300) * PRICES["HTTP API"] + max(0, millions - 300) * PRICES["HTTP API, more"]
    tasks = number * HOURS * task
    expected = [
        *(table, tasks, balancer, fixed, table + tasks + balancer + fixed),
        *(function, gateway, table + function + gateway),
    ]
    assert SUMS[rate] == pytest.approx(expected, abs=0.0051)
