"""Measures the admin's list page over a small and a large table: `python benchmarks/admin_list.py [SMALL LARGE]`.

The page lists the example project's profiles, which the embedded engine has in memory. Django's test client sends the
requests, and the time of the whole request counts. Each round measures both tables, so that other work of the machine
slows both. The ratio is the ratio of the medians. The script exits with 1 if the large table takes more than 1.5 times
as long.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()  # before modules are imported that need Django's apps

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import override_settings, setup_test_environment  # noqa: E402

from macaron_django import apipool  # noqa: E402
from macaron_django.admin import ItemAdmin  # noqa: E402
from macaron_django.dynamodb import engines  # noqa: E402
from macaron_django.dynamodb.tables.syncing import create_table  # noqa: E402
from macaron_django.testing.isolation import engine_in_memory  # noqa: E402

ROUNDS = 15
REQUESTS = 4  # in a row, in each round
TARGET = 1.5
LIST = "/admin/macaron_myserver/profile/"
PAGES = {
    "list": LIST,
    "search by key": f"{LIST}?q=profile-7",
    "search by scan": f"{LIST}?q=name%3D%22Person+7%22",
}


def fill(count: int) -> None:
    profile = apipool.myserver.Profile
    persistence = profile.objects.persistence
    for start in range(0, count, 1000):
        numbers = range(start, min(start + 1000, count))
        rows = (profile(profile_id=f"profile-{n}", name=f"Person {n}", age=n % 90) for n in numbers)
        persistence.batch_write(puts=[persistence.encode(row) for row in rows])


def seconds(client: Client, address: str) -> float:
    started = time.perf_counter()
    for _ in range(REQUESTS):
        assert client.get(address).status_code == 200
    return (time.perf_counter() - started) / REQUESTS


def prefix(size: int) -> override_settings:
    """Overrides the setting of table prefixes, so that the table of this size is used."""
    return override_settings(MACARON={**settings.MACARON, "DYNAMODB": {"TABLE_PREFIX": f"of-{size}-"}})


def measured(sizes: list[int]) -> dict[str, dict[int, float]]:
    """Returns the median time of each page in seconds, for tables of these sizes."""
    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    ItemAdmin.list_per_page = min(sizes)  # both pages have the same number of rows
    times: dict[tuple[str, int], list[float]] = {}
    with engines.use(engine_in_memory("embedded")) as engine:
        engine.start()
        try:
            for size in sizes:
                with prefix(size):
                    create_table(apipool.myserver.Profile.objects.persistence.table)
                    fill(size)
            for _ in range(ROUNDS):
                for size in sizes:
                    with prefix(size):
                        for page, address in PAGES.items():
                            times.setdefault((page, size), []).append(seconds(client, address))
        finally:
            engine.stop()
    return {page: {size: statistics.median(times[page, size]) for size in sizes} for page in PAGES}


def main() -> None:
    sizes = [int(argument) for argument in sys.argv[1:]] or [50, 50_000]
    setup_test_environment()
    medians = measured(sizes)
    print(f"| page | {sizes[0]:,} items, ms | {sizes[-1]:,} items, ms | ratio |\n|---|---:|---:|---:|")
    for page, times in medians.items():
        small, large = times[sizes[0]], times[sizes[-1]]
        print(f"| {page} | {1000 * small:.1f} | {1000 * large:.1f} | {large / small:.2f} |")
    sys.exit(medians["list"][sizes[-1]] > TARGET * medians["list"][sizes[0]])


if __name__ == "__main__":
    main()
