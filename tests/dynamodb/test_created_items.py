"""A new item is judged once as a whole, and by the properties that the server has added: with the same outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from macaron_django.drivers import run
from macaron_django.dynamodb.item_store import ItemStore
from macaron_django.exceptions import RequestInvalid, ValidationFailed

ID = {"type": "string"}
NAME = {"type": "string", "maxLength": 5}
MADE = {"type": "string", "format": "date-time", "readOnly": True, "x-generated": "now"}


def properties(**members: Any) -> dict[str, Any]:
    return {"profile_id": ID, "name": NAME, **members}


@pytest.fixture
def store(make_rows: Any, embedded: Any) -> Callable[..., ItemStore]:
    def make(**members: Any) -> ItemStore:
        rows = make_rows({"type": "object", "properties": properties(), **members})
        return ItemStore(rows.schema, rows.model, rows.classes)

    return make


def created(store: ItemStore, body: Any) -> tuple[Any, int]:
    """What a create gives, and how often the whole schema judged the item afterwards."""
    whole = store.validator()
    judged = mock.Mock(side_effect=whole.validate)
    with mock.patch.object(whole, "validate", judged):
        return dict(run(store.create(body, {}, None)).json), judged.call_count


def test_what_the_client_sent_is_not_judged_again(store):
    made, judged = created(store(properties=properties(made=MADE)), {"profile_id": "a", "name": "Ada"})
    assert (made.keys(), judged) == ({"profile_id", "name", "made"}, 0)


@pytest.mark.parametrize(
    "members",
    [
        {"maxProperties": 3},
        {"dependentRequired": {"name": ["profile_id"]}},
        {"allOf": [{"required": ["profile_id"]}]},
        {
            "properties": properties(
                inner={"type": "object", "properties": {"by": {"type": "string", "readOnly": True}}}
            )
        },
    ],
)
def test_a_schema_that_judges_properties_together_judges_the_item(store, members):
    assert created(store(**members), {"profile_id": "a", "name": "Ada"})[1] == 1


@pytest.mark.parametrize(
    "wrong", [{**MADE, "maxLength": 3}, {**MADE, "pattern": "^never$"}, {**MADE, "enum": ["2020-01-01T00:00:00Z"]}]
)
def test_a_value_that_the_server_makes_is_judged(store, wrong):
    with pytest.raises(ValidationFailed) as failure:
        created(store(properties=properties(made=wrong)), {"profile_id": "a"})
    assert not isinstance(failure.value, RequestInvalid)
    assert {each.pointer for each in failure.value.violations} == {"/made"}


@pytest.mark.parametrize(("most", "is_valid"), [(2, True), (1, False)])
def test_a_value_that_is_kept_in_another_form_is_judged_as_it_is_kept(make_rows, embedded, most, is_valid):
    labels = {"type": "array", "uniqueItems": True, "items": ID, "prefixItems": [{"maxLength": most}]}
    rows = make_rows({"type": "object", "properties": properties(labels=labels)}, sets=["labels"])
    store = ItemStore(rows.schema, rows.model, rows.classes)
    body = {"profile_id": "a", "labels": ["b", "aa"]}  # a set is shown in order
    if is_valid:
        assert created(store, body) == ({"profile_id": "a", "labels": ["aa", "b"]}, 0)
    else:
        with pytest.raises(ValidationFailed):
            created(store, body)


def test_a_required_property_that_nothing_gives_is_missed(store):
    lacking = {"type": "string", "readOnly": True}
    with pytest.raises(ValidationFailed):
        created(store(properties=properties(by=lacking), required=["by"]), {"profile_id": "a"})


@pytest.mark.parametrize("extra", [1, "x", None, [1.5, {"a": []}], True])
def test_additional_properties_are_the_clients_own(store, extra):
    body = {"profile_id": "a", "extra": extra, "flag": True}
    assert created(store(), body) == (body, 0)


def test_an_additional_number_that_is_written_in_another_way_has_the_item_judged(store):
    body = {"profile_id": "a", "count": 1.0}
    assert created(store(), body) == (body, 1)
