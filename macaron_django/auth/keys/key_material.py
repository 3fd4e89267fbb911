"""Creates a ``Key`` from a secret, a PEM key, a PEM certificate or a published key.

This module is imported only if there is a key, because importing PyJWT and cryptography takes a tenth of a process's
start-up time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import Algorithm

from macaron_django.auth.keys.jwt_keys import (
    CURVE_ALGORITHMS,
    HMAC_SIZES,
    RSA_ALGORITHMS,
    RSA_BITS,
    Key,
    UnusableKeyError,
)

if TYPE_CHECKING:
    from macaron_django.auth.keys.jwt_keys import PublicKey

__all__ = ["load_key", "public_key", "with_any_size"]

_PUBLIC = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
_PRIVATE = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey


@lru_cache(maxsize=64)
def load_key(material: bytes) -> Key:
    """Creates a key from a secret, a PEM key or a PEM certificate. The key has no name. Can raise UnusableKeyError."""
    if b"-----BEGIN" not in material:
        if material.lstrip().startswith(b"{") and b'"kty"' in material:
            raise UnusableKeyError("is a JWK; use the secret in the JWK, or a PEM key")
        try:
            jwt.get_algorithm_by_name("HS256").prepare_key(material)
        except jwt.InvalidKeyError:
            raise UnusableKeyError("is empty, or a key that isn't in PEM form") from None
        return Key(None, "", _secret_algorithms(material), verifying=material, signing=material)
    try:
        if b"PRIVATE KEY-----" in material:
            private = load_pem_private_key(material, password=None)
            if not isinstance(private, _PRIVATE):
                raise UnusableKeyError("is of a type that can't sign JWTs")
            return replace(public_key(private.public_key()), signing=private)
        if b"BEGIN CERTIFICATE" in material:
            return public_key(x509.load_pem_x509_certificate(material).public_key())
        return public_key(load_pem_public_key(material))
    except TypeError:
        raise UnusableKeyError("is an encrypted PEM key; decrypt it") from None
    except UnusableKeyError:
        raise
    except (UnsupportedAlgorithm, ValueError):
        # "from None", because the message of the cause may quote the key.
        raise UnusableKeyError("isn't a readable PEM key or certificate") from None


def public_key(key: object, kid: str | None = None, setting: str = "") -> Key:
    """Creates a ``Key`` from a public key. Raises UnusableKeyError if keys of this type can't sign JWTs."""
    if not isinstance(key, _PUBLIC):
        raise UnusableKeyError("is of a type that can't sign JWTs")
    return Key(kid, setting, _named(_names_for(key)), verifying=key)


def _secret_algorithms(secret: bytes) -> Mapping[str, Algorithm]:
    return _named(name for name, size in HMAC_SIZES.items() if len(secret) >= size)


def with_any_size(key: Key) -> Key:
    """Returns a secret's ``Key`` with all HMAC algorithms, even if the secret is too short for them.

    Returns any other key unchanged.
    """
    return replace(key, algorithms=_named(HMAC_SIZES)) if isinstance(key.verifying, bytes) else key


def _named(names: Iterable[str]) -> Mapping[str, Algorithm]:
    return {name: jwt.get_algorithm_by_name(name) for name in names}


def _names_for(key: PublicKey) -> tuple[str, ...]:
    if isinstance(key, rsa.RSAPublicKey):
        return RSA_ALGORITHMS if key.key_size >= RSA_BITS else ()
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = CURVE_ALGORITHMS.get(key.curve.name)
        return (name,) if name else ()
    return ("EdDSA",)
