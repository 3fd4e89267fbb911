"""Items exported from the admin: the search, what was selected, or everything, in three formats."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macaron_django import openapi as spec
from macaron_django.admin.import_export.csv_rows import cells_of, columns, json_of, plain_text, safe_text
from macaron_django.schemas.values.json_text import exact_json


def body(answer):
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def table(answer):
    return list(csv.DictReader(io.StringIO(body(answer).decode("utf-8-sig"), newline="")))


@pytest.fixture
def filled(shop):
    shop.model.objects.create(id="a", name="=1+1", price=Decimal("0.1234567890123456789012345678901234567"), stock=1)
    shop.model.objects.create(
        id="b", name="Tea, green\n", note=None, tags=["x"], maker={"country": "JP"}, token="s3cret"
    )
    shop.persistence.put_item(
        {"id": {"S": "c"}, "name": {"S": "C"}, "legacy": {"NS": ["1", "2"]}, "token": {"S": "s3cret"}}
    )
    return shop


@pytest.mark.django_db
def test_a_csv_is_safe_in_a_spreadsheet_and_has_every_property_but_secrets(filled):
    answer = filled.client("view").get(f"{filled.root}export/csv/")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="product-')
    rows = {row["id"]: row for row in table(answer)}

    assert rows["a"]["name"] == "'=1+1"
    assert rows["a"]["price"] == "0.1234567890123456789012345678901234567"
    assert (rows["b"]["name"], rows["b"]["note"], rows["b"]["tags"]) == ("Tea, green\n", "null", '["x"]')
    assert (rows["a"]["note"], rows["a"]["tags"]) == ("", "")
    assert "token" not in rows["a"]


@pytest.mark.django_db
def test_json_lines_and_dynamodb_json_hold_what_they_promise(filled):
    client = filled.client("view")
    plain = {line["id"]: line for line in map(exact_json, body(client.get(f"{filled.root}export/jsonl/")).splitlines())}
    own = body(client.get(f"{filled.root}export/dynamodb/"))
    items = {line["Item"]["id"]["S"]: line["Item"] for line in map(exact_json, own.splitlines())}

    assert plain["a"]["price"] == Decimal("0.1234567890123456789012345678901234567")
    assert plain["b"]["maker"] == {"country": "JP"}
    assert items["c"] == {"id": {"S": "c"}, "name": {"S": "C"}, "legacy": {"NS": ["1", "2"]}}
    assert b"s3cret" not in own
    assert "token" not in plain["b"]


@pytest.mark.django_db
def test_what_the_list_shows_is_exported_whole_and_nothing_else(shop, monkeypatch):
    for number in range(25):
        shop.model.objects.create(id=f"{number:02}", name="n", state="draft" if number % 2 else "gone")
    monkeypatch.setattr("macaron_django.admin.ItemAdmin.list_per_page", 5)
    client = shop.client("view")

    page = client.get(f"{shop.root}export/?q=state%3Ddraft").content.decode()
    assert f"{shop.root}export/csv/?q=state%3Ddraft" in page
    listed = table(client.get(f"{shop.root}export/csv/?q=state%3Ddraft"))
    assert sorted(row["id"] for row in listed) == [f"{number:02}" for number in range(1, 25, 2)]
    assert len(table(client.get(f"{shop.root}export/csv/"))) == 25


@pytest.mark.django_db
def test_selected_items_are_exported_by_an_action(filled):
    answer = filled.client("view").post(filled.root, {"action": "export_jsonl", "_selected_action": ["a", "c"]})
    assert sorted(exact_json(line)["id"] for line in body(answer).splitlines()) == ["a", "c"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["export/", "export/csv/", "export/dynamodb/"])
def test_nobody_exports_without_permission(filled, client, address):
    assert client.get(f"{filled.root}{address}").status_code == 302
    assert filled.client("add").get(f"{filled.root}{address}").status_code == 403
    assert filled.client("view").get(f"{filled.root}export/exe/").status_code == 404


def test_an_empty_table_gives_an_empty_file(shop):
    client = shop.client("view")
    assert table(client.get(f"{shop.root}export/csv/")) == []
    assert body(client.get(f"{shop.root}export/jsonl/")) == b""


FORMULAS = ["=1", "+1+1", "-1+1", "@SUM(A1)", "\uff1d1"]


@pytest.mark.parametrize(
    "text",
    [
        *FORMULAS,
        *(blank + "=1" for blank in (" ", "\v", "\f", "\xa0", "\u2003", "\u200b", "\ufeff", "\x00", " \xa0\v")),
        "'=1",
    ],
)
def test_what_a_spreadsheet_would_compute_is_made_text(text):
    assert safe_text(text) == f"'{text}"
    assert safe_text("\t=1") == "'\t'=1"
    assert safe_text("\ttext") == "'\ttext"
    assert safe_text("-1.5e3") == "-1.5e3"


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n"])
@pytest.mark.parametrize("blank", ["", " ", "\v", "\xa0"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_a_formula_whatever_separator_a_spreadsheet_takes(separator, blank, formula):
    text = f"a{separator}{blank}{formula}{separator}b{separator}{separator}{blank}{formula}"
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerow(["x", safe_text(text), safe_text(blank + formula)])

    for delimiter in (",", ";", "\t"):
        for cells in csv.reader(io.StringIO(buffer.getvalue(), newline=""), delimiter=delimiter):
            assert not [cell for cell in cells if cell.strip('"\v\xa0 ').startswith(tuple("=+-@\uff1d"))]


def test_a_guard_within_a_text_is_undone_and_a_text_of_others_is_kept():
    assert plain_text(safe_text("a;=1;'b;'=2")) == "a;=1;'b;'=2"
    assert plain_text("it;'s") == "it;'s"


@pytest.mark.parametrize("text", ["\n" * 200_000, "; " * 100_000, " " * 200_000 + "x", "';" * 100_000])
def test_guarding_takes_time_in_proportion_to_the_text(text):
    assert plain_text(safe_text(text)) == text


SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "or null": {"type": ["string", "null"]},
        "number": {"type": "number"},
        "flag": {"type": "boolean"},
        "list": {"type": "array"},
        "=evil": {"type": "string"},
        "any": {},
    },
}
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.text(st.sampled_from(";\t\n'=-\xa0 \"a")),
    st.sampled_from(
        [
            *("", "null", '"', "'", "''", '"x"', "=1", "-1", "true", "\r", "\n", "a\r\nb", ",", ";"),
            *(";=1", "a;'b", ";'=1", ";''", "\n'", '"a;=1', "\";'", "\xa0=1", "\v-1", "x\n\xa0@a"),
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS), lambda inner: st.lists(inner, max_size=2), max_leaves=3
)


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "text": TEXTS,
            "or null": st.none() | TEXTS,
            "number": st.integers(),
            "flag": st.booleans(),
            "list": st.lists(VALUES, max_size=2),
            "=evil": TEXTS,
            "any": VALUES,
            "*extra*": VALUES,
        },
    )
)
def test_a_row_gives_back_the_item_that_it_was_made_of(json):
    document = spec.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "S", "version": "1"},
            "paths": {},
            "components": {"schemas": {"S": SCHEMA}},
        }
    )
    schema = document.schemas["S"]
    names = columns(schema)
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerow(cells_of(schema, json, names))
    (cells,) = csv.reader(io.StringIO(buffer.getvalue(), newline=""))

    assert json_of(schema, names, cells) == json
