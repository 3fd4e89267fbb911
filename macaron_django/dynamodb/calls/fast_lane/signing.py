"""Signs DynamoDB requests with Signature Version 4 (AWS: "Create a signed AWS API request").

A signer derives its signing key once a day. botocore's signer would add the same header lines; tests compare them.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final, NamedTuple

__all__ = ["CONTENT_TYPE", "NO_HEADERS", "Headers", "Signer", "TracedHeaders"]

Headers = tuple[tuple[str, str], ...]


class TracedHeaders(NamedTuple):
    """The additional headers of one request."""

    signed: Headers = ()
    unsigned: Headers = ()


NO_HEADERS: Final = TracedHeaders()

CONTENT_TYPE: Final = "application/x-amz-json-1.0"
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
#: Matches a header's value that is the same in a canonical request: it has no line breaks, and no spaces that might be
#: stripped.
_PLAIN: Final = re.compile(r"[!-~]*")


class _DayKey(NamedTuple):
    """The signing key of a day. It consists of the inner and the outer hash of an HMAC (RFC 2104). Both hashes already
    include the key.
    """

    day: str
    scope: str
    inner: Any
    outer: Any


class Signer:
    """Signs POST requests to ``/`` of one host with one set of credentials.

    Raises ``ValueError`` for credentials whose characters aren't allowed in headers.

    >>> signer = Signer("AKID", "secret", None, region="eu-west-1", service="dynamodb", host="localhost:8000")
    >>> signer.header_lines("DynamoDB_20120810.GetItem", b"{}", "20260101T000000Z")[:27]
    'X-Amz-Date: 20260101T000000'
    """

    def __init__(
        self, access_key: str, secret_key: str, token: str | None, *, region: str, service: str, host: str
    ) -> None:
        if not all(_PLAIN.fullmatch(text) for text in (access_key, token or "", region, host)):
            raise ValueError(
                "An access key, a session token or a host has a character that isn't allowed in HTTP headers."
            )
        self._access_key, self._secret_key = access_key, secret_key
        self._region, self._service = region, service
        self._canonical_start = f"{_START}content-type:{CONTENT_TYPE}\nhost:{host}\nx-amz-date:"
        self._canonical_token = f"x-amz-security-token:{token}\n" if token else ""
        self._token_line = f"X-Amz-Security-Token: {token}\r\n" if token else ""
        self._signed_names = f"content-type;host;x-amz-date;{'x-amz-security-token;' if token else ''}x-amz-target"
        self._key = _DayKey("", "", None, None)  # replaced as a whole, because threads share a signer

    def header_lines(self, target: str, body: bytes, timestamp: str, more: Iterable[tuple[str, str]] = ()) -> str:
        """Returns the header lines with a request's date and signature. ``timestamp`` is in UTC, such as
        ``20260101T000000Z``.

        ``more`` contains additional headers, which are also signed. Their lines come first.
        """
        key = self._key
        if key.day != timestamp[:8]:
            key = self._key = self._derived(timestamp[:8])
        _, scope, inner, outer = key
        first, headers, names = "", f"{timestamp}\n{self._canonical_token}x-amz-target:{target}\n", self._signed_names
        start = self._canonical_start
        if more:
            start, headers, names = _sorted_in(f"{start}{headers}", more)
            first = "".join(f"{name}: {value}\r\n" for name, value in more)
        canonical = f"{start}{headers}\n{names}\n{sha256(body).hexdigest()}"
        to_sign = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        inner, outer = inner.copy(), outer.copy()
        inner.update(to_sign.encode())
        outer.update(inner.digest())
        signature = outer.hexdigest()
        return (
            f"{first}X-Amz-Date: {timestamp}\r\n{self._token_line}Authorization: {_ALGORITHM} "
            f"Credential={self._access_key}/{scope}, SignedHeaders={names}, Signature={signature}\r\n"
        )

    def _derived(self, day: str) -> _DayKey:
        key = f"AWS4{self._secret_key}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        padded = key.ljust(sha256().block_size, b"\0")
        return _DayKey(
            day,
            f"{day}/{self._region}/{self._service}/aws4_request",
            sha256(bytes(octet ^ 0x36 for octet in padded)),
            sha256(bytes(octet ^ 0x5C for octet in padded)),
        )


def _sorted_in(canonical: str, more: Iterable[tuple[str, str]]) -> tuple[str, str, str]:
    """Returns three parts of a canonical request: the first lines, the headers, and the names of the headers. The
    headers include ``more``, and are sorted by name.
    """
    from botocore.auth import SIGNED_HEADERS_BLACKLIST  # only tracers, which have botocore, add headers

    start, headers = canonical[: len(_START)], canonical[len(_START) :]
    lines = headers.splitlines()
    values: dict[str, list[str]] = {}
    for name, value in more:
        if name.lower() not in SIGNED_HEADERS_BLACKLIST:
            values.setdefault(name.lower(), []).append(" ".join(value.split()))
    lines += [f"{name}:{','.join(found)}" for name, found in values.items()]
    names = {line.partition(":")[0]: line for line in lines}
    return start, "".join(f"{names[name]}\n" for name in sorted(names)), ";".join(sorted(names))


_START: Final = "POST\n/\n\n"
