"""A token as it is sent → its parts: what the header says, what is signed, and the signature. Nothing is verified.

Apart from ``keys``, which tell whether one of them has signed the parts, and from ``claims``, which read the payload
after that. ``jwt.decode`` does all three in one, prepares the key at each call (is this secret a key in DER, or a JWK?)
and looks at each letter by itself: more than half of what a token costs.
"""

from __future__ import annotations

import json
import re
from binascii import a2b_base64
from functools import lru_cache
from typing import NamedTuple

from macaron_django.auth.claims import refusal

__all__ = ["Parts", "parts_of"]

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
        header = json.loads(_decoded(text).decode())
    except (ValueError, RecursionError):
        raise refusal("its header can't be read") from None
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str):
        raise refusal("its header can't be read")
    if not isinstance(header.get("kid", ""), str):
        raise refusal("its kid isn't a string")
    # RFC 7515, section 4.1.11: an extension that isn't understood, and none is here, refuses the token
    if "crit" in header or header.get("b64", True) is not True:
        raise refusal("it needs an extension that isn't supported")
    return header["alg"], header.get("kid")
