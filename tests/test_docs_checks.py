"""The catalogue of findings lists what the source can say, no more and no less, and its examples have them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.test import override_settings

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "reference" / "checks.md").read_text("utf-8")
#: The text below each heading that is an ID.
ENTRIES = dict(re.findall(r"^### ([EW]\d{3})\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
#: Faults of macaron_django itself, which no document is known to have.
WITHOUT_EXAMPLE = {"E200", "E201", "E202"}
#: What an example needs to be a document.
HEAD = 'openapi: 3.1.0\ninfo: {title: Example, version: "1"}\n'
FILE = re.compile(r"# ([\w/]+\.py)\n")


def ids_in_the_source() -> set[str]:
    """Every ID that stands in the package as a text of its own, with or without the package's name before it."""
    found: set[str] = set()
    for module in (ROOT / "macaron_django").rglob("*.py"):
        found.update(re.findall(r"[\"'](?:macaron_django\.)?([EW]\d{3})[\"']", module.read_text("utf-8")))
    return found


def examples(language: str) -> list[tuple[str, str]]:
    """IDs with the example that is written in a language."""
    block = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    found = {id_: block.search(text) for id_, text in ENTRIES.items()}
    return [(id_, shown[1]) for id_, shown in found.items() if shown]


def test_every_finding_has_exactly_one_entry_and_every_entry_a_finding():
    assert len(re.findall(r"^### ", PAGE, re.MULTILINE)) == len(ENTRIES)
    assert set(ENTRIES) == ids_in_the_source()


def test_the_messages_of_the_troubleshooting_page_are_the_sources():
    page = (ROOT / "docs" / "how-to" / "troubleshooting.md").read_text("utf-8")
    source = "".join(module.read_text("utf-8") for module in (ROOT / "macaron_django").rglob("*.py"))
    source = re.sub(r'"\n\s*f?"', "", source)  # texts that go on in the next line
    headings = re.findall(r"^### (.*)$", page, re.MULTILINE)
    shown = [part for heading in headings for text in re.findall(r'"(.+?)"', heading) for part in text.split("…")]
    codes = [code for heading in headings for code in re.findall(r"`([A-Z_]+)`", heading)]
    assert shown
    assert [part for part in shown if part.strip() not in source] == []
    assert [code for code in codes if f'"{code}"' not in source] == []


@pytest.mark.parametrize("id_", ENTRIES)
def test_an_entry_says_what_is_meant_and_what_to_do_with_an_example(id_):
    meaning, _, remedy = ENTRIES[id_].partition("**Remedy**: ")
    assert meaning.strip()
    assert remedy.strip()
    assert ("`" in meaning.strip().partition("\n\n")[2]) or id_ in WITHOUT_EXAMPLE


def test_every_entry_is_listed_above_its_group():
    for group in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        assert re.findall(r"\[([EW]\d{3})\]\(#\w+\)", group) == re.findall(r"^### (\w+)$", group, re.MULTILINE)
    assert all(link == id_.lower() for id_, link in re.findall(r"\[([EW]\d{3})\]\(#(\w+)\)", PAGE))


def test_a_document_that_is_shown_has_the_finding(tmp_path, projects):
    folder = tmp_path / "project"  # a folder above, for E012
    shutil.copytree(ROOT / "tests" / "fixtures" / "project", folder)
    for id_, text in examples("python"):
        if name := FILE.match(text):
            (folder / name[1]).parent.mkdir(exist_ok=True)
            if id_ == "E302":
                (folder / name[1]).write_text(text, "utf-8")
    (folder / "apis").mkdir()
    for id_, text in examples("yaml"):
        whole = text.startswith(("openapi:", "swagger:", "{", "name:"))
        suffix = "json" if text.startswith("{") else "yaml"
        (folder / "apis" / f"{id_.lower()}.{suffix}").write_text(text if whole else HEAD + text, "utf-8")
    (folder / "case_settings.py").write_text("DEBUG = True\n", "utf-8")
    printed = projects(folder).manage("check", "--deploy", code=None).stderr
    found = {(file.upper(), id_) for id_, file in re.findall(r"macaron_django\.(\w+)\) .*?apis/(\w+)\.", printed)}
    lacking = [id_ for id_, _ in examples("yaml") if (id_, id_) not in found]
    assert not lacking, f"{lacking}\n{printed}"
    assert "`manage.py explaincheck E010` explains it." in printed


@pytest.mark.parametrize(
    ("id_", "text"), [each for each in examples("python") if each[1].startswith("MACARON") and "without" not in each[1]]
)
def test_a_setting_that_is_shown_has_the_finding(id_: str, text: str):
    shown: dict[str, Any] = {}
    exec(text, shown)  # noqa: S102 (the page's own example)
    with override_settings(MACARON=shown["MACARON"]):
        messages = checks.run_checks(tags=["macaron_django"], include_deployment_checks=True)
    found = {str(each.id): each.hint for each in messages}
    assert f"manage.py explaincheck {id_}`" in found[f"macaron_django.{id_}"]
