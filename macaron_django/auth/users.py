"""Finds the user for the verified claims of a token.

The setting ``MACARON["JWT"]["USER"]`` decides which user this is. If it is "none", the user has only the data in
the claims. If it is "lookup", the user is the Django user whose username is in ``sub``. "create" also creates a missing
Django user.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured

from macaron_django.auth.tokens import scopes_of
from macaron_django.conf import settings
from macaron_django.exceptions import AuthInvalidTokenError

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

__all__ = ["TokenUser", "user_for"]


class TokenUser:
    """A user who is known only from claims, not from a database. The user is authenticated, but has no permissions."""

    is_authenticated = True
    is_active = True
    is_anonymous = is_staff = is_superuser = False

    def __init__(self, claims: Mapping[str, Any]) -> None:
        self.claims: Mapping[str, Any] = MappingProxyType(dict(claims))

    @cached_property
    def scopes(self) -> frozenset[str]:
        """The scopes that the claims grant."""
        return scopes_of(self.claims)

    @property
    def pk(self) -> str:
        """The claim ``sub``."""
        return str(self.claims.get("sub", ""))

    @property
    def username(self) -> str:
        return self.pk

    @property
    def id(self) -> str:
        return self.pk

    def get_username(self) -> str:
        return self.pk

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return False

    def has_perms(self, perm_list: object, obj: object = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False

    def get_all_permissions(self, obj: object = None) -> set[str]:
        return set()

    def __str__(self) -> str:
        return self.pk

    def __repr__(self) -> str:
        return f"<TokenUser {self.pk}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenUser) and self.pk == other.pk

    def __hash__(self) -> int:
        return hash(self.pk)


def user_for(claims: Mapping[str, Any]) -> TokenUser | AbstractBaseUser:
    """Returns the user for a token's verified claims.

    Raises AuthInvalidTokenError if the user doesn't exist or is inactive.
    """
    mapping = settings.JWT.USER
    if mapping == "none":
        return TokenUser(claims)
    if mapping not in ("lookup", "create"):
        raise ImproperlyConfigured('MACARON["JWT"]["USER"] must be "none", "lookup" or "create".')
    user = _django_user(str(claims.get("sub", "")), create=mapping == "create")
    if user is None or not user.is_active:
        raise AuthInvalidTokenError("The token isn't valid: its user doesn't exist or is inactive.")
    return user


def _django_user(subject: str, *, create: bool) -> AbstractBaseUser | None:
    model = get_user_model()
    manager, name = model._default_manager, model.USERNAME_FIELD
    longest = getattr(model._meta.get_field(name), "max_length", None)
    # For such names, some databases raise an exception, and others shorten the name.
    if not subject or "\0" in subject or (longest is not None and len(subject) > longest):
        return None
    user = manager.filter(**{name: subject}).first()
    if user is None and create:
        # The name isn't normalised, because two subjects that look alike in Unicode are different users.
        blank = model()
        blank.set_unusable_password()
        user, _ = manager.get_or_create(**{name: subject}, defaults={"password": blank.password})
    # With a case-insensitive collation, the query also finds other users.
    return user if user is not None and user.get_username() == subject else None
