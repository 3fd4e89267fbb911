"""Who the current user is, as seen by threads, async tasks and one request after another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_started

from macaron_django.auth import (
    add_auth,
    backend_token,
    generate_token,
    get_token_issuer,
    get_user_token,
    get_user_token_data,
    get_userid,
    load_auth_token,
)

SECRET = "a secret of the test suite, long enough for HS512: 64 bytes or more."


def test_nobody_is_the_current_user_at_first(jwt_settings: Callable[..., None]) -> None:
    assert (get_userid(), get_user_token(), get_user_token_data(), get_token_issuer()) == ("", "", {}, None)


def test_a_loaded_token_makes_its_user_the_current_one(jwt_settings: Callable[..., None]) -> None:
    jwt_settings(SECRET=SECRET, ISSUER="here")
    token = generate_token("joe", data={"role": "clerk"})
    claims = load_auth_token(token)
    assert (get_userid(), get_user_token(), get_token_issuer()) == ("joe", token, "here")
    assert get_user_token_data() == claims
    assert claims["role"] == "clerk"


def test_a_token_may_be_read_without_its_user_becoming_current(jwt_settings: Callable[..., None]) -> None:
    assert load_auth_token(generate_token("joe"), load=False)["sub"] == "joe"
    assert get_userid() == ""


@pytest.mark.django_db
def test_the_next_request_of_a_thread_does_not_inherit_the_user(jwt_settings: Callable[..., None]) -> None:
    load_auth_token(generate_token("joe"))
    request_started.send(sender=None)
    assert (get_userid(), get_user_token(), get_user_token_data()) == ("", "", {})


def test_the_claims_handed_out_are_a_copy(jwt_settings: Callable[..., None]) -> None:
    load_auth_token(generate_token("joe"))
    get_user_token_data()["sub"] = "root"
    assert get_userid() == "joe"


def test_a_backend_token_replaces_the_token_and_not_the_user(jwt_settings: Callable[..., None]) -> None:
    jwt_settings(SECRET=SECRET, ISSUER=["here", "there"])
    token = generate_token("joe")
    load_auth_token(token)
    with backend_token(user_id="backend", data={"scope": "all"}, issuer="there") as own:
        assert get_user_token() == own
        assert get_userid() == "joe"
        claims = load_auth_token(own, load=False)
        assert (claims["sub"], claims["iss"], claims["scope"]) == ("backend", "there", "all")
    assert get_user_token() == token


def test_a_backend_token_ends_with_an_exception_too(jwt_settings: Callable[..., None]) -> None:
    def fail() -> None:
        with backend_token(user_id="backend"):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert get_user_token() == ""


def test_a_backend_token_of_nobody_is_refused(jwt_settings: Callable[..., None]) -> None:
    with pytest.raises(ImproperlyConfigured, match="DEFAULT_USER_ID"), backend_token():
        pass


def test_threads_have_a_user_each(jwt_settings: Callable[..., None]) -> None:
    barrier, seen = threading.Barrier(4), {}

    def work(user: str) -> None:
        load_auth_token(generate_token(user))
        barrier.wait()
        seen[user] = get_userid()

    threads = [threading.Thread(target=work, args=(f"user {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {user: user for user in seen}
    assert len(seen) == 4


def test_async_tasks_have_a_user_each_also_in_their_threads(jwt_settings: Callable[..., None]) -> None:
    async def work(user: str) -> Mapping[str, str]:
        await sync_to_async(load_auth_token)(generate_token(user))
        await asyncio.sleep(0.01)
        with backend_token(user_id=f"backend of {user}") as own:
            await asyncio.sleep(0.01)
            inner = await sync_to_async(get_user_token)()
            assert inner == own
        return {"async": get_userid(), "thread": await sync_to_async(get_userid)()}

    async def everybody() -> list[Mapping[str, str]]:
        return await asyncio.gather(*(work(f"user {number}") for number in range(4)))

    for number, seen in enumerate(asyncio.run(everybody())):
        assert set(seen.values()) == {f"user {number}"}


def test_a_client_call_is_given_the_current_token(jwt_settings: Callable[..., None]) -> None:
    @add_auth
    def call(url: str, headers: Any = None) -> Any:
        return url, headers

    token = generate_token("joe")
    load_auth_token(token)
    assert call("/x") == ("/x", {"Authorization": f"Bearer {token}"})
    assert call("/x", headers={"X": "1"}) == ("/x", {"X": "1", "Authorization": f"Bearer {token}"})
