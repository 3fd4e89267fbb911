"""Filters and orders of lists over the ORM: no value that a client sends is the server's fault."""

from __future__ import annotations

import itertools

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import DatabaseError

from macaron_django.api.rules.list_parameters import LOOKUPS

JSON = "application/json"
ENTRY = {"$ref": "#/components/schemas/Entry"}
PROPERTIES = {
    "id": {"type": "integer", "readOnly": True},
    "at": {"type": "string", "format": "date-time", "x-field": "action_time"},
    "flag": {"type": "integer", "x-field": "action_flag"},
    "text": {"type": "string", "x-field": "object_repr"},
    "object_id": {"type": ["string", "null"]},
    "user_id": {"type": "integer"},
    "user_name": {"type": "string", "x-field": "user__username", "readOnly": True},
    "message": {"type": "string", "x-field": "get_change_message", "readOnly": True},
    "secret": {"type": "string", "x-field": "change_message", "writeOnly": True},
}
OF_DATES = {"year", "month", "day", "date"}
HOSTILE = [
    "", "x", "(", "0", "-1", "1.5", "1,2", "1,2,3", "true", "null", "[1]", "9223372036854775808", str(10**400), "1e999",
    "2020-01-01", "10000-01-01", "0000-00-00", "2020-01-01T00:00:00Z", "\0", "%", "a" * 60_000,
]  # fmt: skip


@pytest.fixture
def serving(document, serve):
    """Serves a list of log entries with query parameters: ``serving(flag={...})``."""

    def make(**parameters):
        declared = [{"name": name, "in": "query", **more} for name, more in parameters.items()]
        answer = {"200": {"description": "", "content": {JSON: {"schema": {"type": "array", "items": ENTRY}}}}}
        paths = {"/entries": {"get": {"parameters": declared, "responses": answer}}}
        schema = {"type": "object", "x-model": "admin.LogEntry", "properties": PROPERTIES}
        return serve(document(paths, {"Entry": schema}, security=[]))

    return make


@pytest.fixture
def entry(db):
    return LogEntry.objects.create(user=User.objects.create(username="ann"), object_repr="a", action_flag=1)


@pytest.mark.parametrize("lookup", sorted(LOOKUPS))
def test_no_value_of_a_filter_is_the_servers_fault(serving, entry, lookup):
    names = ("flag", "at", "text", "user_id", "user_name")
    of_text = {f"{name}__{lookup}": {"schema": {"type": "string"}} for name in names}
    arrays = {
        f"{name}s": {"x-lookup": f"{name}__{lookup}", "schema": {"type": "array", "items": {}}} for name in names[:4]
    }
    client = serving(**of_text, **arrays)
    sent = itertools.product([*of_text, *arrays], HOSTILE)
    answers = {(name, value[:20]): client.get("/entries", {name: value}) for name, value in sent}
    failed = {key: answer.content for key, answer in answers.items() if answer.status_code not in {200, 400, 501}}
    assert not failed
    for (name, _), answer in answers.items():
        if answer.status_code == 400:
            assert {each["pointer"] for each in answer.json()["errors"]} == {f"/{name}"}
    assert client.get("/entries").status_code == 200


def test_the_filter_that_is_refused_is_named_alone(serving, entry):
    client = serving(
        flags={"x-lookup": "flag__in", "schema": {"type": "array", "items": {"type": "integer"}}},
        text={"x-lookup": "regex", "schema": {"type": "string"}},
        user_id={"schema": {"type": "integer"}},
    )
    answer = client.get("/entries", {"flags": [1, 2**63], "text": "^a", "user_id": entry.user_id})
    (violation,) = answer.json()["errors"]
    assert (answer.status_code, violation["pointer"], violation["location"]) == (400, "/flags", "query")
    assert len(client.get("/entries", {"flags": [1], "text": "^a", "user_id": entry.user_id}).json()) == 1


def test_texts_are_read_as_the_lookup_means_them(serving, entry):
    client = serving(
        object_id={"x-lookup": "isnull", "schema": {"type": "string"}},
        flag={"x-lookup": "range", "schema": {"type": "string"}},
        at={"x-lookup": "year", "schema": {"type": "string"}},
    )
    assert len(client.get("/entries", {"object_id": "true"}).json()) == 1
    assert client.get("/entries", {"object_id": "false"}).json() == []
    assert len(client.get("/entries", {"flag": "0,1"}).json()) == 1
    assert client.get("/entries", {"flag": "2,3"}).json() == []
    assert len(client.get("/entries", {"at": str(entry.action_time.year)}).json()) == 1
    assert client.get("/entries", {"flag": "1"}).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("lookup", ["flag__year", "message", "message__icontains", "user_id__icontains"])
def test_a_lookup_that_the_field_lacks_is_reported_and_501(serving, lookup):
    client = serving(given={"x-lookup": lookup, "schema": {"type": "string"}})
    (found,) = [finding for finding in client.viewsets.findings() if finding.id == "W310"]
    assert "'given'" in found.message
    answer = client.get("/entries", {"given": "1"})
    assert (answer.status_code, answer.json()["error"]) == (501, "NOT_IMPLEMENTED")
    assert "Choices are" not in answer.content.decode()  # the names of columns
    assert "Unsupported" not in answer.content.decode()


@pytest.mark.django_db
def test_the_lookups_that_a_field_has_are_no_finding(serving):
    client = serving(
        **{
            f"{name}__{lookup}": {"schema": {"type": "string"}}
            for name, lookup in itertools.product(
                ("at", "text", "user_name"), sorted(LOOKUPS - {"year", "month", "day", "date"})
            )
        },
        **{f"at__{lookup}": {"schema": {"type": "string"}} for lookup in ("year", "month", "day", "date")},
    )
    assert not [finding for finding in client.viewsets.findings() if finding.id == "W310"]


@pytest.mark.parametrize("order", ["message", "-message", "secret", "-secret", "nothing", "text,message"])
def test_an_order_that_no_column_has_or_that_tells_secrets_is_refused(serving, entry, order):
    client = serving(sort={"x-lookup": "ordering", "schema": {"type": "string"}})
    answer = client.get("/entries", {"sort": order})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/sort")
    assert client.get("/entries", {"sort": "-text,flag"}).status_code == 200


def test_an_order_by_what_other_rows_keep_is_refused_and_by_a_foreign_key_is_that_of_the_keys(document, serve, db):
    ann, bob = (User.objects.create(username=name) for name in ("zoe", "bob"))
    for user in (bob, ann):
        LogEntry.objects.create(user=user, object_repr=user.username, action_flag=1)
    sort = {"name": "sort", "in": "query", "x-lookup": "ordering", "schema": {"type": "string"}}
    schemas, paths = {}, {}
    for name, model, properties in (
        ("Entry", "admin.LogEntry", {"user": {"type": "integer"}, "user_name": PROPERTIES["user_name"]}),
        ("User", "auth.User", {"username": {"type": "string"}, "groups": {"type": "array", "items": {}}}),
    ):
        properties["id"] = {"type": "integer"}
        schemas[name] = {"type": "object", "x-model": model, "properties": properties}
        listed = {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}
        answers = {"200": {"description": "", "content": {JSON: {"schema": listed}}}}
        paths[f"/{name}s"] = {"get": {"parameters": [sort], "responses": answers}}
    client = serve(document(paths, schemas, security=[]))
    for path, order in (("/Users", "groups"), ("/Users", "-groups,id"), ("/Entrys", "user_name")):
        answer = client.get(path, {"sort": order})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/sort")
    assert [each["user"] for each in client.get("/Entrys", {"sort": "user"}).json()] == [ann.pk, bob.pk]
    assert [each["user"] for each in client.get("/Entrys", {"sort": "-user"}).json()] == [bob.pk, ann.pk]


def test_what_the_database_refuses_whatever_the_filters_is_still_the_servers_fault(serving, entry, monkeypatch):
    client = serving(flag={"schema": {"type": "integer"}})

    def broken(self):
        raise DatabaseError("no such column: typo")

    monkeypatch.setattr("django.db.models.query.QuerySet.__iter__", broken)
    assert client.get("/entries", {"flag": "1"}).status_code == 500


def test_two_parameters_of_one_lookup_both_hold(serving, entry):
    since = {"x-lookup": "flag__gte", "schema": {"type": "integer"}}
    client = serving(since=since, over=since, flag={"schema": {"type": "integer"}})
    for first, second, found in [(1, 1, 1), (1, 2, 0), (2, 1, 0)]:
        assert len(client.get("/entries", {"since": first, "over": second}).json()) == found
