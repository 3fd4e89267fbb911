"""Items imported into the admin: shown first, refused by line, and written as shown."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile

from macaron_django.admin.import_export.item_files import read_items
from macaron_django.exceptions import PersistenceError
from macaron_django.schemas.validation.violation_search import MORE
from macaron_django.schemas.values.json_text import dump_json

pytestmark = pytest.mark.django_db


def upload(client, shop, text, name="items.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    return client.post(f"{shop.root}import/", {"file": SimpleUploadedFile(name, content)})


def outcomes(page):
    return [(outcome.line, outcome.kind) for outcome in page.context["found"]]


def apply(client, shop, page, **choice):
    sealed = {"sealed": page.context["sealed"], "kind": page.context["kind"]}
    return client.post(f"{shop.root}import/", {**sealed, **choice}, follow=True)


def lines(*items):
    return b"".join(dump_json(item) + b"\n" for item in items)


def test_a_dry_run_tells_what_would_change_and_writes_nothing(shop):
    shop.model.objects.create(id="same", name="Same", stock=1)
    shop.model.objects.create(id="other", name="Before", stock=1)
    client = shop.client("view", "add", "change")

    page = upload(
        client,
        shop,
        'id,name,stock\nsame,Same,1\nother,<b>After</b>,2\nnew,"New\nthing",3\nbad,Bad,-1\n,Nobody,1\nnew,Twice,1\nshort,row\n',
    )

    assert outcomes(page) == [
        (2, "unchanged"),
        (3, "changed"),
        (4, "created"),
        (6, "refused"),
        (7, "refused"),
        (8, "refused"),
        (9, "refused"),
    ]
    text = page.content.decode()
    for told in (
        "/name",
        "&quot;Before&quot;",
        "&lt;b&gt;After&lt;/b&gt;",
        "/stock: must be at least 0",
        "/id: ",
        "occurs earlier in the file",
    ):
        assert told in text, told
    assert "<b>After" not in text
    assert sorted(row.id for row in shop.model.objects.all()) == ["other", "same"]
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(("existing", "name"), [("skip", "Before"), ("replace", "After")])
def test_what_was_shown_is_done_and_existing_items_as_chosen(shop, existing, name):
    shop.persistence.put_item(
        {
            "id": {"S": "other"},
            "name": {"S": "Before"},
            "note": {"S": "stays"},
            "legacy": {"SS": ["x"]},
            "token": {"S": "s3cret"},
        }
    )
    client = shop.client("view", "add", "change")
    page = upload(client, shop, "\ufeffid;name\r\nother;After\r\nnew;'=New\r\n")

    answer = apply(client, shop, page, existing=existing).content.decode()

    assert "1 item created" in answer
    assert shop.stored("new")["name"] == {"S": "=New"}
    stored = shop.stored("other")
    assert (stored["name"], stored["note"], stored["legacy"], stored["token"]) == (
        {"S": name},
        {"S": "stays"},  # there is no column for it
        {"SS": ["x"]},
        {"S": "s3cret"},
    )
    assert LogEntry.objects.count() == (2 if existing == "replace" else 1)


def test_a_json_line_is_the_whole_item(shop):
    row = shop.model.objects.create(id="a", name="Tea", note="goes", token="s3cret")
    client = shop.client("view", "add", "change")

    page = upload(client, shop, lines({"id": "a", "name": "Tea", "price": 10**30}), "items.jsonl")
    assert {each.pointer for each in page.context["found"][0].differences} == {"/stock", "/note", "/price"}
    apply(client, shop, page, existing="replace")

    stored = shop.stored("a")
    assert stored["price"] == {"N": str(10**30)}
    assert "note" not in stored
    assert stored["token"] == {"S": "s3cret"}
    assert stored["created"] == shop.persistence.encode(row)["created"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "dynamodb"])
def test_an_export_that_is_imported_changes_nothing_and_restores_what_was_deleted(shop, form):
    shop.model.objects.create(
        id="a", name="'null", note=None, tags=[], price=0.1, maker={"name": "=x"}, anything={"n": [1, None]}
    )
    before = shop.stored("a")
    client = shop.client("view", "add", "change")
    exported = b"".join(client.get(f"{shop.root}export/{form}/").streaming_content)
    name = "items.csv" if form == "csv" else "items.jsonl"

    assert outcomes(upload(client, shop, exported, name)) == [(2 if form == "csv" else 1, "unchanged")]
    shop.model.objects.get(id="a").delete()
    page = upload(client, shop, exported, name)
    assert page.context["kind"] == form
    apply(client, shop, page)
    assert shop.stored("a") == before


def test_dynamodb_json_restores_types_and_what_the_schema_does_not_know(shop):
    shop.persistence.put_item({"id": {"S": "a"}, "name": {"S": "Old"}, "token": {"S": "s3cret"}})
    client = shop.client("view", "add", "change")
    item = {"id": {"S": "a"}, "name": {"S": "New"}, "legacy": {"NS": ["1", "2"]}, "stock": {"N": "1.5"}}

    page = upload(client, shop, lines({"Item": item}), "x.jsonl")
    assert outcomes(page) == [(1, "refused")]
    assert "/stock: must be an integer" in page.content.decode()
    page = upload(client, shop, lines({"Item": {**item, "stock": {"N": "2"}}}), "x.jsonl")
    apply(client, shop, page, existing="replace")
    stored = shop.stored("a")
    assert (stored["name"], sorted(stored["legacy"]["NS"]), stored["token"]) == (
        {"S": "New"},
        ["1", "2"],
        {"S": "s3cret"},
    )


@pytest.mark.parametrize(
    ("content", "name", "line", "message"),
    [
        (b"\xff\xfe", "x.csv", 1, "not in UTF-8"),
        ("id,nmae\n", "x.csv", 1, "no property &#x27;nmae&#x27;"),
        ("id,id\n", "x.csv", 1, "occurs twice"),
        ('id,name\na,"b', "x.csv", 2, "valid CSV"),
        ('id,name,tags\na,b,"[1"\n', "x.csv", 2, "tags: The cell isn&#x27;t valid JSON"),
        ('{"id": "a", "name": "b"}\n{"id": 1e}\n', "x.jsonl", 2, "valid JSON"),
        ("[1]\n", "x.jsonl", 1, "a JSON object"),
        ('{"Item": {"id": {"X": "a"}}}\n', "x.jsonl", 1, "/id: "),
        ('{"Item": {"name": {"S": "a"}}}\n', "x.jsonl", 1, "/id: "),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(shop, content, name, line, message):
    page = upload(shop.client("view", "add"), shop, content, name)

    refused = [outcome for outcome in page.context["found"] if outcome.kind == "refused"]
    assert [outcome.line for outcome in refused] == [line]
    assert message in page.content.decode()


def test_of_many_columns_some_are_named(shop):  # what they cost: test_import_cost.py
    names = [f"c{number}" for number in range(60_000)]
    (item,) = read_items(shop.model._spec.schema, ",".join(names).encode(), "csv")
    assert "'c19' …" in item.error
    (item,) = read_items(shop.model._spec.schema, ",".join([*names, "c7"]).encode(), "csv")
    assert "column 'c7' occurs twice" in item.error


def test_an_item_with_many_problems_shows_some(shop):
    item = {"id": "a", "name": "b", "tags": [1] * 5000}
    page = upload(shop.client("view", "add"), shop, lines(item), "x.jsonl")
    (outcome,) = page.context["found"]
    assert (outcome.kind, len(outcome.problems), outcome.problems[-1]) == ("refused", 21, MORE.message)


def test_a_version_is_counted_on_and_never_imported(make_shop):
    schema = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "a": {"type": "integer"}, "v": {"type": "integer"}},
    }
    shop = make_shop(schema, version="v")
    shop.model.objects.create(id="x", a=1)
    client = shop.client("view", "add", "change")

    for text, name in (
        ("id,a,v\nx,2,77\ny,1,5\n", "x.csv"),
        (lines({"Item": {"id": {"S": "x"}, "a": {"N": "3"}}}), "x.jsonl"),
    ):
        apply(client, shop, upload(client, shop, text, name), existing="replace")
    assert (shop.stored("x")["a"], shop.stored("x")["v"]) == ({"N": "3"}, {"N": "3"})
    assert shop.stored("y")["v"] == {"N": "1"}


def test_whoever_was_faster_wins_and_the_line_is_told(shop, monkeypatch):
    client = shop.client("view", "add", "change")
    page = upload(client, shop, "id,name\na,Mine\n")
    put = shop.persistence.put_item

    def meanwhile(item, **how):
        put({"id": {"S": "a"}, "name": {"S": "Theirs"}})
        return put(item, **how)

    monkeypatch.setattr(shop.persistence, "put_item", meanwhile)
    answer = apply(client, shop, page).content.decode()
    assert "Line 2, id &#x27;a&#x27;: There is already a Product" in answer
    assert shop.stored("a")["name"] == {"S": "Theirs"}


def test_permissions_decide_who_imports_and_what(shop, client):
    shop.model.objects.create(id="a", name="Before")
    assert client.get(f"{shop.root}import/").status_code == 302
    for may in (["view"], ["view", "change"], ["add"]):
        assert shop.client(*may).get(f"{shop.root}import/").status_code == 403
        assert upload(shop.client(*may), shop, "id,name\nb,B\n").status_code == 403
    adding = shop.client("view", "add", "delete")
    page = upload(adding, shop, "id,name\na,After\nb,B\n")
    assert outcomes(page) == [(2, "refused"), (3, "created")]
    apply(adding, shop, page, existing="replace")
    assert shop.stored("a")["name"] == {"S": "Before"}
    assert shop.stored("b")["name"] == {"S": "B"}


def test_only_what_was_shown_to_this_user_is_applied(shop):
    page = upload(shop.client("view", "add"), shop, "id,name\na,A\n")
    other = shop.client("view", "add", "change")

    assert "choose the file again" in apply(other, shop, page).content.decode()
    assert shop.stored("a") is None


def test_large_files_are_refused(shop, settings):
    client = shop.client("view", "add")
    settings.MACARON = {**settings.MACARON, "MAX_BODY_SIZE": 100}
    assert "more than MACARON" in upload(client, shop, "id,name\n" + "a,b\n" * 50).content.decode()


def test_an_import_that_breaks_off_says_how_far_it_came(shop, monkeypatch):
    client = shop.client("view", "add")
    content = lines(*({"id": f"{number:03}", "name": "A"} for number in range(150)))
    page = upload(client, shop, content, "items.jsonl")
    assert len(outcomes(page)) == 150
    batch_get = shop.persistence.batch_get

    def once(keys, **how):
        monkeypatch.setattr(shop.persistence, "batch_get", broken)
        return batch_get(keys, **how)

    def broken(keys, **how):
        raise PersistenceError("DynamoDB is gone.")

    monkeypatch.setattr(shop.persistence, "batch_get", once)
    told = apply(client, shop, page).content.decode()
    assert "100 items created" in told
    assert "The import stopped before the end of the file: DynamoDB is gone." in told
    assert "DynamoDB is gone." in upload(client, shop, content, "items.jsonl").content.decode()


def test_the_page_says_how_many_items_an_import_may_have(shop):
    assert "A file may have up to 5000 items" in shop.client("view", "add").get(f"{shop.root}import/").content.decode()


def test_csv_is_read_as_spreadsheets_save_it(shop):
    client = shop.client("view", "add")
    rows = "id;name;price;active;note\r\na;Tea;1,5;yes;no\r\nb;Book;-0,25;FAUX;\r\nc;Pen;2;0;x\r\n;;;;\r\n"

    for start in ("", "sep=;\r\n"):
        page = upload(client, shop, f"\ufeff{start}{rows}".encode())
        assert [kind for _line, kind in outcomes(page)] == ["created"] * 3
    assert outcomes(page)[0][0] == 3
    apply(client, shop, page)
    found = {row.id: row.to_json() for row in shop.model.objects.all()}
    assert [(found[key]["price"], found[key]["active"]) for key in "abc"] == [(1.5, True), (-0.25, False), (2, False)]
    assert found["a"]["note"] == "no"  # a text stays one


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('[\n  {"id": "a", "name": "A, ]"},\n  {"id": "b",\n   "name": "B"}\n]\n', [(2, "created"), (3, "created")]),
        ('[{"Item": {"id": {"S": "a"}, "name": {"S": "A"}}}]', [(1, "created")]),
        ('[{"id": "a", "name": "A"},\n {"id": "b", "name": }]', [(1, "created"), (2, "refused")]),
        ('[{"id": "a", "name": "A"}', [(1, "created"), (1, "refused")]),
        ("[" * 100_000, [(1, "refused")]),
        ("[]", []),
    ],
)
def test_an_array_of_objects_is_read_element_by_element(shop, content, found):
    assert outcomes(upload(shop.client("view", "add"), shop, content, "x.json")) == found


def test_a_refused_line_is_named_by_what_it_has_of_a_key(orders):
    client = orders.client("view", "add")
    csv = "tenant_id,order_id,status,quantity\nacme,1,new,many\nacme,,new,1\nacme,3\nacme,4,lost,1\nacme,5,new,1\n"
    page = upload(client, orders, csv)

    refused = [outcome.key for outcome in page.context["found"] if outcome.kind == "refused"]
    assert refused == ["acme / 1", "acme", "acme / 3", "tenant_id 'acme' and order_id '4'"]
    answer = apply(client, orders, page).content.decode()
    assert "Line 2, acme / 1: quantity: The cell isn&#x27;t valid JSON" in answer
