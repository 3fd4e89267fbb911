"""Fetches the public keys at a JWKS URL (RFC 7517), and stores them for a while.

The keys are stored in this process, not in Django's cache: anyone who can write to a shared cache could sign tokens.
PyJWT's client isn't used, for three reasons. Tokens with an unknown ``kid`` must not trigger an unlimited number of
fetches. An outage of the key server must not lock everyone out. The size of the response must be limited.
"""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from macaron_django.exceptions import PyMacaronException

__all__ = ["JWKS", "KeysUnavailable", "PublishedKey", "jwks_at"]

logger = logging.getLogger(__name__)

MAX_SIZE = 1024 * 1024  # bytes of the whole set
MAX_KEYS = 100
RETRY_AFTER = 10.0  # the minimum of seconds between two fetches
STALE_FOR = 3600.0  # while the server can't be reached, seconds for which a set is used after its maximum age


class KeysUnavailable(PyMacaronException):
    """The keys that verify tokens can't be fetched now. So it isn't known whether the token is valid."""

    code = "SIGNING_KEYS_UNAVAILABLE"
    status = 503
    headers: Mapping[str, str] = {"Retry-After": str(int(RETRY_AFTER))}


@dataclass(frozen=True)
class PublishedKey:
    """One key of the set. It works with one ``algorithm``, or with any algorithm if ``algorithm`` is None."""

    kid: str | None
    algorithm: str | None
    key: object = field(repr=False)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class JWKS:
    """The keys at one URL. Threads share them. While one thread fetches keys, the others use the existing keys."""

    url: str
    max_age: float
    timeout: float

    def __init__(self, url: str, timeout: float, max_age: float) -> None:
        self.url, self.timeout, self.max_age = url, timeout, max_age
        self._keys: tuple[PublishedKey, ...] | None = None
        self._fetched = self._tried = float("-inf")
        self._is_outage = False  # whether a caller already got a KeysUnavailable
        self._lock = threading.Lock()

    def keys(self, kid: str | None = None) -> tuple[PublishedKey, ...]:
        """Returns all published keys or, if ``kid`` isn't None, only the keys with this name.

        An unknown name triggers a fetch.

        Raises KeysUnavailable if no set of keys is recent enough.
        """
        keys = self._known()
        if kid is None:
            return keys
        named = tuple(key for key in keys if key.kid == kid)
        if not named:
            self._refresh()
            named = tuple(key for key in self._keys or () if key.kid == kid)
        return named

    def _known(self) -> tuple[PublishedKey, ...]:
        age = time.monotonic() - self._fetched
        if self._keys is None or age > self.max_age:
            self._refresh()
            age = time.monotonic() - self._fetched
        if self._keys is None or age > self.max_age + STALE_FOR:
            unavailable = KeysUnavailable("The keys that verify tokens can't be fetched now; try again later.")
            unavailable.is_known, self._is_outage = self._is_outage, True
            raise unavailable
        return self._keys

    def _refresh(self) -> None:
        # A thread that has keys doesn't wait for another thread's fetch.
        if not self._lock.acquire(blocking=self._keys is None):
            return
        try:
            if time.monotonic() - self._tried < RETRY_AFTER:
                return
            try:
                self._keys = _read(_fetch(self.url, self.timeout))
                self._fetched, self._is_outage = time.monotonic(), False
            except (OSError, http.client.HTTPException, ValueError) as error:
                logger.warning("The JWKS of %s wasn't fetched: %s", urlsplit(self.url).hostname, type(error).__name__)
            finally:
                # Set after the fetch, so that threads that waited for this fetch don't start another one.
                self._tried = time.monotonic()
        finally:
            self._lock.release()


def _fetch(url: str, timeout: float) -> bytes:
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("not an http(s) URL")
    opener = urllib.request.build_opener(_NoRedirect())
    deadline = time.monotonic() + timeout
    chunks: list[bytes] = []
    try:
        with opener.open(url, timeout=timeout) as response:
            while chunk := response.read1(65536):
                chunks.append(chunk)
                if sum(map(len, chunks)) > MAX_SIZE:
                    raise ValueError("the key set is too large")
                # The socket's timeout starts again at each received byte, so it doesn't limit the duration of the whole
                # fetch.
                if time.monotonic() > deadline:
                    raise TimeoutError
    except urllib.error.HTTPError as error:
        error.close()
        raise
    return b"".join(chunks)


def _read(text: bytes) -> tuple[PublishedKey, ...]:
    try:
        published = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(published, Mapping) or not isinstance(published.get("keys"), list):
        raise ValueError('not a JSON object with an array "keys"')  # noqa: TRY004 (the text is what is wrong)
    keys = tuple(key for entry in published["keys"][:MAX_KEYS] if (key := _key(entry)) is not None)
    if not keys:
        # An empty set would lock everyone out. It is probably a mistake.
        raise ValueError("no key in it can verify signatures")
    return keys


def _key(entry: object) -> PublishedKey | None:
    """Returns the key in a JWK; None if the key isn't for signatures, is a secret, or has an unknown type."""
    import jwt  # imports cryptography, which a public API doesn't need
    from cryptography.exceptions import UnsupportedAlgorithm

    if not isinstance(entry, dict) or entry.get("kty") == "oct" or entry.get("use", "sig") != "sig":
        return None
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    kid, algorithm = entry.get("kid"), entry.get("alg")
    public_part = {name: value for name, value in entry.items() if name != "d"}
    try:
        # PyJWK guesses the algorithm of Ed25519 keys, but not of Ed448 keys.
        key = jwt.PyJWK(public_part, algorithm or ("EdDSA" if entry["kty"] == "OKP" else None)).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, NotImplementedError, UnsupportedAlgorithm):
        return None
    return PublishedKey(kid if isinstance(kid, str) else None, algorithm, key)


@lru_cache(maxsize=16)
def jwks_at(url: str, timeout: float, max_age: float) -> JWKS:
    """Returns the ``JWKS`` of a URL. All threads of the process share this object."""
    return JWKS(url, timeout, max_age)
