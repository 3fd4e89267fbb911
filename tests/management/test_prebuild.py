"""``manage.py prebuild``, and what a start makes of the folder that it writes."""

from __future__ import annotations

import logging
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from macaron_django import openapi as spec
from macaron_django import registry as composition
from macaron_django.discovery import DiscoveredAPI
from macaron_django.registry import Registry


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """The folder that is written; the project's specs are elsewhere."""
    settings.BASE_DIR = tmp_path
    return tmp_path / "macaron_prebuilt"


def prebuilt(**options: Any) -> str:
    output = StringIO()
    call_command("prebuild", stdout=output, **options)
    return output.getvalue()


def is_current() -> bool:
    output = StringIO()
    try:
        call_command("prebuild", check=True, stdout=output)
    except SystemExit:
        return False
    return "up to date" in output.getvalue()


def test_it_writes_what_is_missing_and_removes_what_nothing_needs(folder: Path) -> None:
    with pytest.raises(SystemExit, match=r"^1$"):
        prebuilt(check=True)
    assert "Would write" in prebuilt(dry_run=True)
    assert not folder.exists()
    assert " 0 old ones removed" in prebuilt()
    assert is_current()
    first, *_ = sorted(folder.iterdir())
    first.write_text("{}")
    (folder / f"{'0' * 64}.json").write_text("{}")
    (folder / "README.md").write_text("Not ours.")
    assert not is_current()
    assert prebuilt(dry_run=True).count("\n") == 2
    assert "1 written, 1 old ones removed" in prebuilt()
    assert is_current()
    assert (folder / "README.md").exists()


def test_a_link_is_replaced_and_not_written_through(folder: Path, tmp_path: Path) -> None:
    prebuilt()
    first, *_ = sorted(folder.iterdir())
    content, other = first.read_bytes(), tmp_path / "other"
    other.write_bytes(content)
    first.unlink()
    first.symlink_to(other)
    assert not is_current()
    assert "1 written" in prebuilt()
    assert (first.is_symlink(), first.read_bytes()) == (False, content)
    assert not list(folder.glob(".*"))


def test_a_file_in_the_folders_place_is_said(folder: Path) -> None:
    folder.write_text("")
    assert not is_current()
    with pytest.raises(CommandError, match="macaron_prebuilt can't be written"):
        prebuilt()


def test_without_the_setting_there_is_no_folder(folder: Path, settings: Any) -> None:
    settings.MACARON = {**settings.MACARON, "PREBUILT": None}
    with pytest.raises(CommandError, match="PREBUILT"):
        prebuilt()
    assert not folder.exists()


def test_a_start_checks_only_what_has_changed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "pets.yaml"
    path.write_text('openapi: 3.1.0\ninfo: {title: Pets, version: "1"}\npaths: {}\n')
    folder.mkdir()
    for name, content in spec.prebuilt_entries(spec.load(path), composition.__version__).items():
        (folder / name).write_bytes(content)
    found = DiscoveredAPI("pets_ahead", path)
    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING, "macaron_django"):
        for name in ("check", "quick_check"):
            patched.setattr(spec, name, lambda _: pytest.fail("the document is checked"))
        started = Registry()
        assert started.load(found) is not None
        assert started.findings(build=False) == {"pets_ahead": []}
    assert not caplog.records
    path.write_text(path.read_text() + "paths: {}\n")  # twice in one mapping
    started = Registry()
    with caplog.at_level(logging.WARNING, "macaron_django"):
        assert started.load(found) is None
    assert "run `manage.py prebuild`." in caplog.text
    assert [finding.id for finding in started.left_out["pets_ahead"]] == ["E031"]


def test_a_spec_that_may_refer_to_other_hosts_is_not_said_to_lack_its_files(
    folder: Path, tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MACARON = {**settings.MACARON, "SPEC_HOSTS": ["specs.example"]}
    path = tmp_path / "pets.yaml"
    path.write_text('openapi: 3.1.0\ninfo: {title: Pets, version: "1"}\npaths: {}\n')
    folder.mkdir()
    with caplog.at_level(logging.WARNING, "macaron_django"):
        assert Registry().load(DiscoveredAPI("pets_of_hosts", path)) is not None
    assert "unless the spec refers to other hosts" in caplog.text
