"""Keys fetched over HTTP from a server on a real socket: kept, renewed, done without while it is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest

from macaron_django.auth import load_auth_token
from macaron_django.auth.auth_errors import failure
from macaron_django.auth.keys import jwks
from macaron_django.auth.keys.jwks import JWKS, KeysUnavailable
from macaron_django.exceptions import AuthInvalidTokenError

GOOD = {"sub": "joe", "exp": 4102444800}


def token_of(pair: Any, kid: str | None = "a", algorithm: str = "RS256") -> str:
    return jwt.encode(GOOD, pair.private, algorithm=algorithm, headers={"kid": kid} if kid else None)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time pass for the cache alone."""
    offset = [0.0]

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return time.monotonic() + offset[0]

    def advance(seconds: float) -> None:
        offset[0] += seconds

    monkeypatch.setattr(jwks, "time", Clock)
    return advance


def test_tokens_are_verified_with_published_keys_fetched_once(
    jwt_settings: Callable[..., None], key_server: Any, pairs: Mapping[str, Any]
) -> None:
    key_server.keys = [
        pairs["RSA"].jwk("RS256", kid="a", use="sig", alg="RS256"),
        pairs["P-256"].jwk("ES256", kid="b"),
        pairs["Ed25519"].jwk("EdDSA", kid="c"),
        pairs["Ed448"].jwk("EdDSA", kid="d"),
    ]
    jwt_settings(JWKS_URL=key_server.url, ALGORITHMS=("RS256", "PS256", "ES256", "EdDSA"))
    for kid, pair, algorithm in (
        ("a", "RSA", "RS256"),
        ("b", "P-256", "ES256"),
        ("c", "Ed25519", "EdDSA"),
        ("d", "Ed448", "EdDSA"),
        (None, "RSA", "RS256"),
        (None, "P-256", "ES256"),
    ):
        assert load_auth_token(token_of(pairs[pair], kid, algorithm))["sub"] == "joe"
    with pytest.raises(AuthInvalidTokenError):
        load_auth_token(token_of(pairs["RSA"], "a", "PS256"))  # its alg says RS256 only
    assert len(key_server.requests) == 1


def test_a_new_key_is_found_and_an_old_one_forgotten(
    jwt_settings: Callable[..., None], key_server: Any, pairs: Mapping[str, Any], clock: Callable[[float], None]
) -> None:
    jwt_settings(JWKS_URL=key_server.url, ALGORITHMS=("RS256",))
    old, new = token_of(pairs["RSA"], "old"), token_of(pairs["other RSA"], "new")
    key_server.keys = [pairs["RSA"].jwk("RS256", kid="old")]
    assert load_auth_token(old)
    key_server.keys = [pairs["other RSA"].jwk("RS256", kid="new")]
    clock(11)
    assert load_auth_token(new)
    with pytest.raises(AuthInvalidTokenError):
        load_auth_token(old)


def test_unknown_names_do_not_make_the_server_fetch_at_will(
    jwt_settings: Callable[..., None], key_server: Any, pairs: Mapping[str, Any], clock: Callable[[float], None]
) -> None:
    key_server.keys = [pairs["RSA"].jwk("RS256", kid="a")]
    jwt_settings(JWKS_URL=key_server.url, ALGORITHMS=("RS256",))
    for number in range(20):
        with pytest.raises(AuthInvalidTokenError):
            load_auth_token(token_of(pairs["other RSA"], f"made up {number}"))
    assert len(key_server.requests) == 1
    clock(11)
    for number in range(20):
        with pytest.raises(AuthInvalidTokenError):
            load_auth_token(token_of(pairs["other RSA"], f"made up {number}"))
    assert len(key_server.requests) == 2


def test_a_set_past_its_age_is_fetched_again(key_server: Any, pairs: Mapping[str, Any], clock: Any) -> None:
    key_server.keys = [pairs["RSA"].jwk("RS256", kid="a")]
    keys = JWKS(key_server.url, 2.0, 300.0)
    for seconds, fetches in ((0, 1), (299, 1), (2, 2), (299, 2)):
        clock(seconds)
        assert keys.keys("a")
        assert len(key_server.requests) == fetches


def test_an_outage_locks_nobody_out_until_the_keys_are_too_old(
    key_server: Any, pairs: Mapping[str, Any], clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    key_server.keys = [pairs["RSA"].jwk("RS256", kid="a")]
    keys = JWKS(key_server.url, 2.0, 300.0)
    assert keys.keys("a")
    key_server.status = 503
    for _ in range(3):
        clock(1000)
        assert keys.keys("a")
    assert "127.0.0.1" in caplog.text
    clock(1000)
    with pytest.raises(KeysUnavailable) as error:
        keys.keys("a")
    assert (error.value.status, error.value.headers["Retry-After"]) == (503, "10")
    key_server.status = 200
    clock(11)
    assert keys.keys("a")


def test_each_outage_is_told_once_as_news(key_server: Any, pairs: Mapping[str, Any], clock: Any) -> None:
    key_server.keys = [pairs["RSA"].jwk("RS256", kid="a")]
    keys = JWKS(key_server.url, 2.0, 300.0)
    for _ in range(2):
        key_server.status = 503
        clock(10_000)
        known = []
        for _ in range(3):
            with pytest.raises(KeysUnavailable) as error:
                keys.keys("a")
            known.append(failure(error.value).is_known)  # type: ignore[attr-defined]  # as a view answers it
        assert known == [False, True, True]
        key_server.status = 200
        clock(11)
        assert keys.keys("a")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [7, null, {}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": "!", "y": 7}]}',
        b'{"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA"}]}',
        b'{"keys": [{"kty": "RSA", "key_ops": 7}, {"kty": ["RSA"]}, {"kty": "OKP", "crv": []}]}',
        b'{"keys": ' + b"[" * 100_000,
        b'{"keys": "' + b"x" * (1024 * 1024) + b'"}',
        b"\xff\xfe",
    ],
)
def test_an_answer_without_keys_is_as_good_as_none(key_server: Any, body: bytes) -> None:
    key_server.body = body
    with pytest.raises(KeysUnavailable):
        JWKS(key_server.url, 2.0, 300.0).keys("a")


def test_a_redirect_is_not_followed(key_server: Any, pairs: Mapping[str, Any]) -> None:
    key_server.keys = [pairs["RSA"].jwk("RS256", kid="a")]
    key_server.status, key_server.headers = 302, {"Location": key_server.url + "?elsewhere"}
    with pytest.raises(KeysUnavailable):
        JWKS(key_server.url, 2.0, 300.0).keys("a")
    assert key_server.requests == ["/jwks.json"]


@pytest.mark.parametrize("url", ["file:///etc/hostname", "data:,{}", "ftp://127.0.0.1/", "http://127.0.0.1:1/", "x"])
def test_only_http_is_spoken_and_a_closed_port_is_an_outage(url: str) -> None:
    with pytest.raises(KeysUnavailable):
        JWKS(url, 2.0, 300.0).keys()


def test_a_server_that_says_nothing_is_given_up_after_the_timeout(key_server: Any) -> None:
    key_server.hold.clear()
    start = time.monotonic()
    with pytest.raises(KeysUnavailable):
        JWKS(key_server.url, 0.3, 300.0).keys()
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("members", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "RSA-OAEP"}, {"kty": "oct"}])
def test_a_key_for_something_else_verifies_nothing(
    jwt_settings: Callable[..., None], key_server: Any, pairs: Mapping[str, Any], members: dict[str, Any]
) -> None:
    key_server.keys = [
        {**pairs["RSA"].jwk("RS256", kid="a"), **members},
        pairs["other RSA"].jwk("RS256", kid="b"),
    ]
    jwt_settings(JWKS_URL=key_server.url, ALGORITHMS=("RS256",))
    with pytest.raises(AuthInvalidTokenError):
        load_auth_token(token_of(pairs["RSA"]))


def test_a_published_key_is_no_hmac_secret(
    jwt_settings: Callable[..., None], key_server: Any, pairs: Mapping[str, Any]
) -> None:
    key_server.keys = [{"kty": "oct", "kid": "a", "k": "c2VjcmV0" * 8}, pairs["RSA"].jwk("RS256", kid="b")]
    jwt_settings(JWKS_URL=key_server.url, ALGORITHMS=("HS256", "RS256"))
    with pytest.raises(AuthInvalidTokenError):
        load_auth_token(jwt.encode(GOOD, b"secret" * 8, headers={"kid": "a"}))
    assert key_server.requests == []


def test_threads_share_one_fetch(key_server: Any, pairs: Mapping[str, Any]) -> None:
    key_server.keys = [pairs["RSA"].jwk("RS256", kid="a")]
    key_server.hold.clear()
    keys, found = JWKS(key_server.url, 200.0, 300.0), []
    threads = [threading.Thread(target=lambda: found.append(keys.keys("a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    key_server.hold.set()
    for thread in threads:
        thread.join()
    assert [len(each) for each in found] == [1] * 8
    assert len(key_server.requests) == 1


def test_nobody_waits_for_a_renewal_while_there_are_keys(key_server: Any, pairs: Mapping[str, Any], clock: Any) -> None:
    key_server.keys = [pairs["RSA"].jwk("RS256", kid="a")]
    keys = JWKS(key_server.url, 200.0, 300.0)
    keys.keys("a")
    clock(301)
    key_server.hold.clear()
    slow = threading.Thread(target=lambda: keys.keys("a"))
    slow.start()
    while len(key_server.requests) < 2:
        time.sleep(0.01)
    start = time.monotonic()
    assert keys.keys("a")
    assert time.monotonic() - start < 100
    key_server.hold.set()
    slow.join()


def test_a_failed_fetch_is_logged_by_host_alone(key_server: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key_server.status = 500
    with pytest.raises(KeysUnavailable):
        JWKS(key_server.url.replace("jwks.json", "?key=hidden"), 2.0, 300.0).keys()
    assert "hidden" not in caplog.text


def test_a_key_for_an_algorithm_that_is_none_is_passed_over() -> None:
    assert jwks._key({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "alg": "none"}) is None
