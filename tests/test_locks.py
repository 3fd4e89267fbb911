"""The locks in requirements/ hold what setup.py and pyproject.toml ask for: otherwise run `make lock`."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import setuptools
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
GROUPS = ("run", "test", "bench", "tools")
# As in the Makefile: the extra of setup.py ("": none, None: nothing of it at all) and the groups of pyproject.toml.
CONTENTS = {
    "run": ("demo", ["build"]),
    "test": ("test", ["build"]),
    "bench": ("", ["build", "bench"]),
    "tools": (None, ["tools"]),
    "lowest": ("test", ["build"]),
}


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What setup.py tells setuptools."""
    told: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", told.update)
    runpy.run_path(str(ROOT / "setup.py"))
    return told


def array(name: str) -> list[Requirement]:
    """An array of strings in pyproject.toml, which Python 3.10 has no reader for."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (found,) = re.findall(rf"^{name} = \[(.*?)\](?: #.*)?$", text, re.MULTILINE | re.DOTALL)
    return [Requirement(each) for each in re.findall(r'"([^"]+)"', found)]


def pins(lock: str) -> list[Requirement]:
    lines = (LOCKS / f"{lock}.txt").read_text("utf-8").splitlines()
    return [Requirement(line.removesuffix(" \\")) for line in lines if re.match(r"[\w.-]+==", line)]


def versions(lock: str) -> set[tuple[str, str]]:
    return {(each.name, str(each.specifier)) for each in pins(lock)}


@pytest.mark.parametrize("lock", CONTENTS)
def test_a_lock_pins_what_is_asked_for_within_its_range(metadata, lock):
    extra, groups = CONTENTS[lock]
    asked = [Requirement(each) for each in ([] if extra is None else metadata["install_requires"])]
    asked += [Requirement(each) for each in (metadata["extras_require"][extra] if extra else [])]
    asked += [each for group in groups for each in array(group)]
    pinned: dict[str, list[str]] = {}
    for each in pins(lock):
        pinned.setdefault(each.name, []).append(next(iter(each.specifier)).version)
    for each in asked:
        versions = pinned.get(canonicalize_name(each.name), [])
        assert any(map(each.specifier.contains, versions)), f"{each}, but {lock}.txt has {versions}: run `make lock`"


@pytest.mark.parametrize("lock", GROUPS)
def test_each_part_is_of_the_one_resolution(lock):
    assert versions(lock) <= versions("all")


def test_the_lowest_versions_are_the_lower_bounds_of_the_package_and_of_what_the_example_needs(metadata):
    pinned = dict(versions("lowest"))
    for text in metadata["install_requires"] + metadata["extras_require"]["demo"]:
        asked = Requirement(text)
        (bound,) = [each.version for each in asked.specifier if each.operator == ">="]
        version = Version(pinned[canonicalize_name(asked.name)].removeprefix("=="))
        assert version.release[: len(Version(bound).release)] == Version(bound).release, text


@pytest.mark.parametrize("lock", [*GROUPS, "lowest"])
def test_each_pin_has_hashes_and_none_names_an_index(lock):
    text = (LOCKS / f"{lock}.txt").read_text("utf-8")
    assert "://" not in text
    assert "index" not in text
    blocks = re.findall(r"^[\w.-]+==.*?(?=^[\w.-]+==|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == len(pins(lock))
    for block in blocks:
        assert "--hash=sha256:" in block, block


def test_the_locks_hold_what_the_package_is_built_with():
    assert [str(each) for each in array("build")] == [str(each) for each in array("requires")]


def test_make_lock_writes_every_file():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    written = set(re.findall(r"--output-file \$\(LOCKS\)/(\w+)\.txt", makefile))
    assert written == {path.stem for path in LOCKS.glob("*.txt")} == {"all", *CONTENTS}
