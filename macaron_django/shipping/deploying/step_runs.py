"""Runs the steps of a deployment one after another, each with its time, until one fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from macaron_django.shipping.deploying.deploy_actions import DeployError
from macaron_django.shipping.deploying.deploy_steps import DeployStep

__all__ = ["StepFailedError", "StepRun", "chosen_steps", "run_steps"]


@dataclass(frozen=True)
class StepRun:
    """A step that succeeded, and the seconds that it took."""

    step: DeployStep
    seconds: float


class StepFailedError(Exception):
    """A step failed after some seconds."""

    def __init__(self, step: DeployStep, seconds: float, reason: str) -> None:
        super().__init__(f"{step.name} failed after {seconds:.1f} s: {reason}")
        self.step = step


def chosen_steps(
    steps: Sequence[DeployStep], *, without: frozenset[str], first: str | None, last: str | None
) -> list[DeployStep]:
    """Returns the steps from the one named ``first`` to the one named ``last``, except those in ``without``.

    If the release to an environment is left out, so are the acceptance tests after it, unless ``first`` names them.
    """
    names = [step.name for step in steps]
    begin = names.index(first) if first else 0
    end = names.index(last) if last else len(names) - 1
    return [
        step for step in steps[begin : end + 1] if step.name not in without and (step.releases or "") not in without
    ]


def run_steps(steps: Sequence[DeployStep], write: Callable[[str], object], *, dry_run: bool) -> Iterator[StepRun]:
    """Runs the steps, and yields each that has succeeded.

    Raises StepFailedError at the first that fails; a dry run says why it would fail, and shows the others, too.
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
