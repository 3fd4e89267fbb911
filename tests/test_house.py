"""The package keeps its house rules: unique names, small folders that say what they are for, a table that is true."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import macaron_django

ROOT = Path(macaron_django.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.name != "__init__.py")
FOLDERS = sorted(path.parent for path in ROOT.rglob("__init__.py"))

#: Names that Django or Python finds by convention, or that each command has to have.
SHARED_MODULES = {"apps", "main__", "urls"}
SHARED_CLASSES = {"Command", "Meta"}
MOST_MODULES = 12
#: Where Django or Python, and people who know them, look for them.
DJANGOS_OWN = ("__main__.py", "apps.py", "asgi.py", "urls.py", "wsgi.py")

#: What breaks a rule until the folder that it belongs to has been put in order: nothing is added here.
KNOWN_MODULES: set[str] = set()
KNOWN_CLASSES: set[str] = set()
KNOWN_FOLDERS: set[str] = set()
#: Folders whose docstring is still to be written, as paths below the package.
KNOWN_UNDESCRIBED: set[str] = set()


def classes() -> Iterator[tuple[str, Path]]:
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield node.name.lstrip("_"), path.relative_to(ROOT)


def shared(named: Iterator[tuple[str, Path]]) -> dict[str, list[str]]:
    """The names that stand in more than one place, with the places."""
    places: dict[str, list[str]] = defaultdict(list)
    for name, path in named:
        places[name].append(path.as_posix())
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_modules_share_a_name():
    found = shared((path.stem.lstrip("_"), path.relative_to(ROOT)) for path in MODULES)
    assert {name: found[name] for name in found.keys() - SHARED_MODULES - KNOWN_MODULES} == {}


def test_no_two_classes_share_a_name():
    found = shared(classes())
    assert {name: found[name] for name in found.keys() - SHARED_CLASSES - KNOWN_CLASSES} == {}


def test_no_folder_has_more_modules_than_one_can_look_over():
    modules = {folder.relative_to(ROOT).as_posix(): len(list(folder.glob("*.py"))) - 1 for folder in FOLDERS}
    modules.pop("management/commands")  # Django's convention: a module each
    modules["."] -= len(DJANGOS_OWN)
    assert {name for name, count in modules.items() if count > MOST_MODULES} - KNOWN_FOLDERS == set()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_every_folder_says_what_it_is_for_and_exports_what_it_names(folder: Path):
    name = folder.relative_to(ROOT).as_posix()
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    sentences = re.findall(r"[.:](?=\s|$)", docstring)
    assert len(sentences) >= 2 or name in KNOWN_UNDESCRIBED
    package = import_module(".".join(["macaron_django", *folder.relative_to(ROOT).parts]))
    for exported in getattr(package, "__all__", ()):
        assert getattr(package, exported) is not None


# ------------------------------------------------------------------ CONTRIBUTING.md

CONTRIBUTING = ROOT.parent / "CONTRIBUTING.md"


def rows() -> list[tuple[str, str]]:
    """The rows of the table "To change X, open Y": what to change, and the cell that names the files."""
    text = CONTRIBUTING.read_text("utf-8").partition("| To change")[2].partition("\n\n")[0]
    cells = [line.strip("| ").split(" | ") for line in text.splitlines()[2:]]
    return [(change, files) for change, files in cells]


def test_the_table_of_changes_has_a_row_for_every_usual_change():
    changes = [change for change, _ in rows()]
    assert len(set(changes)) == len(changes) >= 25


@pytest.mark.parametrize(("change", "files"), rows())
def test_what_the_table_of_changes_opens_is_there(change: str, files: str):
    named = re.findall(r"`([\w./-]+\.\w+|[\w/-]+/)`", files)
    assert named, change
    for name in named:
        assert (ROOT / name).exists() or (ROOT.parent / name).exists(), name
