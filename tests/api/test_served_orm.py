"""Schemas with x-model over HTTP: models of every relation, by generated operations and a project's own viewsets."""

from __future__ import annotations

import httpx
import pytest

PATCH = {"Content-Type": "application/merge-patch+json"}
SYNCED = ("migrate", "--run-syncdb", "--verbosity", "0")


@pytest.fixture(scope="module", params=[{}, {"ATOMIC_REQUESTS": "1"}], ids=["autocommit", "atomic requests"])
def client(request, case_server) -> httpx.Client:
    client = case_server("orm", "wsgi", SYNCED, **request.param)
    client.base_url = client.base_url.copy_with(path="/api/v2/")
    return client


@pytest.fixture
def author(client):
    """A new author of a new publisher, as answered."""
    number = len(client.get("publishers").json())
    made = client.post("authors", json={"name": "Ann", "publisher": {"name": f"House {number}"}, "awards": []})
    assert made.status_code == 201, made.text
    return made.json()


def made(client, isbn, **more):
    answer = client.post("books", json={"isbn": isbn, "title": "A book", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_the_settings_say_where_the_api_is_mounted(client):
    assert client.get("tags").status_code == 200
    assert client.get(client.base_url.join("/v1/tags")).status_code == 404
    served = client.get(client.base_url.join("/openapi/bookshop.json")).json()
    assert served["servers"] == [{"url": "/api/v2"}]


def test_properties_are_fields_by_name_by_x_field_and_attributes(client, author):
    book = made(client, "names", length=7, author_id=author["id"])
    assert book["length"] == 7
    assert book["shouted"] == "A BOOK"
    assert book["publisher_name"] == author["publisher"]["name"]


def test_a_foreign_key_is_an_id_or_a_nested_object_to_read(client, author):
    other = {"id": 999, "name": "Changed?"}
    book = made(client, "foreign", author_id=author["id"], editor=author["id"], author=other)
    assert (book["author_id"], book["editor"], book["author"]) == (author["id"], author["id"], author)
    replaced = client.put("books/foreign", json={"isbn": "foreign", "title": "B", "author_id": author["id"]}).json()
    assert replaced["author"] == author
    assert "editor" not in replaced or replaced["editor"] is None
    patched = client.patch("books/foreign", content='{"author": null, "title": "C"}', headers=PATCH).json()
    assert patched["author"] == author
    emptied = client.patch("books/foreign", content='{"author_id": null}', headers=PATCH).json()
    assert "author" not in emptied


def test_many_to_many_is_an_array_of_keys(client):
    tags = [client.get("tags").json()]
    assert tags == [[]]
    assert made(client, "untagged")["tags"] == []
    refused = client.post("books", json={"isbn": "tagged", "title": "A", "tags": [99]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/tags/0")
    assert client.get("books/tagged").status_code == 404


def test_a_writable_nested_object_is_written_along(client, author):
    publisher = author["publisher"]
    renamed = client.put(
        f"authors/{author['id']}", json={"name": "Ann", "publisher": {"name": publisher["name"] + "!"}, "awards": []}
    ).json()
    assert renamed["publisher"] == {"id": publisher["id"], "name": publisher["name"] + "!"}
    awards = [{"title": "First"}, {"title": "Second"}]
    rewarded = client.patch(f"authors/{author['id']}", json={"awards": awards}, headers=PATCH).json()
    first, second = rewarded["awards"]
    assert (first["title"], second["title"]) == ("First", "Second")
    kept = [{**second, "title": "2nd"}]
    assert client.patch(f"authors/{author['id']}", json={"awards": kept}, headers=PATCH).json()["awards"] == kept
    without = client.patch(f"authors/{author['id']}", content='{"publisher": null}', headers=PATCH).json()
    assert without["publisher"] is None
    assert publisher["id"] in {each["id"] for each in client.get("publishers").json()}


def test_what_the_database_refuses_is_told_and_nothing_is_written(client, author):
    made(client, "taken", author_id=author["id"])
    before = client.get("books").json()
    taken = client.post("books", json={"isbn": "taken", "title": "Again"})
    assert (taken.status_code, taken.json()["error"]) == (409, "ITEM_EXISTS")
    for body, pointer in (
        ({"isbn": "lost", "title": "Of nobody", "author_id": 999}, "/author_id"),
        ({"isbn": "mistagged", "title": "A", "tags": [999]}, "/tags/0"),
    ):
        refused = client.post("books", json=body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)
    patch = {"tags": [999], "title": "Changed"}
    assert client.patch("books/taken", json=patch, headers=PATCH).status_code == 400
    name = author["publisher"]["name"]
    twice = client.post("authors", json={"name": "Half", "publisher": {"name": name}, "awards": []})
    assert twice.status_code == 409
    assert name in twice.json()["error_description"]
    assert client.get("books").json() == before
    assert "Half" not in client.get("authors").text
    assert client.delete(f"publishers/{author['publisher']['id']}").status_code == 409


def test_what_the_database_cannot_hold_is_400_and_nothing_is_written(client):
    refused = client.post("books", json={"isbn": "large", "title": "A book", "length": 2**70})
    assert refused.status_code == 400, refused.text
    assert client.get("books/large").status_code == 404


def test_lists_are_filtered_ordered_and_paged(client, author):
    for number in range(5):
        made(client, f"list-{number}", title=f"List {number}", length=number, author_id=author["id"])
    of_author = {"author_id": author["id"]}

    def isbns(**query):
        return [each["isbn"] for each in client.get("books", params={**of_author, **query}).json()]

    assert isbns() == [f"list-{n}" for n in range(5)]
    assert isbns(title="List 3") == ["list-3"]
    assert isbns(longer_than=2) == ["list-3", "list-4"]
    assert isbns(sort="-length,isbn")[:2] == ["list-4", "list-3"]
    assert [each["isbn"] for each in client.get(f"authors/{author['id']}/books").json()] == isbns()
    found, url = [], f"books?author_id={author['id']}&limit=2"
    while url:
        page = client.get(url)
        found += [each["isbn"] for each in page.json()]
        url = page.links.get("next", {}).get("url")
    assert found == isbns()
    page = client.get("authors", params={"limit": 1}).json()
    assert (len(page["results"]), page["total"] >= 1) == (1, True)
    for _ in range(page["total"] - 1):
        page = client.get(page["next"]).json()
    assert page["next"] is None


def test_the_protocol_around_the_verbs(client):
    made(client, "verbs")
    head = client.head("books/verbs")
    assert (head.status_code, head.content) == (200, b"")
    options = client.options("books/verbs")
    assert options.status_code == 200
    refused = client.post("books/verbs", json={})
    assert refused.status_code == 405
    assert refused.headers["Allow"] == options.headers["Allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"
    assert client.get("books", headers={"Accept": "image/png"}).status_code == 406
    assert client.put("books/verbs", content="<a/>", headers={"Content-Type": "text/xml"}).status_code == 415
    created = client.post("books", json={"isbn": "a b/c", "title": "A"})
    assert created.status_code == 201
    assert "Location" not in created.headers
    spaced = client.post("books", json={"isbn": "a b?ü", "title": "A"})
    assert client.get(spaced.headers["Location"]).json()["isbn"] == "a b?ü"


@pytest.mark.parametrize("isbn", [".", "..", "a\nb", "\x7f"])
def test_a_key_that_no_path_can_hold_has_no_location(client, isbn):
    created = client.post("books", json={"isbn": isbn, "title": "A"})
    assert created.status_code == 201
    assert "Location" not in created.headers


def test_a_browser_gets_json_where_drfs_templates_arent_installed(client):
    answer = client.get("books", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


# A project's own viewsets, by settings and by decorator


def test_a_class_of_the_settings_is_served_with_its_policies_and_hooks(client):
    sunday = client.post("books", json={"isbn": "sunday", "title": "A"}, headers={"X-Day": "Sunday"})
    assert sunday.status_code == 403
    assert client.get("books", headers={"X-Once": "me"}).status_code == 200
    throttled = client.get("books", headers={"X-Once": "me"})
    assert throttled.status_code == 429
    assert int(throttled.headers["Retry-After"]) > 0
    assert made(client, "hooks", title=" Stripped ")["title"] == "Stripped"
    assert client.put("books/hooks", json={"isbn": "hooks", "title": "Kept", "length": 3}).json()["length"] == 1
    assert [each["isbn"] for each in client.get("books", params={"search": "kept"}).json()] == ["hooks"]
    lines = client.get("books", params={"search": "kept"}, headers={"Accept": "text/plain"})
    assert (lines.text, lines.headers["Content-Type"]) == ("Kept", "text/plain; charset=utf-8")
    assert client.delete("books/hooks").status_code == 204
    assert client.get("books/hooks").status_code == 404
    assert client.post("books", json={"isbn": "hooks", "title": "A"}).status_code == 409


def test_a_class_of_the_decorator_is_served(client):
    assert client.get("tags").status_code == 200
    refused = client.post("tags", json={"word": "a"})
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
