"""What the settings say of keys, and what ``configuration_problems`` says of the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from macaron_django.auth import configuration_problems
from macaron_django.auth.keys.key_settings import signing_key, verification_keys
from macaron_django.conf import settings as macaron

SECRET = "a secret of the test suite, long enough for HS512: 64 bytes or more."


def names(problems: list[Any]) -> list[str]:
    return [problem.setting.removeprefix('MACARON["JWT"]') for problem in problems]


def test_nothing_is_wrong_where_jwt_is_not_set_up(settings: Any) -> None:
    settings.MACARON = {}
    assert configuration_problems() == []


@pytest.mark.parametrize(("algorithm", "size"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_secret_must_be_as_long_as_the_hash(jwt_settings: Callable[..., None], algorithm: str, size: int) -> None:
    jwt_settings(SECRET="x" * size, ALGORITHMS=(algorithm,))
    assert configuration_problems() == []
    assert len(verification_keys(macaron.JWT, None, algorithm)) == 1
    jwt_settings(SECRET="x" * (size - 1), ALGORITHMS=(algorithm,))
    (problem,) = configuration_problems()
    assert f"has {size - 1} bytes" in problem.message
    assert f"token_urlsafe({size})" in problem.hint
    with pytest.raises(ImproperlyConfigured, match="RFC 7518"):
        verification_keys(macaron.JWT, None, algorithm)


def test_the_length_of_a_secret_is_counted_in_bytes(jwt_settings: Callable[..., None]) -> None:
    jwt_settings(SECRET="ключ" * 4)
    assert configuration_problems() == []


def test_a_secret_too_short_for_one_algorithm_serves_the_others(jwt_settings: Callable[..., None]) -> None:
    jwt_settings(SECRET="x" * 40, ALGORITHMS=("HS512", "HS256"))
    assert names(configuration_problems()) == ['["SECRET"]']
    assert verification_keys(macaron.JWT, None, "HS512") == []
    assert signing_key()[1] == "HS256"


@pytest.mark.parametrize(
    ("pair", "algorithms"),
    [
        ("RSA", ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        ("P-256", ("ES256",)),
        ("P-384", ("ES384",)),
        ("P-521", ("ES512",)),
        ("Ed25519", ("EdDSA",)),
        ("Ed448", ("EdDSA",)),
    ],
)
def test_a_key_is_bound_to_the_algorithms_of_its_type(
    jwt_settings: Callable[..., None], pairs: Mapping[str, Any], pair: str, algorithms: tuple[str, ...]
) -> None:
    everything = (
        *("HS256", "HS384", "HS512", "RS256", "RS384", "RS512"),
        *("PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"),
    )
    for material in (pairs[pair].public, pairs[pair].private, pairs[pair].public.encode()):
        jwt_settings(KEYS={"a": material}, ALGORITHMS=everything)
        assert configuration_problems() == []
        assert tuple(name for name in everything if verification_keys(macaron.JWT, "a", name)) == algorithms


@pytest.mark.parametrize("pair", ["short RSA", "secp256k1"])
def test_a_weak_or_foreign_key_is_a_problem(
    jwt_settings: Callable[..., None], pairs: Mapping[str, Any], pair: str
) -> None:
    jwt_settings(KEYS={"a": pairs[pair].public}, ALGORITHMS=("RS256", "ES256"))
    assert "size or curve" in configuration_problems()[0].message
    with pytest.raises(ImproperlyConfigured):
        verification_keys(macaron.JWT, "a", "RS256")


def test_a_certificate_gives_its_public_key(jwt_settings: Callable[..., None], pairs: Mapping[str, Any]) -> None:
    from datetime import datetime, timedelta, timezone

    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "issuer")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, pairs["RSA"].key.public_key(), 1, now, now + timedelta(1))
        .sign(pairs["RSA"].key, SHA256())
        .public_bytes(Encoding.PEM)
    )
    jwt_settings(KEYS={"a": certificate.decode()}, ALGORITHMS=("RS256",))
    assert configuration_problems() == []
    assert verification_keys(macaron.JWT, "a", "RS256")[0].signing is None


@pytest.mark.parametrize(
    "material",
    [
        "",
        b"",
        7,
        "-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVnZ3MgYW5kIHNwYW0gYW5kIGVnZ3MgYW5kIHNwYW0 joe@example",
        '{"kty": "oct", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA"}',
    ],
)
def test_what_is_no_key_is_a_problem_that_quotes_nothing(jwt_settings: Callable[..., None], material: Any) -> None:
    jwt_settings(KEYS={"a": material})
    (problem,) = configuration_problems()
    assert problem.setting.endswith("['a']")
    assert not material or str(material)[:12] not in str(problem).replace("a PEM key", "")
    with pytest.raises(ImproperlyConfigured):
        verification_keys(macaron.JWT, None, "HS256")


def test_an_encrypted_private_key_is_a_problem(jwt_settings: Callable[..., None], pairs: Mapping[str, Any]) -> None:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    encrypted = pairs["P-256"].key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    jwt_settings(SIGNING_KEY=encrypted, ALGORITHMS=("ES256",))
    assert "encrypted" in configuration_problems()[0].message


def test_a_key_that_fits_no_allowed_algorithm_is_a_problem(
    jwt_settings: Callable[..., None], pairs: Mapping[str, Any]
) -> None:
    jwt_settings(SECRET=SECRET, KEYS={"a": pairs["RSA"].public})
    assert names(configuration_problems()) == ["[\"KEYS\"]['a']"]
    assert verification_keys(macaron.JWT, None, "HS256")


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        ({"ALGORITHMS": ("HS256", "none")}, '["ALGORITHMS"]'),
        ({"SIGNING_KID": "gone"}, '["SIGNING_KID"]'),
        ({"USER": "guess"}, '["USER"]'),
        ({"SCOPE_CLAIMS": "scope"}, '["SCOPE_CLAIMS"]'),
        ({"SCOPE_CLAIMS": None}, '["SCOPE_CLAIMS"]'),
        ({"REVOKED": "nowhere.revoked"}, '["REVOKED"]'),
        ({"REVOKED": "nonsense"}, '["REVOKED"]'),
        ({"LEEWAY": "10"}, '["LEEWAY"]'),
        ({"EXPIRE_IN": -1}, '["EXPIRE_IN"]'),
        ({"MAX_TOKEN_SIZE": True}, '["MAX_TOKEN_SIZE"]'),
        ({"JWKS_URL": "file:///etc/passwd", "ALGORITHMS": ("HS256", "RS256")}, '["JWKS_URL"]'),
        ({"JWKS_URL": "https://", "ALGORITHMS": ("HS256", "RS256")}, '["JWKS_URL"]'),
        ({"JWKS_URL": "http://issuer.example/jwks", "ALGORITHMS": ("HS256", "RS256")}, '["JWKS_URL"]'),
        ({"JWKS_URL": "https://issuer.example/jwks"}, '["JWKS_URL"]'),
    ],
)
def test_an_impossible_setting_is_a_problem(
    jwt_settings: Callable[..., None], options: dict[str, Any], setting: str
) -> None:
    jwt_settings(SECRET=SECRET, **options)
    assert names(configuration_problems()) == [setting]


def test_a_key_shows_neither_its_secret_nor_its_private_part(
    jwt_settings: Callable[..., None], pairs: Mapping[str, Any]
) -> None:
    jwt_settings(SECRET=SECRET)
    assert "secret of" not in repr(signing_key())


def test_a_secret_that_is_no_text_is_told(jwt_settings: Callable[..., None]) -> None:
    jwt_settings(SECRET="\udcff" * 40)  # as of an environment variable in another encoding
    (problem,) = configuration_problems()
    assert "UTF-8" in problem.message
    with pytest.raises(ImproperlyConfigured):
        verification_keys(macaron.JWT, None, "HS256")
