"""``manage.py dumpitems`` and ``loaditems``: what goes out comes in again, and every error has its line."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test.utils import override_settings

from macaron_django import openapi as spec
from macaron_django.dynamodb import Persistence, engines, persistence_options
from macaron_django.dynamodb.calls.clients import reset
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.dynamodb.transfer import dump as dumping
from macaron_django.dynamodb.transfer import load as loading
from macaron_django.management.commands.dumpitems import Command as DumpItems
from macaron_django.management.commands.loaditems import Command as LoadItems
from macaron_django.schemas import Classes
from macaron_django.testing.isolation import engine_in_memory

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "age": {"type": "integer"},
        "price": {"type": "number"},
        "photo": {"type": "string", "format": "byte"},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    },
    "x-persist": {"hash_key": "id", "sets": ["tags"]},
}
ITEM = {
    "id": {"S": "ä\n"},
    "age": {"N": str(2**80)},
    "price": {"N": "0.12345678901234567890123456789012345678"},
    "photo": {"B": b"\0\xff"},
    "tags": {"SS": ["x", "y"]},
    "unknown": {"M": {"deep": {"L": [{"NULL": True}, {"BOOL": False}, {"NS": ["1", "2.5"]}, {"BS": [b"\1"]}]}}},
}


@pytest.fixture(scope="module", params=["embedded", "dynamodb-local"])
def engine(request: pytest.FixtureRequest) -> Iterator[engines.Engine]:
    started = engine_in_memory(request.param)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def make_things(engine: engines.Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Persistence]]:
    """Make a fresh table of things, served as ``shop.Thing``."""

    def make() -> Persistence:
        document = spec.load(
            {
                "openapi": "3.1.0",
                "info": {"title": "Shop", "version": "1"},
                "paths": {},
                "components": {
                    "schemas": {
                        "Thing": {**SCHEMA, "x-persist": {**SCHEMA["x-persist"], "table": uuid.uuid4().hex}}  # type: ignore[dict-item]
                    }
                },
            }
        )
        schema = document.schemas["Thing"]
        assert schema.extensions.persist is not None
        options, _ = persistence_options(schema.extensions.persist)
        persistence = Persistence("shop", schema, options, Classes("shop", document))
        create_table(persistence.table)
        served = [SimpleNamespace(name="shop", persistences={"Thing": persistence})]
        monkeypatch.setattr("macaron_django.management.named_apis.registry", served)
        return persistence

    with engines.use(engine), override_settings(MACARON={"DYNAMODB": {"MAX_ATTEMPTS": 2}}):
        yield make
    reset()


def _items(persistence: Persistence) -> dict[str, Any]:
    found: dict[str, Any] = {}
    last = None
    while True:
        page = persistence.scan(start=last, consistent=True)
        for item in page.items:
            found[item["id"]["S"]] = {
                name: {tag: sorted(content) for tag, content in value.items()} if name == "tags" else value
                for name, value in item.items()
            }
        last = page.last_key
        if last is None:
            return found


def _run(command: Any, *arguments: Any, **options: Any) -> str:
    output, errors = StringIO(), StringIO()
    call_command(command(), "shop.Thing", *map(str, arguments), stdout=output, stderr=errors, no_color=True, **options)
    return output.getvalue() + errors.getvalue()


def _fill(persistence: Persistence, count: int) -> None:
    persistence.batch_write(
        puts=[
            ITEM,
            *({"id": {"S": f"{n:06}"}, "age": {"N": str(n)}, "tags": {"SS": [f"{n}"]}} for n in range(1, count)),
        ]
    )


def _round_trip(make_things: Callable[[], Persistence], folder: Path, count: int) -> None:
    first = make_things()
    _fill(first, count)
    file = folder / "things.jsonl.gz"
    assert f"{count:,} items" in _run(DumpItems, file)
    second = make_things()
    assert f"{count:,} written" in _run(LoadItems, file)
    assert _items(second) == _items(first)
    assert len(_items(second)) == count


def test_what_goes_out_comes_in_again_equal(make_things: Callable[[], Persistence], tmp_path: Path) -> None:
    _round_trip(make_things, tmp_path, 300)


@pytest.mark.soak
def test_a_hundred_thousand_items_go_out_and_come_in_equal(
    make_things: Callable[[], Persistence], tmp_path: Path
) -> None:
    _round_trip(make_things, tmp_path, 100_000)


def test_lines_are_those_of_amazons_exports_or_plain(make_things: Callable[[], Persistence], tmp_path: Path) -> None:
    things = make_things()
    things.put_item(ITEM)
    _run(DumpItems, tmp_path / "export.json")
    line = json.loads((tmp_path / "export.json").read_bytes())
    assert line["Item"]["photo"] == {"B": "AP8="}
    assert line["Item"]["age"] == {"N": str(2**80)}
    _run(DumpItems, tmp_path / "plain.json", format="plain")
    text = (tmp_path / "plain.json").read_text("utf-8")
    assert '"price":0.12345678901234567890123456789012345678' in text
    assert json.loads(text)["tags"] == ["x", "y"]
    other = make_things()
    _run(LoadItems, tmp_path / "plain.json")
    known = {name: value for name, value in ITEM.items() if name != "unknown"}
    assert {name: value for name, value in _items(other)["ä\n"].items() if name != "unknown"} == known
    assert _run(DumpItems).startswith('{"Item":')


def test_several_exported_files_are_loaded_in_turn(make_things: Callable[[], Persistence], tmp_path: Path) -> None:
    things = make_things()
    for number in range(3):
        (tmp_path / f"{number}.json.gz").write_bytes(
            gzip.compress(b'{"Item":{"id":{"S":"%d"},"age":{"N":"1"}}}\n\n' % number)
        )
    assert "3 items" in _run(LoadItems, *sorted(tmp_path.iterdir()), on_conflict="replace")
    assert _items(things).keys() == {"0", "1", "2"}


def test_what_is_there_is_kept_replaced_or_an_error(make_things: Callable[[], Persistence], tmp_path: Path) -> None:
    things = make_things()
    file = tmp_path / "things.jsonl"
    file.write_text('{"id": "a", "age": 1}\n{"id": "b", "age": 2}\n')
    assert "2 written" in _run(LoadItems, file)
    assert "0 written; 2 already existed" in _run(LoadItems, file)
    file.write_text('{"id": "c", "age": 1}\n{"id": "b", "age": 3}\n')
    with pytest.raises(CommandError, match=r"things.jsonl:2: another item already has id 'b'"):
        _run(LoadItems, file)
    assert "0 written; 2 already existed" in _run(LoadItems, file, on_conflict="skip")
    assert _items(things)["b"]["age"] == {"N": "2"}
    _run(LoadItems, file, on_conflict="replace")
    assert _items(things)["b"]["age"] == {"N": "3"}


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("{", "this isn't JSON"),
        ("[]", "must be a JSON object"),
        ('{"id": 7}', "/id"),
        ('{"age": 7}', "/id: the key is missing"),
        ('{"Item": {"id": {"S": ""}}}', "/id: a key can't be empty"),
        ('{"Item": {"id": {"N": "1"}}}', "/id: a key of type S"),
        ('{"Item": {"id": {"S": "a"}, "m": {"M": {"x": {"N": "one"}}}}}', "/m/x: 'one' isn't of DynamoDB's type N"),
        ('{"Item": {"id": {"S": "a"}, "b": {"B": "%"}}}', "/b: '%' isn't of DynamoDB's type B"),
        ('{"Item": {"id": {"S": "a"}, "s": {"SS": []}}}', "/s: a set can't be empty"),
        ('{"Item": {"id": "a"}}', "/id: must be a value in DynamoDB's form"),
        ('{"Keys": {}, "NewImage": {}}', "incremental export"),
        ('{"id": "a", "tags": "%s"}' % ("x" * 10), "/tags"),
        ('{"Item": {"id": {"S": "a"}, "s": {"S": "%s"}}}' % ("x" * 410_000), "409600"),
    ],
)
def test_a_line_that_is_wrong_is_named_and_what_is_before_it_is_loaded(
    make_things: Callable[[], Persistence], tmp_path: Path, line: str, error: str
) -> None:
    things = make_things()
    file = tmp_path / "things.jsonl"
    file.write_text("".join(f'{{"id": "{n}"}}\n' for n in range(30)) + f'{line}\n{{"id": "after"}}\n')
    with pytest.raises(CommandError) as refused:
        _run(LoadItems, file)
    first, so_far = str(refused.value).splitlines()
    assert first.startswith(f"{file}:31: ")
    assert error in first
    assert so_far == "30 lines were loaded: continue with --skip-lines 30."
    assert len(_items(things)) == 30
    assert "after" not in _items(things)


def test_a_dry_run_names_every_wrong_line_and_writes_nothing(
    make_things: Callable[[], Persistence], tmp_path: Path
) -> None:
    things = make_things()
    things.put_item({"id": {"S": "a"}})
    file = tmp_path / "things.jsonl"
    file.write_text('{"id": "a"}\n{"id": "b"}\n{"id": 1}\nnull\n')
    output, errors = StringIO(), StringIO()
    with pytest.raises(CommandError, match="2 of 4 lines"):
        call_command(LoadItems(), "shop.Thing", str(file), dry_run=True, stdout=output, stderr=errors, no_color=True)
    assert "4 lines; 1 are new, 1 have keys that are taken, 2 are wrong. Nothing was written." in output.getvalue()
    assert f"{file}:3: /id" in errors.getvalue()
    assert f"{file}:4: a line must be" in errors.getvalue()
    assert _items(things).keys() == {"a"}


def test_a_file_that_breaks_off_is_an_error_with_its_line(
    make_things: Callable[[], Persistence], tmp_path: Path
) -> None:
    make_things()
    file = tmp_path / "things.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"id": "a"}\n' * 5)[:-8])
    with pytest.raises(CommandError, match=r"things.jsonl.gz:\d+: the compressed file is damaged or truncated"):
        _run(LoadItems, file)


@pytest.mark.parametrize("name", ["things.jsonl", "things.jsonl.gz"])
def test_an_interrupted_dump_goes_on_where_it_was(
    make_things: Callable[[], Persistence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    things = make_things()
    _fill(things, 200)
    file = tmp_path / name
    scan = things.scan
    monkeypatch.setattr(things, "scan", lambda **options: scan(limit=20, **options))
    dumped = dumping.dump_items

    def interrupted(*arguments: Any, **options: Any) -> Any:
        for page, state in enumerate(dumped(*arguments, **options)):
            if page == 5:
                raise KeyboardInterrupt
            yield state

    with monkeypatch.context() as patched:
        patched.setattr("macaron_django.management.commands.dumpitems.dump_items", interrupted)
        with pytest.raises(CommandError, match=r"Interrupted after \d+ items. Continue with --resume") as ended:
            _run(DumpItems, file)
    assert ended.value.returncode == 130
    with pytest.raises(CommandError, match="was interrupted: continue with --resume"):
        _run(DumpItems, file)
    with file.open("ab") as torn:
        torn.write(b"half a li")
    assert "200 items" in _run(DumpItems, file, resume=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
    lines = [json.loads(line.text)["Item"]["id"]["S"] for line in loading.read_lines([file])]
    assert sorted(lines) == sorted(_items(things))
    with pytest.raises(CommandError, match="already exists"):
        _run(DumpItems, file)
    with pytest.raises(CommandError, match="nothing to resume"):
        _run(DumpItems, file, resume=True)


def test_an_interrupted_load_goes_on_where_it_was(
    make_things: Callable[[], Persistence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = make_things()
    file = tmp_path / "things.jsonl"
    file.write_text("".join(f'{{"id": "{n}"}}\n' for n in range(300)))
    loaded = loading.load_items

    def interrupted(*arguments: Any, **options: Any) -> Any:
        for chunk, state in enumerate(loaded(*arguments, **options)):
            yield state
            if chunk == 3:
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("macaron_django.management.commands.loaditems.load_items", interrupted)
        with pytest.raises(CommandError, match=r"Interrupted: 100 lines were loaded: continue with --skip-lines 100\."):
            _run(LoadItems, file)
    _run(LoadItems, file, skip_lines=100)
    assert len(_items(things)) == 300


def test_a_schema_that_is_not_persisted_is_named(make_things: Callable[[], Persistence]) -> None:
    make_things()
    with pytest.raises(CommandError, match=r"no persisted schema 'shop.Thin'; the known ones are shop.Thing\."):
        call_command(DumpItems(), "shop.Thin")
