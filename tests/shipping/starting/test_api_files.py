"""The files that are made of a spec: handlers, bindings, what is kept, who may call."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import yaml

from macaron_django import openapi
from macaron_django.shipping.starting.api_files import api_files, api_name, name_problem
from macaron_django.shipping.starting.project_files import new_project

PETSTORE = Path(__file__).parents[2] / "fixtures" / "starting" / "petstore.yaml"


def functions(made):
    nodes = ast.parse(made.files[made.handlers]).body
    return {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}


def spec_of(made):
    return yaml.safe_load(made.files[made.spec])


def test_handlers_have_typed_signatures():
    made = api_files(PETSTORE, "pets", "none")
    found = functions(made)
    assert {name: ast.unparse(node.args) for name, node in found.items()} == {
        "list_pets": "*, status: Literal['available', 'sold'] | None=None",
        "add_pet": "body: apipool.pets.Pet",
        "get_pets_pet_id": "petId: str",
        "delete_pet": "petId: str",
        "pets_photo_put": "body: bytes | None, petId: str, *, "
        "taken: datetime.datetime | None=None, size: int, x_trace: str",
    }
    assert ast.unparse(found["list_pets"].returns) == "list[apipool.pets.Pet]"
    assert ast.unparse(found["delete_pet"].returns) == "None"
    assert 'raise NotImplementedYet("PUT /pets/{petId}/photo")' in made.files[made.handlers]


def test_each_operation_is_bound_to_its_handler_and_comments_stay():
    made = api_files(PETSTORE, "pets", "none")
    text = made.files["apis/pets/pets.yaml"]
    assert "# A pet store, with comments that stay." in text
    assert "get:  # all of them\n      x-bind-server: apis.pets.handlers.list_pets\n" in text
    paths = spec_of(made)["paths"]
    assert paths["/pets/{petId}"]["delete"]["x-bind-server"] == "apis.pets.handlers.delete_pet"
    # A dotted operationId names a function of its own, which isn't there.
    assert paths["/pets/{petId}/photo"]["put"]["x-bind-server"] == "apis.pets.handlers.pets_photo_put"


def test_what_looks_kept_is_only_proposed_unless_it_was_asked_for():
    made = api_files(PETSTORE, "pets", "none")
    assert [(each.name, each.key) for each in made.kept] == [("Pet", "id")]
    assert (
        "      # x-persist: {table: pet, hash_key: id, indexes: {by_status: status}}  # could be persisted:"
        in made.files[made.spec]
    )
    assert made.generated == 0


@pytest.mark.parametrize(("storage", "marker"), [("dynamodb", "x-persist"), ("orm", "x-model")])
def test_what_is_kept_needs_no_handlers(storage, marker):
    made = api_files(PETSTORE, "pets", storage)
    assert marker in spec_of(made)["components"]["schemas"]["Pet"]
    assert made.generated == 4
    assert [stub.name for stub in made.stubs] == ["pets_photo_put"]
    assert ("apis/pets/models.py" in made.files) is (storage == "orm")


def test_operations_of_schemas_that_the_spec_persists_are_generated(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "tenants.md").read_text("utf-8")
    (tmp_path / "orders.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0], "utf-8")
    made = api_files(tmp_path / "orders.yaml", "orders", "none")
    assert (made.generated, made.stubs, made.kept) == (5, (), ())


def test_a_property_whose_field_has_another_name_says_so():
    properties = spec_of(api_files(PETSTORE, "pets", "orm"))["components"]["schemas"]["Pet"]["properties"]
    assert properties["class"]["x-field"] == "class_field"


def test_the_edited_spec_still_has_no_error(tmp_path):
    for storage in ("none", "dynamodb", "orm"):
        made = api_files(PETSTORE, "pets", storage)
        (tmp_path / "pets.yaml").write_text(made.files[made.spec], "utf-8")
        findings = openapi.check(openapi.load(tmp_path / "pets.yaml"))
        assert [each for each in findings if each.level == "error"] == []


def test_a_security_scheme_gets_a_verifier_that_refuses():
    made = api_files(PETSTORE, "pets", "none")
    assert made.verifiers == {"key": "apis.pets.verifiers.verify_key"}
    assert "def verify_key(key: str, request: Request) -> object:" in made.files["apis/pets/verifiers.py"]
    assert made.files["apis/pets/verifiers.py"].endswith("    return None\n")


def test_schemes_whose_names_are_alike_in_python_get_verifiers_of_their_own(tmp_path):
    names = ["a-b", "a_b", "a b", "a_b_2", "login"]
    key = {"type": "apiKey", "in": "header"}
    schemes = {name: {**key, "name": f"X-{number}"} for number, name in enumerate(names)}
    schemes["login"] = {"type": "http", "scheme": "basic"}
    operation = {"security": [{name: []} for name in names], "responses": {"204": {"description": "Done."}}}
    spec = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"post": operation}}}
    (tmp_path / "t.yaml").write_text(yaml.safe_dump({**spec, "components": {"securitySchemes": schemes}}), "utf-8")
    made = api_files(tmp_path / "t.yaml", "t", "none")
    assert {name: path.rpartition(".")[2] for name, path in made.verifiers.items()} == {
        "a-b": "verify_a_b",
        "a_b": "verify_a_b_3",
        "a b": "verify_a_b_4",
        "a_b_2": "verify_a_b_2",
        "login": "django_password",
    }
    written = ast.parse(made.files["apis/t/verifiers.py"]).body
    defined = [node.name for node in written if isinstance(node, ast.FunctionDef)]
    assert defined == ["verify_a_b", "verify_a_b_3", "verify_a_b_4", "verify_a_b_2"]


def test_a_spec_in_several_files_is_copied_whole(tmp_path):
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "openapi.yaml").write_text(
        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /a: {$ref: '../parts/a.yaml'}\n"
    )
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.yaml").write_text("get:\n  responses: {'200': {description: An a.}}\n")
    made = api_files(tmp_path / "main" / "openapi.yaml", "a", "none")
    assert made.spec == "apis/a/main/openapi.yaml"
    assert made.files["apis/a/parts/a.yaml"].startswith("get:\n  x-bind-server: apis.a.handlers.get_a\n")


def test_a_spec_with_errors_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("openapi: 3.0.3\npaths:\n  /a/{b}:\n    get: {}\n")
    with pytest.raises(openapi.SpecError) as refused:
        api_files(tmp_path / "a.yaml", "a", "none")
    assert all(each.location.line for each in refused.value.findings)


def test_texts_of_a_spec_never_become_code(tmp_path):
    name, path = 'A"\n    ran = 1  #', '/x"""+ran+"""'
    ref = {"$ref": f"#/components/schemas/{name}"}
    body = {"content": {"application/json": {"schema": ref}}}
    answer = {"responses": {"200": {"description": "", **body}}}
    properties = {"id": {"type": "string"}, "of": ref, "all": {"type": "array", "items": ref}}
    spec = {
        "openapi": "3.1.0",
        "info": {"title": 'T\0"""+ran+"""\\', "version": '1"+ran+"\n'},
        "paths": {
            path: {"get": {"summary": "<x>", "responses": answer["responses"]}},
            "/x\nran = 1": {"get": {"summary": '\0 "\\', "responses": answer["responses"]}},
            "/as/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "get": answer,
                "put": {"requestBody": body, **answer},
            },
        },
        "components": {"schemas": {name: {"type": "object", "properties": properties}}},
    }
    source = tmp_path / "hostile.json"
    source.write_text(json.dumps(spec), "utf-8")
    for storage in ("none", "orm", "dynamodb"):
        project = new_project("shop", source, "hostile", storage, "1")
        assert [each.name for each in project.api.kept] == [name]
        for file, text in project.files.items():
            if file.endswith(".py"):
                names = {node.id for node in ast.walk(ast.parse(text, file)) if isinstance(node, ast.Name)}
                assert "ran" not in names, file


def test_an_api_is_called_as_its_file_unless_any_spec_is():
    assert api_name(Path("Pet-Store.json"), "shop") == "pet_store"
    assert api_name(Path("specs/openapi.yaml"), "My-Shop") == "my_shop"
    assert api_name(Path("specs/openapi.v3.json"), "My-Shop") == "my_shop"
    assert api_name(Path("2fa.yaml"), "shop") == "api_2fa"
    assert name_problem("pets") is None
    for name in ("class", "Pets", "auth", "a b"):
        assert name_problem(name) is not None, name
