"""Octets are bytes in Python, B in DynamoDB and base64 in JSON, however a schema spells them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from macaron_django.dynamodb import Persistence, engines

OCTETS = bytes(range(200))
TEXT = b64encode(OCTETS).decode()
SPELLINGS = ({"format": "byte"}, {"format": "binary"}, {"contentEncoding": "base64"})


@pytest.fixture(params=SPELLINGS, ids=lambda spelling: next(iter(spelling.values())))
def persistence(
    request: pytest.FixtureRequest, embedded: engines.Engine, make_rows: Callable[..., Persistence]
) -> Persistence:
    photo = {"type": "string", **request.param}
    properties = {"profile_id": {"type": "string"}, "photo": photo}
    return make_rows({"type": "object", "required": ["profile_id"], "properties": properties})


def stored(persistence: Persistence) -> Any:
    item = persistence.get_item({"profile_id": {"S": "a"}})
    assert item is not None
    return item["photo"]


def test_bytes_are_stored_as_they_are(persistence: Persistence) -> None:
    rows: Any = persistence.model
    rows.objects.create(profile_id="a", photo=OCTETS)
    assert stored(persistence) == {"B": OCTETS}
    row = rows.objects.get(pk="a")
    assert row.photo == OCTETS
    assert row.to_json() == {"profile_id": "a", "photo": TEXT}
    row.photo = b"abcd"  # which would be base64 if it were text
    row.save()
    assert stored(persistence) == {"B": b"abcd"}


def test_base64_from_clients_is_stored_as_its_octets(persistence: Persistence) -> None:
    rows: Any = persistence.model
    row = rows.from_json({"profile_id": "a", "photo": TEXT})
    assert row.photo == OCTETS
    row.save()
    assert stored(persistence) == {"B": OCTETS}
    assert rows.objects.get(pk="a").to_json()["photo"] == TEXT


def test_other_text_stays_text(persistence: Persistence) -> None:
    rows: Any = persistence.model
    row = rows.from_json({"profile_id": "a"})
    row["photo"] = "h\u00e9"
    assert row.photo == row.to_json()["photo"] == "h\u00e9"
