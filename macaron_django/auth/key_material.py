"""A secret, a PEM key, a PEM certificate or a published key → a ``Key``, bound to what its type and size allow.

Apart from ``keys`` because this is what needs PyJWT and cryptography, a tenth of the time that a process takes to
start: imported with the first key, and never where an API is public.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import Algorithm

from macaron_django.auth.keys import CURVE_ALGORITHMS, HMAC_SIZES, RSA_ALGORITHMS, RSA_BITS, Key, UnusableKeyError

__all__ = ["PrivateKey", "PublicKey", "load", "public"]

PublicKey = (
    rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
)  # fmt: skip
PrivateKey = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)  # fmt: skip


@lru_cache(maxsize=64)
def load(material: bytes) -> Key:
    """Make a nameless key of a secret, a PEM key or a PEM certificate. UnusableKeyError says what is wrong with it."""
    if b"-----BEGIN" not in material:
        if material.lstrip().startswith(b"{") and b'"kty"' in material:
            raise UnusableKeyError("is a JWK; give the secret in it, or a PEM key")
        try:
            jwt.get_algorithm_by_name("HS256").prepare_key(material)
        except jwt.InvalidKeyError:
            raise UnusableKeyError("is empty, or a key that isn't in PEM form") from None
        return Key(None, "", _secret_algorithms(material), verifying=material, signing=material)
    try:
        if b"PRIVATE KEY-----" in material:
            private = load_pem_private_key(material, password=None)
            if not isinstance(private, PrivateKey):
                raise UnusableKeyError("is of a type that signs no JWT")
            return Key(None, "", _algorithms_of(private.public_key()), verifying=private.public_key(), signing=private)
        if b"BEGIN CERTIFICATE" in material:
            return public(x509.load_pem_x509_certificate(material).public_key())
        return public(load_pem_public_key(material))
    except TypeError:
        raise UnusableKeyError("is an encrypted PEM key; give it decrypted") from None
    except UnusableKeyError:
        raise
    except (UnsupportedAlgorithm, ValueError):
        # without its cause, whose message may quote the key
        raise UnusableKeyError("isn't a readable PEM key or certificate") from None


def public(key: object, kid: str | None = None, setting: str = "") -> Key:
    """Bind a public key to what it can verify; UnusableKeyError if that is nothing."""
    if not isinstance(key, PublicKey):
        raise UnusableKeyError("is of a type that signs no JWT")
    return Key(kid, setting, _algorithms_of(key), verifying=key)


def _secret_algorithms(secret: bytes) -> Mapping[str, Algorithm]:
    return _named(name for name, size in HMAC_SIZES.items() if len(secret) >= size)


def _named(names: Iterable[str]) -> Mapping[str, Algorithm]:
    return {name: jwt.get_algorithm_by_name(name) for name in names}


def _algorithms_of(key: PublicKey) -> Mapping[str, Algorithm]:
    return _named(_names_for(key))


def _names_for(key: PublicKey) -> tuple[str, ...]:
    if isinstance(key, rsa.RSAPublicKey):
        return RSA_ALGORITHMS if key.key_size >= RSA_BITS else ()
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = CURVE_ALGORITHMS.get(key.curve.name)
        return (name,) if name else ()
    return ("EdDSA",)
