"""`manage.py checkspec`: what it says of good, faulty and hostile files, in which form, and with which exit code."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from macaron_django.management import checkspec_reports
from macaron_django.management.commands.checkspec import Command
from macaron_django.schemas.checks import compilation_checks, compiled_parts
from tests.conftest import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent

GOOD = """\
openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /orders:
    post:
      operationId: order
      requestBody:
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Order"}
      responses:
        "201":
          description: Kept.
          links: {next: {operationId: order}}
      callbacks:
        paid:
          "{$request.body#/url}": {post: {responses: {"200": {description: Thanks.}}}}
webhooks:
  restocked: {post: {responses: {"200": {description: Thanks.}}}}
components:
  schemas:
    Order:
      type: object
      properties:
        item: {type: string}
        to: {type: object, properties: {street: {type: string}}}
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Write a file into an empty folder, which is the current one; return its name."""
    monkeypatch.chdir(tmp_path)

    def write(text: str | bytes, name: str = "shop.yaml") -> str:
        content = text.encode() if isinstance(text, str) else text
        (tmp_path / name).write_bytes(content)
        return name

    return write


@pytest.fixture
def checkspec():
    """Run the command; return its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        printed = io.StringIO()
        try:
            call_command(Command(stdout=printed, no_color=True), *arguments)
        except SystemExit as end:
            return int(end.code or 0), printed.getvalue()
        return 0, printed.getvalue()

    return run


@pytest.fixture
def report(checkspec):
    """The JSON report on one file."""

    def run(*arguments: str) -> dict[str, Any]:
        _, printed = checkspec("--format", "json", *arguments)
        return json.loads(printed)

    return run


def ids(report: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in report["findings"]]


def schema(text: str) -> str:
    """A document whose only schema, of a body, is given."""
    return GOOD[: GOOD.index("    Order:")] + "    Order:\n" + "".join(f"      {line}\n" for line in text.splitlines())


# ------------------------------------------------------------------ what it says


def test_it_counts_what_is_there_and_what_was_built(file, checkspec):
    code, printed = checkspec(file(GOOD))
    assert code == 0
    first, last = printed.splitlines()
    assert first.startswith(
        "shop.yaml: OpenAPI 3.1.0; 1 path, 1 operation, 1 schema, 2 serializers, 1 validator; "
        "not served: 1 webhook, 1 callback, 1 link ("
    )
    assert last == "  ok"


def test_json_is_one_object_a_file(file, checkspec):
    code, printed = checkspec("--format", "json", file(GOOD), file(GOOD.replace("/orders:", "orders:"), "b.yaml"))
    good, bad = map(json.loads, printed.splitlines())
    assert code == 1
    assert good.pop("seconds") > 0
    assert good == {
        "file": "shop.yaml",
        "ok": True,
        "version": "3.1.0",
        "paths": 1,
        "operations": 1,
        "schemas": 1,
        "serializers": 2,
        "validators": 1,
        "webhooks": 1,
        "callbacks": 1,
        "links": 1,
        "findings": [],
    }
    assert (bad["ok"], ids(bad)) == (False, ["E022"])


def test_a_finding_has_its_place_its_pointer_an_id_and_a_remedy(file, checkspec, report):
    name = file(GOOD.replace("schemas/Order", "schemas/Oder"))
    broken = next(each for each in report(name)["findings"] if each["id"] == "E010")
    assert (broken["file"], broken["line"], broken["level"]) == (name, 10, "error")
    assert broken["pointer"] == "#/paths/~1orders/post/requestBody/content/application~1json/schema/$ref"
    assert broken["message"]
    assert broken["hint"]
    _, printed = checkspec(name)
    assert f"shop.yaml:10:{broken['column']}: error E010 {broken['message']}" in printed
    assert f"at {broken['pointer']}" in printed
    assert broken["hint"] in printed


def test_github_gets_annotations(file, checkspec):
    code, printed = checkspec(
        "--format", "github", file(GOOD.replace("schemas/Order", "schemas/O%0A::error"), "a,b:c.yaml")
    )
    assert code == 1
    annotation = next(line for line in printed.splitlines() if line.startswith("::error"))
    assert annotation.startswith("::error file=a%2Cb%3Ac.yaml,line=10,col=")
    assert "title=E010::" in annotation


def test_findings_come_in_the_order_of_the_file(file, report):
    text = schema(
        "type: object\nproperties:\n  a: {format: odd}\n  b: {minLength: x}\n  c: {type: string, default: 1}\n"
    )
    lines = [finding["line"] for finding in report(file(text))["findings"]]
    assert lines == sorted(lines)
    assert len(lines) == 3


# ------------------------------------------------------------------ exit codes


@pytest.mark.parametrize(
    ("text", "arguments", "code"),
    [
        (GOOD, (), 0),
        (GOOD + "    Unused: {type: string}\n", (), 0),
        (GOOD + "    Unused: {type: string}\n", ("--fail-level", "warning"), 1),
        (GOOD.replace("schemas/Order", "schemas/Oder"), (), 1),
        ("title: no OpenAPI\n", (), 2),
        ("{", (), 2),
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_the_exit_code_tells_findings_from_what_cannot_be_read(file, checkspec, text, arguments, code, form):
    assert checkspec(file(text), "--format", form, *arguments)[0] == code


def test_of_several_files_the_worst_counts(file, checkspec):
    assert checkspec(file(GOOD), "missing.yaml", file(GOOD, "c.yaml"))[0] == 2


def test_a_missing_file_is_not_ok_in_any_form(checkspec, report):
    assert report("missing.yaml")["ok"] is False
    assert report("missing.yaml")["version"] is None
    assert "can't be read" in checkspec("missing.yaml")[1]
    assert "::error file=missing.yaml" in checkspec("missing.yaml", "--format", "github")[1]


@pytest.fixture
def scattered(tmp_path):
    """A spec that refers to a file two folders up."""
    (tmp_path / "shared.yaml").write_text("type: string\n", "utf-8")
    (tmp_path / "a" / "b").mkdir(parents=True)
    path = tmp_path / "a" / "b" / "shop.yaml"
    path.write_text(GOOD.replace("item: {type: string}", "item: {$ref: ../../shared.yaml}"), "utf-8")
    return path


def test_references_out_of_the_folder_need_a_root(scattered, report, settings):
    assert ids(report(str(scattered))) == ["E012"]
    assert ids(report(str(scattered), "--root", str(scattered.parents[2]))) == []
    settings.MACARON = {"APIS": {"shop": scattered}, "SPEC_ROOTS": {"shop": scattered.parents[2]}}
    assert ids(report(str(scattered))) == []
    settings.MACARON = {"APIS": {"shop": scattered}, "SPEC_ROOTS": {"shop": scattered.parents[1]}}
    assert ids(report(str(scattered))) == ["E012"]


# ------------------------------------------------------------------ what building finds


def test_an_unknown_format_is_told_once(file, report):
    text = schema("type: object\nproperties:\n  a: {type: string, format: odd}\n  b: {type: string, format: odd}\n")
    found = report(file(text))
    assert ids(found) == ["W203"]
    assert "1 more place" in found["findings"][0]["message"]


@pytest.mark.parametrize("format_", ["date", "int64", "double", "byte", "uri-template", "decimal", "password", "regex"])
def test_a_known_format_is_not_told(file, report, format_):
    assert ids(report(file(schema(f"format: {format_}\n")))) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{type: string, default: 1}", ["W205"]),
        ("{type: string, example: 1}", ["W204"]),
        ("{type: string, examples: [a, 1, 2]}", ["W204", "W204"]),
        ("{type: object, example: {a: 1}, properties: {a: {type: string}}}", ["W204"]),
        ("{type: object, example: {a: b}, properties: {a: {type: string}}}", []),
        ('{type: ["null", string], default: null, example: null}', []),
    ],
)
def test_an_example_or_default_has_to_be_valid(file, report, text, expected):
    assert ids(report(file(schema(text)))) == expected


def test_an_example_may_be_of_what_is_sent_or_of_what_is_answered(file, report):
    text = """\
type: object
required: [id, secret]
properties: {id: {type: string, readOnly: true}, secret: {type: string, writeOnly: true}}
"""
    for example in ("{id: a}", "{secret: a}"):
        assert ids(report(file(schema(f"{text}example: {example}\n")))) == []
    assert ids(report(file(schema(text + "example: {}\n")))) == ["W204"]


def test_examples_of_bodies_and_parameters_are_judged_where_they_are_json(file, report):
    text = GOOD.replace(
        '{$ref: "#/components/schemas/Order"}\n',
        '{$ref: "#/components/schemas/Order"}\n            examples:\n'
        "              {good: {value: {item: x}}, bad: {value: {item: 1}}}\n"
        "          application/xml: {schema: {type: object}, example: <a/>}\n",
    ).replace(
        "      requestBody:",
        "      parameters: [{name: n, in: query, schema: {type: integer}, example: one}]\n      requestBody:",
    )
    found = report(file(text))["findings"]
    assert [finding["id"] for finding in found] == ["W204", "W204"]
    assert "parameter 'n'" in found[0]["message"]
    assert "named 'bad'" in found[1]["message"]


def test_a_pattern_on_the_backtracking_engine_is_told_where_it_stands(file, report):
    text = schema("type: object\nproperties:\n  a: {type: string, pattern: '^(?!x)'}\n")
    found = report(file(text))["findings"]
    assert [finding["id"] for finding in found] == ["W201"]
    assert "pattern" in text.splitlines()[found[0]["line"] - 1]


def test_a_pattern_that_no_engine_takes_is_told(file, report):
    text = schema("type: object\nproperties:\n  a: {type: string, pattern: '('}\n")
    found = report(file(text))["findings"]
    assert [finding["id"] for finding in found] == ["W202"]
    assert "pattern" in text.splitlines()[found[0]["line"] - 1]


def test_a_parent_that_cannot_be_imported_is_an_error(file, report):
    found = report(file(schema("type: object\nx-parent: nowhere.Nobody\nproperties: {a: {type: string}}\n")))
    assert ids(found) == ["E203"]
    assert "nowhere" in found["findings"][0]["message"]


def test_a_parent_whose_module_fails_is_an_error_too(file, report, tmp_path, monkeypatch):
    (tmp_path / "parents_of_python_2.py").write_text("class Parent:\n    def save(self, async=True): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = report(
        file(schema("type: object\nx-parent: parents_of_python_2.Parent\nproperties: {a: {type: string}}\n"))
    )
    assert ids(found) == ["E203"]
    message = found["findings"][0]["message"]
    assert "x-parent 'parents_of_python_2.Parent' can't be imported (SyntaxError: invalid syntax" in message


def test_a_fault_of_this_package_is_a_finding_too(file, checkspec, report, monkeypatch):
    def fail(document):
        raise RecursionError("too deep")

    monkeypatch.setattr(checkspec_reports, "build_all", fail)
    found = report(file(GOOD))
    assert (found["version"], ids(found), found["ok"]) == ("3.1.0", ["E200"], False)
    assert checkspec("shop.yaml")[0] == 1


def test_a_serializer_or_validator_that_cannot_be_made_is_a_finding(file, report, monkeypatch):
    def fail(*arguments):
        raise ArithmeticError("no")

    monkeypatch.setattr(compilation_checks, "serializer_for", fail)
    monkeypatch.setattr(compiled_parts, "compile_native", fail)
    found = report(file(GOOD))
    assert sorted(ids(found)) == ["E201", "E202", "E202"]
    assert (found["serializers"], found["validators"]) == (0, 0)


def test_each_schema_is_compiled_by_itself_and_all_together_for_examples(file, report, monkeypatch):
    compiled = []
    original = compiled_parts.compile_native

    def compile_native(schema, *rest, **options):
        compiled.append(len(schema.get("$defs", ())))
        return original(schema, *rest, **options)

    monkeypatch.setattr(compiled_parts, "compile_native", compile_native)
    schemas = {
        f"S{number}": {
            "type": "object",
            "properties": {"next": {"$ref": f"#/components/schemas/S{(number + 7) % 300}"}},
            "example": {"next": {"next": 1} if number else {}},
        }
        for number in range(300)
    }
    schemas["S0"] |= {"required": ["id"]}
    schemas["S0"]["properties"]["id"] = {"type": "string", "readOnly": True}
    document = {"openapi": "3.1.0", "info": {"title": "", "version": ""}, "components": {"schemas": schemas}}
    found = report(file(yaml.safe_dump(document)))
    assert (found["validators"], found["serializers"]) == (300, 300)
    # Only what is readOnly or writeOnly makes a schema another one in the other direction.
    assert sorted(compiled) == [1] * 301 + [300] * 2
    assert ids(found) == ["W204"] * 299
    assert "isn't valid: /next/next must be an object" in found["findings"][0]["message"]


def test_serializers_of_schemas_that_inherit_from_one_another_without_end_are_not_all_made(file, report):
    schemas = {
        f"S{number}": {
            "type": "object",
            "allOf": [{"$ref": f"#/components/schemas/S{number + 1}"}] if number < 199 else [],
            "properties": {f"p{number}": {"type": "string"}},
        }
        for number in range(200)
    }
    document = {"openapi": "3.1.0", "info": {"title": "", "version": ""}, "components": {"schemas": schemas}}
    found = report(file(yaml.safe_dump(document)))
    assert found["validators"] == 200
    assert 15 < found["serializers"] < 50


# ------------------------------------------------------------------ hostile files


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\x00\xff\xfe",
        b"\xff" * 100,
        b"[" * 100_000,
        b"a: &a [" + b"*a," * 1000 + b"]",
        b"openapi: 3.1.0\npaths: 7\ncomponents: [1]\ninfo: null\n",
        b"openapi: 3.1.0\npaths: {/a: {get: []}, 7: {get: 3}}\n",
        b"openapi: 3.1.0\ncomponents: {schemas: {A: {$ref: '#/components/schemas/A'}}}\n",
        b"openapi: 3.1.0\ncomponents: {schemas: {B: {allOf: [{$ref: '#/components/schemas/B'}]}}}\n",
        b"openapi: 3.1.0\ncomponents: {schemas: {A: {properties: 3, items: [], enum: {}, type: [x], example: .nan}}}\n",
        b"swagger: '2.0'\ndefinitions: {A: {$ref: 'file:///etc/passwd'}, B: {$ref: 'http://127.0.0.1/x'}}\npaths: {}\n",
        b"openapi: 3.1.0\npaths: !!python/object/apply:os.system [exit]\n",
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_no_file_makes_it_fail(file, checkspec, text, form):
    code, printed = checkspec(file(text), "--format", form)
    assert code in (0, 1, 2)
    assert printed
    assert "E200" not in printed


def test_deep_nesting_of_schemas_is_a_finding(file, report):
    nested = '{"items":' * 5000 + "{}" + "}" * 5000
    text = (
        '{"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": {}, "components": {"schemas": {"A": %s}}}'
    )
    found = report(file(text % nested))
    assert found["ok"] is False
    assert "E200" not in ids(found)


def test_what_a_spec_says_does_not_reach_the_terminal_as_commands(file, checkspec):
    text = GOOD.replace("schemas/Order", r"schemas/\u001b[2J\u202eOder")
    _, printed = checkspec(file(text))
    assert "\x1b" not in printed
    assert "\u202e" not in printed


# ------------------------------------------------------------------ as a process


def manage(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"} | options.pop("env", {}),
        **options,
    )


def test_the_example_projects_specs_are_as_the_how_to_shows_them():
    process = manage("checkspec", "example_project/apis/library.yaml")
    printed, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    page = (ROOT / "docs" / "how-to" / "spec.md").read_text("utf-8")
    shown = page.partition("$ python manage.py checkspec example_project/apis/library.yaml\n")[2].partition("```")[0]
    assert printed.partition(" (")[0] == shown.partition(" …")[0]
    assert printed.endswith("  ok\n")


def test_a_closed_pipe_and_a_poor_encoding_are_no_traceback(tmp_path):
    path = tmp_path / "shöp.yaml"
    path.write_text(GOOD.replace("Order:", "Örder:"), "utf-8")
    process = manage("checkspec", *[str(path)] * 40, env={"PYTHONIOENCODING": "ascii", "PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    assert process.stderr is not None
    assert "sh\\xf6p.yaml" in process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(PATIENCE) == 1
    assert errors == ""


def test_control_c_ends_it_without_a_traceback(tmp_path):
    path = tmp_path / "waits.yaml"
    os.mkfifo(path)
    large = tmp_path / "large.json"
    schemas = {
        f"S{n}": {"type": "object", "properties": {f"p{i}": {"type": "string"} for i in range(200)}}
        for n in range(3000)
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "", "version": ""},
        "paths": {},
        "components": {"schemas": schemas},
    }
    large.write_text(json.dumps(document), "utf-8")
    process = manage("checkspec", str(tmp_path / "missing"), *[str(large)] * 20, env={"PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert errors.strip() == "Interrupted."
