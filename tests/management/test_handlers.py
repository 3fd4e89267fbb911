"""`manage.py handlers`, `startapi` and `inspectspec`: an API is added to a project, and grows with its spec."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from macaron_django import openapi
from macaron_django.management.commands.handlers import Command as Handlers
from macaron_django.management.commands.inspectspec import Command as InspectSpec
from macaron_django.management.commands.startapi import Command as StartAPI
from macaron_django.registry import API, registry
from macaron_django.schemas import Classes

PETSTORE = Path(__file__).parents[1] / "fixtures" / "starting" / "petstore.yaml"


def run(command: type, *arguments: str, code: int | None = None) -> str:
    printed = StringIO()
    if code is None:
        call_command(command(stdout=printed, no_color=True), *arguments)
    else:
        with pytest.raises(SystemExit) as ended:
            call_command(command(stdout=printed, no_color=True), *arguments)
        assert ended.value.code == code
    return printed.getvalue()


@pytest.fixture
def base(tmp_path, settings, monkeypatch):
    """A project's folder without APIs."""
    settings.BASE_DIR = tmp_path
    settings.MACARON = {**settings.MACARON, "APIS": {}}
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [each for each in sys.modules if each.partition(".")[0] in {"apis", "zoo"}]:
        del sys.modules[name]


@pytest.fixture
def serve(base, monkeypatch):
    """Have the registry hold the API of a spec below ``base``."""

    def serve(path: str, name: str = "zoo") -> API:
        document = openapi.load(base / path)
        api = API(name, document, Classes(name, document), {})
        monkeypatch.setattr(registry, "_apis", {name: api})
        return api

    return serve


def test_startapi_writes_the_api_and_says_what_to_add(base):
    printed = run(StartAPI, str(PETSTORE), "--name", "zoo")
    assert (base / "apis/zoo/zoo.yaml").exists()
    assert "def list_pets(" in (base / "apis/zoo/handlers.py").read_text("utf-8")
    assert 'add "zoo": "apis/zoo/zoo.yaml", to MACARON[\'APIS\']' in printed
    assert 'add "key": "apis.zoo.verifiers.verify_key", to MACARON["SECURITY_VERIFIERS"]' in printed
    with pytest.raises(CommandError, match="already exists"):
        run(StartAPI, str(PETSTORE), "--name", "zoo")


def test_startapi_lists_the_apis_that_are_found_without_the_setting(base, settings):
    settings.MACARON = {name: value for name, value in settings.MACARON.items() if name != "APIS"}
    (base / "apis").mkdir()
    (base / "apis" / "other.yaml").write_text("openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n")
    printed = run(StartAPI, str(PETSTORE), "--name", "zoo", "--orm", "--dry-run")
    assert '    "other": "apis/other.yaml",\n' in printed
    assert 'Add "apis.zoo" to INSTALLED_APPS, and run `manage.py makemigrations zoo`.' in printed
    assert not (base / "apis" / "zoo").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "Zoo"], "can't be the name of an API"),
        (["--name", "ping"], "is the name of an app or an API that every project has"),
    ],
)
def test_startapi_refuses_names_that_are_taken(base, arguments, message):
    with pytest.raises(CommandError, match=message):
        run(StartAPI, str(PETSTORE), *arguments)


def test_new_operations_get_handlers_and_old_ones_are_named(base, serve):
    run(StartAPI, str(PETSTORE), "--name", "zoo")
    spec, handlers = base / "apis/zoo/zoo.yaml", base / "apis/zoo/handlers.py"
    serve("apis/zoo/zoo.yaml")
    assert run(Handlers, "--check") == "No handler is missing.\n"

    text = spec.read_text("utf-8").replace("    delete: {", "    patch: {").replace("deletePet", "changePet")
    text = text.replace('"x-bind-server": "apis.zoo.handlers.delete_pet", ', "")
    spec.write_text(text, "utf-8")
    before = spec.read_text("utf-8"), handlers.read_text("utf-8")
    serve("apis/zoo/zoo.yaml")
    for option, code in (("--dry-run", None), ("--check", 1)):
        shown = run(Handlers, option, code=code)
        assert "Missing: apis.zoo.handlers.change_pet for PATCH /pets/{petId}" in shown
        assert "no operation is bound to delete_pet." in shown
    assert (spec.read_text("utf-8"), handlers.read_text("utf-8")) == before

    assert "Wrote apis.zoo.handlers.change_pet" in run(Handlers)
    assert "def change_pet(petId: str)" in handlers.read_text("utf-8")
    assert '"x-bind-server": "apis.zoo.handlers.change_pet"' in spec.read_text("utf-8")
    serve("apis/zoo/zoo.yaml")
    assert "Missing" not in run(Handlers, "--check", code=1)  # the orphan is there still


def test_a_bound_function_that_is_not_there_is_written_where_it_was_looked_for(base, serve):
    (base / "zoo").mkdir()
    (base / "zoo" / "api.py").write_text('"""The zoo."""\n\nimport os\n\n\ndef feed():\n    return os.name\n')
    (base / "zoo.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    get:\n      x-bind-server: zoo.api.get_a\n"
        "      parameters: [{name: on, in: query, schema: {type: string, format: date}}]\n"
        "      responses: {'200': {description: An a.}}\n"
    )
    serve("zoo.yaml")
    printed = run(Handlers)
    text = (base / "zoo" / "api.py").read_text("utf-8")
    assert "Wrote zoo.api.get_a for GET /a (zoo/api.py)" in printed
    assert "zoo/api.py:6: no operation is bound to feed." in printed
    assert "import os\nimport datetime\nfrom macaron_django.exceptions import NotImplementedYet\n" in text
    assert text.endswith('    raise NotImplementedYet("GET /a")\n')
    compile(text, "api.py", "exec")


def test_a_keyword_is_not_written_as_a_function(base, serve):
    (base / "zoo").mkdir()
    (base / "zoo" / "api.py").write_text("import os\n")
    (base / "zoo.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    get:\n      x-bind-server: zoo.api.class\n"
        "      responses: {'200': {description: An a.}}\n"
    )
    serve("zoo.yaml")
    run(Handlers)
    assert (base / "zoo" / "api.py").read_text("utf-8") == "import os\n"


def test_a_module_that_is_no_python_is_named_with_its_line(base, serve):
    run(StartAPI, str(PETSTORE), "--name", "zoo")
    (base / "apis/zoo/handlers.py").write_text("x = 1\ndef (:\n")
    serve("apis/zoo/zoo.yaml")
    with pytest.raises(CommandError, match=r"handlers\.py:2 isn't valid Python"):
        run(Handlers)


def test_inspectspec_prints_models():
    printed = run(InspectSpec, str(PETSTORE), "Pet")
    assert "class Pet(models.Model):" in printed
    assert "class Owner" not in printed
    assert "owner = models.JSONField(null=True, blank=True)" in printed
    compile(printed, "models.py", "exec")
    with pytest.raises(CommandError, match="has no schema 'Pat'"):
        run(InspectSpec, str(PETSTORE), "Pat")
    with pytest.raises(CommandError, match="doesn't describe an object with properties"):
        run(InspectSpec, str(PETSTORE), "Status")
