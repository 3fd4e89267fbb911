"""Which violations a request is to blame for: what it changed, and what clients can send."""

from __future__ import annotations

from typing import Any

import pytest

from macaron_django import openapi
from macaron_django.exceptions import RequestInvalid, ValidationFailed
from macaron_django.schemas import Violation
from macaron_django.schemas.values.request_violations import blamed, new_violations

DOCUMENT = openapi.load(
    {
        "openapi": "3.1.0",
        "info": {"title": "Shapes", "version": "1"},
        "paths": {},
        "components": {
            "schemas": {
                "Note": {
                    "type": "object",
                    "minProperties": 2,
                    "required": ["id"],
                    "properties": {
                        "id": {"type": "string", "readOnly": True},
                        "text": {"type": "string", "maxLength": 3},
                        "flag": {"const": True},
                        "tags": {"type": "array", "items": {"maxLength": 2}},
                        "place": {"type": "object", "properties": {"zip": {"maxLength": 2}}, "required": ["city"]},
                    },
                },
                "Shape": {
                    "oneOf": [
                        {
                            "type": "object",
                            "required": ["r"],
                            "properties": {"r": {"maximum": 9}, "name": {"maxLength": 2}},
                        },
                        {
                            "type": "object",
                            "required": ["a"],
                            "properties": {"a": {"maximum": 9}, "name": {"maxLength": 3}},
                        },
                    ]
                },
            }
        },
    }
)


@pytest.mark.parametrize(
    ("before", "after", "pointers"),
    [
        ({"id": "1", "text": "long"}, {"id": "1", "text": "long", "flag": True}, []),
        ({"id": "1", "text": "long"}, {"id": "1", "text": "longer"}, ["/text"]),
        ({"id": "1", "flag": 1}, {"id": "1", "flag": 1, "text": "a"}, []),
        ({"id": "1", "flag": 1}, {"id": "1", "flag": False, "text": "a"}, ["/flag"]),
        ({"id": "1", "tags": ["abc"]}, {"id": "1", "tags": ["abc", "d"]}, []),
        ({"id": "1", "tags": ["abc"]}, {"id": "1", "tags": ["abcd"]}, ["/tags/0"]),
        ({"text": "a", "flag": True}, {"text": "b", "flag": True}, []),
        ({"id": "1", "text": "a"}, {"text": "a", "flag": True}, ["/id"]),
        ({"id": "1", "place": {"zip": "abc"}}, {"id": "1", "place": {"zip": "abc", "x": 1}}, []),
        ({"id": "1", "place": {"zip": "abc"}}, {"id": "1", "place": {"zip": "abcd"}}, ["/place/zip"]),
        ({"id": "1"}, {"id": "2"}, []),
        ({"id": "1"}, {}, ["", "/id"]),
    ],
)
def test_a_change_is_judged_by_what_it_changes(before: Any, after: Any, pointers: list[str]) -> None:
    found = new_violations(DOCUMENT.schemas["Note"], None, before, after)
    assert sorted(each.pointer for each in found) == pointers


@pytest.mark.parametrize(
    ("after", "is_kept"),
    [
        ({"name": "b"}, True),
        ({"name": "bcd"}, True),  # as the other branch has it
        ({"name": "bcde"}, False),
        ({"r": 11}, False),
    ],
)
def test_one_branch_of_a_union_has_to_accept_what_is_changed(after: Any, is_kept: bool) -> None:
    before = {"r": 10, "a": 10, "name": "a"}
    found = new_violations(DOCUMENT.schemas["Shape"], None, before, {**before, **after})
    assert (found == []) is is_kept


@pytest.mark.parametrize(("name", "pointers"), [("b", []), ("bcd", ["/name"])])
def test_the_only_branch_that_an_object_can_be_of_has_to(name: str, pointers: list[str]) -> None:
    before = {"r": 10, "name": "a"}
    found = new_violations(DOCUMENT.schemas["Shape"], None, before, {**before, "name": name})
    assert [each.pointer for each in found] == pointers


@pytest.mark.parametrize(
    ("pointer", "supplied", "is_of_request"),
    [
        ("/text", (), True),
        ("/text", ("text",), False),
        ("/text", ("flag",), True),
        ("/flag", (), True),  # it could have been sent
        ("/id", (), False),  # readOnly
        ("/more/0", (), True),  # an additional property that was sent
        ("/other", (), False),
        ("", (), True),
        ("", ("id",), False),
    ],
)
def test_clients_are_to_blame_for_what_they_can_send(pointer: str, supplied: Any, is_of_request: bool) -> None:
    failure = ValidationFailed(violations=[Violation("is wrong", pointer, "", "type")])
    found = blamed(failure, DOCUMENT.schemas["Note"], {"text", "more"}, supplied)
    assert isinstance(found, RequestInvalid) is is_of_request
    assert found is failure or found.violations == failure.violations


def test_a_failure_without_violations_is_the_servers() -> None:
    failure = ValidationFailed("It can't be.")
    assert blamed(failure, DOCUMENT.schemas["Note"], {"text"}, ()) is failure
