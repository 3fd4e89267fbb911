import datetime as dt
import re
from types import SimpleNamespace
from uuid import UUID

import pytest

from macaron_django import openapi as spec
from macaron_django.exceptions import ClaimMissingError
from macaron_django.schemas.values.generated_values import generated_values, makers_of


class User:
    pk = 7
    is_authenticated = True


def schema(properties, **others):
    document = spec.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": {"It": {"type": "object", "properties": properties, **others}}},
        }
    )
    return document.schemas["It"]


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("kind", "version"), [("uuid4", 4), ("uuid7", 7)]
)  # fmt: skip
def test_uuids_are_made_on_creation_only(kind, version):
    it = schema({"id": {**TEXT, "x-generated": kind}})
    assert UUID(generated_values(it, {}, True)["id"]).version == version
    assert generated_values(it, {}, False) == {}
    assert generated_values(it, {"id": "given"}, True) == {}


def test_now_is_set_once_and_now_on_update_each_time():
    it = schema({"made": {**TEXT, "x-generated": "now"}, "changed": {**TEXT, "x-generated": "now-on-update"}})
    assert set(generated_values(it, {}, True)) == {"made", "changed"}
    assert set(generated_values(it, {"made": "x", "changed": "x"}, False)) == {"changed"}
    at = dt.datetime.fromisoformat(generated_values(it, {}, True)["made"].replace("Z", "+00:00"))
    assert abs(dt.datetime.now(dt.timezone.utc) - at) < dt.timedelta(minutes=1)


def test_the_user_is_who_is_authenticated_or_nobody():
    it = schema({"owner": {**TEXT, "x-generated": "user"}, "number": {"type": "integer", "x-generated": "user"}})
    assert generated_values(it, {}, True, SimpleNamespace(user=User())) == {"owner": "7", "number": 7}
    assert generated_values(it, {}, True) == {}


@pytest.mark.parametrize(
    ("claim", "text", "number"),
    [("acme", "acme", None), ("7", "7", 7), (7, "7", 7)]
    + [(odd, None, None) for odd in (True, "", ["acme"], {"a": 1}, 1.5, None)],
)
def test_a_claim_is_that_of_the_caller_s_credentials(claim, text, number):
    it = schema({"of": {**TEXT, "x-generated": "claim:t"}, "number": {"type": "integer", "x-generated": "claim:t"}})
    expected = {name: value for name, value in (("of", text), ("number", number)) if value is not None}
    assert generated_values(it, {}, True, SimpleNamespace(auth={"t": claim})) == expected
    assert generated_values(it, {}, True) == generated_values(it, {}, True, SimpleNamespace()) == {}


def test_a_claim_of_a_required_property_has_to_be_there():
    it = schema({"of": {**TEXT, "x-generated": "claim:t"}}, required=["of"])
    with pytest.raises(ClaimMissingError, match="claim t"):
        generated_values(it, {}, True, SimpleNamespace(auth={}))
    assert generated_values(it, {"of": "given"}, True, SimpleNamespace(auth={})) == {}
    assert generated_values(it, {}, True) == {}  # a task has no caller


def test_a_read_only_uuid_key_that_is_lacking_gets_one():
    properties = {
        "id": {**TEXT, "format": "uuid", "readOnly": True},
        "other": {**TEXT, "format": "uuid", "readOnly": True},
    }
    it = schema(properties, **{"x-persist": {"table": "t", "hash_key": "id"}})
    assert set(generated_values(it, {}, True)) == {"id"}
    assert set(generated_values(it, {}, True, keys=["other"])) == {"other"}
    assert generated_values(it, {}, False) == {}
    assert generated_values(schema(properties), {}, True) == {}


def test_now_is_what_the_schema_wants():
    it = schema(
        {
            "at": {**TEXT, "format": "date-time", "x-generated": "now"},
            "on": {**TEXT, "format": "date", "x-generated": "now"},
            "whole": {"type": "integer", "x-generated": "now"},
            "exact": {"type": "number", "x-generated": "now"},
        }
    )
    made = generated_values(it, {}, True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", made["at"])
    assert dt.date.fromisoformat(made["on"])
    assert (type(made["whole"]), type(made["exact"])) == (int, float)


def test_what_a_schema_demands_is_looked_up_once():
    it = schema({"id": {**TEXT, "x-generated": "uuid4"}})
    assert makers_of(it, True) is makers_of(it, True)
    assert makers_of(it, False) == ()
    first, second = (generated_values(it, {}, True)["id"] for _ in range(2))
    assert first != second
