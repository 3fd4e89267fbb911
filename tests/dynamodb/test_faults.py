"""Faults between the application and real engines: what was acknowledged is there, and nothing is applied twice.

The small sizes run always; the large ones, marked ``soak``, by ``make soak``.
"""

from __future__ import annotations

import itertools
import random
import resource
import signal
import socket
import subprocess
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db.models import F
from django.test.utils import override_settings

from macaron_django.dynamodb import Persistence, engines, transaction
from macaron_django.dynamodb.calls.clients import reset
from macaron_django.dynamodb.engines.embedded import find_binary
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.exceptions import (
    EngineUnavailable,
    PyMacaronException,
    StaleItem,
    Throttled,
    WriteOutcomeUnknown,
)
from macaron_django.testing import Fault, FaultProxy, RandomFaults
from tests.conftest import PATIENCE, free_port

MakePersistence = Callable[..., Persistence]

FAULTS = {
    Fault.DELAY: 0.02,
    Fault.DROP_BEFORE: 0.05,
    Fault.DROP_AFTER: 0.05,
    Fault.TRUNCATE: 0.03,
    Fault.DAMAGE: 0.03,
    Fault.SERVER_ERROR: 0.03,
    Fault.SERVER_ERROR_AFTER: 0.03,
    Fault.THROUGHPUT_EXCEEDED: 0.05,
    Fault.THROTTLED: 0.05,
    Fault.PARTIAL_BATCH: 0.05,
    Fault.EXPIRED_TOKEN: 0.002,  # each makes a new client, which takes long
}
COUNTER = {
    "type": "object",
    "properties": {"profile_id": {"type": "string"}, "age": {"type": "integer"}, "version": {"type": "integer"}},
}


def soak(*values: Any) -> Any:
    return pytest.param(*values, marks=pytest.mark.soak)


class Ledger:
    """What the writers were told: keys that must be there, keys that mustn't, and how often a counter was raised."""

    def __init__(self) -> None:
        self.present: set[str] = set()
        self.absent: dict[str, str] = {}  # and who said so
        self.acknowledged: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()

    def write(
        self, write: Callable[[], Any], *, puts: tuple[str, ...] = (), deletes: str | None = None, adds: str = ""
    ) -> None:
        """Make a write and note what it said. An exception that isn't the package's, or ItemExists, ends the test."""
        try:
            write()
        except WriteOutcomeUnknown as error:
            self.errors[type(error).__name__] += 1
            self.unknown[adds] += 1
            self.present -= {deletes}
        except (EngineUnavailable, Throttled, StaleItem) as error:
            # Each of them says that nothing was written.
            self.errors[type(error).__name__] += 1
            self.absent.update(dict.fromkeys(puts, repr(error)))
        else:
            self.acknowledged[adds] += 1
            self.present.update(puts)
            if deletes is not None:
                self.present.discard(deletes)
                self.absent[deletes] = "deleted"

    def check(self, persistence: Persistence) -> None:
        held = {item["profile_id"]["S"]: item for item in _all(persistence)}
        assert not self.present - held.keys()
        assert not {key: told for key, told in self.absent.items() if key in held}
        for counter in {*self.acknowledged, *self.unknown} - {""}:
            low = self.acknowledged[counter]
            assert low <= int(held[counter]["age"]["N"]) <= low + self.unknown[counter], counter


def _all(persistence: Persistence) -> Iterator[dict[str, Any]]:
    last = None
    while True:
        page = persistence.scan(start=last, consistent=True)
        yield from page.items
        last = page.last_key
        if last is None:
            return


def _write_turn(persistence: Persistence, ledger: Ledger, writer: int, turn: int, chance: random.Random) -> None:
    """Create, count, transact, replace or delete; each writer has keys of its own and one counter."""
    model, single, together, key = persistence.model, "counter", f"counter-{writer}", f"{writer}-{turn}"
    kind = chance.randrange(5)
    if kind == 0:
        ledger.write(lambda: model.objects.create(profile_id=key, age=1), puts=(key,))
    elif kind == 1:
        ledger.write(lambda: _add_one(model, single), adds=single)
    elif kind == 2:
        ledger.write(lambda: _transact(model, key, together), puts=(key, f"{key}b"), adds=together)
    elif kind == 3:
        _replace(ledger, model, [f"{key}-{number}" for number in range(8)])
    elif mine := [name for name in ledger.present.copy() if name.startswith(f"{writer}-")]:
        gone = chance.choice(sorted(mine))
        ledger.write(lambda: model(profile_id=gone).delete(), deletes=gone)


@contextmanager
def _writers(persistence: Persistence, ledger: Ledger, number: int, turns: int | None = None) -> Iterator[None]:
    """Threads that write ``turns`` times each, or until the block ends; what fails in them fails here."""
    ended = threading.Event()

    def run(writer: int) -> None:
        chance = random.Random(writer)  # noqa: S311 (to be repeatable)
        for turn in itertools.count() if turns is None else range(turns):
            if ended.is_set():
                return
            _write_turn(persistence, ledger, writer, turn, chance)

    for counter in ("counter", *(f"counter-{writer}" for writer in range(number))):
        if persistence.get_item(persistence.key(counter)) is None:
            persistence.model(profile_id=counter, age=0).save()
    with ThreadPoolExecutor(number) as threads:
        running = [threads.submit(run, writer) for writer in range(number)]
        try:
            yield
        finally:
            if turns is None:
                ended.set()
        for done in running:
            done.result()


def _add_one(model: Any, key: str) -> None:
    assert model.objects.filter(pk=key).update(age=F("age") + 1) == 1


def _transact(model: Any, key: str, counter: str) -> None:
    with transaction():
        model(profile_id=key).save()
        model(profile_id=f"{key}b").save()
        _add_one(model, counter)


def _replace(ledger: Ledger, model: Any, keys: list[str]) -> None:
    try:
        model.objects.bulk_create([model(profile_id=key) for key in keys], update_conflicts=True)
    except PyMacaronException as error:
        ledger.errors[type(error).__name__] += 1  # part of a batch may have been written
    else:
        ledger.present.update(keys)


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize("writes", [240, soak(10_000)])
def test_with_random_faults_what_is_acknowledged_is_there_and_nothing_is_applied_twice(
    make_rows: MakePersistence, engine: engines.Engine, writes: int
) -> None:
    persistence = make_rows(COUNTER)
    ledger = Ledger()
    with _writers(persistence, Ledger(), 8, 0):
        pass  # the counters are made before anything can fail
    assert engine.endpoint_url is not None
    with (
        FaultProxy(engine.endpoint_url, RandomFaults(FAULTS, seed=writes), delay=0.05) as proxy,
        engines.use(EndpointEngine(proxy.url)),
        _writers(persistence, ledger, 8, writes // 8),
    ):
        pass
    ledger.check(persistence)
    assert sum(ledger.acknowledged.values()) > writes / 3
    assert ledger.errors["WriteOutcomeUnknown"] > 0
    assert {exchange.fault for exchange in proxy.exchanges} > {Fault.DROP_AFTER, Fault.DROP_BEFORE, Fault.THROTTLED}


# -- processes that die ------------------------------------------------------------------------------------------------


class MortalEngine:
    """The embedded engine over a file, to be killed and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.command = [
            *(str(find_binary()), "serve", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--db-path", str(folder / "items.sqlite3")),
        ]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        pytest.fail("the engine didn't start")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def mortal(tmp_path: Path, embedded: engines.Engine) -> Iterator[MortalEngine]:
    engine = MortalEngine(tmp_path)
    with engines.use(EndpointEngine(f"http://127.0.0.1:{engine.port}")):
        yield engine
    engine.kill()
    reset()


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize("kills", [3, soak(100)])
def test_an_engine_killed_in_mid_write_loses_nothing_that_was_acknowledged(
    make_rows: MakePersistence, mortal: MortalEngine, kills: int
) -> None:
    persistence = make_rows(COUNTER)
    ledger, chance = Ledger(), random.Random(kills)  # noqa: S311 (to be repeatable)
    with _writers(persistence, ledger, 4):
        for _ in range(kills):
            _until_more(ledger.acknowledged)
            time.sleep(chance.uniform(0, 0.3))
            mortal.kill()
            mortal.start()
        mortal.kill()
        _until_more(ledger.errors)
        mortal.start()
        _until_more(ledger.acknowledged)
    ledger.check(persistence)


def _until_more(counts: Counter[str]) -> None:
    before, deadline = counts.total(), time.monotonic() + PATIENCE
    while counts.total() == before:
        assert time.monotonic() < deadline, "nothing is written any more"
        time.sleep(0.01)


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize("turn", range(3))
def test_a_transaction_is_not_sent_to_an_engine_that_was_restarted_before_it_answered(
    make_rows: MakePersistence, mortal: MortalEngine, turn: int
) -> None:
    """The new process has forgotten the transaction's token, and would apply it again."""
    persistence = make_rows(COUNTER)
    persistence.model(profile_id="counter", age=0).save()

    class Restarting(FaultProxy):
        def _ask_engine(self, request: Any) -> Any:
            answer = super()._ask_engine(request)
            if request.operation == "TransactWriteItems":
                mortal.kill()
                mortal.start()
            return answer

    token = f"order-{turn}" if turn else None
    with (
        Restarting(f"http://127.0.0.1:{mortal.port}", [Fault.DROP_AFTER], operations={"TransactWriteItems"}) as proxy,
        engines.use(EndpointEngine(proxy.url)),
        pytest.raises(WriteOutcomeUnknown, match="TransactWriteItems on several tables got no answer"),
        transaction(token=token),
    ):
        persistence.model.objects.filter(pk="counter").update(age=F("age") + 1)
    assert [exchange.operation for exchange in proxy.exchanges].count("TransactWriteItems") == 1
    assert persistence.model.objects.get(pk="counter").age == 1


# -- many at once ------------------------------------------------------------------------------------------------------


def _at_once(number: int, work: Callable[[], None]) -> None:
    """Do ``work`` in so many threads that begin together."""
    barrier = threading.Barrier(number)

    def begin() -> None:
        barrier.wait()
        work()

    with ThreadPoolExecutor(number) as threads:
        for done in [threads.submit(begin) for _ in range(number)]:
            done.result()


@pytest.mark.parametrize("times", [4, soak(1000)])
def test_32_threads_that_add_one_by_f_make_exactly_the_sum(
    make_rows: MakePersistence, engine: engines.Engine, times: int
) -> None:
    persistence = make_rows(COUNTER)
    persistence.model(profile_id="a", age=0).save()

    def add() -> None:
        for _ in range(times):
            _add_one(persistence.model, "a")

    _at_once(32, add)
    assert persistence.model.objects.get(pk="a").age == 32 * times


@pytest.mark.parametrize(("threads", "times"), [(8, 2), soak(32, 1000)])
def test_with_a_version_no_update_is_lost(
    make_rows: MakePersistence, engine: engines.Engine, threads: int, times: int
) -> None:
    persistence = make_rows(COUNTER, version="version")
    persistence.model(profile_id="a", age=0).save()
    stale = Counter[str]()
    all_read = threading.Barrier(threads)

    def add() -> None:
        chance = random.Random(threading.get_ident())  # noqa: S311 (to be repeatable)
        for turn in range(times):
            longest = 0.02
            row = persistence.model.objects.consistent().get(pk="a")
            if turn == 0:
                all_read.wait()  # so that one of them can save what it has read
            while not _saved(row):
                stale["times"] += 1
                time.sleep(chance.uniform(0, longest))
                longest = min(2 * longest, 0.5)
                row = persistence.model.objects.consistent().get(pk="a")

    _at_once(threads, add)
    row = persistence.model.objects.consistent().get(pk="a")
    assert (row.age, row.version) == (threads * times, 1 + threads * times)
    assert stale["times"] >= threads - 1


def _saved(row: Any) -> bool:
    row.age += 1
    try:
        row.save()
    except StaleItem:
        return False
    return True


@pytest.mark.parametrize("items", [6_000, soak(1_000_000)])
def test_memory_stays_flat_over_an_iterator(make_rows: MakePersistence, embedded: engines.Engine, items: int) -> None:
    persistence = make_rows(scan="allowed")
    filling = {"S": "x" * 900}  # a page of 1 MB holds about a thousand

    def fill(start: int) -> None:
        persistence.batch_write({"profile_id": {"S": f"{n}"}, "name": filling} for n in range(start, start + 1000))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(fill, range(0, items, 1000)))
    rows = persistence.model.objects.all().iterator()
    patient = {**django_settings.MACARON["DYNAMODB"], "READ_TIMEOUT": 60.0}  # the engine takes its time over a million
    with override_settings(MACARON={"DYNAMODB": patient}), _memory(traced=items < 10_000) as peak:
        seen = sum(1 for _ in itertools.islice(rows, 2_500))
        early = peak()
        seen += sum(1 for _ in rows)
        assert peak() < 1.3 * early
    assert seen == items


@contextmanager
def _memory(*, traced: bool) -> Iterator[Callable[[], int]]:
    """The most memory held until now: Python's own count, or the process's, which costs no time."""
    if not traced:
        yield lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
