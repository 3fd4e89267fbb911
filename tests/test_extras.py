"""Each extra brings all that it is for: nothing that only another extra, or a test, installs is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.extras_program import TRIALS

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = str(ROOT / "tests" / "extras_program.py")
#: The rest are for a checkout; `django-tasks` is two packages for projects, tried with their workers in tests/tasks.
CHECKOUT = {"django-tasks", "docs", "test"}


@cache
def requirements(name: str) -> list[Requirement]:
    try:
        return [Requirement(each) for each in metadata.requires(name) or []]
    except metadata.PackageNotFoundError:
        return []


def installed_by(extra: str) -> set[str]:
    """The distributions that pip installs with the package and an extra."""
    found: set[tuple[str, str]] = set()
    waiting = {("macaron-django", ""), ("macaron-django", extra)}
    while waiting:
        name, chosen = each = waiting.pop()
        found.add(each)
        for needed in requirements(name):
            if needed.marker is None or needed.marker.evaluate({"extra": chosen}):
                called = canonicalize_name(needed.name)
                waiting |= {(called, ""), *((called, each) for each in needed.extras)} - found
    return {name for name, _ in found}


@cache
def owners() -> Mapping[str, list[str]]:
    """The distributions that each module of this environment is of."""
    return metadata.packages_distributions()


def absent_modules(extra: str) -> set[str]:
    """The modules of this environment that the extra doesn't install."""
    here = installed_by(extra)
    return {
        module
        for module, distributions in owners().items()
        if module.isidentifier() and not here & {canonicalize_name(each) for each in distributions}
    }


def test_every_extra_is_tried():
    declared = set(metadata.metadata("macaron_django").get_all("Provides-Extra") or [])
    assert declared == {extra for extra in TRIALS if extra} | CHECKOUT, "Install the package anew: pip install -e ."


def test_an_extra_needs_nothing_that_it_does_not_install():
    # The example project has settings of its own: the long test tries it.
    absent = {extra: sorted(absent_modules(extra)) for extra in TRIALS if extra != "demo"}
    assert all("pytest_django" in names for names in absent.values())
    done = subprocess.run(
        [sys.executable, PROGRAM], input=json.dumps(absent), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.soak
@pytest.mark.parametrize("extra", TRIALS)
def test_an_extra_is_enough_in_a_new_virtual_environment(extra, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path], check=True)
    python = tmp_path / "bin" / "python"
    package = f"{ROOT}[{extra}]" if extra else str(ROOT)
    subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True, cwd=tmp_path)
    done = subprocess.run([python, PROGRAM, extra], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.soak
def test_the_wheel_runs_a_new_project(tmp_path):
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([sys.executable, ROOT / ".ci" / "try_wheel", wheel], check=True)
