"""What is accepted here is what PyJWT accepts, and never more: PyJWT is asked about whatever Hypothesis makes up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from django.views.debug import ExceptionReporter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from macaron_django.auth import generate_token
from macaron_django.auth.claims import accepted_claims
from macaron_django.auth.compact_serialization import split_token
from macaron_django.auth.tokens import verify_token
from macaron_django.exceptions import AuthenticationError

SECRET = "a secret of the test suite, long enough for HS512: 64 bytes or more."
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
OPTIONS: dict[str, Any] = {"LEEWAY": 10, "REQUIRED_CLAIMS": ("exp", "sub"), "ISSUER": None, "AUDIENCE": None}


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


HEADER = encoded(b'{"alg":"HS256"}')


def signed(header: Any, payload: Any) -> str:
    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(payload).encode())}"
    return f"{text}.{encoded(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest())}"


def by_pyjwt(token: str, options: Mapping[str, Any]) -> Any:
    """What PyJWT says of a token: its claims, or None."""
    try:
        return jwt.decode(
            token,
            SECRET,
            algorithms=["HS256"],
            issuer=options["ISSUER"],
            audience=options["AUDIENCE"],
            leeway=options["LEEWAY"],
            options={"require": list(options["REQUIRED_CLAIMS"])},
        )
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        return None


def by_us(token: str) -> Any:
    try:
        return verify_token(token)
    except AuthenticationError:
        return None


def has_right_types(claims: Mapping[str, Any]) -> bool:
    """Whether claims are of RFC 7519's types, and those of somebody. PyJWT takes "7" for a date, and null for none."""
    audience = claims.get("aud", "")
    return (
        all(type(claims[name]) in (int, float) for name in ("exp", "nbf", "iat") if name in claims)
        and all(type(claims[name]) is str for name in ("sub", "iss", "jti") if name in claims)
        and claims.get("sub") != ""
        and all(type(each) is str for each in (audience if isinstance(audience, list) else [audience]))
    )


#: Dates about now, none so near to what the leeway allows that it matters who is asked first.
dates = st.sampled_from([-3600, -30, -5, 5, 30, 3600, 0.5]).map(lambda offset: int(time.time()) + offset)
odd: st.SearchStrategy[Any] = st.none() | st.booleans() | st.text(max_size=5) | st.lists(st.text(max_size=3))
names = st.sampled_from(["a", "b", "c", ""])
payloads = st.fixed_dictionaries(
    {},
    optional={
        "exp": dates | st.integers() | st.floats() | odd,
        "nbf": dates | odd,
        "iat": dates | odd,
        "sub": names | odd,
        "iss": names | odd,
        "aud": names | st.lists(names, max_size=3) | odd,
        "jti": names | odd,
        "x": odd,
    },
)
wanted = st.none() | names | st.lists(names, max_size=2)


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=400)
@given(payload=payloads, issuer=wanted, audience=wanted, required=st.sets(st.sampled_from(["exp", "sub", "jti", "x"])))
def test_the_claims_accepted_are_those_that_pyjwt_accepts_and_whose_types_are_right(
    jwt_settings: Callable[..., None], payload: dict[str, Any], issuer: Any, audience: Any, required: set[str]
) -> None:
    options = {**OPTIONS, "ISSUER": issuer, "AUDIENCE": audience, "REQUIRED_CLAIMS": tuple(required)}
    jwt_settings(SECRET=SECRET, **options)
    token = signed({"alg": "HS256"}, payload)
    ours, theirs = by_us(token), by_pyjwt(token, options)
    assert ours == (theirs if has_right_types(payload) else None)


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=400)
@given(place=st.integers(0, 400), letter=st.sampled_from([*ALPHABET, "", ".", "=", "+", "/", "\n", " ", "é", "AA"]))
def test_a_token_with_a_letter_changed_is_judged_as_pyjwt_judges_it(
    jwt_settings: Callable[..., None], place: int, letter: str
) -> None:
    token = generate_token("joe", data={"role": "clerk"})
    place %= len(token) + 1
    changed = token[:place] + letter + token[place + 1 :]
    # Padding is another spelling of the same token: PyJWT takes it.
    assert by_us(changed) == (None if "=" in changed else by_pyjwt(changed, OPTIONS))


@given(st.binary(max_size=70))
def test_what_is_encoded_is_read_back(content: bytes) -> None:
    parts = split_token(f"{HEADER}.{encoded(content)}.{encoded(content[::-1])}", 1000)
    assert (parts.payload, parts.signature) == (content, content[::-1])


@given(st.text(alphabet=ALPHABET, max_size=9))
@example("")
@example("A")
@example("AB")
@example("AAB")
def test_each_content_has_one_spelling(text: str) -> None:
    padded = text + "=" * (-len(text) % 4)
    try:
        content = base64.b64decode(padded, altchars=b"-_", validate=True)
    except ValueError:
        content = None
    token = f"{HEADER}.{text}."
    try:
        read = split_token(token, 1000).payload
    except AuthenticationError:
        assert content is None or encoded(content) != text
    else:
        assert read == content
        assert encoded(content) == text


@pytest.mark.parametrize(
    ("date", "seconds", "accepted"),
    [
        ("exp", -1001, False),
        ("exp", -800, True),
        ("nbf", 1200, False),
        ("nbf", 1000, True),
        ("iat", 1200, False),
        ("iat", 1000, True),
    ],
)
def test_leeway_holds_for_each_date(date: str, seconds: int, accepted: bool) -> None:
    now = int(time.time())
    payload = json.dumps({"sub": "joe", "exp": now + 2000, date: now + seconds}).encode()
    options: Any = SimpleNamespace(**OPTIONS | {"LEEWAY": 1000})  # minutes more or less, for a busy machine
    if accepted:
        assert accepted_claims(payload, options)["sub"] == "joe"
    else:
        with pytest.raises(AuthenticationError):
            accepted_claims(payload, options)


def test_a_secret_is_prepared_once(jwt_settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    token = generate_token("joe")
    assert verify_token(token)["sub"] == "joe"

    def prepare(*_: object) -> None:
        raise AssertionError("the key is known")

    monkeypatch.setattr("jwt.algorithms.HMACAlgorithm.prepare_key", prepare)
    assert verify_token(token)["sub"] == "joe"


def test_an_error_report_shows_nothing_of_a_token_or_key(
    jwt_settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = generate_token("joe", data={"role": "clerk"})

    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    for place in ("jwt.algorithms.HMACAlgorithm.verify", "macaron_django.auth.claims._check_parties"):
        with monkeypatch.context() as patched:
            patched.setattr(place, fail)
            with pytest.raises(RuntimeError) as error:
                verify_token(token)
        frames = ExceptionReporter(None, error.type, error.value, error.tb).get_traceback_frames()
        inner = [frame for frame in frames if "/auth/" in frame["filename"] and "test_" not in frame["filename"]]
        assert len(inner) > 1
        for frame in inner:
            said = str(frame["vars"])
            assert not any(secret in said for secret in (token, *token.split("."), "clerk", SECRET))
