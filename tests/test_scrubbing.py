"""Secrets are known by name, by schema and by form, and taken out wherever they stand."""

from __future__ import annotations

import base64

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from macaron_django import openapi as spec
from macaron_django.scrubbing import HIDDEN, Scrubber

TOKEN = jwt.encode({"sub": "ada"}, "a secret of the test suite, long enough")


def schema(**described):
    root = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}}
    return spec.load({**root, "components": {"schemas": {"Thing": described}}}).schemas["Thing"]


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "X-CSRFToken",
        "api_key",
        "apiKey",
        "X-Api-Key",
        "passwd",
        "client_secret",
        "newPassword",
        "X-Amz-Signature",
        "access-key",
        "sessionid",
    ],
)
def test_some_names_speak_for_themselves(name):
    assert Scrubber().named({name: "hunter2"}) == {name: HIDDEN}


@pytest.mark.parametrize("name", ["author", "monkey", "passenger", "Accept", "key", "profile_id", "compass"])
def test_other_names_only_sound_like_it(name):
    assert Scrubber().named({name: "hunter2"}) == {name: "hunter2"}


def test_names_can_be_given():
    assert Scrubber(["X-Partner"]).named({"x-partner": "hunter2"}) == {"x-partner": HIDDEN}


SECRETS = {
    "writeOnly": {"type": "object", "properties": {"pin": {"type": "integer", "writeOnly": True}}},
    "format password": {"type": "object", "properties": {"pin": {"type": "string", "format": "password"}}},
    "in allOf": {"allOf": [{"type": "object", "properties": {"pin": {"writeOnly": True}}}]},
    "in oneOf": {"oneOf": [{"type": "object"}, {"type": "object", "properties": {"pin": {"writeOnly": True}}}]},
    "in anyOf of anyOf": {"anyOf": [{"anyOf": [{"type": "object", "properties": {"pin": {"writeOnly": True}}}]}]},
    "any name": {"type": "object", "additionalProperties": {"type": "string", "format": "password"}},
}


@pytest.mark.parametrize("described", SECRETS.values(), ids=SECRETS)
def test_the_schema_says_what_is_secret_at_any_depth(described):
    outer = schema(type="object", properties={"of": {"type": "array", "items": described}})
    assert Scrubber().body({"of": [{"pin": 1234}], "name": "Ada"}, outer) == {"of": [{"pin": HIDDEN}], "name": "Ada"}


def test_what_was_secret_once_is_secret_everywhere():
    scrubber = Scrubber()
    scrubber.body({"password": 'hun"ter 2', "note": "x"})
    scrubber.named({"Authorization": "Bearer opaque-token", "Cookie": "theme=dark; sessionid=s3ss10n%20id"})
    scrubber.named({"Proxy-Authorization": "Basic " + base64.b64encode(b"ada:swordfish").decode()})
    told = scrubber.everywhere(
        {
            "trace": ["KeyError: 'hun\"ter 2'\n", 'got {"password": "hun\\"ter 2"}', "opaque-token"],
            "url": "/x?p=hun%22ter+2&q=hun%22ter%202",
            "said": ("swordfish", "s3ss10n id", "s3ss10n%20id", "token sessionid theme Bearer"),
        }
    )
    assert told == {
        "trace": [f"KeyError: '{HIDDEN}'\n", f'got {{"password": "{HIDDEN}"}}', HIDDEN],
        "url": f"/x?p={HIDDEN}&q={HIDDEN}",
        "said": [HIDDEN, HIDDEN, HIDDEN, "token sessionid theme Bearer"],
    }


def test_a_secret_too_short_to_be_told_from_words_is_hidden_in_its_place_only():
    scrubber = Scrubber()
    assert scrubber.body({"password": "a"}) == {"password": HIDDEN}
    assert scrubber.text("a banana") == "a banana"


@pytest.mark.parametrize("text", [TOKEN, TOKEN.rpartition(".")[0] + ".", f"({TOKEN})", f"token={TOKEN}&x=1"])
def test_a_jwt_is_known_by_its_form(text):
    said = Scrubber().text(f"before {text} after")
    assert TOKEN.split(".")[1] not in said
    assert said.startswith("before ")
    assert said.endswith(" after")


@pytest.mark.parametrize(
    "text", ["docs.example.com", "macaron_django.schemas.models.row_models", "1.2.3", "eyeglasses.example"]
)
def test_other_dotted_words_stay(text):
    assert Scrubber().text(text) == text


def test_a_long_word_is_read_once():
    word = "x" * 2_000_000  # from each of its letters on, it would be read for half an hour
    assert Scrubber().text(f"{word} {TOKEN}") == f"{word} {HIDDEN}"


def test_what_is_nested_without_end_is_hidden():
    value: object = "hunter2"
    for _ in range(200):
        value = {"of": value}
    assert "hunter2" not in str(Scrubber().body(value))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab") | st.just("secret"), inner),
    max_leaves=20,
)


@given(JSON, st.text(min_size=4).filter(lambda text: "*" not in text))
def test_a_body_keeps_its_shape_and_loses_its_secret(value, secret):
    scrubber = Scrubber()
    scrubbed = scrubber.everywhere(scrubber.body({"rest": value, "password": secret, "said": f"<{secret}>"}))
    assert scrubbed["password"] == HIDDEN
    assert secret not in scrubbed["said"]
    if isinstance(value, list):
        assert len(scrubbed["rest"]) == len(value)
