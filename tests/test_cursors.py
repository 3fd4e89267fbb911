"""Cursors: what is sealed comes back, and nothing else is taken for one."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macaron_django import cursors
from macaron_django.cursors import MAX_LENGTH, open_cursor, seal
from macaron_django.exceptions import InvalidCursor

POSITION = {"id": {"S": "alice@example.com"}, "seq": {"N": "12345678901234567890123456789012345678"}}
KEY_VALUES = st.one_of(
    st.text(min_size=1).map(lambda text: {"S": text}),
    st.integers().map(lambda number: {"N": str(number)}),
    st.binary(min_size=1).map(lambda content: {"B": content}),
)


@given(st.dictionaries(st.text(min_size=1), KEY_VALUES, min_size=1, max_size=4), st.text())
def test_a_position_comes_back_as_it_was_sealed(position: Any, scope: str) -> None:
    assert open_cursor(seal(position, scope), scope) == position


def test_a_cursor_is_url_safe_compact_and_tells_nothing() -> None:
    cursor = seal(POSITION, "profiles")

    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert len(cursor) < 200
    assert b"alice" not in base64.urlsafe_b64decode(cursor + "==")
    assert seal(POSITION, "profiles") != cursor


def test_altering_any_character_is_refused() -> None:
    cursor = seal(POSITION, "profiles")

    for place, character in enumerate(cursor):
        altered = cursor[:place] + ("A" if character != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(InvalidCursor):
            open_cursor(altered, "profiles")


@pytest.mark.parametrize(
    "text",
    ["", "x", "====", "é" * 40, "A" * 40, "A" * 200, "A" * (MAX_LENGTH + 1), "../../etc", "a b", None, 7, b"bytes"],
)
def test_what_is_no_cursor_is_refused(text: Any) -> None:
    with pytest.raises(InvalidCursor):
        open_cursor(text, "profiles")


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(InvalidCursor):
        open_cursor(text, "profiles")


def test_a_cursor_with_something_added_is_refused() -> None:
    cursor = seal(POSITION, "profiles")

    for altered in (cursor + "A", cursor + "=", cursor + "\n", " " + cursor, cursor[:-1]):
        with pytest.raises(InvalidCursor):
            open_cursor(altered, "profiles")


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidCursor, match="another list"):
        open_cursor(seal(POSITION, "profiles"), "orders")


def test_a_cursor_made_with_another_secret_is_refused(settings: Any) -> None:
    cursor = seal(POSITION, "profiles")
    settings.SECRET_KEY = "another secret, just as long as the first"

    with pytest.raises(InvalidCursor):
        open_cursor(cursor, "profiles")


def test_a_cursor_survives_the_change_of_the_secret_while_the_old_one_is_a_fallback(settings: Any) -> None:
    cursor = seal(POSITION, "profiles")
    settings.SECRET_KEY_FALLBACKS = ["not this one", settings.SECRET_KEY]
    settings.SECRET_KEY = "the new secret, just as long as the old one"

    assert open_cursor(cursor, "profiles") == POSITION


def test_an_expired_cursor_is_refused(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MACARON = {"DYNAMODB": {"CURSOR_MAX_AGE": 60}}
    cursor = seal(POSITION, "profiles")
    now = time.time()

    monkeypatch.setattr(cursors.time, "time", lambda: now + 50)
    assert open_cursor(cursor, "profiles") == POSITION
    monkeypatch.setattr(cursors.time, "time", lambda: now + 70)
    with pytest.raises(InvalidCursor, match="expired"):
        open_cursor(cursor, "profiles")


def test_the_greatest_keys_fit_in() -> None:
    greatest = {
        "a": {"S": "\x01" * 2048},
        "b": {"B": b"\xff" * 1024},
        "c": {"S": "😀" * 512},
        "d": {"S": '"' * 1024},
    }

    assert open_cursor(seal(greatest, "profiles"), "profiles") == greatest
