"""Gets OAuth 2 tokens for a client's own credentials (RFC 6749, section 4.4). Caches each token while it is valid."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus, urlencode

from macaron_django.clients.messages.base_urls import is_absolute
from macaron_django.clients.messages.call_answers import ReceivedAnswer
from macaron_django.clients.messages.call_bodies import WrittenBody
from macaron_django.clients.messages.call_requests import CallRequest
from macaron_django.clients.messages.supplied_credentials import Grant
from macaron_django.exceptions import AnswerInvalid, ServiceUnavailable
from macaron_django.openapi.operations.media_types import URL_ENCODED
from macaron_django.schemas.values.json_text import JSONTextError, exact_json

__all__ = ["TokenCache", "token_of", "token_request"]

#: Seconds: the time before its expiry at which a token is discarded, the time for which a token without an expiry is
#: kept, and the longest time for which any token is kept.
_EARLY, _UNSAID, _LONGEST = 30.0, 60.0, 366 * 86400


class TokenCache:
    """The received tokens. Each token is stored under the grant with which it was requested."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[Grant, tuple[str, float]] = {}

    def get(self, grant: Grant) -> str | None:
        """Returns a token that won't expire soon; None if there is none."""
        with self._lock:
            token, until = self._tokens.get(grant, ("", 0.0))
        return token if token and self._clock() < until else None

    def keep(self, grant: Grant, token: str, seconds: float) -> None:
        """Stores a token that is valid for ``seconds``."""
        with self._lock:
            self._tokens[grant] = token, self._clock() + max(0.0, seconds - _EARLY)

    def forget(self, grant: Grant, token: str) -> None:
        """Removes a token that the service refused, unless there is already a newer token."""
        with self._lock:
            if self._tokens.get(grant, ("", 0.0))[0] == token:
                del self._tokens[grant]


def token_request(call: CallRequest, grant: Grant) -> CallRequest:
    """Returns the request that gets the token for a call."""
    if not is_absolute(grant.token_url):
        raise ServiceUnavailable(f"The token URL of {call.api} isn't an http or https URL.", api=call.api)
    user, password = quote_plus(grant.client_id), quote_plus(grant.client_secret)  # section 2.3.1
    basic = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    fields = {"grant_type": "client_credentials", **({"scope": " ".join(grant.scopes)} if grant.scopes else {})}
    return replace(
        call,
        name="the token request",
        method="POST",
        url=grant.token_url,
        query="",
        headers={"Authorization": f"Basic {basic}", "Accept": "application/json", "Content-Type": URL_ENCODED},
        body=WrittenBody(URL_ENCODED, urlencode(fields).encode("ascii")),
        is_idempotent=True,  # an additional token does no harm
        grant=None,
        is_token_request=True,
    )


def token_of(call: CallRequest, received: ReceivedAnswer) -> tuple[str, float]:
    """Returns the token in a response, and the seconds for which it is valid.

    Raises ``AnswerInvalid`` if the response has no token. The message doesn't quote the response's body.
    """
    try:
        found: Any = exact_json(received.content, max_depth=20) if received.status == 200 else None
    except JSONTextError:
        found = None
    token = found.get("access_token") if isinstance(found, dict) else None
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        message = f"The token server of {call.api} answered {received.status} without a token."
        raise AnswerInvalid(message, api=call.api, operation=call.name)
    seconds = found.get("expires_in")
    return token, float(min(seconds, _LONGEST)) if isinstance(seconds, (int, float)) and seconds > 0 else _UNSAID
