"""Keys are added to a spec's text, and nothing else of it changes."""

from __future__ import annotations

import json

import pytest
import yaml

from macaron_django.shipping.starting.spec_edits import SpecAddition, SpecText

BIND = SpecAddition("#/paths/~1a/get", "x-bind-server", "apis.a.handlers.get_a")
PERSIST = SpecAddition("#/s/A", "x-persist", {"table": "as", "hash_key": "id"}, "proposed: review")


KEY = "x-bind-server: apis.a.handlers.get_a"
JSON_KEY = '"x-bind-server": "apis.a.handlers.get_a"'
TEXTS = {  # what stands for the key in the text edited: nothing was there before
    "block": (f"paths:\n  /a:\n    get:  # why\n      {KEY}\n      tags: [x]\n", f"{KEY}\n      "),
    "flow": (f"paths:\n  /a:\n    get: {{{JSON_KEY}, tags: [x]}}\n", f"{JSON_KEY}, "),
    "empty": (f"paths:\n  /a:\n    get: {{{JSON_KEY}}}\n", JSON_KEY),
    "json": (
        '{"paths": {"/a": {"get": {\n\t' + JSON_KEY + ',\n\t"tags": ["\\ud83d\\ude00"]}}}}',
        f"\n\t{JSON_KEY},",
    ),
    "anchor": (f"paths:\r\n  /a:\r\n    get: &g\r\n      {KEY}\n      tags: [é]\r\n", f"{KEY}\n      "),
}


@pytest.mark.parametrize(("edited", "added"), TEXTS.values(), ids=TEXTS)
def test_a_key_becomes_the_first_of_its_mapping(edited, added):
    assert SpecText(edited.replace(added, "")).with_additions([BIND]) == edited
    read = json.loads(edited) if edited.startswith("{") else yaml.safe_load(edited)
    assert read["paths"]["/a"]["get"]["x-bind-server"] == "apis.a.handlers.get_a"


def test_comments_are_written_where_the_text_can_hold_them():
    block = SpecText("s:\n  A:\n    type: object\n").with_additions([PERSIST])
    assert block == "s:\n  A:\n    x-persist: {table: as, hash_key: id}  # proposed: review\n    type: object\n"
    flow = yaml.safe_load(SpecText("s: {A: {type: object}}").with_additions([PERSIST]))
    assert flow["s"]["A"]["x-comment"] == "proposed: review"


def test_a_proposal_is_a_comment_and_changes_nothing():
    text = "s:\n  A:\n    type: object\n"
    proposal = SpecAddition("#/s/A", "x-persist", {"table": "as"}, "review", is_proposed=True)
    edited = SpecText(text).with_additions([proposal])
    assert edited == "s:\n  A:\n    # x-persist: {table: as}  # review\n    type: object\n"
    assert SpecText("s: {A: {type: object}}").with_additions([proposal]) == "s: {A: {type: object}}"


def test_several_keys_are_added_and_what_an_alias_shares_gets_one():
    text = "paths:\n  /a:\n    get: &g\n      tags: [x]\n    post:\n      tags: [y]\n  /b:\n    get: *g\n"
    additions = [SpecAddition(f"#/paths/{path}/{method}", "x", f"{path}{method}") for path, method in
                 [("~1a", "get"), ("~1a", "post"), ("~1b", "get"), ("~1c", "get")]]  # fmt: skip
    read = yaml.safe_load(SpecText(text).with_additions(additions))
    assert read["paths"]["/a"]["get"]["x"] == read["paths"]["/b"]["get"]["x"] == "~1aget"
    assert read["paths"]["/a"]["post"]["x"] == "~1apost"
