"""``manage.py explaincheck``: each ID is explained by the package itself, as the documentation explains it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from macaron_django.management.commands.explaincheck import Command

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "checks.md"


def printed(*ids: str) -> str:
    out = io.StringIO()
    call_command(Command(stdout=out, no_color=True), *ids)
    return out.getvalue()


def test_an_entry_has_the_cause_an_example_and_the_remedy() -> None:
    entry = printed("E010")
    assert entry.startswith("error E010\nA reference leads to nothing.\n\n    paths:\n")
    assert '$ref: "#/components/schemas/Oder"' in entry
    assert "\n\nRemedy: Correct the reference, or" in entry
    assert "```" not in entry


def test_every_id_of_the_documentation_is_listed_and_explained() -> None:
    ids = re.findall(r"^### (\w+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [line.split()[0] for line in printed().splitlines()] == ids
    explained = printed(*ids)
    assert re.findall(r"^(?:error|warning) (\w+)$", explained, re.MULTILINE) == ids
    assert "](" not in explained


def test_an_id_is_known_as_django_and_as_people_write_it() -> None:
    assert printed("w304", "macaron_django.W304", "W304") == printed("W304")


@pytest.mark.parametrize(
    ("given", "hint"), [("W3004", "Did you mean W304?"), ("shop", "`manage.py explaincheck` lists all IDs.")]
)
def test_a_wrong_id_gets_one_like_it(given: str, hint: str) -> None:
    with pytest.raises(CommandError) as raised:
        printed(given)
    assert str(raised.value) == f"No check has the ID {given!r}. {hint}"
