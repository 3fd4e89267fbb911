"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from macaron_django.conf import DEFAULTS

DOCS = Path(__file__).resolve().parent.parent / "docs"


def rows(page: str) -> set[str]:
    """The first cell of each table row of a page, where it is code."""
    return set(re.findall(r"^\| `([^`]+)` \|", (DOCS / page).read_text("utf-8"), re.MULTILINE))


def test_every_setting_has_a_row_and_every_row_a_setting():
    sections = {key for key, value in DEFAULTS.items() if isinstance(value, dict) and value}
    keys = set(DEFAULTS) - sections
    keys.update(nested for section in sections for nested in DEFAULTS[section])
    assert rows("reference/settings.md") == keys


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_leads_only_to_pages_that_exist(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page}: {target}"
