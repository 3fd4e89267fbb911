"""What is worked out ahead about a spec: it is used as long as everything is as it was, and ignored otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from macaron_django.openapi import Limits, SpecError, is_known_sound, load, prebuilt_entries
from macaron_django.openapi.checks import document_checks
from macaron_django.openapi.reading import parse_cache

MAIN = """
openapi: 3.1.0
info: {title: Pets, version: "1"}
paths:
  /pets:
    get:
      responses:
        "200": {description: Pets, content: {application/json: {schema: {$ref: "parts/pet.yaml"}}}}
"""
VERSION = "1.0"


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """A spec of two files."""
    (tmp_path / "apis" / "parts").mkdir(parents=True)
    (tmp_path / "apis" / "parts" / "pet.yaml").write_text("type: object\nproperties: {name: {type: string}}\n")
    path = tmp_path / "apis" / "pets.yaml"
    path.write_text(MAIN)
    return path


@pytest.fixture
def folder(pets: Path, tmp_path: Path) -> Path:
    """What was prebuilt of it."""
    folder = tmp_path / "prebuilt"
    folder.mkdir()
    for name, content in prebuilt_entries(load(pets), VERSION).items():
        (folder / name).write_bytes(content)
    return folder


def test_nothing_is_parsed_or_checked_again(pets: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(list(folder.iterdir())) == 3  # two trees, and that the document has no errors
    monkeypatch.setattr(parse_cache, "parse", lambda *_: pytest.fail("YAML is parsed"))
    document = load(pets, prebuilt=folder)
    assert is_known_sound(document, folder, VERSION)
    (operation,) = document.operations
    schema = operation.responses["200"].content["application/json"].schema
    assert schema is not None
    assert list(schema.properties) == ["name"]


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "1.1"},
        {"options": {"base_path": "/v2"}},
        {"options": {"limits": Limits(max_depth=50)}},
        {"options": {"allow_hosts": ["example.com"]}},
        {"file": "pets.yaml"},
        {"file": "parts/pet.yaml"},
        {"removed": "parts/pet.yaml"},
    ],
    ids=str,
)
def test_what_has_changed_is_ignored(pets: Path, folder: Path, changed: dict[str, Any]) -> None:
    if "file" in changed:
        path = pets.parent / changed["file"]
        path.write_text(f"{path.read_text()}x-more: 1\n")
    if "removed" in changed:
        (pets.parent / changed["removed"]).unlink()
    document = load(pets, prebuilt=folder, **changed.get("options", {}))
    assert not is_known_sound(document, folder, changed.get("version", VERSION))
    assert ("x-more" in document.json) == (changed.get("file") == "pets.yaml")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"tree": 1}', b'{"files": 1}', b'{"files": {"a": "b"}}', b"\xff"]
)
def test_a_damaged_file_is_ignored(pets: Path, folder: Path, content: bytes) -> None:
    for path in folder.iterdir():
        path.write_bytes(content)
    document = load(pets, prebuilt=folder)
    assert document.title == "Pets"
    assert not is_known_sound(document, folder, VERSION)


def test_earlier_files_do_not_vouch_for_themselves(pets: Path, folder: Path) -> None:
    expected = prebuilt_entries(load(pets), VERSION)
    (tree,) = [path for path in folder.iterdir() if b"Pets" in path.read_bytes()]
    tree.write_bytes(tree.read_bytes().replace(b"Pets", b"Cats"))
    document = load(pets, prebuilt=folder)
    assert document.title == "Cats"
    assert prebuilt_entries(document, VERSION) == expected


def test_what_changes_meanwhile_is_not_sound(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check_and_change(_: Any) -> list[Any]:
        pets.write_text(MAIN.replace("Pets", "Cats"))
        return []

    monkeypatch.setattr(document_checks, "check", check_and_change)
    entries = prebuilt_entries(load(pets), VERSION)
    assert not any(".sound" in name for name in entries)
    assert parse_cache.entry_name(pets.read_bytes(), Limits()) in entries
    assert b"Pets" not in b"".join(entries.values())


def test_the_specs_may_be_elsewhere_at_a_start(pets: Path, folder: Path, tmp_path: Path) -> None:
    entries = prebuilt_entries(load(pets, root=tmp_path), VERSION)
    for name, content in entries.items():
        (folder / name).write_bytes(content)
    moved = (tmp_path / "elsewhere").joinpath("apis")
    shutil.copytree(pets.parent, moved)
    assert is_known_sound(load(moved / "pets.yaml", root=moved.parent), folder, VERSION)
    assert not is_known_sound(load(moved / "pets.yaml", root=moved), folder, VERSION)


def test_errors_are_not_prebuilt(pets: Path) -> None:
    pets.write_text(MAIN.replace("parts/pet.yaml", "parts/other.yaml"))
    with pytest.raises(SpecError, match="other"):
        prebuilt_entries(load(pets), VERSION)


def test_json_needs_no_tree_and_an_alias_has_none(pets: Path) -> None:
    pets.write_text('{"openapi": "3.1.0", "info": {"title": "Pets", "version": "1"}, "paths": {}}')
    assert [name.count(".sound") for name in prebuilt_entries(load(pets), VERSION)] == [1]
    pets.write_text(MAIN.split("paths:")[0] + "x-a: &a {b: 1}\nx-c: *a\npaths: {}\n")
    assert [name.count(".sound") for name in prebuilt_entries(load(pets), VERSION)] == [1]
