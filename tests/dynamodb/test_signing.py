"""Signature Version 4: the same headers as botocore's own signer, for whatever is signed."""

from __future__ import annotations

import string
from datetime import datetime, timedelta, timezone

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from macaron_django.dynamodb.calls.fast_lane.signing import CONTENT_TYPE, Signer

PLAIN = st.text(string.ascii_letters + string.digits + "/+=", min_size=1, max_size=60)
HOSTS = st.sampled_from(
    ["dynamodb.eu-west-1.amazonaws.com", "127.0.0.1:8000", "123456789012.ddb.us-east-2.amazonaws.com"]
)
MOMENTS = st.integers(1577836800, 2208988800).map(lambda seconds: datetime.fromtimestamp(seconds, timezone.utc))


def by_botocore(
    credentials: Credentials,
    region: str,
    host: str,
    target: str,
    body: bytes,
    moment: datetime,
    more: dict[str, str] | None = None,
) -> dict[str, str]:
    headers = {"X-Amz-Target": target, "Content-Type": CONTENT_TYPE, **(more or {})}
    request = AWSRequest("POST", f"https://{host}/", headers, body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
        SigV4Auth(credentials, "dynamodb", region).add_auth(request)
    added = ("X-Amz-Date", "X-Amz-Security-Token", "Authorization")
    return {name: request.headers[name] for name in added if name in request.headers}


def by_us(signer: Signer, target: str, body: bytes, moment: datetime) -> dict[str, str]:
    lines = signer.header_lines(target, body, moment.strftime("%Y%m%dT%H%M%SZ"))
    assert lines.endswith("\r\n")
    return dict(line.split(": ", 1) for line in lines.splitlines())


@given(
    st.builds(Credentials, PLAIN, PLAIN, st.none() | PLAIN),
    PLAIN,
    HOSTS,
    st.sampled_from(["GetItem", "TransactWriteItems"]),
    st.binary(max_size=300),
    st.lists(MOMENTS, min_size=1, max_size=3),
)
def test_every_request_is_signed_as_botocore_signs_it(
    credentials: Credentials, region: str, host: str, operation: str, body: bytes, moments: list[datetime]
) -> None:
    keys = credentials.get_frozen_credentials()
    signer = Signer(keys.access_key, keys.secret_key, keys.token, region=region, service="dynamodb", host=host)
    target = f"DynamoDB_20120810.{operation}"
    for moment in moments:
        assert by_us(signer, target, body, moment) == by_botocore(credentials, region, host, target, body, moment)


@given(
    st.none() | PLAIN,
    st.dictionaries(
        st.sampled_from(["baggage", "sentry-trace", "traceparent", "A-First", "x-amz-e", "X-Datadog-Trace-ID", "zz"]),
        st.text(string.ascii_letters + " =,;", max_size=30).map(str.strip),
        min_size=1,
    ),
)
def test_the_headers_of_tracers_are_signed_as_botocore_signs_them(token: str | None, more: dict[str, str]) -> None:
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    signer = Signer("AKID", "secret", token, region="eu-west-1", service="dynamodb", host="localhost")
    lines = signer.header_lines("DynamoDB_20120810.Scan", b"{}", "20260101T000000Z", tuple(more.items()))
    ours = dict(line.split(": ", 1) for line in lines.splitlines())
    assert {name: ours.pop(name) for name in more} == more
    credentials = Credentials("AKID", "secret", token)
    assert ours == by_botocore(credentials, "eu-west-1", "localhost", "DynamoDB_20120810.Scan", b"{}", moment, more)


def test_a_new_day_has_a_new_key() -> None:
    credentials = Credentials("AKID", "secret", "token")
    signer = Signer("AKID", "secret", "token", region="eu-west-1", service="dynamodb", host="localhost")
    evening = datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
    for moment in (evening, evening + timedelta(seconds=1), evening):
        ours = by_us(signer, "DynamoDB_20120810.Scan", b"{}", moment)
        assert ours == by_botocore(credentials, "eu-west-1", "localhost", "DynamoDB_20120810.Scan", b"{}", moment)


@pytest.mark.parametrize("token", ["two\r\nlines", "a space", "ünicode"])
def test_credentials_that_no_header_can_hold_are_refused(token: str) -> None:
    with pytest.raises(ValueError, match="HTTP header"):
        Signer("AKID", "secret", token, region="eu-west-1", service="dynamodb", host="localhost")
