import os
import stat

import pytest

from macaron_django.openapi import cache_folder, load, quick_check
from macaron_django.openapi.reading import parse_cache

HEAD = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n"
LONG = "x-long: |\n" + "  a line of text\n" * 5000


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "macaron_django"


def entries(folder):
    return sorted(folder.glob("*")) if folder.exists() else []


def test_a_long_yaml_file_is_parsed_once(write, folder):
    path = write(HEAD + LONG + "x-a: {no: 1.0, big: 18446744073709551615, 200: [null, true, -0.5]}\n")
    first = load(path, cache=folder)
    (entry,) = entries(folder)
    entry.write_bytes(entry.read_bytes().replace(b'"title":"T"', b'"title":"kept"'))
    second = load(path, cache=folder)
    assert second.title == "kept"
    assert {**second.json, "info": None} == {**first.json, "info": None}
    assert str(second.main.location("#/x-a/no")) == str(first.main.location("#/x-a/no")) == f"{path}:5005:7"


def test_files_that_are_referred_to_are_kept_too(write, folder):
    path = write(HEAD + "components: {schemas: {A: {$ref: 'other.yaml#/A'}}}\n")
    write("A: {type: string}\n" + LONG, "other.yaml")
    for _ in range(2):
        assert load(path, cache=folder).schemas["A"].types == ("string",)
    assert len(entries(folder)) == 1


def test_what_the_parser_noted_is_kept(write, folder):
    path = write(HEAD + LONG + "x-a: 1\nx-a: 2\n")
    findings = [[str(found) for found in quick_check(load(path, cache=folder))] for _ in range(2)]
    assert len(entries(folder)) == 1
    assert findings[0] == findings[1]
    assert "E031" in findings[0][0]


def test_another_text_or_other_limits_are_another_entry(write, folder):
    load(write(HEAD + LONG), cache=folder)
    load(write(HEAD + LONG + "x-b: 1\n"), cache=folder)
    load(write(HEAD + LONG), cache=folder, limits=parse_cache.Limits(max_depth=100))
    assert len(entries(folder)) == 3


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"tree": 3}', b"\xff", b"cos\nsystem\n(S'exit'\ntR."])
def test_a_damaged_entry_is_made_again(write, folder, damaged):
    path = write(HEAD + LONG)
    load(path, cache=folder)
    (entry,) = entries(folder)
    whole = entry.read_bytes()
    entry.write_bytes(damaged)
    assert load(path, cache=folder).title == "T"
    assert entry.read_bytes() == whole


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        HEAD + LONG + "x-a: .nan\n",
        HEAD + LONG + "x-a: .inf\n",
        HEAD + LONG + "x-a: 123456789012345678901234567890\n",
        HEAD + LONG + "x-a: &a [1]\nx-b: *a\n",
        '{"openapi": "3.1.0", "info": {"title": "T"}, "paths": {}, "x-long": "' + "text" * 20_000 + '"}',
    ],
    ids=["short", "not a number", "infinity", "a long integer", "an alias", "JSON"],
)
def test_what_json_cannot_hold_and_what_is_quick_to_read_is_not_kept(write, folder, text):
    path = write(text)
    first, second = (load(path, cache=folder) for _ in range(2))
    assert repr(second.json) == repr(first.json)
    assert entries(folder) == []


def test_a_folder_that_others_may_write_to_is_not_used(write, folder):
    path = write(HEAD + LONG)
    load(path, cache=folder)
    (entry,) = entries(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    entry.write_bytes(entry.read_bytes().replace(b'"title":"T"', b'"title":"forged"'))
    folder.chmod(0o777)
    assert load(path, cache=folder).title == "T"


def test_a_folder_that_cannot_be_made_is_no_obstacle(write, tmp_path):
    (tmp_path / "file").write_text("")
    assert load(write(HEAD + LONG), cache=tmp_path / "file" / "cache").title == "T"


def test_the_entries_used_last_are_kept(write, folder, monkeypatch):
    monkeypatch.setattr(parse_cache, "_MOST_ENTRIES", 2)
    paths = [write(HEAD + LONG + f"x-a: {number}\n", f"{number}.yaml") for number in range(3)]
    load(paths[0], cache=folder)
    for age, entry in enumerate(entries(folder), 1):
        os.utime(entry, (1000 - age, 1000 - age))
    load(paths[1], cache=folder)
    load(paths[0], cache=folder)
    oldest = min(entries(folder), key=lambda entry: entry.stat().st_mtime)
    os.utime(oldest, (1, 1))
    load(paths[2], cache=folder)
    assert len(entries(folder)) == 2
    assert oldest not in entries(folder)


def test_the_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(parse_cache.sys, "platform", "linux")
    assert cache_folder() == tmp_path / "macaron_django"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() is None
