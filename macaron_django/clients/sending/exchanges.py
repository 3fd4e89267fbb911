"""Sends a request and returns its response. Gets tokens, retries idempotent requests, and follows redirects.

The methods are generators that yield requests and pauses (see ``macaron_django.drivers``). So threads and event loops
run the same code.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx
import tenacity

from macaron_django.attempts import CircuitRules, Pause
from macaron_django.clients.client_options import ClientOptions
from macaron_django.clients.messages.base_urls import is_absolute
from macaron_django.clients.messages.call_answers import ReceivedAnswer
from macaron_django.clients.messages.call_requests import CallRequest
from macaron_django.clients.sending.channels import Channel, OutgoingCall
from macaron_django.clients.sending.host_states import HostState
from macaron_django.clients.sending.token_grants import TokenCache, token_of, token_request
from macaron_django.drivers import Steps
from macaron_django.exceptions import AnswerInvalid, CallOutcomeUnknown, ServiceError, ServiceUnavailable

__all__ = ["ServiceExchange"]

#: Statuses after which an idempotent request is sent again.
_TRY_AGAIN = frozenset({429, 502, 503, 504})
#: Statuses that mean that the host, or a proxy in front of it, fails.
_FAILURES = frozenset({502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
#: Exceptions that httpx raises before it has sent anything.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


class ServiceExchange:
    """Sends the requests of one API and returns the responses. ``host_state`` returns the state of an origin's host."""

    def __init__(
        self,
        channel: Channel,
        host_state: Callable[[str], HostState],
        tokens: TokenCache,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.channel, self._host_state, self._tokens, self._clock = channel, host_state, tokens, clock

    def answer(self, call: CallRequest, options: ClientOptions) -> Steps[ReceivedAnswer]:
        """Returns the response to a call, whatever the response's status is.

        Raises ``ServiceUnavailable`` if there was no response. Raises ``CallOutcomeUnknown`` instead if the request may
        have arrived and isn't idempotent. Raises ``AnswerInvalid`` if the response is too large, or can't be
        decompressed.
        """
        ends = None if options.deadline is None else self._clock() + options.deadline
        grant = call.grant
        if grant is None:
            return (yield from self._redirected(call, options, ends))
        token = self._tokens.get(grant)
        is_old = token is not None
        token = token or (yield from self._new_token(call, options, ends))
        received = yield from self._redirected(_authorised(call, token), options, ends)
        if received.status == 401 and is_old:  # the token was revoked, or the server has lost it
            self._tokens.forget(grant, token)
            token = yield from self._new_token(call, options, ends)
            received = yield from self._redirected(_authorised(call, token), options, ends)
        return received

    def _new_token(self, call: CallRequest, options: ClientOptions, ends: float | None) -> Steps[str]:
        assert call.grant is not None  # noqa: S101 (for the type checker)
        request = token_request(call, call.grant)
        elsewhere = replace(options, in_process=False) if options.in_process else options
        received = yield from self._attempts(request, elsewhere, ends)
        token, seconds = token_of(request, received)
        self._tokens.keep(call.grant, token, seconds)
        return token

    def _redirected(self, call: CallRequest, options: ClientOptions, ends: float | None) -> Steps[ReceivedAnswer]:
        """Sends a request, and follows the redirects of GET and HEAD.

        Stays within one origin: no other host gets credentials.
        """
        received = yield from self._attempts(call, options, ends)
        if not options.follow_redirects or call.method not in ("GET", "HEAD"):
            return received
        for _ in range(_MOST_REDIRECTS):
            location = received.headers.get("location", "") if received.status in _REDIRECTS else ""
            url = _location(call.url, location)
            if not location or not is_absolute(url) or _origin(url) != _origin(call.url):
                break
            url, _, query = url.partition("#")[0].partition("?")
            call = replace(call, url=url, query=query)
            received = yield from self._attempts(call, options, ends)
        return received

    def _attempts(self, call: CallRequest, options: ClientOptions, ends: float | None) -> Steps[ReceivedAnswer]:
        """Sends a request, retries it as often as allowed, and returns the last response."""
        state = self._host_state(_origin(call.url))
        state.earn(options.retry_budget)
        rules = _RetryRules(call, options, state, ends, self._clock)
        retrying = tenacity.Retrying(
            retry=rules.is_worth_it,
            wait=rules.wait,
            stop=rules.is_over,
            retry_error_callback=lambda attempt: attempt.outcome.result() if attempt.outcome is not None else None,
        )
        retrying.begin()
        attempt = tenacity.RetryCallState(retrying, None, (), {})
        while True:
            step: Any = retrying.iter(retry_state=attempt)
            if isinstance(step, tenacity.DoAttempt):
                try:
                    received = yield from self._one_attempt(call, options, state, ends)
                except Exception as error:  # noqa: BLE001 (the retry rules examine it)
                    if isinstance(error, ServiceError):
                        error.attempts = attempt.attempt_number
                    attempt.set_exception(sys.exc_info())  # type: ignore[arg-type]  # an error is being handled
                else:
                    attempt.set_result(replace(received, attempts=attempt.attempt_number))
            elif isinstance(step, tenacity.DoSleep):
                attempt.prepare_for_next_attempt()
                yield Pause(float(step))
            else:
                return step  # type: ignore[no-any-return]  # the result of the last attempt

    def _one_attempt(
        self, call: CallRequest, options: ClientOptions, state: HostState, ends: float | None
    ) -> Steps[ReceivedAnswer]:
        rules = _circuit_rules(options)
        try:
            trial = state.admit(rules)
        except ServiceUnavailable as error:
            error.api, error.operation = call.api, call.name
            raise
        try:
            received: ReceivedAnswer = yield OutgoingCall(self.channel, call, options, ends, self._clock)
        except httpx.HTTPError as error:
            if isinstance(error, httpx.LocalProtocolError):  # the request is wrong, not the host
                state.circuit.given_up(trial)
            else:
                state.circuit.failed(rules, trial)
            raise _unavailable(call, error) from error
        except AnswerInvalid:  # the host works, because it has answered
            state.circuit.succeeded()
            raise
        except BaseException:
            state.circuit.given_up(trial)
            raise
        if received.status in _FAILURES:
            state.circuit.failed(rules, trial)
        else:
            state.circuit.succeeded()
        return received


class _RetryRules:
    """Decides whether and when a request is sent again."""

    def __init__(
        self,
        call: CallRequest,
        options: ClientOptions,
        state: HostState,
        ends: float | None,
        clock: Callable[[], float],
    ) -> None:
        self._call, self._options, self._state, self._ends, self._clock = call, options, state, ends, clock
        self._backoff = tenacity.wait_random_exponential(multiplier=options.backoff, max=options.max_backoff)

    def is_worth_it(self, attempt: tenacity.RetryCallState) -> bool:
        assert attempt.outcome is not None  # noqa: S101 (for the type checker)
        error = attempt.outcome.exception()
        if error is not None:
            was_sent = not isinstance(error.__cause__, _NOT_SENT)
            return type(error) in (ServiceUnavailable, CallOutcomeUnknown) and (
                self._call.is_idempotent or not was_sent
            )
        return self._call.is_idempotent and attempt.outcome.result().status in _TRY_AGAIN

    def wait(self, attempt: tenacity.RetryCallState) -> float:
        """Returns the seconds to wait before the next attempt, at least the server's ``Retry-After``."""
        assert attempt.outcome is not None  # noqa: S101 (for the type checker)
        asked = 0.0
        if attempt.outcome.exception() is None:
            asked = _retry_after(attempt.outcome.result().headers.get("retry-after", ""))
        return max(asked, self._backoff(attempt))

    def is_over(self, attempt: tenacity.RetryCallState) -> bool:
        pause = attempt.upcoming_sleep
        return (
            attempt.attempt_number >= self._call.max_attempts
            or pause > max(self._options.max_backoff, self._options.backoff * 2)
            or (self._ends is not None and self._clock() + pause >= self._ends)
            or not self._state.may_retry()
        )


def _circuit_rules(options: ClientOptions) -> CircuitRules:
    seconds = options.circuit_seconds
    return CircuitRules(options.circuit_failures, first_pause=seconds, longest_pause=seconds, patience=seconds)


def _unavailable(call: CallRequest, error: httpx.HTTPError) -> ServiceUnavailable:
    """Returns the exception to raise if there was no response.

    Its message has the reason, but no query and no headers.
    """
    what = "didn't answer in time" if isinstance(error, httpx.TimeoutException) else "can't be reached"
    named = type(error).__name__
    if call.is_idempotent or isinstance(error, _NOT_SENT):
        message = f"{call.api}: {call.name}: {urlsplit(call.url).netloc} {what} ({named})."
        return ServiceUnavailable(message, api=call.api, operation=call.name)
    message = f"{call.api}: {call.name}: there was no response ({named}); the call may have taken effect."
    return CallOutcomeUnknown(message, api=call.api, operation=call.name)


def _authorised(call: CallRequest, token: str) -> CallRequest:
    return replace(call, headers={**call.headers, "Authorization": f"Bearer {token}"})


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _location(url: str, location: str) -> str:
    """Returns the absolute, percent-encoded URL of a ``Location`` header; "" if it can't be parsed.

    >>> _location("https://a.test/b", "/ä?ü"), _location("https://a.test/b", "https://[a")
    ('https://a.test/%C3%A4?%C3%BC', '')
    """
    try:
        return urljoin(url, quote(location, safe="%!#$&'()*+,/:;=?@[]~"))
    except ValueError:
        return ""


def _retry_after(text: str) -> float:
    """Returns the seconds in a ``Retry-After`` header (RFC 9110, section 10.2.3); 0 if it can't be parsed.

    >>> _retry_after("120"), _retry_after("soon")
    (120.0, 0.0)
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    when = when if when.tzinfo is not None else when.replace(tzinfo=timezone.utc)
    return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())
