"""Encrypts a position in a list as a cursor. A client can send the cursor back, but can't read it or change it.

A position is the key of a page's last item. This key might be a person's e-mail address. A cursor is the base64url
encoding of a salt (16 bytes), the ciphertext and a tag (16 bytes). HKDF-SHA-256 derives the key and nonce for
AES-256-GCM from ``SECRET_KEY`` and the salt. Each cursor has its own salt and therefore its own key, so any number of
cursors is safe.

The plaintext is the time of encryption (4 bytes, seconds), followed by the position as JSON. The associated data is the
list's scope (API, table, index, filters, direction), so a client can't use the cursor for another list.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from django.conf import settings as django_settings
from django.utils.encoding import force_bytes

from macaron_django.conf import settings
from macaron_django.exceptions import InvalidCursor

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["MAX_LENGTH", "open_cursor", "seal"]

#: Attribute values by name, as DynamoDB writes them: ``{"id": {"S": "a"}}``.
Position: TypeAlias = Mapping[str, Mapping[str, Any]]

#: In characters. A cursor may have the keys of a table and of an index. In DynamoDB, a hash key has at most 2 KB, and a
#: range key at most 1 KB.
MAX_LENGTH = 64 * 1024

_SALT_SIZE = 16
_TIME_SIZE = 4
_TAG_SIZE = 16
_PURPOSE = b"macaron_django.cursors/1"
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def seal(position: Position, scope: str) -> str:
    """Returns the cursor for a position in a list. ``scope`` identifies the list.

    >>> with django.test.override_settings(SECRET_KEY="a secret of some length"):
    ...     open_cursor(seal({"id": {"S": "a"}}, "profiles"), "profiles")
    {'id': {'S': 'a'}}
    """
    salt = os.urandom(_SALT_SIZE)
    stamp = int(time.time()).to_bytes(_TIME_SIZE, "big")
    text = _write(_to_json(position))
    cipher, nonce = _cipher(django_settings.SECRET_KEY, salt)
    sealed = cipher.encrypt(nonce, stamp + text.encode("utf-8", "surrogatepass"), scope.encode())
    return base64.urlsafe_b64encode(salt + sealed).rstrip(b"=").decode()


def open_cursor(text: str, scope: str) -> dict[str, dict[str, Any]]:
    """Returns the position in a cursor.

    Raises InvalidCursor if the cursor was changed, has expired or belongs to another list.
    """
    if not isinstance(text, str) or not 0 < len(text) <= MAX_LENGTH or not text.isascii():
        raise InvalidCursor("This cursor wasn't made by this server.")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor("This cursor wasn't made by this server.") from error
    # Base64 has unused bits at the end, so several texts decode to the same bytes. seal() writes the canonical text.
    canonical = base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text
    if not canonical or len(raw) <= _SALT_SIZE + _TIME_SIZE + _TAG_SIZE:
        raise InvalidCursor("This cursor wasn't made by this server.")
    opened = _decrypt(raw[:_SALT_SIZE], raw[_SALT_SIZE:], scope.encode())
    age = time.time() - int.from_bytes(opened[:_TIME_SIZE], "big")
    if age > settings.DYNAMODB.CURSOR_MAX_AGE:
        raise InvalidCursor("This cursor has expired: start again at the first page.")
    return _from_json(json.loads(opened[_TIME_SIZE:].decode("utf-8", "surrogatepass")))


def _decrypt(salt: bytes, sealed: bytes, scope: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    for secret in _secrets():
        cipher, nonce = _cipher(secret, salt)
        try:
            return cipher.decrypt(nonce, sealed, scope)
        except InvalidTag:
            continue
    raise InvalidCursor("This cursor was changed or belongs to another list: start again at the first page.")


def _secrets() -> Iterator[str | bytes]:
    yield django_settings.SECRET_KEY
    yield from django_settings.SECRET_KEY_FALLBACKS


def _cipher(secret: str | bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    # These imports take a tenth of a process's start-up time, so they run at the first cursor.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(algorithm=SHA256(), length=44, salt=salt, info=_PURPOSE).derive(force_bytes(secret))
    return AESGCM(derived[:32]), derived[32:]


def _to_json(position: Position) -> dict[str, dict[str, str]]:
    return {name: {kind: _text(content) for kind, content in value.items()} for name, value in position.items()}


def _text(content: Any) -> str:
    return base64.b64encode(content).decode() if isinstance(content, bytes | bytearray) else content


def _from_json(position: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    return {
        name: {kind: base64.b64decode(content) if kind == "B" else content for kind, content in value.items()}
        for name, value in position.items()
    }
