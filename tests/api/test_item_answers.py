"""A list's answer is read straight from its items: byte for byte what rows and serializers would have made of them."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from macaron_django import apipool
from macaron_django.api import viewsets
from macaron_django.api.views import resource_viewsets
from macaron_django.dynamodb.codec import compiler

FOREIGN: list[dict[str, Any]] = [
    {"profile_id": {"S": "plain"}, "name": {"S": "Ada"}, "age": {"N": "36"}, "created": {"S": "2026-01-01T00:00:00Z"}},
    {"profile_id": {"S": "other-types"}, "name": {"N": "7"}, "age": {"S": "old"}, "tags": {"SS": ["b", "a"]}},
    {"profile_id": {"S": "nulls"}, "name": {"NULL": True}, "address": {"M": {"city": {"NULL": True}}}},
    {
        "profile_id": {"S": "unknown"},
        "name": {"S": "x"},
        "other": {"S": "kept"},
        "address": {"M": {"planet": {"S": "?"}}},
    },
    {"profile_id": {"S": "long"}, "name": {"S": "x"}, "view_count": {"N": "12345678901234567890123456789"}},
    {"profile_id": {"S": "by-pynamodb"}, "name": {"S": "x"}, "created": {"S": "2026-01-01T00:00:00.000000+0000"}},
]


@pytest.fixture
def items(dynamodb: Any, settings: Any) -> None:
    settings.MACARON = {**settings.MACARON, "RESPONSE_VALIDATION": "off"}
    persistence = apipool.myserver.Profile.objects.persistence
    for item in FOREIGN:
        persistence.put_item(item)
    apipool.myserver.Profile.objects.create(
        name="Emmy", email="emmy@example.com", tags=["a", ""], address={"city": "Erlangen"}
    )


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "?limit=2", "?limit=3"])
def test_items_are_shown_as_their_rows_would_be(items: None, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    client = APIClient()
    straight = client.get(f"/profiles{query}")
    monkeypatch.setattr(resource_viewsets.ResourceViewSet, "shows_items", lambda self, queryset: False)
    by_rows = client.get(f"/profiles{query}")
    assert straight.status_code == 200
    assert straight.content == by_rows.content
    headers = [
        {name: value for name, value in answer.headers.items() if name != "Link"} for answer in (straight, by_rows)
    ]
    assert headers[0] == headers[1]
    assert ("Link" in straight.headers) == ("Link" in by_rows.headers) == bool(query)


@pytest.mark.django_db
def test_no_row_is_made_for_a_list(items: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "ModelState", None)  # which each row has
    with pytest.raises(TypeError):
        list(apipool.myserver.Profile.objects.all())
    assert len(APIClient().get("/profiles").json()) == len(FOREIGN) + 1


@pytest.mark.django_db
def test_what_a_viewset_leaves_out_of_its_query_set_stays_out(items: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def get_queryset(self: Any) -> Any:
        return apipool.myserver.Profile.objects.values("profile_id", "name")

    monkeypatch.setattr(viewsets.myserver.Profiles, "get_queryset", get_queryset, raising=False)
    listed = APIClient().get("/profiles").json()
    assert len(listed) == len(FOREIGN) + 1
    assert {name for profile in listed for name in profile} == {"profile_id", "name"}


@pytest.mark.parametrize(
    "attribute",
    ["get_serializer", "get_serializer_context", "serializer_class", "pagination_class", "paginate_queryset"],
)
def test_a_viewset_with_a_say_in_between_is_given_rows(attribute: str) -> None:
    changed = type("Changed", (viewsets.myserver.Profiles,), {attribute: None})
    assert changed.hooks.overridden(changed) == {attribute}
    assert changed.hooks.overridden(viewsets.myserver.Profiles) == frozenset()
