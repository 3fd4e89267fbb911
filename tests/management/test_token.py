"""``manage.py token``: what it prints is a token that the server accepts."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from macaron_django.auth import load_auth_token
from macaron_django.management.commands.token import Command


@pytest.fixture(autouse=True)
def _secret(settings: Any) -> None:
    settings.MACARON = {"JWT": {"SECRET": "a secret of the test suite that is long enough"}}


def claims_of(*arguments: str) -> dict[str, Any]:
    printed = io.StringIO()
    call_command(Command(stdout=printed), *arguments)
    assert printed.getvalue().endswith("\n")
    return load_auth_token(printed.getvalue().strip(), load=False)


def test_a_token_for_the_user_is_printed_and_nothing_else() -> None:
    claims = claims_of("joe")
    assert claims["sub"] == "joe"
    assert claims["exp"] - claims["iat"] == 24 * 3600


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("12h", 43200), ("30d", 2592000)])
def test_its_life_can_be_said_in_several_units(text: str, seconds: int) -> None:
    before = int(time.time())
    assert before <= claims_of("joe", "--expire", text)["exp"] - seconds <= time.time()


def test_claims_are_json_or_text() -> None:
    claims = claims_of("joe", "--claim", "scope=read write", "--claim", "roles=[1, null]", "--claim", "a=b=c")
    assert (claims["scope"], claims["roles"], claims["a"]) == ("read write", [1, None], "b=c")


@pytest.mark.parametrize(
    "arguments",
    [("",), ("joe", "--expire", "soon"), ("joe", "--expire", "1y"), ("joe", "--claim", "x"), ("joe", "--claim", "=x")],
)
def test_what_cannot_be_understood_is_said(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        claims_of(*arguments)


def test_without_a_key_the_setting_is_named(settings: Any) -> None:
    settings.MACARON = {}
    with pytest.raises(CommandError, match=r'\["SECRET"\]'):
        claims_of("joe")
