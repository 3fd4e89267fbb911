"""Defines ``Key``: a key and the algorithms with which it may be used.

The key determines the algorithms. If a token's header determined them, a client could "sign" an HS256 token with a
public RSA key (RFC 8725, section 2.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
    from jwt.algorithms import Algorithm

    from macaron_django.auth.compact_serialization import UnverifiedToken

    PublicKey: TypeAlias = (
        rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
    )
    PrivateKey: TypeAlias = (
        rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
    )

__all__ = ["ALGORITHMS", "CURVE_ALGORITHMS", "HMAC_SIZES", "RSA_ALGORITHMS", "RSA_BITS", "Key", "UnusableKeyError"]

#: The minimum size of a secret in bytes, by HMAC algorithm. It is the size of the hash (RFC 7518, section 3.2).
HMAC_SIZES: Mapping[str, int] = {"HS256": 32, "HS384": 48, "HS512": 64}
RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
RSA_BITS = 2048  # RFC 7518, sections 3.3 and 3.5
CURVE_ALGORITHMS: Mapping[str, str] = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
ALGORITHMS = (*HMAC_SIZES, *RSA_ALGORITHMS, *CURVE_ALGORITHMS.values(), "EdDSA")


@dataclass(frozen=True)
class Key:
    """A secret, or a public key with or without its private key.

    ``kid`` is the key's name; None for a key without a name. ``setting`` is the setting that has the key. ``verifying``
    is a secret or a public key. ``signing`` is a secret, a private key or None. ``verifying`` and ``signing`` have the
    form that PyJWT's algorithms need, and don't appear in the ``repr``.
    """

    kid: str | None
    setting: str
    algorithms: Mapping[str, Algorithm]
    verifying: bytes | PublicKey = field(repr=False)
    signing: bytes | PrivateKey | None = field(repr=False, default=None)

    def has_signed(self, token: UnverifiedToken) -> bool:
        """Returns whether this key made the token's signature. PyJWT compares signatures in constant time."""
        algorithm = self.algorithms.get(token.algorithm)
        return algorithm is not None and algorithm.verify(token.signed, self.verifying, token.signature)


class UnusableKeyError(ValueError):
    """The value of a setting isn't a usable key. The message says why, without quoting the value."""
