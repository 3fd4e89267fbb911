"""Claims → users: of the claims alone, or of Django's user model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured

from macaron_django.auth.users import TokenUser, user_for
from macaron_django.exceptions import AuthInvalidTokenError

SECRET = "a secret of the test suite, long enough for HS512: 64 bytes or more."


def test_a_token_user_is_authenticated_and_may_nothing(jwt_settings: Callable[..., None]) -> None:
    claims = {"sub": "joe", "scope": "read write"}
    user = user_for(claims)
    assert isinstance(user, TokenUser)
    assert (user.id, user.pk, user.username, user.get_username(), str(user)) == ("joe",) * 5
    assert user.scopes == {"read", "write"}
    assert dict(user.claims) == claims
    assert user.is_authenticated
    assert user.is_active
    assert not any((user.is_anonymous, user.is_staff, user.is_superuser))
    assert not any((user.has_perm("x.y"), user.has_perms(["x.y"]), user.has_module_perms("x")))
    assert user.get_all_permissions() == set()
    claims["sub"] = "root"
    assert user.id == "joe"


def test_token_users_are_equal_by_id(jwt_settings: Callable[..., None]) -> None:
    assert TokenUser({"sub": "joe"}) == TokenUser({"sub": "joe", "scope": "a"})
    assert len({TokenUser({"sub": "joe"}), TokenUser({"sub": "joe"}), TokenUser({"sub": "eve"})}) == 2
    assert TokenUser({"sub": ""}) != AnonymousUser()


@pytest.mark.django_db
def test_lookup_finds_the_django_user_named_by_sub(jwt_settings: Callable[..., None]) -> None:
    joe = get_user_model().objects.create_user("joe")
    jwt_settings(SECRET=SECRET, USER="lookup")
    assert user_for({"sub": "joe"}) == joe


@pytest.mark.django_db
@pytest.mark.parametrize("mapping", ["lookup", "create"])
@pytest.mark.parametrize("sub", ["inactive", "", "a\0b", "x" * 151])
def test_a_user_who_cannot_be_is_refused(jwt_settings: Callable[..., None], mapping: str, sub: str) -> None:
    get_user_model().objects.create_user("inactive", is_active=False)
    jwt_settings(SECRET=SECRET, USER=mapping)
    with pytest.raises(AuthInvalidTokenError):
        user_for({"sub": sub})
    assert get_user_model().objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("sub", ["joe", "JOE", "joe' OR 1=1 --"])
def test_lookup_makes_no_users(jwt_settings: Callable[..., None], sub: str) -> None:
    jwt_settings(SECRET=SECRET, USER="lookup")
    with pytest.raises(AuthInvalidTokenError):
        user_for({"sub": sub})
    assert get_user_model().objects.count() == 0


@pytest.mark.django_db
def test_create_makes_each_user_once_and_without_a_password(jwt_settings: Callable[..., None]) -> None:
    jwt_settings(SECRET=SECRET, USER="create")
    first: Any = user_for({"sub": "auth0|5f7c8ec7"})
    assert user_for({"sub": "auth0|5f7c8ec7"}) == first
    assert first.username == "auth0|5f7c8ec7"
    assert not first.has_usable_password()
    assert not any((first.is_staff, first.is_superuser))


@pytest.mark.django_db
def test_subjects_that_only_look_alike_are_different_users(jwt_settings: Callable[..., None]) -> None:
    fi = get_user_model().objects.create_user("fi")
    jwt_settings(SECRET=SECRET, USER="create")
    assert user_for({"sub": "\N{LATIN SMALL LIGATURE FI}"}) != fi
    assert user_for({"sub": "fi"}) == fi


def test_an_unknown_mapping_accepts_nobody(jwt_settings: Callable[..., None]) -> None:
    jwt_settings(SECRET=SECRET, USER="guess")
    with pytest.raises(ImproperlyConfigured, match="USER"):
        user_for({"sub": "joe"})
