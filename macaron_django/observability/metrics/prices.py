"""Computes the cost of capacity units from Amazon's prices on one day in one region. The settings can replace them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from macaron_django.conf import settings
from macaron_django.events import ConsumedUnits

__all__ = ["ON_DEMAND", "Prices", "current_prices"]

#: Amazon's list of on-demand prices, in US dollars for a million request units of a table of the Standard class.
ON_DEMAND: Final[Mapping[str, Any]] = MappingProxyType(
    {"AS_OF": "2024-11-01", "REGION": "us-east-1", "READ_MILLION": 0.125, "WRITE_MILLION": 0.625}
)


class Prices(NamedTuple):
    """A price list: its day, its region, and the prices of one unit in US dollars."""

    as_of: str
    region: str
    read_unit: float
    write_unit: float

    def cost(self, consumed: Iterable[ConsumedUnits]) -> float:
        """Returns the cost of consumed units in US dollars.

        >>> Prices("2024-11-01", "us-east-1", 2.0, 10.0).cost([ConsumedUnits("orders", 0.5, 1.0)])
        11.0
        """
        total = 0.0
        for each in consumed:
            total += each.read_units * self.read_unit + each.write_units * self.write_unit
        return total


def current_prices() -> Prices:
    """Returns Amazon's price list. If the settings have values, they replace Amazon's values."""
    chosen = {**ON_DEMAND, **settings.OBSERVABILITY.PRICES}
    read, write = chosen["READ_MILLION"] / 1e6, chosen["WRITE_MILLION"] / 1e6
    return Prices(str(chosen["AS_OF"]), str(chosen["REGION"]), read, write)
