"""The page of old names shows the table, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "pymacaron-names.md"
MARK = "<!-- the table: written by tests/compat/test_names_page.py -->\n"


@pytest.mark.usefixtures("old_names")
def test_the_page_of_old_names_shows_the_table():
    from macaron_django.compat.name_table import markdown

    text = PAGE.read_text("utf-8")
    expected = f"{text.partition(MARK)[0]}{MARK}\n{markdown()}"
    if text != expected:
        written = PAGE.with_name("pymacaron-names_out.txt")
        written.write_text(expected, "utf-8")
        raise AssertionError(f"The table has changed: move {written.name} over {PAGE.name}.")
