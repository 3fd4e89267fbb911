import pytest

from macaron_django.openapi import Index, Persist, check, load, quick_check

PROPERTIES = {
    "id": {"type": "string"},
    "created": {"type": "string", "format": "date-time"},
    "count": {"type": "integer"},
    "photo": {"type": "string", "format": "binary"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "flag": {"type": "boolean"},
    "address": {"type": "object", "properties": {"zip": {"type": "string"}}},
    "maybe": {"type": ["string", "null"]},
    "union": {"type": ["string", "integer"]},
    "plain": {},
}


@pytest.fixture
def kept(make):
    def kept(persist, **rest):
        return make({"Pet": {"type": "object", "properties": PROPERTIES, "x-persist": persist, **rest}})

    return kept


def ids(document):
    return [found.id for found in quick_check(document)]


def test_a_dotted_path_names_the_class(kept):
    document = kept("shop.db.PersistentPet")
    assert document.schemas["Pet"].extensions.persist == Persist(class_path="shop.db.PersistentPet")
    assert ids(document) == []


def test_the_components_that_are_kept_are_known_by_their_marks_and_references(make):
    document = make(
        {
            "Same": {"$ref": "#/components/schemas/Pet"},
            "Plain": {"type": "object", "properties": {"id": {"type": "string"}}},
            "Pet": {"type": "object", "properties": PROPERTIES, "x-persist": {"hash_key": "id"}},
            "Maybe": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Pet"}]},
            "Part": {"allOf": [{"$ref": "#/components/schemas/Pet"}]},
            "Modelled": {"type": "object", "x-model": "shop.Pet"},
            "Wrong": {"type": "object", "x-persist": 7},
            "Any": True,
        }
    )
    kept = [name for name, schema in document.schemas.items() if schema.extensions.persist is not None]
    assert list(document.persisted) == kept == ["Same", "Pet", "Maybe"]
    assert document.persisted["Pet"] is document.schemas["Pet"]


def test_a_mapping_is_read_whole(kept):
    document = kept(
        {"table": "pets", "hash_key": "id", "range_key": "count", "scan": "capped", "ttl": "created",
         "version": "count", "billing": {"read": 5, "write": 2}, "sets": ["tags"], "class": "a.b",
         "indexes": {"by_count": {"hash_key": "count", "range_key": "created", "projection": ["flag"]}, "by_id": "id"},
         "local_indexes": {"by_created": {"range_key": "created", "projection": "keys"}}}
    )  # fmt: skip
    persist = document.schemas["Pet"].extensions.persist
    assert (persist.table, persist.hash_key, persist.range_key) == ("pets", "id", "count")
    assert (persist.billing, persist.capacity, persist.scan) == ("provisioned", (5, 2), "capped")
    assert (persist.ttl, persist.version, persist.sets, persist.class_path) == ("created", "count", ("tags",), "a.b")
    assert persist.indexes == {
        "by_count": Index("by_count", "count", "created", ("flag",)),
        "by_id": Index("by_id", "id"),
    }
    assert persist.local_indexes == {"by_created": Index("by_created", "id", "created", "keys")}
    assert "billing" in persist.given
    assert ids(document) == []


def test_what_protects_a_table_and_says_whose_it_is_is_read(kept):
    document = kept({"hash_key": "id", "tags": {"team": "pets"}, "point_in_time_recovery": True,
                     "deletion_protection": False})  # fmt: skip
    persist = document.schemas["Pet"].extensions.persist
    assert (persist.tags, persist.point_in_time_recovery, persist.deletion_protection) == (
        {"team": "pets"},
        True,
        False,
    )
    assert ids(document) == []


def test_a_table_needs_no_name_and_a_schema_with_an_id_no_key(make):
    text = {"type": "string"}
    pet = {"type": "object", "x-persist": {}, "properties": {"id": text}}
    log = {"type": "object", "x-persist": {}, "properties": {"http_log_id": text}}
    assert ids(make({"Pet": pet, "HTTPLog": log})) == []
    (found,) = quick_check(make({"Pet": {"type": "object", "x-persist": {}, "properties": {"name": {}}}}))
    assert (found.id, "pet_id or id, but Pet has neither" in found.hint) == ("E042", True)


def test_it_is_read_through_a_reference_but_not_through_all_of(make):
    document = make({"A": {"x-persist": "a.b", "properties": {}}, "B": {"$ref": "#/components/schemas/A"},
                     "C": {"allOf": [{"$ref": "#/components/schemas/A"}]}})  # fmt: skip
    assert document.schemas["B"].extensions.persist.class_path == "a.b"
    assert document.schemas["C"].extensions.persist is None


@pytest.mark.parametrize("key", ["id", "created", "count", "photo", "maybe"])
def test_strings_numbers_and_binary_can_be_keys(kept, key):
    assert ids(kept({"table": "pets", "hash_key": key})) == []


GOOD = {"table": "pets", "hash_key": "id"}


@pytest.mark.parametrize(
    ("persist", "id_", "words"),
    [
        (3, "E040", "neither"),
        (["a.b"], "E040", "neither"),
        ("nodots", "E049", "dotted path"),
        ({**GOOD, "hask_key": "id"}, "E041", "Did you mean hash_key?"),
        ({**GOOD, "hash_key": "idd"}, "E042", "Did you mean id?"),
        ({**GOOD, "hash_key": "address.zip"}, "E042", "nested property"),
        ({**GOOD, "hash_key": 3}, "E042", "isn't a property"),
        ({**GOOD, "table": "a b"}, "E047", "name of a DynamoDB table"),
        ({**GOOD, "table": "ab"}, "E047", "3 to 255"),
        ({**GOOD, "range_key": "id"}, "E042", "same property"),
        ({**GOOD, "range_key": "flag"}, "E043", "its type is boolean"),
        ({**GOOD, "range_key": "tags"}, "E043", "its type is array"),
        ({**GOOD, "range_key": "address"}, "E043", "its type is object"),
        ({**GOOD, "range_key": "union"}, "E043", "string or integer"),
        ({**GOOD, "range_key": "plain"}, "E043", "not declared"),
        ({**GOOD, "indexes": ["count"]}, "E044", "mapping"),
        ({**GOOD, "indexes": {"by_x": {}}}, "E044", "no hash_key"),
        ({**GOOD, "indexes": {"by_x": 3}}, "E044", "Write a mapping with hash_key;"),
        ({**GOOD, "local_indexes": {"by_x": 3}}, "E044", "Write a mapping with range_key;"),
        ({**GOOD, "indexes": {"by_x": "address.zip"}}, "E044", "nested property"),
        ({**GOOD, "indexes": {"by_x": {"hash_key": "missing"}}}, "E044", "isn't a property"),
        ({**GOOD, "indexes": {"by_x": {"hash_key": "id", "projection": ["missing"]}}}, "E044", "projection has"),
        ({**GOOD, "indexes": {"by_x": {"hash_key": "id", "projection": "some"}}}, "E047", "projection"),
        ({**GOOD, "indexes": {"by_x": {"hash_key": "id", "rang_key": "id"}}}, "E041", "Did you mean range_key?"),
        ({**GOOD, "local_indexes": {"by_x": {}}}, "E044", "no range_key"),
        ({**GOOD, "local_indexes": {"by_x": {"hash_key": "id", "range_key": "count"}}}, "E041", "hash_key"),
        ({**GOOD, "indexes": {f"index{i}": "count" for i in range(21)}}, "E045", "DynamoDB allows 20"),
        ({**GOOD, "local_indexes": {f"index{i}": "count" for i in range(6)}}, "E045", "DynamoDB allows 5"),
        ({**GOOD, "ttl": "flag"}, "E046", "boolean"),
        ({**GOOD, "ttl": "id"}, "E046", "without `format: date-time`"),
        ({**GOOD, "version": "id"}, "E046", "string"),
        ({**GOOD, "version": "missing"}, "E046", "isn't a property"),
        ({**GOOD, "scan": "always"}, "E047", "`forbidden`, `capped` or `allowed`"),
        ({**GOOD, "expired": "gone"}, "E047", "`shown` or `hidden`"),
        ({**GOOD, "expired": "hidden", "ttl": None}, "E047", "has no effect without `ttl`"),
        ({**GOOD, "billing": "free"}, "E047", "on-demand"),
        ({**GOOD, "billing": {"read": 0, "write": 1}}, "E047", "on-demand"),
        ({**GOOD, "sets": ["id"]}, "E047", "can't be a set"),
        ({**GOOD, "tags": ["team"]}, "E047", "a mapping of strings to strings"),
        ({**GOOD, "tags": {"cost": 7}}, "E047", "Put it in quotes"),
        ({**GOOD, "tags": {"team": "a;b"}}, "E047", "letters, digits"),
        ({**GOOD, "tags": {"": "a"}}, "E047", "up to 128 characters"),
        ({**GOOD, "tags": {"aws:team": "a"}}, "E047", "AWS's own"),
        ({**GOOD, "tags": {f"tag{n}": "a" for n in range(51)}}, "E047", "DynamoDB allows 50"),
        ({**GOOD, "point_in_time_recovery": "yes"}, "E047", "true or false"),
        ({**GOOD, "deletion_protection": 1}, "E047", "true or false"),
        ({**GOOD, "class": "nodots"}, "E049", "dotted"),
    ],
)
def test_mistakes_are_found(kept, persist, id_, words):
    (found,) = quick_check(kept(persist))
    assert found.id == id_
    assert words in f"{found.message} {found.hint}"
    assert found.location.pointer.startswith("#/components/schemas/Pet/x-persist")


@pytest.mark.parametrize(
    ("schema", "id_"),
    [
        ({"x-persist": "a.b", "x-model": "a.B", "properties": {}}, ["E048"]),
        ({"x-persist": "a.b", "type": "string"}, ["E052"]),
        ({"x-model": "nodots"}, ["W041"]),
        ({"x-model": {"name": "Pet"}}, ["W041"]),
        ({"x-model": "Pet", "x-persist": "a.b", "properties": {"id": {"type": "string"}}}, ["W041"]),
        ({"x-model": "a.b.C"}, ["E049"]),
        ({"x-parent": 3}, ["E049"]),
        ({"x-admin": 3}, ["E051"]),
        ({"x-persits": "a.b"}, ["W040"]),
        ({"x-anything": 3}, []),
        ({"x-model": "a.B", "properties": {"a": {"type": "string", "x-generated": "uuid44"}}}, ["E050"]),
        ({"x-model": "a.B", "properties": {"a": {"type": "string", "x-generated": ["now"]}}}, ["E050"]),
        ({"x-model": "a.B", "properties": {"a": {"type": "integer", "x-generated": "uuid4"}}}, ["E050"]),
        ({"x-model": "a.B", "properties": {"a": {"type": "integer", "x-generated": "claim:team"}}}, []),
        ({"x-model": "a.B", "properties": {"a": {"type": "boolean", "x-generated": "claim:team"}}}, ["E050"]),
        ({"x-model": "a.B", "properties": {"a": {"type": "string", "x-generated": "claim:"}}}, ["E050"]),
        ({"x-model": "a.B", "properties": {"a": {"type": "string", "x-generated": "now"}}}, []),
        ({"x-model": "a.B", "properties": {"a": {"x-field": 3, "x-writable": "yes"}}}, ["E051", "E051"]),
        ({"x-model": "a.B", "properties": {"a": {"x-generate": "now"}}}, ["W040"]),
    ],
)
def test_mistakes_in_other_attributes_are_found(make, schema, id_):
    assert ids(make({"A": {"type": "object", **schema}})) == id_


@pytest.mark.parametrize(
    ("operation", "id_"),
    [
        ({"x-bind-server": "handler"}, ["E049"]),
        ({"x-bind-server": 3}, ["E049"]),
        ({"x-decorate-server": ["a.b", "c"]}, ["E049"]),
        ({"x-decorate-server": {}}, ["E051"]),
        ({"x-bind-client": 3}, ["E051"]),
        ({"x-read-limit": 500}, []),
        ({"x-read-limit": 0}, ["E051"]),
        ({"x-read-limit": True}, ["E051"]),
        ({"x-read-limit": "500"}, ["E051"]),
        ({"x-reed-limit": 500}, ["W040"]),
        ({"x-bind-sever": "a.b"}, ["W040"]),
        ({"x-bind-server": "a.b", "x-decorate-server": "a.b,c.d", "x-other": 1}, []),
    ],
)
def test_mistakes_in_operations_are_found(make, operation, id_):
    assert ids(make(paths={"/a": {"get": {"responses": {"200": {"description": ""}}, **operation}}})) == id_


def test_the_attributes_of_a_property_are_typed(make):
    attributes = {"x-generated": "now", "x-field": "f", "x-writable": True, "x-nullable": True, "x-mandatory": True}
    document = make({"A": {"properties": {"a": {"type": "string", **attributes}, "b": {}}}})
    a, b = document.schemas["A"].properties.values()
    assert (a.extensions.generated, a.extensions.field, a.extensions.writable) == ("now", "f", True)
    assert a.extensions.nullable
    assert a.extensions.mandatory
    assert a.schema.nullable
    assert b.extensions.generated is None


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"type": "number", "x-decimal": True}, []),
        ({"type": ["number", "null"], "x-decimal": True}, []),
        ({"type": "string", "x-decimal": False}, []),
        ({"type": "string", "x-decimal": True}, ["W022"]),
        ({"type": "integer", "x-decimal": True}, ["W022"]),
        ({"type": "number", "x-decimal": "yes"}, ["E051"]),
        ({"type": "number", "x-decimals": True}, ["W040"]),
    ],
)
def test_x_decimal_is_a_flag_of_numbers(make, schema, found):
    persisted = {"x-persist": {"hash_key": "id"}, "type": "object", "required": ["id"]}
    assert ids(make({"A": {**persisted, "properties": {"id": {"type": "string"}, "a": schema}}})) == found


def test_x_persist_off_the_components_is_reported(make):
    document = make({"A": {"properties": {"b": {"x-persist": "a.b"}}}})
    assert "W022" in [found.id for found in check(document)]


def test_a_mistake_names_its_line(write):
    path = write("swagger: '2.0'\ninfo: {title: T}\npaths: {}\ndefinitions:\n  Pet:\n    type: object\n"
                 "    x-persist:\n      table: pets\n      hash_key: nam\n"
                 "    properties:\n      name: {type: string}\n")  # fmt: skip
    (found,) = quick_check(load(path))
    assert str(found) == f"{path}:9:7: E042 x-persist: hash_key 'nam' isn't a property of Pet."
    assert found.hint == "Did you mean name?"


@pytest.mark.parametrize(
    ("bound", "named", "hint"),
    [
        ("shop.api.show", "shop.api.display", "Remove one of the two names. With macaron_django.compat"),
        ("shop.api.show", "shop.api.show", "Give the operation an operationId without dots"),
        ("shop.api.show", "show", None),
        (None, "shop.api.show", None),
    ],
)
def test_an_operation_with_two_handlers_is_a_finding(make, bound, named, hint):
    operation = {"operationId": named, "responses": {}, **({"x-bind-server": bound} if bound else {})}
    found = [each for each in quick_check(make(paths={"/a": {"get": operation}})) if each.id == "W042"]
    assert [each.hint[: len(hint or "")] for each in found] == ([hint] if hint else [])
    assert all(each.location.pointer.endswith("/x-bind-server") for each in found)
