"""Lists that DynamoDB can't answer, or only by reading more: told when the project is checked, or refused."""

from __future__ import annotations

import itertools

import pytest
from django.apps import apps
from django.test import Client, override_settings
from rest_framework.pagination import LimitOffsetPagination

from macaron_django.api import build_viewsets, url_patterns
from macaron_django.api.viewsets import register
from macaron_django.dynamodb import persist
from macaron_django.dynamodb.planning.conditions import OPERATORS
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas import Classes

numbers = itertools.count()
NOTE = {
    "type": "object",
    "required": ["note_id"],
    "properties": {
        "note_id": {"type": "string"},
        "topic": {"type": "string"},
        "author": {"type": "string"},
        "written": {"type": "string"},
        "kept": {"type": "string"},
        "length": {"type": "integer"},
    },
}
INDEXES = {
    "by_topic": {"hash_key": "topic"},
    "by_author": {"hash_key": "author", "range_key": "written"},
}
DATED = {"indexes": {"by_author": {"hash_key": "author", "range_key": "note_id"}}}
LISTED = {"type": "array", "items": {"$ref": "#/components/schemas/Note"}}


@pytest.fixture
def made(document):
    """Viewsets of a list of notes with these query parameters, kept in DynamoDB with this policy."""
    labels = []

    def make(parameters, path="/notes", listed=LISTED, read_limit=None, **options):
        api = f"plans{next(numbers)}"
        labels.append(f"macaron_{api}")
        note = {**NOTE, "x-persist": {"table": api, "hash_key": "note_id", "indexes": INDEXES, **options}}
        described = document(
            {
                path: {
                    "parameters": [
                        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                        for name in ("author", "length")
                        if f"{{{name}}}" in path
                    ],
                    "get": {
                        "parameters": parameters,
                        **({} if read_limit is None else {"x-read-limit": read_limit}),
                        "responses": {"200": {"description": "", "content": {"application/json": {"schema": listed}}}},
                    },
                }
            },
            {"Note": note},
            security=[],
        )
        classes = Classes(api, described)
        persist(api, labels[-1], described.schemas["Note"], classes)
        return build_viewsets(api, described, classes)

    yield make
    for label in labels:
        apps.all_models.pop(label, None)


def by(name, lookup=None, **more):
    extra = {"x-lookup": lookup} if lookup else {}
    return {"name": name, "in": "query", "schema": {"type": "string"}, **extra, **more}


@pytest.mark.parametrize(
    ("parameters", "path", "options", "found"),
    [
        ([by("topic"), by("note_id"), by("limit")], "/notes", {}, 0),
        ([by("length")], "/notes", {}, 1),
        ([by("length")], "/notes", {"scan": "capped"}, 0),
        ([by("length")], "/notes", {"scan": "allowed"}, 0),
        # The table's keys are always present, whatever the schema requires.
        ([by("topic")], "/notes", {"indexes": {"by_topic": {"hash_key": "topic", "range_key": "kept"}}}, 1),
        ([by("topic")], "/notes", {"indexes": {"by_topic": {"hash_key": "topic", "range_key": "note_id"}}}, 0),
        (
            [by("topic")],
            "/notes",
            {"range_key": "kept", "indexes": {"by_topic": {"hash_key": "topic", "range_key": "kept"}}},
            0,
        ),
        ([by("length"), by("topic", required=True)], "/notes", {}, 0),
        ([by("since", "topic__gte")], "/notes", {}, 1),
        # Notes without a date are in no index that is ordered by it.
        ([by("author")], "/notes", {}, 1),
        ([by("author", required=True), by("since", "written__gte")], "/notes", {}, 1),
        ([], "/topics/{length}/notes", {}, 1),
    ],
)
def test_a_filter_that_would_scan_is_a_finding(made, parameters, path, options, found):
    findings = made(parameters, path, **options).findings()
    scanning = [finding for finding in findings if finding.id == "W304"]
    assert len(scanning) == found
    assert all("whole table" in finding.message for finding in scanning)


def test_a_finding_says_which_items_an_index_leaves_out(made):
    (finding,) = made([by("author")]).findings()
    assert (
        "(index by_author leaves out the items without 'written', which the schema doesn't require)" in finding.message
    )
    assert finding.hint.startswith("Make 'written' required and not nullable")
    assert finding.location.pointer == "#/paths/~1notes/get"
    (finding,) = made([by("length")]).findings()
    assert "leaves out" not in finding.message
    assert finding.hint.startswith("Add an index with this property as hash_key")


@pytest.mark.parametrize(
    ("parameters", "path", "options", "said"),
    [
        ([by("topic")], "/notes", {}, None),
        ([by("note_id"), by("length")], "/notes", {"scan": "forbidden"}, None),
        (
            [by("topic"), by("length", required=True)],
            "/notes",
            {},
            "'length' after reading every item of index by_topic",
        ),
        ([by("length")], "/authors/{author}/notes", DATED, "'length' after reading every item of index by_author with"),
        ([by("since", "note_id__gte")], "/authors/{author}/notes", DATED, None),
        ([by("when", "note_id__contains")], "/authors/{author}/notes", DATED, "'note_id' after reading every item of"),
        (
            [by("length"), by("topic", "topic__startswith")],
            "/authors/{author}/notes",
            DATED,
            "'length' and 'topic' after",
        ),
        ([], "/authors/{author}/notes", DATED, None),
        ([by("length")], "/notes", {"scan": "allowed"}, "'length' after reading the whole table"),
        ([by("length")], "/notes", {"scan": "capped"}, None),
        ([by("length"), by("topic")], "/notes", {}, "'length' after reading every item of index by_topic with the"),
        ([by("length"), by("topic")], "/notes", {"scan": "capped"}, "'length' after reading every item of index by_"),
        ([by("length"), by("topic")], "/notes", {"scan": "capped", "read_limit": 500}, None),
        ([by("length")], "/notes", {"scan": "allowed", "read_limit": 500}, None),
        ([by("length"), by("note_id", required=True)], "/notes", {"scan": "allowed"}, None),
    ],
)
def test_a_list_that_reads_what_it_does_not_answer_is_a_finding(made, parameters, path, options, said):
    found = [finding for finding in made(parameters, path, **options).findings() if finding.id != "W304"]
    assert [finding.id for finding in found] == ([] if said is None else ["W307"])
    if said is not None:
        assert said in found[0].message
        assert "DynamoDB can read 1,000 items and return none" in found[0].message
        assert found[0].location.pointer.endswith("/get")


def test_an_index_by_path_and_filter_is_what_helps(made):
    (finding,) = made([by("length")], "/authors/{author}/notes", **DATED).findings()
    assert "{hash_key: author, range_key: length}" in finding.hint
    (finding,) = made([by("length", "length__contains")], "/authors/{author}/notes", **DATED).findings()
    assert finding.hint.startswith("Require a narrower filter")
    (finding,) = made([by("length"), by("topic")], scan="capped").findings()
    assert "{hash_key: topic, range_key: length}" in finding.hint


def test_a_list_whose_total_is_required_is_read_as_a_whole(made):
    envelope = {"type": "object", "properties": {"notes": LISTED, "total": {"type": "integer"}}}
    assert made([], listed=envelope).findings() == []
    (finding,) = made([], listed={**envelope, "required": ["notes", "total"]}).findings()
    assert (finding.id, "requires 'total'" in finding.message) == ("W308", True)


@pytest.mark.parametrize(("paging", "name"), [(None, "no pagination_class"), (LimitOffsetPagination, "LimitOffset")])
def test_a_list_with_pages_of_another_kind_is_read_as_a_whole(made, paging, name):
    viewsets = made([])
    viewset = next(iter(viewsets.values()))
    register(type("Own", (viewset,), {"pagination_class": paging}))
    (finding,) = viewsets.findings()
    assert finding.id == "W308"
    assert name in finding.message


@pytest.fixture
def notes(made, dynamodb):
    """A client of notes that are filtered by what has no index, and their model."""
    viewsets = made([by("length"), by("topic")])
    model = viewsets.stores["Note"].model
    create_table(model.objects.persistence.table)
    urls = type("urls", (), {"urlpatterns": url_patterns(viewsets.api, viewsets)})
    with override_settings(ROOT_URLCONF=urls):
        yield Client(raise_request_exception=False), model


def test_a_request_with_such_a_filter_is_400_and_tells_of_no_table(notes, caplog):
    client, model = notes
    model.objects.create(note_id="a", topic="t", length=3)
    refused = client.get("/notes?length=3")
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"], error["keyword"]) == (400, "/length", "scan")
    table = model.objects.persistence.table_name
    assert table not in refused.content.decode()
    assert table in caplog.text
    assert [each["note_id"] for each in client.get("/notes?length=3&topic=t").json()] == ["a"]
    assert len(client.get("/notes").json()) == 1


#: Lookups that DynamoDB has no condition for, of a text, a number and a key.
LACKING = ["topic__icontains", "topic__iexact", "topic__regex", "written__year", "length__day", "note_id__endswith"]


@pytest.mark.parametrize("lookup", LACKING)
def test_a_lookup_that_dynamodb_lacks_is_reported_and_501(made, dynamodb, lookup):
    viewsets = made([by("given", lookup), by("topic")])
    (finding,) = viewsets.findings()
    assert (finding.id, finding.location.pointer) == ("W310", "#/paths/~1notes/get")
    assert f"filters by '{lookup.rpartition('__')[0]}' with the parameter 'given'" in finding.message
    assert finding.message.endswith("gets a 501.")
    create_table(viewsets.stores["Note"].model.objects.persistence.table)
    urls = type("urls", (), {"urlpatterns": url_patterns(viewsets.api, viewsets)})
    with override_settings(ROOT_URLCONF=urls):
        answer = Client(raise_request_exception=False).get("/notes?given=2&topic=t")
        assert (answer.status_code, answer.json()["error"]) == (501, "NOT_IMPLEMENTED")
        assert Client().get("/notes?topic=t").json() == []


def test_a_lookup_that_dynamodb_lacks_is_no_reading_of_items(made):
    parameters = [by("length"), by("given", "topic__icontains", required=True)]
    found = {each.id: each.message for each in made(parameters, "/authors/{author}/notes", **DATED).findings()}
    assert found.keys() == {"W307", "W310"}
    assert ("'length'" in found["W307"], "'topic'" in found["W307"]) == (True, False)


@pytest.mark.parametrize("name", ["note_id", "topic", "length"])
def test_the_lookups_that_dynamodb_has_are_no_finding(made, name):
    lookups = [by(operator, f"{name}__{operator}") for operator in OPERATORS]
    assert [each for each in made(lookups, scan="capped").findings() if each.id == "W310"] == []


def test_what_was_invalid_in_its_table_is_no_fault_until_it_is_changed(notes):
    _, model = notes
    persistence = model.objects.persistence
    item = {"note_id": {"S": "old"}, "length": {"S": "long"}}
    persistence.put_item(item)
    row = model.objects.get(note_id="old")
    row.author = "somebody"
    row.save()
    assert persistence.get_item({"note_id": {"S": "old"}}) == {**item, "author": {"S": "somebody"}}
    row.__dict__["length"] = "still long"
    with pytest.raises(ValidationFailed) as refused:
        row.save()
    assert refused.value.violations[0].pointer == "/length"
    row.length = 4
    row.save()
    row.topic = 7
    with pytest.raises(ValidationFailed) as refused:
        row.save()
