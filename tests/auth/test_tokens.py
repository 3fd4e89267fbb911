"""Round trips of tokens, and every attack on them that the issue's table names."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from django.views.debug import ExceptionReporter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from macaron_django.auth import JWTAuthentication, generate_token, load_auth_token, requires_auth
from macaron_django.auth.tokens import scopes_of
from macaron_django.exceptions import AuthInvalidTokenError, AuthTokenExpiredError

SECRET = "a secret of the test suite, long enough for HS512: 64 bytes or more."
PAIR_OF = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    "ES256": "P-256",
    "ES384": "P-384",
    "ES512": "P-521",
}


def segment(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(header: Any, payload: Any, secret: bytes = SECRET.encode()) -> str:
    """Sign anything with HMAC-SHA256, right or not, as an attacker would."""
    text = f"{segment(header)}.{segment(payload)}"
    return f"{text}.{segment(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


HEADER = {"alg": "HS256", "typ": "JWT"}
GOOD = {"sub": "joe", "exp": 4102444800}


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_token_signed_with_a_secret_is_read_back(jwt_settings: Callable[..., None], algorithm: str) -> None:
    jwt_settings(SECRET=SECRET, ALGORITHMS=(algorithm,))
    token = generate_token("joe", data={"role": "clerk"})
    assert jwt.get_unverified_header(token)["alg"] == algorithm
    claims = load_auth_token(token)
    assert (claims["sub"], claims["role"]) == ("joe", "clerk")
    assert claims["exp"] - claims["iat"] == 24 * 3600


@pytest.mark.parametrize("algorithm", [*PAIR_OF, "EdDSA", "EdDSA/Ed448"])
def test_a_token_signed_with_a_private_key_is_read_with_the_public_one(
    jwt_settings: Callable[..., None], pairs: Mapping[str, Any], algorithm: str
) -> None:
    algorithm, _, curve = algorithm.partition("/")
    pair = pairs[PAIR_OF.get(algorithm, curve or "Ed25519")]
    jwt_settings(SIGNING_KEY=pair.private, SIGNING_KID="a", ALGORITHMS=(algorithm,))
    token = generate_token("joe")
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "kid": "a", "typ": "JWT"}
    jwt_settings(KEYS={"a": pair.public}, ALGORITHMS=(algorithm,))
    assert load_auth_token(token)["sub"] == "joe"


def test_keys_rotate_by_name(jwt_settings: Callable[..., None], pairs: Mapping[str, Any]) -> None:
    old, new = pairs["other RSA"], pairs["RSA"]
    jwt_settings(KEYS={"old": old.private}, SIGNING_KID="old", ALGORITHMS=("RS256",))
    token = generate_token("joe")
    jwt_settings(KEYS={"old": old.public, "new": new.private}, SIGNING_KID="new", ALGORITHMS=("RS256",))
    assert load_auth_token(token)["sub"] == "joe"
    assert jwt.get_unverified_header(generate_token("joe"))["kid"] == "new"
    jwt_settings(KEYS={"new": new.private}, SIGNING_KID="new", ALGORITHMS=("RS256",))
    with pytest.raises(AuthInvalidTokenError):
        load_auth_token(token)


def test_a_token_that_names_no_key_is_tried_with_every_key(jwt_settings: Callable[..., None]) -> None:
    keys = {"a": SECRET, "b": SECRET[::-1]}
    jwt_settings(KEYS=keys)
    for secret in keys.values():
        assert load_auth_token(jwt.encode(GOOD, secret))["sub"] == "joe"


def test_issuer_and_audience_are_written_and_required(jwt_settings: Callable[..., None]) -> None:
    jwt_settings(SECRET=SECRET, ISSUER="https://a.example", AUDIENCE=["api", "admin"])
    claims = load_auth_token(generate_token("joe"))
    assert (claims["iss"], claims["aud"]) == ("https://a.example", "api")
    assert load_auth_token(jwt.encode({**GOOD, "iss": "https://a.example", "aud": ["x", "admin"]}, SECRET))
    with pytest.raises(AuthInvalidTokenError, match="issuer"):
        load_auth_token(generate_token("joe", issuer="https://b.example"))


def test_the_lifetime_is_in_seconds_or_a_timedelta(jwt_settings: Callable[..., None]) -> None:
    for lifetime in (90, timedelta(seconds=90)):
        claims = load_auth_token(generate_token(7, expire_in=lifetime, iat=time.time() - 9.5))
        assert (claims["sub"], claims["exp"] - claims["iat"]) == ("7", 90)


def test_what_the_arguments_say_wins_over_further_claims(jwt_settings: Callable[..., None]) -> None:
    claims = load_auth_token(generate_token("joe", data={"sub": "root", "exp": 1, "x": None}))
    assert claims["sub"] == "joe"
    assert claims["exp"] > time.time()


@pytest.mark.parametrize("user_id", [None, ""])
def test_a_token_of_nobody_is_not_made(jwt_settings: Callable[..., None], user_id: object) -> None:
    with pytest.raises(ValueError, match="user id"):
        generate_token(user_id)


def test_leeway_covers_clocks_that_differ(jwt_settings: Callable[..., None]) -> None:
    token = generate_token("joe", expire_in=-5)
    assert load_auth_token(token)["sub"] == "joe"
    jwt_settings(SECRET=SECRET, LEEWAY=0)
    with pytest.raises(AuthTokenExpiredError):
        load_auth_token(token)


def test_a_revoked_token_is_refused(jwt_settings: Callable[..., None]) -> None:
    jwt_settings(SECRET=SECRET, REVOKED=lambda payload: payload.get("jti") == "lost")
    assert load_auth_token(jwt.encode({**GOOD, "jti": "kept"}, SECRET))
    with pytest.raises(AuthInvalidTokenError, match="revoked"):
        load_auth_token(jwt.encode({**GOOD, "jti": "lost"}, SECRET))


def test_a_revocation_hook_that_is_not_there_accepts_nothing(jwt_settings: Callable[..., None]) -> None:
    jwt_settings(SECRET=SECRET, REVOKED="nowhere.to.be.found")
    with pytest.raises(ImproperlyConfigured, match="REVOKED"):
        load_auth_token(generate_token("joe"))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"SECRET": None}, r'\["SECRET"\]'),
        ({"SECRET": ""}, r'\["SECRET"\]'),
        ({"SECRET": "short"}, r'\["SECRET"\] has 5 bytes'),
        ({"KEYS": {"a": "short"}}, r"\['a'\] has 5 bytes"),
        ({"SECRET": SECRET, "ALGORITHMS": ()}, "ALGORITHMS"),
        ({"SECRET": SECRET, "ALGORITHMS": ("none",)}, "ALGORITHMS"),
        ({"SECRET": SECRET, "ALGORITHMS": ("RS256",)}, "ALGORITHMS"),
        ({"SIGNING_KEY": "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----"}, "SIGNING_KEY"),
    ],
)
def test_without_a_usable_key_nothing_is_signed_or_accepted(
    jwt_settings: Callable[..., None], options: dict[str, Any], named: str
) -> None:
    token = generate_token("joe")
    jwt_settings(**options)
    with pytest.raises(ImproperlyConfigured, match=named):
        load_auth_token(token)
    with pytest.raises(ImproperlyConfigured, match=named):
        generate_token("joe")


def test_a_public_key_in_the_place_of_the_secret_verifies_nothing(
    jwt_settings: Callable[..., None], pairs: Mapping[str, Any]
) -> None:
    public = pairs["RSA"].public
    jwt_settings(SECRET=public, ALGORITHMS=("HS256", "RS256"))
    with pytest.raises(ImproperlyConfigured, match="PEM"):
        load_auth_token(signed(HEADER, GOOD, public.encode()))


ATTACKS: dict[str, Callable[[], str]] = {
    **{
        f"alg {name!r}": lambda name=name: f"{segment({'alg': name, 'typ': 'JWT'})}.{segment(GOOD)}."
        for name in ("none", "None", "NONE", "nOnE", "none ", "", None, "hs256", "HS 256", "HS257", 1, ["HS256"], {})
    },
    "alg none with a signature": lambda: signed({"alg": "none"}, GOOD),
    "alg of another spelling, signed": lambda: signed({"alg": "hs256"}, GOOD),
    "alg missing": lambda: signed({"typ": "JWT"}, GOOD),
    "alg null, signed": lambda: signed({"alg": None}, GOOD),
    "alg as an array, signed": lambda: signed({"alg": ["HS256"]}, GOOD),
    "HS512 said, HS256 done": lambda: signed({"alg": "HS512"}, GOOD),
    "a hash that isn't allowed": lambda: jwt.encode(GOOD, SECRET, algorithm="HS512"),
    "wrong key": lambda: signed(HEADER, GOOD, b"another secret that is long enough for it"),
    "empty key": lambda: signed(HEADER, GOOD, b""),
    "signature cut off": lambda: signed(HEADER, GOOD).rsplit(".", 1)[0] + ".",
    "signature shortened": lambda: signed(HEADER, GOOD)[:-2],
    "signature of another token": lambda: (
        ".".join(signed(HEADER, {**GOOD, "sub": "eve"}).split(".")[:2]) + "." + signed(HEADER, GOOD).split(".")[2]
    ),
    "not yet valid": lambda: signed(HEADER, {**GOOD, "nbf": 4102444000}),
    "issued in the future": lambda: signed(HEADER, {**GOOD, "iat": 4102444000}),
    "another audience": lambda: signed(HEADER, {**GOOD, "aud": "other"}),
    "audience as an object": lambda: signed(HEADER, {**GOOD, "aud": {"api": True}}),
    "audience empty, as an object": lambda: signed(HEADER, {**GOOD, "aud": {}}),
    "audience with a number": lambda: signed(HEADER, {**GOOD, "aud": ["api", 7]}),
    "audience null": lambda: signed(HEADER, {**GOOD, "aud": None}),
    "issuer as an array": lambda: signed(HEADER, {**GOOD, "iss": ["a"]}),
    "exp missing": lambda: signed(HEADER, {"sub": "joe"}),
    "exp null": lambda: signed(HEADER, {"sub": "joe", "exp": None}),
    "exp as a string": lambda: signed(HEADER, {"sub": "joe", "exp": "4102444800"}),
    "exp as a string in the past": lambda: signed(HEADER, {"sub": "joe", "exp": "1"}),
    "exp as a boolean": lambda: signed(HEADER, {"sub": "joe", "exp": True}),
    "exp as an object": lambda: signed(HEADER, {"sub": "joe", "exp": {"$gt": 0}}),
    "exp infinite": lambda: signed(HEADER, b'{"sub": "joe", "exp": Infinity}'),
    "exp not a number": lambda: signed(HEADER, b'{"sub": "joe", "exp": NaN}'),
    "exp overflowing": lambda: signed(HEADER, b'{"sub": "joe", "exp": 1e999}'),
    "exp with 10,000 digits": lambda: signed(HEADER, b'{"sub": "joe", "exp": ' + b"9" * 10_000 + b"}"),
    "nbf as a string": lambda: signed(HEADER, {**GOOD, "nbf": "1"}),
    "iat as an array": lambda: signed(HEADER, {**GOOD, "iat": [1]}),
    "sub missing": lambda: signed(HEADER, {"exp": 4102444800}),
    "sub null": lambda: signed(HEADER, {**GOOD, "sub": None}),
    "sub empty": lambda: signed(HEADER, {**GOOD, "sub": ""}),
    "sub as a number": lambda: signed(HEADER, {**GOOD, "sub": 1}),
    "sub as an object": lambda: signed(HEADER, {**GOOD, "sub": {"id": "joe"}}),
    "jti as an array": lambda: signed(HEADER, {**GOOD, "jti": ["a"]}),
    "payload an array": lambda: signed(HEADER, [GOOD]),
    "payload a string": lambda: signed(HEADER, "joe"),
    "payload null": lambda: signed(HEADER, None),
    "payload empty": lambda: signed(HEADER, b""),
    "payload not JSON": lambda: signed(HEADER, b"{'sub': 'joe'}"),
    "payload not UTF-8": lambda: signed(HEADER, b'{"sub": "\xff\xfe"}'),
    "payload nested deeply": lambda: signed(HEADER, b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "nested JWT": lambda: signed({**HEADER, "cty": "JWT"}, signed(HEADER, GOOD).encode()),
    "header an array": lambda: signed([HEADER], GOOD),
    "header a string": lambda: signed("HS256", GOOD),
    "header empty": lambda: signed(b"", GOOD),
    "header not UTF-8": lambda: signed(b"\xff\xfe", GOOD),
    "header nested deeply": lambda: signed(b"[" * 5000, GOOD),
    "header with a null byte": lambda: signed(b'{"alg":"HS256"}\x00', GOOD),
    **{
        f"kid {kid!r}"[:40]: lambda kid=kid: signed({**HEADER, "kid": kid}, GOOD, b"")
        for kid in (
            "../../../../dev/null",
            "/dev/null",
            "file:///etc/passwd",
            "' OR '1'='1",
            "x' UNION SELECT 'secret' --",
            "$(id)",
            "a\0b",
            "",
            "K" * 5000,
            None,
            7,
            {"$ne": None},
            ["a"],
            "ключ",
        )
    },
    "an unknown kid on a token that is signed well": lambda: signed({**HEADER, "kid": "unknown"}, GOOD),
    "a kid of null on a token that is signed well": lambda: signed({**HEADER, "kid": None}, GOOD),
    "a kid that is a number on a token that is signed well": lambda: signed({**HEADER, "kid": 7}, GOOD),
    "crit unknown": lambda: signed({**HEADER, "crit": ["exp"], "exp": 1}, GOOD),
    "crit of an extension of one's own": lambda: signed({**HEADER, "crit": ["x-mine"], "x-mine": True}, GOOD),
    "crit empty": lambda: signed({**HEADER, "crit": []}, GOOD),
    "crit b64": lambda: signed({**HEADER, "crit": ["b64"], "b64": False}, GOOD),
    "b64 false": lambda: signed({**HEADER, "b64": False}, GOOD),
    "encrypted (JWE)": lambda: ".".join(
        [segment({"alg": "dir", "enc": "A256GCM"}), "", segment(b"iv"), segment(b"text"), segment(b"tag")]
    ),
    "two segments": lambda: f"{segment(HEADER)}.{segment(GOOD)}",
    "one segment": lambda: "token",
    "four segments": lambda: signed(HEADER, GOOD) + ".x",
    "only dots": lambda: "..",
    "empty segments": lambda: "...",
    "bad Base64": lambda: "%%%.%%%.%%%",
    "Base64 of the wrong length": lambda: "a.b.c",
    "standard Base64 letters": lambda: signed(HEADER, GOOD).replace(".", "+/.", 1),
    "padding behind the signature": lambda: signed(HEADER, GOOD) + "=",
    "a line break inside": lambda: signed(HEADER, GOOD)[:20] + "\n" + signed(HEADER, GOOD)[20:],
    "alg twice, the second time none": lambda: signed(b'{"alg":"HS256","alg":"none"}', GOOD),
    "sub with half a character": lambda: signed(HEADER, b'{"sub": "\\ud800", "exp": 4102444800}'),
    "nbf with 400 digits": lambda: signed(HEADER, {**GOOD, "nbf": -(10**400)}),
    "iat after the end of time": lambda: signed(HEADER, {**GOOD, "iat": 1e308}),
    "JSON instead of dots": lambda: json.dumps({"payload": segment(GOOD), "signatures": []}),
    "unicode": lambda: "токен.токен.токен",
    "unicode digits": lambda: signed(HEADER, GOOD) + "٣",
    "a lone surrogate": lambda: signed(HEADER, GOOD) + "\udcff",
    "a null byte": lambda: signed(HEADER, GOOD) + "\0",
    "a null byte in front": lambda: "\0" + signed(HEADER, GOOD),
    "1 MB": lambda: signed(HEADER, {**GOOD, "x": "x" * 1_000_000}),
    "1 MB of dots": lambda: "." * 1_000_000,
    "1 MB of a letter": lambda: "A" * 1_000_000,
}


@pytest.fixture(params=["authenticator", "decorator", "security of an operation"])
def answer(request: Any, jwt_settings: Callable[..., None], view_of: Callable[..., Any]) -> Callable[[str], Any]:
    """Send a token to a real DRF view through its whole dispatch."""
    scheme = {"jwt": {"type": "http", "scheme": "bearer"}}
    view = {
        "authenticator": lambda: view_of(
            [], {}, authentication_classes=[JWTAuthentication], permission_classes=[IsAuthenticated]
        ),
        "decorator": lambda: view_of([], {}, get=requires_auth(lambda self, request: Response())),
        "security of an operation": lambda: view_of([{"jwt": []}], scheme),
    }[request.param]()

    def send(token: str) -> Any:
        return view(RequestFactory().get("/", headers={"Authorization": f"Bearer {token}"}))

    return send


def test_a_good_token_is_answered_200(answer: Callable[[str], Any]) -> None:
    assert answer(signed(HEADER, GOOD)).status_code == 200


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_answered_401_token_invalid(answer: Callable[[str], Any], attack: str) -> None:
    token = ATTACKS[attack]()
    with pytest.raises(AuthInvalidTokenError) as refusal:
        load_auth_token(token)
    assert refusal.value.status == 401
    response = answer(token)
    assert response.status_code == 401
    assert response.data["detail"].code == "TOKEN_INVALID"
    assert response["WWW-Authenticate"].startswith('Bearer realm="api", error="invalid_token"')


def test_an_expired_token_is_answered_401_token_expired(answer: Callable[[str], Any]) -> None:
    response = answer(signed(HEADER, {"sub": "joe", "exp": 1}))
    assert (response.status_code, response.data["detail"].code) == (401, "TOKEN_EXPIRED")


def test_expired_is_said_only_of_a_token_whose_signature_is_right(answer: Callable[[str], Any]) -> None:
    response = answer(signed(HEADER, {"sub": "joe", "exp": 1}, b"wrong"))
    assert response.data["detail"].code == "TOKEN_INVALID"


@pytest.mark.parametrize("allowed", [("RS256",), ("RS256", "HS256"), ("HS256", "RS256")])
def test_a_public_key_is_no_hmac_secret(
    jwt_settings: Callable[..., None], pairs: Mapping[str, Any], allowed: tuple[str, ...]
) -> None:
    public = pairs["RSA"].public
    jwt_settings(KEYS={"a": public}, ALGORITHMS=allowed)
    for secret in (public, public.strip(), public.strip() + "\n", public.replace("\n", "\r\n")):
        for header in (HEADER, {**HEADER, "kid": "a"}):
            with pytest.raises(AuthInvalidTokenError):
                load_auth_token(signed(header, GOOD, secret.encode()))


@pytest.mark.parametrize(("said", "other"), [("RS256", "PS256"), ("ES256", "ES384"), ("EdDSA", "RS256")])
def test_a_key_is_not_used_with_an_algorithm_that_is_not_allowed(
    jwt_settings: Callable[..., None], pairs: Mapping[str, Any], said: str, other: str
) -> None:
    pair = pairs[PAIR_OF.get(said, "Ed25519")]
    token = jwt.encode(GOOD, pair.private, algorithm=said)
    jwt_settings(KEYS={"a": pair.public}, ALGORITHMS=(said,))
    assert load_auth_token(token)
    jwt_settings(KEYS={"a": pair.public, "b": pairs[PAIR_OF[other]].public}, ALGORITHMS=(other,))
    with pytest.raises(AuthInvalidTokenError):
        load_auth_token(token)


def test_keys_that_a_token_brings_along_are_ignored(
    jwt_settings: Callable[..., None], pairs: Mapping[str, Any], key_server: Any
) -> None:
    theirs = pairs["other RSA"]
    key_server.keys = [theirs.jwk("RS256", kid="a")]
    jwt_settings(KEYS={"a": pairs["RSA"].public}, ALGORITHMS=("RS256",))
    for headers in (
        {"jwk": theirs.jwk("RS256")},
        {"jku": key_server.url},
        {"x5u": key_server.url},
        {"x5c": [base64.b64encode(b"certificate").decode()]},
        {"jku": key_server.url, "kid": "a", "jwk": theirs.jwk("RS256", kid="a")},
    ):
        with pytest.raises(AuthInvalidTokenError):
            load_auth_token(jwt.encode(GOOD, theirs.private, algorithm="RS256", headers=headers))
    assert key_server.requests == []


@pytest.mark.parametrize("claim", ["iss", "aud", "tenant"])
def test_a_claim_that_is_required_must_be_there(jwt_settings: Callable[..., None], claim: str) -> None:
    claims = {**GOOD, "iss": "a", "aud": "b", "tenant": "c"}
    jwt_settings(SECRET=SECRET, ISSUER="a", AUDIENCE="b", REQUIRED_CLAIMS=("exp", "sub", "tenant"))
    assert load_auth_token(signed(HEADER, claims))
    for value in ({}, {claim: None}, {claim: ""} if claim != "tenant" else {}):
        rest = {name: each for name, each in claims.items() if name != claim}
        with pytest.raises(AuthInvalidTokenError):
            load_auth_token(signed(HEADER, {**rest, **value}))


def test_messages_and_logs_hold_no_part_of_a_token_or_secret(
    answer: Callable[[str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    for attack in ATTACKS.values():
        token = attack()
        said = str(answer(token).data) + answer(token)["WWW-Authenticate"] + caplog.text
        assert SECRET not in said
        for part in token[:20_000].split("."):
            assert len(part) < 8 or part[:8] not in said


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(st.text(max_size=200) | st.lists(st.binary(max_size=40).map(segment), max_size=5).map(".".join))
def test_no_text_is_a_token_by_chance(jwt_settings: Callable[..., None], text: str) -> None:
    with pytest.raises(AuthInvalidTokenError):
        load_auth_token(text)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(
    header=st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip", "jwk"]),
        st.none() | st.booleans() | st.text() | st.integers() | st.lists(st.text()),
    ),
    payload=st.dictionaries(
        st.sampled_from(["exp", "nbf", "iat", "sub", "aud", "iss", "jti"]),
        st.none() | st.booleans() | st.text() | st.integers() | st.floats() | st.lists(st.text()),
    ),
)
def test_a_signed_token_is_accepted_or_refused_and_never_breaks_the_server(
    jwt_settings: Callable[..., None], header: dict[str, Any], payload: dict[str, Any]
) -> None:
    for head in (header, HEADER):
        try:
            claims = load_auth_token(signed(head, payload))
        except (AuthInvalidTokenError, AuthTokenExpiredError):
            continue
        assert isinstance(claims["sub"], str)
        assert claims["exp"] > time.time() - 11


def test_only_the_claims_that_the_setting_names_grant_scopes(jwt_settings: Callable[..., None]) -> None:
    claims = {"scope": "a b", "scp": ["c", 7], "permissions": ["d"], "roles": ["e"], "groups": "f"}
    assert scopes_of(claims) == set("abc")
    assert scopes_of({"scope": {"a": 1}, "roles": ["e"]}) == frozenset()
    jwt_settings(SECRET=SECRET, SCOPE_CLAIMS=("permissions", "roles"))
    assert scopes_of(claims) == {"d", "e"}
    assert scopes_of(None) == scopes_of("a b") == frozenset()


NEVER_REPORTED = "never-in-a-report-" * 3


def test_a_token_that_cannot_be_made_tells_no_secret(jwt_settings: Callable[..., None], rf: RequestFactory) -> None:
    jwt_settings(SECRET=NEVER_REPORTED)
    try:
        generate_token("u", data={"when": object()})
    except TypeError:
        report = ExceptionReporter(rf.get("/"), *sys.exc_info(), is_email=True).get_traceback_html()
    assert "encode" in report
    assert NEVER_REPORTED not in report
