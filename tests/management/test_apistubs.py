"""`manage.py apistubs`: what mypy makes of the stub, for the example project and for a spec full of hostile names."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from macaron_django import openapi as spec
from macaron_django.management.commands.apistubs import Command
from macaron_django.schemas import Classes
from macaron_django.schemas.stubs.stub_files import stub

ROOT = Path(__file__).resolve().parent.parent.parent

HOSTILE = """
openapi: 3.1.0
info: {title: Hostile, version: "1"}
paths: {}
components:
  schemas:
    class:
      type: object
      properties:
        self: {type: string}
        class: {type: integer}
        str: {type: string}
        int: {type: [integer, "null"]}
        apipool: {$ref: "#/components/schemas/a-b"}
        hostile: {type: boolean}
    a-b:
      type: object
      description: "quotes \\" ' \\\\ and \\n lines \\"\\"\\" é"
      additionalProperties: {type: number}
      properties:
        日本: {type: string, format: date-time}
        save: {type: string, format: uuid}
        a-b: {type: array, items: {$ref: "#/components/schemas/a-b"}}
        __init__: {type: string}
    document: {type: object, properties: {x: {type: string, format: byte}}}
    __init__: {type: object, properties: {x: {type: string}}}
    Tree:
      type: object
      properties:
        children: {type: array, items: {$ref: "#/components/schemas/Tree"}}
        home: {type: object, properties: {zip: {enum: [a, "b'", null, 1]}}}
        of: {type: object, additionalProperties: {type: string, format: date}}
        any: {}
        several: {type: [string, integer]}
        amount: {type: number}
        price: {type: number, x-decimal: true}
    TreeHome: {type: object, properties: {q: {type: string}}}
    Pet:
      oneOf: [{$ref: "#/components/schemas/Cat"}, {$ref: "#/components/schemas/Dog"}]
      discriminator: {propertyName: kind}
    Cat:
      type: object
      required: [kind]
      properties: {kind: {type: string}, pets: {type: array, items: {$ref: "#/components/schemas/Pet"}}}
    Dog:
      type: object
      required: [kind]
      properties: {kind: {type: string}, owner: {anyOf: [{$ref: "#/components/schemas/Tree"}, {type: "null"}]}}
    Itself: {type: array, items: {$ref: "#/components/schemas/Itself"}}
    Holder:
      type: object
      required: [at]
      properties:
        itself: {$ref: "#/components/schemas/Itself"}
        pet: {$ref: "#/components/schemas/Pet"}
        at: {type: string, format: date-time}
    Empty: {type: object}
    \uff21\uff22: {type: object, properties: {\ufb01: {type: string}, fi: {type: integer}}}
    AB: {type: object, properties: {None: {type: string}, "\\n": {type: string}, list: {type: array, items: {}}}}
"""

USE = """
import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from macaron_django import apipool, viewsets
from macaron_django.exceptions import ValidationFailed
from typing_extensions import assert_type


def use(tree: apipool.hostile.Tree, holder: apipool.hostile.Holder, other: apipool.hostile.a_b) -> None:
    assert_type(tree.children, list[apipool.hostile.Tree] | None)
    assert_type(tree.of, dict[str, datetime.date] | None)
    assert_type(tree.amount, float | Decimal | None)
    assert_type(tree.price, Decimal | None)
    assert_type(tree.several, str | int | None)
    assert_type(apipool.get_api_names(), list[str])
    apipool.hostile.validate("Tree", apipool.hostile.json_to_model("Tree", {}, prune_none=True))
    assert_type(tree.any, Any)
    assert_type(holder.at, datetime.datetime)
    assert_type(holder.pet, apipool.hostile.Cat | apipool.hostile.Dog | None)
    assert_type(other.save_field, UUID | None)
    assert_type(tree.clone(), apipool.hostile.Tree)
    assert_type(apipool.hostile.Tree.from_json({}), apipool.hostile.Tree)
    assert_type(list(apipool.hostile), list[str])
    holder.at = "2026-01-01T00:00:00Z"
    holder.at = datetime.datetime.now(datetime.timezone.utc)
    tree.of = {"a": "2026-01-01", "b": datetime.date.today()}
    apipool.hostile.class_field(class_field=1, apipool={"a": 1})
    apipool.hostile.a_b(extra=1.5)
    print("Tree" in apipool.hostile, apipool.hostile["Tree"], ValidationFailed, viewsets)
    holder.at = 5  # assignment
    apipool.hostile.Tree(chldren=[])  # call-arg
    tree.chldren  # attr-defined
    apipool.hostile.Treee  # attr-defined
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("mypy")


@pytest.fixture
def mypy(tmp_path, cache):
    """Check a program with the stub on mypy's path; return its errors as (file, line, code)."""

    def run(text: str, program: str) -> list[tuple[str, int, str]]:
        stub_file = tmp_path / "typings" / "macaron_django" / "__init__.pyi"
        stub_file.parent.mkdir(parents=True)
        stub_file.write_text(text, "utf-8")
        (tmp_path / "use.py").write_text(program, "utf-8")
        path = f"typings:{ROOT}:{ROOT / 'example_project'}"
        (tmp_path / "mypy.ini").write_text(f"[mypy]\nstrict = true\nmypy_path = {path}\nfollow_imports = silent\n")
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--cache-dir", str(cache), "use.py", str(stub_file)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert not done.stderr
        found = re.findall(r"^(.+?):(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.MULTILINE)
        return [(Path(file).name, int(line), code) for file, line, code in found]

    return run


@pytest.fixture
def hostile(tmp_path):
    path = tmp_path / "hostile.yaml"
    path.write_text(HOSTILE, "utf-8")
    return Classes("hostile", spec.load(path))


def test_mypy_knows_every_type_and_finds_every_mistake(hostile, mypy):
    lines = USE.splitlines()
    expected = [("use.py", number, line.partition("  # ")[2]) for number, line in enumerate(lines, 1) if "  # " in line]
    assert mypy(stub([hostile]), USE) == expected


def test_a_row_is_a_model_with_a_manager_that_gives_rows(mypy):
    program = """
from macaron_django import apipool
from typing_extensions import assert_type

def use(profile: apipool.myserver.Profile) -> apipool.myserver.Address | None:
    assert_type(profile.name, str)
    assert_type(profile.tags, list[str] | None)
    assert_type(apipool.myserver.Profile.objects.filter(name="x").first(), apipool.myserver.Profile | None)
    profile.save()
    profile.save_to_db()
    profile.nme
    return profile.address
"""
    done = subprocess.run(
        [sys.executable, "manage.py", "apistubs", "--output", "-"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert mypy(done.stdout, program) == [("use.py", 11, "attr-defined")]


def test_the_stub_is_python_whatever_the_names(hostile):
    tree = ast.parse(stub([hostile]))
    (apipool,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "apipool")
    (api,) = (node for node in apipool.body if isinstance(node, ast.ClassDef))
    names = {node.name for node in api.body if isinstance(node, ast.ClassDef)}
    assert {"class_field", "a_b", "Tree", "TreeHome", "_TreeHome", "Cat", "Dog", "Holder", "Empty"} <= names
    assert {"Itself", "document", "__init__"}.isdisjoint(names)


def test_each_public_class_of_the_stub_is_there_at_run_time(hostile):
    for name in re.findall(r"^ {8}class ([A-Za-z]\w*)\(", stub([hostile]), re.MULTILINE):
        assert isinstance(getattr(hostile, name), type), name


def test_the_class_of_a_body_that_is_no_component_is_public():
    form = {"type": "object", "properties": {"size": {"type": "object", "properties": {"x": {"type": "integer"}}}}}
    body = {"content": {"multipart/form-data": {"schema": form}}}
    operation = {"requestBody": body, "responses": {"200": {"description": "Good."}}}
    info = {"title": "Uploads", "version": "1"}
    document = spec.load({"openapi": "3.1.0", "info": info, "paths": {"/uploads": {"post": operation}}})
    classes = Classes("shop", document)
    name = "UploadsPostRequestBodyMultipartFormData"
    assert re.findall(r"^ {8}class (\w+)\(", stub([classes]), re.MULTILINE) == [name, f"{name}Size"]
    assert getattr(classes, name)(size={"x": 1}).size.x == 1


def test_there_is_a_stub_without_apis_too():
    assert ast.parse(stub([]))


# ------------------------------------------------------------------ the command


def test_it_writes_once_and_tells_when_it_is_out_of_date(tmp_path, capsys):
    path = tmp_path / "macaron_django" / "__init__.pyi"
    with pytest.raises(SystemExit, match="1"):
        call_command(Command(), "--check", "--output", str(tmp_path))
    assert not path.exists()
    call_command(Command(), "--output", str(tmp_path))
    assert "class ping(" in path.read_text("utf-8")
    call_command(Command(), "--output", str(tmp_path))
    call_command(Command(), "--check", "--output", str(tmp_path))
    told = capsys.readouterr().out.splitlines()
    assert [line.replace(str(path), "…") for line in told] == [
        "… is out of date: run manage.py apistubs.",
        "Wrote ….",
        "… is up to date.",
        "… is up to date.",
    ]


def test_it_goes_into_the_projects_folder_unless_told_otherwise(tmp_path, settings):
    settings.BASE_DIR = tmp_path
    settings.MACARON = {"APIS": {}}
    call_command(Command())
    assert (tmp_path / "typings" / "macaron_django" / "__init__.pyi").is_file()


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="file"):
        call_command(Command(), "--output", str(tmp_path / "file"))
