"""The diagrams of the documentation are what the script beside it draws from today's code."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
loaded = spec_from_file_location("diagrams", DOCS / "diagrams.py")
diagrams = module_from_spec(loaded)
loaded.loader.exec_module(diagrams)


@pytest.mark.parametrize("name", diagrams.PICTURES)
def test_a_picture_is_up_to_date_with_the_code(name):
    shown = (DOCS / "images" / f"{name}.svg").read_text("utf-8")
    assert shown == diagrams.PICTURES[name]().svg(), "Draw it again: .venv/bin/python docs/diagrams.py"


@pytest.mark.parametrize("name", diagrams.PICTURES)
def test_a_picture_is_described_where_it_is_shown(name):
    text = "".join(page.read_text("utf-8") for page in DOCS.rglob("*.md"))
    shown = re.search(rf"^```{{image}} \S*images/{name}\.svg\n:alt: (.+)$", text, re.MULTILINE)
    assert shown
    assert shown[1] == diagrams.PICTURES[name]().description
