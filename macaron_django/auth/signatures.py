"""PyJWT, and how strictly it is used: claims → a signed token; a token → its parts, and whether a key has signed them.

Apart from ``tokens`` because PyJWT brings cryptography with it, a tenth of the time that a process takes to start:
imported with the first token, and never where an API is public. Apart from ``claims`` because what is in a payload
means nothing before this.

``jwt.decode`` isn't used: at each call it prepares the key (is a secret a key in DER, or a JWK?) and looks at each
letter of a token by itself, more than half of what a token costs. ``key_material`` prepares keys once.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import jwt

from macaron_django.auth.claims import refusal

if TYPE_CHECKING:
    from macaron_django.auth.keys import Key

__all__ = ["Parts", "is_signed", "parts_of", "sign"]

#: RFC 7515, sections 2 and 3.1: header, payload and signature in Base64 without padding, which would be a second
#: spelling of the same token.
_COMPACT = re.compile(r"([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#: Length, modulo 4 → the letters that may end a text so long (the others have bits to spare, and would be another
#: spelling), and the padding that the decoder wants.
_ENDS = ((_LETTERS, ""), ("", ""), ("AQgw", "=="), ("AEIMQUYcgkosw048", "="))


class Parts(NamedTuple):
    """A token that could be verified: what its header says of it, what is signed, and the signature."""

    algorithm: str
    kid: str | None
    payload: bytes
    signed: bytes
    signature: bytes


def sign(claims: Mapping[str, Any], key: Key, algorithm: str) -> str:
    """The token of ``claims``; it names the key, where the key has a name."""
    headers = {"kid": key.kid} if key.kid is not None else None
    return jwt.encode(dict(claims), key.signing, algorithm=algorithm, headers=headers)  # type: ignore[arg-type]


def parts_of(token: object, max_size: int) -> Parts:
    """The parts of a token, nothing verified; AuthInvalidTokenError for one that no key could verify."""
    if not isinstance(token, str):
        raise refusal("it isn't a JWT")
    if len(token) > max_size:
        raise refusal(f"it is longer than {max_size} bytes")
    found = _COMPACT.fullmatch(token)
    if found is None:
        raise refusal("it isn't three parts in Base64 without padding")
    header, payload, signature = found.groups()
    algorithm, kid = _header(header)
    try:
        return Parts(algorithm, kid, _decoded(payload), token[: found.end(2)].encode("ascii"), _decoded(signature))
    except ValueError:
        raise refusal("it isn't three parts in Base64 without padding") from None


def _decoded(text: str) -> bytes:
    last, padding = _ENDS[len(text) % 4]
    if text[-1:] not in last:
        raise ValueError
    return a2b_base64(text.replace("-", "+").replace("_", "/") + padding)


@lru_cache(maxsize=128)
def _header(text: str) -> tuple[str, str | None]:
    """Algorithm and key of all the tokens that begin so: an issuer's tokens share it. It holds no secret."""
    try:
        header = jwt.get_unverified_header(f"{text}.e30.")
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise refusal("its header can't be read") from None
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str):
        raise refusal("its header can't be read")
    if not isinstance(header.get("kid"), (str, type(None))):
        raise refusal("its kid isn't a string")
    # RFC 7515, section 4.1.11: an extension that isn't understood, and none is here, refuses the token
    if "crit" in header or header.get("b64", True) is not True:
        raise refusal("it needs an extension that isn't supported")
    return header["alg"], header.get("kid")


def is_signed(parts: Parts, key: Key) -> bool:
    """Whether a key, bound to the algorithm that the header names, has signed it. PyJWT compares in constant time."""
    if parts.algorithm not in key.algorithms:
        return False
    algorithm = jwt.get_algorithm_by_name(parts.algorithm)
    return algorithm.verify(parts.signed, key.verifying, parts.signature)
