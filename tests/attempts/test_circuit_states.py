"""A circuit opens after failures, lets one call through at a time to find out, and closes again."""

from __future__ import annotations

import asyncio
import threading

import pytest

from macaron_django.attempts import Circuit, CircuitOpenError, CircuitRules, Pause
from macaron_django.drivers import Steps, run, run_on_loop

RULES = CircuitRules(failures=1, first_pause=1.0, longest_pause=30.0, patience=8.0)
TWICE = RULES._replace(failures=2)


@pytest.fixture
def clock() -> list[float]:
    """The time by which circuits open and close: a list of one number."""
    return [1000.0]


@pytest.fixture
def circuit(clock: list[float]) -> Circuit:
    return Circuit(lambda: clock[0])


def seconds_left(circuit: Circuit, rules: CircuitRules = RULES) -> float:
    with pytest.raises(CircuitOpenError) as refused:
        circuit.enter(rules)
    return refused.value.seconds


def test_a_circuit_opens_tries_one_call_and_closes(circuit: Circuit, clock: list[float]) -> None:
    circuit.failed(TWICE, circuit.enter(TWICE))
    assert circuit.is_closed
    under_way = circuit.enter(TWICE), circuit.enter(TWICE)
    assert under_way == (0, 0)
    circuit.failed(TWICE, under_way[0])
    assert not circuit.is_closed
    circuit.failed(TWICE, under_way[1])
    assert seconds_left(circuit) == 1.0
    clock[0] += 1
    trial = circuit.enter(TWICE)
    assert trial > 0
    assert seconds_left(circuit) == 8.0
    circuit.failed(TWICE, trial)
    assert seconds_left(circuit) == 2.0
    clock[0] += 2
    circuit.enter(TWICE)
    clock[0] += 8  # the call that was tried never came back
    circuit.enter(TWICE)
    circuit.succeeded()
    assert (circuit.is_closed, circuit.failures) == (True, 0)
    circuit.failed(TWICE, circuit.enter(TWICE))
    assert circuit.enter(TWICE) == 0


def test_the_pauses_are_longer_each_time_up_to_a_bound_and_short_again_after_an_answer(
    circuit: Circuit, clock: list[float]
) -> None:
    circuit.failed(RULES)
    pauses = []
    for _ in range(7):
        pauses.append(seconds_left(circuit))
        clock[0] += pauses[-1]
        circuit.failed(RULES, circuit.enter(RULES))
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    circuit.succeeded()
    circuit.failed(RULES)
    assert seconds_left(circuit) == 1.0


def test_pauses_stay_finite_in_the_longest_outage(circuit: Circuit, clock: list[float]) -> None:
    circuit.failed(RULES)
    for _ in range(1100):
        clock[0] += 30
        circuit.failed(RULES, circuit.enter(RULES))
    assert seconds_left(circuit) == 30.0


def test_the_rules_of_the_present_decide_about_the_failures_of_the_past(circuit: Circuit) -> None:
    circuit.failed(RULES)
    assert seconds_left(circuit, RULES._replace(first_pause=20.0)) == 20.0
    assert circuit.enter(RULES._replace(first_pause=0.0)) > 0


def test_without_a_number_of_failures_a_circuit_stays_closed(circuit: Circuit) -> None:
    for _ in range(10):
        circuit.failed(RULES._replace(failures=None), circuit.enter(RULES))
    assert (circuit.is_closed, circuit.failures) == (True, 10)


def test_a_call_that_says_nothing_lets_the_next_one_through(circuit: Circuit, clock: list[float]) -> None:
    circuit.failed(RULES)
    clock[0] += 1
    circuit.given_up(circuit.enter(RULES))
    trial = circuit.enter(RULES)
    assert trial > 0
    assert seconds_left(circuit) == 8.0
    circuit.failed(RULES, trial)
    circuit.given_up(trial)  # nothing is tried
    circuit.given_up(0)
    assert seconds_left(circuit) == 2.0


def test_only_the_trial_that_is_awaited_decides(circuit: Circuit, clock: list[float]) -> None:
    circuit.failed(RULES)
    clock[0] += 1
    late = circuit.enter(RULES)
    clock[0] += 8
    trial = circuit.enter(RULES)
    assert trial != late
    for _ in range(2):
        circuit.given_up(late)
        circuit.failed(RULES, late)
        circuit.failed(RULES)
        assert seconds_left(circuit) == 8.0
    circuit.failed(RULES, trial)
    assert seconds_left(circuit) == 2.0


def test_a_call_of_an_open_circuit_that_has_just_closed_is_no_trial(circuit: Circuit, clock: list[float]) -> None:
    class Closing:
        """A lock that another thread held, to close the circuit."""

        def __enter__(self) -> None:
            circuit._lock = threading.Lock()
            circuit.succeeded()

        def __exit__(self, *_: object) -> None:
            pass

    circuit.failed(RULES)
    clock[0] += 1
    circuit._lock = Closing()  # type: ignore[assignment]
    assert circuit.enter(RULES) == 0
    assert circuit.is_closed


def test_one_of_many_threads_is_let_through(circuit: Circuit, clock: list[float]) -> None:
    circuit.failed(RULES)
    clock[0] += 1
    entered = []
    all_ready = threading.Barrier(8)

    def enter() -> None:
        all_ready.wait()
        try:
            entered.append(circuit.enter(RULES))
        except CircuitOpenError:
            return

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(entered) == 1


def test_a_pause_is_waited_for_in_a_thread_and_on_a_loop() -> None:
    def steps() -> Steps[str]:
        yield Pause(0.0)
        return "done"

    assert run(steps()) == asyncio.run(run_on_loop(steps())) == "done"
