"""Arguments of tasks: every value that can be sent comes back equal, as its class; what can't be is refused by name."""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from hypothesis import given
from hypothesis import strategies as st

from macaron_django import apipool
from macaron_django.exceptions import DynamoDBItemNotFound
from macaron_django.tasks import UnknownTag, UnsendableArgument
from macaron_django.tasks.messages.argument_json import argument_json, argument_of_json

ZONES = st.sampled_from([dt.timezone.utc, dt.timezone(dt.timedelta(hours=-9, minutes=-30)), None])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes(timezones=ZONES)
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
)
KEYS = st.text() | st.integers() | st.just("$") | st.dates()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(KEYS, inner)
        | st.lists(inner).map(tuple)
        | st.sets(st.integers() | st.text())
        | st.frozensets(st.integers())
    ),
    max_leaves=12,
)


def sent(value: Any, **options: Any) -> Any:
    return argument_of_json(json.loads(json.dumps(argument_json(value, **options))))


def classes(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: classes(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [type(value), *map(classes, value)]
    return type(value)


@given(VALUES)
def test_a_value_comes_back_equal_and_of_its_class(value: Any) -> None:
    back = sent(value)
    assert back == value
    assert classes(back) == classes(value)


def test_numbers_that_json_lacks_come_back() -> None:
    assert math.isnan(sent(float("nan")))
    assert sent([float("inf"), -float("inf")]) == [float("inf"), -float("inf")]


def test_an_object_with_a_tags_name_among_its_keys_is_no_tag() -> None:
    assert sent({"$": "row", "model": "auth.User", "key": 1}) == {"$": "row", "model": "auth.User", "key": 1}


def test_api_objects_come_back_as_they_are_in_lists_and_in_parts() -> None:
    error = apipool.myserver.Error(status=404, error="NOT_FOUND", error_description="gone", error_id="1")
    partial = apipool.library.Author(name="Ada")
    back = sent({"first": error, "all": [error, partial]})
    assert back == {"first": error, "all": [error, partial]}
    assert type(back["first"]) is type(error)


def test_a_stored_row_is_sent_by_its_key_and_read_by_the_worker(dynamodb: Any) -> None:
    ada = apipool.myserver.Profile.objects.create(profile_id="ada", name="Ada")
    written = argument_json([ada])
    assert written == [{"$": "row", "model": ada._meta.label, "key": "ada"}]
    apipool.myserver.Profile.objects.filter(pk="ada").update(name="Augusta")
    (back,) = argument_of_json(written)
    assert (back.name, back._state.adding) == ("Augusta", False)
    ada.delete()
    with pytest.raises((DynamoDBItemNotFound, type(ada).DoesNotExist)):
        argument_of_json(written)


def test_a_row_can_be_sent_whole_and_is_saved_as_what_it_was(dynamodb: Any) -> None:
    ada = apipool.myserver.Profile.objects.create(profile_id="ada", name="Ada", view_count=1)
    ada.name = "not saved"
    back = sent(ada, rows="whole")
    apipool.myserver.Profile.objects.filter(pk="ada").update(view_count=7)
    assert (back.name, back._state.adding) == ("not saved", False)
    back.save()
    stored = apipool.myserver.Profile.objects.get(pk="ada")
    assert (stored.name, stored.view_count) == ("not saved", 7)  # only what differs from the item it had is written


def test_a_row_that_isnt_stored_is_sent_whole(dynamodb: Any) -> None:
    back = sent(apipool.myserver.Profile(profile_id="bo", name="Bo"))
    assert (back.name, back._state.adding) == ("Bo", True)
    back.save(force_insert=True)
    assert apipool.myserver.Profile.objects.get(pk="bo").name == "Bo"


@pytest.mark.django_db
def test_a_row_of_the_orm_is_sent_by_its_key() -> None:
    user = get_user_model().objects.create(username="ada")
    assert sent(user) == user
    with pytest.raises(UnsendableArgument, match=r"a User that isn't saved\. A task's message contains only the key"):
        argument_json(get_user_model()(username="bo"), place="the argument user")


class Colour(str, enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (object(), "it is of the class builtins.object, which can't be sent"),
        ({"deep": [open]}, r"it\['deep'\]\[0\] is of the class builtins.builtin_function_or_method"),
        (Colour.RED, "it is a member of the enum Colour: send the member's value"),
        (1j, "it is of the class builtins.complex"),
    ],
)
def test_anything_else_is_refused_by_its_place(value: Any, said: str) -> None:
    with pytest.raises(UnsendableArgument, match=said):
        argument_json(value, place="it")


def test_what_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(UnsendableArgument, match="nested more than 100 levels deep, or contains itself"):
        argument_json(endless)


@pytest.mark.parametrize(
    "message",
    [
        {"$": "pickle", "v": "gASVBAAAAA=="},
        {"$": ["date"], "v": ""},
        {"$": "date"},
        {"$": "duration", "v": "x"},
        {"$": "tuple", "v": 7},
        {"$": "row", "model": "auth.User"},
    ],
)
def test_an_unknown_tag_or_one_without_its_form_is_refused(message: Any) -> None:
    with pytest.raises(UnknownTag):
        argument_of_json([message])


@pytest.mark.parametrize("message", [{"$": "decimal", "v": "x"}, {"$": "uuid", "v": "x"}, {"$": "date", "v": "x"}])
def test_a_value_that_its_tag_doesnt_fit_is_refused(message: Any) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        argument_of_json(message)


def test_what_isnt_here_is_a_lookup_error() -> None:
    for message in (
        {"$": "object", "api": "myserver", "schema": "#/components/schemas/Nothing", "v": {}},
        {"$": "model", "model": "nothing.Here", "key": 1, "using": "default"},
    ):
        with pytest.raises(LookupError):
            argument_of_json(message)


def test_ids_are_of_the_class_that_they_were() -> None:
    assert sent(uuid.UUID(int=7)) == uuid.UUID(int=7)
    assert sent(Decimal("1.50")).as_tuple() == Decimal("1.50").as_tuple()
