"""The rule of generated CRUD as a table: paths of a document, and what is generated for them."""

from __future__ import annotations

import pytest

from macaron_django.api.rules.key_bindings import Keys
from macaron_django.api.rules.list_parameters import Filter
from macaron_django.api.rules.operation_schemas import success_status
from macaron_django.api.rules.resources import class_name, is_dotted, resources

REF = {"$ref": "#/components/schemas/Note"}
SCHEMAS = {
    "Note": {
        "type": "object",
        "properties": {
            "note_id": {"type": "string"},
            "author_id": {"type": "string"},
            "title": {"type": "string"},
            "created": {"type": "string", "format": "date-time"},
            "place": {"type": "object", "properties": {"zip": {"type": "string"}}},
        },
    },
    "NewNote": {"type": "object", "properties": {"title": {"type": "string"}}},
    "Other": {"type": "object", "properties": {"other_id": {"type": "string"}}},
    "Extended": {"allOf": [REF, {"properties": {"more": {"type": "string"}}}]},
}
ONE = {"Note": Keys(("note_id",))}
TWO = {"Note": Keys(("author_id", "note_id"))}


def answer(schema=None, status="200"):
    content = {"application/json": {"schema": schema}} if schema else {}
    return {"responses": {status: {"description": "", "content": content}}}


def taking(schema, **more):
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}, **more}


def query(*names, **lookups):
    parameters = [{"name": n, "in": "query", "schema": {"type": "string"}} for n in names]
    parameters += [
        {"name": n, "in": "query", "schema": {"type": "string"}, "x-lookup": lookup} for n, lookup in lookups.items()
    ]
    return {"parameters": parameters}


def path(*names, **keys):
    parameters = [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names]
    for name, key in keys.items():
        parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "x-key": key})
    return {"parameters": parameters}


LIST = answer({"type": "array", "items": REF})
CRUD = {
    "/notes": {"get": LIST, "post": taking(REF, **answer(REF, "201"))},
    "/notes/{note_id}": {
        "get": answer(REF),
        "put": taking(REF, **answer(REF)),
        "patch": taking(REF, **answer(REF)),
        "delete": answer(status="204"),
    },
}
ALL_SIX = {
    ("/notes", "get"): "list",
    ("/notes", "post"): "create",
    ("/notes/{note_id}", "get"): "retrieve",
    ("/notes/{note_id}", "put"): "replace",
    ("/notes/{note_id}", "patch"): "merge_patch",
    ("/notes/{note_id}", "delete"): "destroy",
}


def actions(found):
    return {route: action for resource in found for route, action in resource.actions.items()}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param(CRUD, ALL_SIX, id="collection and item make all six"),
        pytest.param(
            {"/notes/": {"get": LIST}, "/notes/{note_id}/": {"get": answer(REF)}},
            {("/notes/", "get"): "list", ("/notes/{note_id}/", "get"): "retrieve"},
            id="trailing slashes",
        ),
        pytest.param(
            {"/notes/{note_id}": {"get": answer(REF)}},
            {("/notes/{note_id}", "get"): "retrieve"},
            id="an item path without a collection",
        ),
        pytest.param({"/notes": {"get": LIST}}, {("/notes", "get"): "list"}, id="a list without an item path"),
        pytest.param(
            {"/notes": {"get": LIST}, "/notes/{note_id}": {"delete": answer(status="204")}},
            {("/notes", "get"): "list", ("/notes/{note_id}", "delete"): "destroy"},
            id="an item path of bodiless answers takes its collection's schema",
        ),
        pytest.param(
            {"/notes/{note_id}": {"get": answer({"$ref": "#/components/schemas/Extended"})}},
            {("/notes/{note_id}", "get"): "retrieve"},
            id="through allOf",
        ),
        pytest.param(
            {"/notes": {"get": answer({"type": "object", "properties": {"items": {"type": "array", "items": REF}}})}},
            {("/notes", "get"): "list"},
            id="through an envelope's array",
        ),
        pytest.param(
            {"/notes": {"get": LIST, "post": taking({"$ref": "#/components/schemas/NewNote"}, **answer(REF, "201"))}},
            {("/notes", "get"): "list", ("/notes", "post"): "create"},
            id="an input schema with a subset of the properties",
        ),
        pytest.param({"/login": {"post": taking(REF, **answer(REF))}}, {}, id="a POST alone makes no resource"),
        pytest.param({"/others/{other_id}": {"get": answer(SCHEMAS["Other"])}}, {}, id="a schema that isn't kept"),
        pytest.param(
            {"/notes": {"get": {**LIST, "x-bind-server": "a.b"}}, "/notes/{note_id}": {"get": answer(REF)}},
            {("/notes/{note_id}", "get"): "retrieve"},
            id="a bound operation is not generated",
        ),
        pytest.param(
            {"/notes": {"get": {**LIST, "operationId": "notes.api.everything"}}}, {}, id="nor one with a dotted id"
        ),
        pytest.param({"/notes": {"get": {**LIST, "x-no-bind-server": True}}}, {}, id="nor one left to others"),
        pytest.param({"/notes/{note_id}:archive": {"post": answer(REF)}}, {}, id="a custom verb is nobody's CRUD"),
        pytest.param(
            {"/notes/{note_id}/copy": {"post": answer(REF)}, **CRUD},
            ALL_SIX,
            id="what stands below an item path is nobody's CRUD",
        ),
    ],
)
def test_what_is_generated(document, paths, expected):
    found = resources(document(paths, SCHEMAS), ONE)
    assert actions(found) == expected
    assert found.problems == ()


@pytest.mark.parametrize(
    ("route", "operation", "keys", "expected"),
    [
        pytest.param("/notes/{note_id}", answer(REF), ONE, {"note_id": "note_id"}, id="by name"),
        pytest.param("/notes/{id}", answer(REF), ONE, {"id": "note_id"}, id="the last parameter is the last key"),
        pytest.param("/notes/{n}", {**answer(REF), **path(n="note_id")}, ONE, {"n": "note_id"}, id="by x-key"),
        pytest.param(
            "/authors/{author_id}/notes/{note_id}",
            answer(REF),
            TWO,
            {"author_id": "author_id", "note_id": "note_id"},
            id="both keys by name",
        ),
        pytest.param(
            "/authors/{author}/notes/{id}",
            answer(REF),
            TWO,
            {"author": "author_id", "id": "note_id"},
            id="a parent binds the hash key",
        ),
        pytest.param(
            "/notes/{a}/{b}",
            {**answer(REF), **path(a="note_id", b="author_id")},
            TWO,
            {"a": "note_id", "b": "author_id"},
            id="x-key crosses the order",
        ),
        pytest.param(
            "/authors/{author_id}/notes", LIST, TWO, {"author_id": "author_id"}, id="a list within a hash key"
        ),
        pytest.param(
            "/authors/{writer}/notes", LIST, TWO, {"writer": "author_id"}, id="a list within an unnamed hash key"
        ),
        pytest.param(
            "/authors/{author_id}/notes", LIST, ONE, {"author_id": "author_id"}, id="a list restricted by a property"
        ),
        pytest.param(
            "/authors/{author_id}/notes/{note_id}",
            answer(REF),
            ONE,
            {"author_id": "author_id", "note_id": "note_id"},
            id="an item restricted by a property",
        ),
        pytest.param(
            "/notes/{title}",
            answer(REF),
            {"Note": Keys(("note_id",), ("title",))},
            {"title": "title"},
            id="a unique property stands for the key",
        ),
    ],
)
def test_path_parameters_bind_to_keys(document, route, operation, keys, expected):
    found = resources(document({route: {"get": operation}}, SCHEMAS), keys)
    assert found.problems == ()
    assert dict(found.found[0].operations[0].keys) == expected


@pytest.mark.parametrize(
    ("route", "operation", "keys", "reason"),
    [
        pytest.param("get /notes/{title}", answer(REF), ONE, "no parameter for 'note_id'", id="names another property"),
        pytest.param("get /notes/{note_id}", answer(REF), TWO, "no parameter for 'author_id'", id="half of the key"),
        pytest.param(
            "get /tenants/{tenant}/notes/{note_id}", answer(REF), ONE, "its path parameter 'tenant' means",
            id="a parent that means nothing",
        ),
        pytest.param(
            "get /notes/{n}", {**answer(REF), **path(n="nothing")}, ONE, "isn't a property", id="x-key names nothing"
        ),
        pytest.param(
            "put /notes/{note_id}", {**answer(REF)}, ONE, "doesn't accept a JSON body", id="PUT without a body"
        ),
        pytest.param(
            "put /notes/{note_id}",
            taking({"$ref": "#/components/schemas/Other"}, **answer(REF)),
            ONE,
            "doesn't have: 'other_id'",
            id="a body with foreign properties",
        ),
        pytest.param(
            "put /notes/{note_id}", taking({"type": "array", "items": REF}, **answer(REF)), ONE, "isn't an object",
            id="a body that is no object",
        ),
    ],
)  # fmt: skip
def test_what_is_ambiguous_is_refused_with_a_reason(document, route, operation, keys, reason):
    method, template = route.split(" ")
    found = resources(document({template: {method: operation}}, SCHEMAS), keys)
    assert found.found == ()
    (finding,) = found.problems
    assert reason in finding.message
    assert "501" in finding.message
    assert (finding.id, finding.level) == ("W301", "warning")
    assert finding.hint


def test_two_kept_schemas_on_one_path_are_ambiguous(document):
    paths = {"/x/{id}": {"get": answer(REF), "put": taking(REF, **answer({"$ref": "#/components/schemas/Other"}))}}
    found = resources(document(paths, SCHEMAS), {**ONE, "Other": Keys(("other_id",))})
    assert set(found.refused) == {("/x/{id}", "get"), ("/x/{id}", "put")}


def test_an_answer_of_another_schema_is_refused(document):
    paths = {"/notes/{note_id}": {**CRUD["/notes/{note_id}"], "delete": answer({"type": "object"})}}
    found = resources(document(paths, SCHEMAS), ONE)
    assert ("/notes/{note_id}", "delete") in found.refused
    assert ("/notes/{note_id}", "get") in actions(found)


def test_filters_come_from_names_and_lookups(document):
    parameters = query("title", created_after="created__gte", zip="place__zip", since="created__gt")
    parameters["parameters"].append(
        {"name": "note_id", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}}
    )
    found = resources(document({"/notes": {"get": {**LIST, **parameters}}}, SCHEMAS), ONE)
    assert found.found[0].operations[0].filters == (
        Filter("title", ("title",), "exact"),
        Filter("created_after", ("created",), "gte"),
        Filter("zip", ("place", "zip"), "exact"),
        Filter("since", ("created",), "gt"),
        Filter("note_id", ("note_id",), "in"),
    )


def test_a_bare_lookup_belongs_to_the_property_of_the_parameters_name(document):
    found = resources(document({"/notes": {"get": {**LIST, **query(title="startswith")}}}, SCHEMAS), ONE)
    assert found.found[0].operations[0].filters == (Filter("title", ("title",), "startswith"),)


def test_paging_parameters_may_have_other_names(document):
    parameters = query("cursor", per_page="limit", sort="ordering")
    found = resources(document({"/notes": {"get": {**LIST, **parameters}}}, SCHEMAS), ONE)
    assert found.found[0].operations[0].paging == {"limit": "per_page", "cursor": "cursor", "ordering": "sort"}


def test_a_query_parameter_without_a_meaning_is_told(document):
    found = resources(document({"/notes": {"get": {**LIST, **query("offset")}}}, SCHEMAS), ONE)
    assert found.found[0].operations[0].unanswerable == ("offset",)
    assert [finding.id for finding in found.problems] == ["W302"]


def envelope(required=(), **properties):
    described = {"items": {"type": "array", "items": REF}, **properties}
    return answer({"type": "object", "required": list(required), "properties": described})


def test_the_fields_of_an_envelope_are_known_by_name(document):
    declared = envelope(
        ["items", "next"],
        next={"type": ["string", "null"]},
        next_cursor={"type": "string"},
        total={"type": "integer"},
        has_more={"type": "boolean"},
        hint={"type": "string"},
    )
    found = resources(document({"/notes": {"get": declared}}, SCHEMAS), ONE).found[0].operations[0].envelope
    assert (found.items, found.next_url, found.next_cursor) == ("items", "next", "next_cursor")
    assert (found.total, found.more) == ("total", "has_more")
    assert found.nullable == {"next"}


def test_an_envelope_that_requires_what_nobody_knows_is_refused(document):
    found = resources(document({"/notes": {"get": envelope(["weather"], weather={"type": "string"})}}, SCHEMAS), ONE)
    (finding,) = found.problems
    assert "'weather'" in finding.message


def test_an_envelope_of_two_lists_is_refused(document):
    two = envelope(more={"type": "array", "items": REF})
    found = resources(document({"/notes": {"get": two}}, SCHEMAS), ONE)
    (finding,) = found.problems
    assert "more than one list" in finding.message


def test_resources_are_named_after_their_paths(document):
    paths = {
        "/authors/{author_id}/notes": {"get": LIST},
        "/notes": {"get": LIST},
        "/notes/{note_id}": {"get": answer(REF)},
        "/v1/other-notes/{note_id}": {"get": answer(REF)},
    }
    found = resources(document(paths, SCHEMAS), ONE)
    assert {resource.name: resource.collection_path or resource.item_path for resource in found} == {
        "Notes": "/notes",
        "AuthorsNotes": "/authors/{author_id}/notes",
        "OtherNotes": "/v1/other-notes/{note_id}",
    }


@pytest.mark.parametrize(
    ("declared", "wanted", "expected"),
    [
        (["201"], (201, 200), 201),
        (["200"], (201, 200), 200),
        (["202"], (201, 200), 202),
        (["2XX"], (201, 200), 201),
        (["default"], (204, 200), 204),
        (["404"], (200,), 200),
        (["200", "201"], (200, 204), 200),
        (["204"], (200, 204), 204),
    ],
)
def test_the_declared_status_is_used(operation, declared, wanted, expected):
    one = operation("get /notes", responses={status: {"description": ""} for status in declared})
    assert success_status(one, *wanted) == expected


def test_names():
    assert class_name(["auth", "version"]) == "AuthVersion"
    assert class_name([]) == "Root"
    assert class_name(["ünïcode", "2"]) == "Ünïcode2"
    assert is_dotted("a.b")
    assert not is_dotted("a")
    assert not is_dotted(None)
    assert not is_dotted("1.2")
