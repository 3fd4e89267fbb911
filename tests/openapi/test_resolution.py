import pytest

from macaron_django.openapi import check, load

HEAD = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n"


def component(reference):
    return HEAD + f"components:\n  schemas:\n    A: {{x-model: shop.A, properties: {{b: {{$ref: '{reference}'}}}}}}\n"


def broken(path, **options):
    document = load(path, **options)
    assert document.schemas["A"].properties["b"].schema.target is None
    return [found for found in check(document) if found.level == "error"]


def test_files_refer_to_each_other_and_back(spec_files):
    document = load(spec_files / "apis/shop.yaml")
    pet = document.schemas["Pet"]
    owner = pet.properties["owner"].schema
    assert pet.name == "Pet"
    assert owner.name == "Owner"
    assert owner.properties["pets"].schema.items.resolved == pet.resolved
    assert pet.properties["name"].schema.nullable
    assert [operation.route for operation in document.operations] == ["/v2/pets", "/v2/pets/{id}/toys"]
    listed = document.operations[0].success.content["application/json"].schema
    assert listed.items.name == "Pet"
    assert document.operations[1].parameters[0].name == "id"
    assert {path.name for path in document.files} == {"shop.yaml", "pets.yaml", "schemas.yaml", "parameters.yaml"}
    assert [found for found in check(document) if found.level == "error"] == []


def test_the_place_of_something_in_another_file_is_in_that_file(spec_files):
    document = load(spec_files / "apis/shop.yaml")
    location = document.schemas["Pet"].properties["name"].schema.location
    assert str(location) == f"{spec_files}/apis/parts/schemas.yaml:5:5"


@pytest.mark.parametrize(
    "reference",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "../../secret.yaml#/Secret",
        "../../../../../../../etc/passwd",
        "parts/../../../secret.yaml",
        "..%2f..%2fsecret.yaml",
        "%2e%2e/%2e%2e/secret.yaml",
        "ftp://example.com/x.yaml",
        "//example.com/x.yaml",
        "data:application/json,{}",
        "a\\0.yaml",
    ],
)
def test_references_out_of_the_folder_are_refused(write, reference):
    path = write(component(reference))
    (path.parents[2] / "secret.yaml").write_text("Secret: {type: string}")
    (found,) = broken(path)
    assert found.id in ("E011", "E012")
    assert str(found.location) == f"{path}:6:43"
    assert "Secret" not in found.message.replace(reference, "")


def test_a_link_that_leads_out_of_the_folder_is_refused(write, tmp_path):
    path = write(component("link.yaml#/Secret"))
    (tmp_path / "secret.yaml").write_text("Secret: {type: string}")
    (path.parent / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (found,) = broken(path)
    assert found.id == "E012"


def test_a_link_to_a_folder_that_leads_out_is_refused(write, tmp_path):
    path = write(component("parts/secret.yaml#/Secret"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "secret.yaml").write_text("Secret: {type: string}")
    (path.parent / "parts").symlink_to(tmp_path / "out")
    (found,) = broken(path)
    assert found.id == "E012"


def test_more_may_be_read_where_the_root_says_so(write, tmp_path):
    path = write(component("../../secret.yaml#/Secret"))
    (tmp_path / "secret.yaml").write_text("Secret: {type: string}")
    document = load(path, root=tmp_path)
    assert document.schemas["A"].properties["b"].schema.types == ("string",)


def test_hosts_are_refused_unless_named(write):
    (found,) = broken(write(component("http://specs.example/x.yaml#/A")))
    assert found.id == "E013"
    assert "specs.example" in found.message


def test_a_host_that_was_named_is_asked(write, httpserver_of):
    url = httpserver_of({"/x.yaml": b"A: {type: boolean}"})
    document = load(write(component(f"{url}/x.yaml#/A")), allow_hosts=["127.0.0.1"])
    assert document.schemas["A"].properties["b"].schema.types == ("boolean",)


def test_a_redirect_to_another_host_is_refused(write, httpserver_of):
    url = httpserver_of({"/x.yaml": b"A: {type: boolean}"})
    elsewhere = httpserver_of({}, redirect=url.replace("127.0.0.1", "localhost") + "/x.yaml")
    (found,) = broken(write(component(f"{elsewhere}/x.yaml#/A")), allow_hosts=["127.0.0.1"])
    assert found.id in ("E011", "E013")


@pytest.mark.parametrize(
    ("reference", "id_"),
    [
        ("#/components/schemas/Missing", "E010"),
        ("#/components/schemas/A/properties/b/items/99", "E010"),
        ("#nowhere", "E010"),
        ("missing.yaml#/A", "E011"),
        (".", "E011"),
        ("#/info/title", "E015"),
    ],
)
def test_references_to_nothing_are_errors(write, reference, id_):
    (found,) = broken(write(component(reference)))
    assert found.id == id_
    assert found.hint


def test_a_broken_reference_that_nothing_uses_is_a_warning(write):
    document = load(write(component("#/nowhere").replace("x-model: shop.A, ", "")))
    assert {found.id for found in check(document)} == {"W010", "W011"}


def test_a_broken_file_is_reported_where_it_is_referred_to(write):
    path = write(component("other.yaml#/A"))
    (path.parent / "other.yaml").write_text("a: [")
    (found,) = broken(path)
    assert found.id == "E011"
    assert "other.yaml is neither YAML nor JSON" in found.message


def test_pointers_are_unescaped(make):
    document = make({"a/b~c{d}": {"type": "string"}, "R": {"$ref": "#/components/schemas/a~1b~0c%7Bd%7D"}})
    assert document.schemas["R"].resolved.name == "a/b~c{d}"
    assert document.schemas["R"].types == ("string",)


def test_a_plus_is_a_plus(make):
    # RFC 3986 knows percent-encoding only; "+" for a space belongs to forms (application/x-www-form-urlencoded).
    document = make({"a+b": {"type": "string"}, "R": {"$ref": "#/components/schemas/a+b"}})
    assert document.schemas["R"].types == ("string",)
    document = make({"a b": {"type": "string"}, "R": {"$ref": "#/components/schemas/a+b"}})
    assert document.schemas["R"].target is None
    assert "W010" in {found.id for found in check(document)}


def test_ids_and_anchors_are_found(make):
    document = make(
        {
            "Pet": {"$id": "https://example.com/pet", "$defs": {"n": {"$anchor": "name", "type": "string"}},
                    "properties": {"a": {"$ref": "#name"}, "b": {"$ref": "owner"}, "c": {"$ref": "#/$defs/n"}}},
            "Owner": {"$id": "https://example.com/owner", "type": "integer"},
            "R": {"$ref": "https://example.com/pet#name"},
        }
    )  # fmt: skip
    properties = document.schemas["Pet"].properties
    assert properties["a"].schema.types == ("string",)
    assert properties["b"].schema.types == ("integer",)
    assert properties["c"].schema.types == ("string",)
    assert document.schemas["R"].types == ("string",)


def test_self_is_the_base_of_a_3_2_document(write):
    path = write(component("https://example.com/api.yaml#/components/schemas/B").replace("3.1.0", "3.2.0"))
    path.write_text(path.read_text() + "    B: {type: boolean}\n$self: https://example.com/api.yaml\n")
    assert load(path).schemas["A"].properties["b"].schema.types == ("boolean",)


def test_a_mapping_reads_no_files():
    document = load({"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"A": {"$ref": "x.yaml"}}}})
    assert document.schemas["A"].target is None


def test_a_mapping_with_a_base_reads_beside_it(spec_files):
    root = {"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"A": {"$ref": "parts/schemas.yaml#/Toys"}}}}
    document = load(root, base_uri=str(spec_files / "apis/made-up.yaml"))
    assert document.schemas["A"].types == ("array",)


def test_whole_sections_may_stand_in_other_files(write):
    path = write("openapi: 3.0.0\ninfo: {title: T}\npaths: {$ref: paths.yaml}\ncomponents: {schemas: {$ref: s.yaml}}\n")
    (path.parent / "paths.yaml").write_text("/a:\n  get:\n    responses: {200: {description: A}}\n")
    (path.parent / "s.yaml").write_text("A: {type: string}\nB: {$ref: '#/A'}\n")
    document = load(path)
    assert [operation.path for operation in document.operations] == ["/a"]
    assert document.schemas["B"].name == "B"
    assert document.schemas["B"].resolved.name == "A"


def test_a_chain_of_a_ten_thousand_references_is_followed_without_recursion(make):
    count = 10_000
    schemas = {f"S{i}": {"$ref": f"#/components/schemas/S{i + 1}"} for i in range(count)}
    document = make({**schemas, f"S{count}": {"type": "string"}})
    assert document.schemas["S0"].resolved.name == f"S{count}"
    assert document.schemas["S0"].types == ("string",)
    assert document.schemas["S0"].nullable in (True, False)
    assert len(document.schemas["S0"].bundle()["$defs"]) == count


@pytest.mark.parametrize("cycle", [1, 2, 3])
def test_references_that_go_round_end(make, cycle):
    document = make({f"S{i}": {"$ref": f"#/components/schemas/S{(i + 1) % cycle}"} for i in range(cycle)})
    schema = document.schemas["S0"]
    assert schema.types == ()
    assert schema.properties == {}
    assert schema.resolved in document.schemas.values()
    assert schema.bundle()
    assert [found.id for found in check(document) if found.id == "E014"] == ["E014"] * cycle


def test_path_items_that_go_round_end(make):
    paths = {"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}}
    document = make(paths=paths)
    assert document.operations == ()
    assert [found.id for found in check(document)] == ["E014", "E014"]


def test_parameters_that_go_round_end(make):
    parameters = {"A": {"$ref": "#/components/parameters/B"}, "B": {"$ref": "#/components/parameters/A"}}
    operation = {"parameters": [{"$ref": "#/components/parameters/A"}], "responses": {"200": {"description": ""}}}
    document = make(paths={"/a": {"get": operation}}, components={"parameters": parameters})
    assert document.operations[0].parameters == ()
    assert {found.id for found in check(document)} == {"E014"}
