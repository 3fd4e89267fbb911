"""Generated operations over HTTP on items of DynamoDB: every verb, pages, filters, versions, and strict settings."""

from __future__ import annotations

import httpx
import pytest

PATCH = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture(scope="module")
def client(case_server) -> httpx.Client:
    return case_server("items", "wsgi", ("synctables",))


def test_an_item_is_made_read_changed_and_deleted_by_its_versions(client):
    text = {"topic": "versions", "written": "2026-01-01"}
    made = client.post("/notes", json={**text, "text": "one", "note_id": "mine", "version": 9})
    assert made.status_code == 201, made.text
    url, first = made.headers["Location"], made.headers["ETag"]
    note = made.json()
    assert note["note_id"] in url
    assert note["version"] != 9
    assert client.get(url).json() == note
    assert client.get(url, headers={"If-None-Match": first}).status_code == 304
    unconditional = client.put(url, json={**text, "text": "two"})
    assert (unconditional.status_code, unconditional.json()["error"]) == (428, "PRECONDITION_REQUIRED")
    replaced = client.put(url, json={**note, "text": "two", "length": 3}, headers={"If-Match": first})
    assert (replaced.status_code, replaced.json()["text"]) == (200, "two")
    second = replaced.headers["ETag"]
    stale = client.patch(url, json={"text": "three"}, headers={**PATCH, "If-Match": first})
    assert (stale.status_code, stale.json()["error"]) == (412, "PRECONDITION_FAILED")
    patched = client.patch(url, content='{"length": null}', headers={**PATCH, "If-Match": second})
    assert "length" not in patched.json()
    assert patched.json()["text"] == "two"
    broken = client.patch(url, content='{"text": null}', headers={**PATCH, "If-Match": patched.headers["ETag"]})
    assert broken.status_code == 400
    assert client.delete(url, headers={"If-Match": second}).status_code == 412
    gone = client.delete(url, headers={"If-Match": patched.headers["ETag"]})
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get(url).status_code == 404


def test_lists_are_filtered_by_keys_ordered_and_paged(client):
    for day in range(1, 8):
        made = client.post("/notes", json={"text": "t", "topic": "paging", "written": f"2026-01-0{day}"})
        assert made.status_code == 201

    def days(**query):
        notes = client.get("/notes", params={"topic": "paging", **query}).json()["notes"]
        return [int(note["written"][-1]) for note in notes]

    assert days(ordering="written") == [1, 2, 3, 4, 5, 6, 7]
    assert days(ordering="-written", limit=2) == [7, 6]
    assert days(since="2026-01-05", ordering="written") == [5, 6, 7]
    found, url = [], "/notes?topic=paging&ordering=written&limit=3"
    while url:
        page = client.get(url)
        found += [int(note["written"][-1]) for note in page.json()["notes"]]
        url = page.json()["next"]
        assert page.links.get("next", {}).get("url") == url
    assert found == [1, 2, 3, 4, 5, 6, 7]


def test_what_a_table_cant_answer_is_the_clients_to_ask_otherwise(client):
    for query, pointer in (("length=3", "/length"), ("ordering=written", "/ordering"), ("nonsense=1", "/nonsense")):
        refused = client.get(f"/notes?{query}")
        assert refused.status_code == 400, query
        assert pointer in {error["pointer"] for error in refused.json()["errors"]}
    assert client.get("/notes?cursor=nonsense").json()["error"] == "INVALID_CURSOR"


def test_a_filter_by_a_value_that_no_item_can_hold_names_the_parameter(client):
    refused = client.get(f"/notes?topic=a&length={'9' * 39}")
    assert refused.status_code == 400
    (violation,) = refused.json()["errors"]
    assert (violation["location"], violation["pointer"]) == ("query", "/length")
