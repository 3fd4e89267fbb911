"""Commands in projects where something is wrong: they say what and where, without a traceback."""

from __future__ import annotations

import pytest

DOUBLE = 'info: {title: Again, version: "1"}\n'


@pytest.fixture
def broken(case_project):
    """Makes a project of the case "items" with an API whose spec is broken beside it."""
    project = case_project("items")
    specs = project.folder / "apis"
    whole = min(specs.glob("*.yaml"))
    (specs / "torn.yaml").write_text(whole.read_text().replace("\ninfo:", f"\n{DOUBLE}info:", 1))
    settings = project.folder / "case_settings.py"
    settings.write_text((settings.read_text() if settings.exists() else "") + "\nDEBUG = True\n")
    return project


def test_synctables_names_each_error_that_keeps_tables_from_being_looked_at(broken):
    done = broken.manage("synctables", code=1)
    assert "done" in done.stdout  # the tables of the others
    assert "The API 'torn' isn't served because its spec has errors:" in done.stderr
    assert "torn.yaml:3:" in done.stderr
    assert "E031 The key 'info'" in done.stderr
    assert "Traceback" not in done.stderr
    named = broken.manage("synctables", "torn", code=1)
    assert "torn.yaml:3:" in named.stderr
    (broken.folder / "apis" / "torn.yaml").unlink()
    assert broken.manage("synctables").stderr == ""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bookshop.viewsets.Missing", "has no attribute 'Missing'"),
        ("bookshop.missing.Books", "No module named 'bookshop.missing'"),
        ("bookshop.models.Book", "must subclass a generated viewset"),
    ],
)
def test_a_missing_class_in_viewsets_is_named_without_a_traceback(case_project, name, reason):
    project = case_project("orm")
    settings = project.folder / "case_settings.py"
    settings.write_text(settings.read_text().replace("bookshop.viewsets.Books", name))
    done = project.manage("check", code=1)
    assert f"MACARON['VIEWSETS'] names {name!r}" in done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("command", ["check", "synctables", "migrate"])
def test_the_spec_is_blamed_where_viewsets_names_a_class_of_a_broken_api(case_project, command, debug):
    project = case_project("orm")
    spec = project.folder / "apis" / "bookshop.yaml"
    spec.write_text(spec.read_text().replace("\ninfo:", f"\n{DOUBLE}info:", 1))
    settings = project.folder / "case_settings.py"
    settings.write_text(f"{settings.read_text()}\nDEBUG = {debug}\n")
    done = project.manage(command, code=1)
    assert "bookshop.yaml:3:1: " in done.stderr
    assert "The key 'info' occurs twice" in done.stderr
    assert "VIEWSETS" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_viewset_that_no_path_makes_is_named_with_those_that_there_are(case_project):
    project = case_project("orm")
    module = project.folder / "bookshop" / "viewsets.py"
    module.write_text(module.read_text().replace("viewsets.bookshop.Books)", "viewsets.bookshop.Boks)"))
    done = project.manage("check", code=1)
    assert "MACARON['VIEWSETS'] names 'bookshop.viewsets.Books'" in done.stderr
    assert "has no viewset 'Boks'; it has: Authors, AuthorsBooks, Books" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_else_is_wrong_with_a_project_keeps_no_table_from_being_synced(case_project):
    project = case_project("items")
    settings = project.folder / "case_settings.py"
    wrong = "DEBUG = True\nMACARON = {**globals().get('MACARON', {}), 'PAGE_SIZ': 3, 'PAGE_SIZE': -1}\n"
    settings.write_text((settings.read_text() if settings.exists() else "") + "\n" + wrong)
    spec = min((project.folder / "apis").glob("*.yaml"))
    unbound = "  /nothing: {get: {operationId: nothing.there, responses: {'200': {description: Nothing.}}}}"
    spec.write_text(spec.read_text().replace("\npaths:", f"\npaths:\n{unbound}", 1))
    checked = project.manage("check", code=1).stderr
    assert [each for each in ("E101", "E102", "E301", "W304") if each not in checked] == []
    assert checked.index("E301) ") < checked.index("WARNINGS:") < checked.index("W304) ")  # what matters comes first
    done = project.manage("synctables")
    assert ("done" in done.stdout, done.stderr) == (True, "")
