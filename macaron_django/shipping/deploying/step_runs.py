"""Runs the steps of a deployment one after another, until one fails. Measures the time of each step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from macaron_django.shipping.deploying.deploy_actions import DeployError
from macaron_django.shipping.deploying.deploy_steps import DeployStep

__all__ = ["StepFailedError", "StepRun", "chosen_steps", "run_steps"]


@dataclass(frozen=True)
class StepRun:
    """A step that has succeeded, and its duration in seconds."""

    step: DeployStep
    seconds: float


class StepFailedError(Exception):
    """Raised if a step fails. The message gives the reason, and the time that the step took."""

    def __init__(self, step: DeployStep, seconds: float, reason: str) -> None:
        super().__init__(f"{step.name} failed after {seconds:.1f} s: {reason}")
        self.step = step


def chosen_steps(
    steps: Sequence[DeployStep], *, without: frozenset[str], first: str | None, last: str | None
) -> list[DeployStep]:
    """Returns the steps from ``first`` to ``last``, except the steps in ``without``. All three are names of steps.

    The name of an environment is the name of the step that releases to it. If ``without`` contains this name, the
    acceptance tests of this release are left out, too.
    """
    names = [step.name for step in steps]
    begin = names.index(first) if first else 0
    end = names.index(last) if last else len(names) - 1
    return [
        step for step in steps[begin : end + 1] if step.name not in without and (step.releases or "") not in without
    ]


def run_steps(steps: Sequence[DeployStep], write: Callable[[str], object], *, dry_run: bool) -> Iterator[StepRun]:
    """Runs the steps, and yields a StepRun for each step that succeeds.

    Raises StepFailedError at the first step that fails. In a dry run, reports why the step would fail, and
    continues with the next step.
    """
    for number, step in enumerate(steps, 1):
        write(f"[{number}/{len(steps)}] {step.name}: {step.does}")
        began = time.monotonic()
        try:
            step.act()
        except DeployError as error:
            if not dry_run:
                raise StepFailedError(step, time.monotonic() - began, str(error)) from error
            write(f"This would fail: {error}")
        else:
            yield StepRun(step, time.monotonic() - began)
