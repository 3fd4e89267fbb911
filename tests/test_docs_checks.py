"""The catalogue of findings lists what the source can say, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| `([EW]\d{3})` \| (\w+) \| (\S.*?) \| (\S.*?) \|$", re.MULTILINE)


def ids_in_the_source() -> set[str]:
    """Every ID that stands in the package as a text of its own, with or without the package's name before it."""
    found: set[str] = set()
    for module in (ROOT / "macaron_django").rglob("*.py"):
        found.update(re.findall(r"[\"'](?:macaron_django\.)?([EW]\d{3})[\"']", module.read_text("utf-8")))
    return found


def rows() -> list[tuple[str, ...]]:
    return ROW.findall((ROOT / "docs" / "reference" / "checks.md").read_text("utf-8"))


def test_every_finding_has_exactly_one_row_and_every_row_a_finding():
    listed = [row[0] for row in rows()]
    assert len(listed) == len(set(listed))
    assert set(listed) == ids_in_the_source()


def test_a_row_says_the_level_that_the_id_begins_with():
    for id_, level, *_ in rows():
        assert level == {"E": "error", "W": "warning"}[id_[0]], id_
