"""Takes the values of item keys from the caller: from a claim or from the user's id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from macaron_django.auth.auth_errors import MissingCredentialsError
from macaron_django.exceptions import ClaimMissingError

__all__ = ["caller_value"]


def caller_value(source: str, request: Request) -> str:
    """Returns the value of ``source`` for the caller of a request, as text. ``source`` is ``claim:<name>`` or ``user``.

    ``request.auth`` has the claims, which come from a token, a verifier or an authenticator. Raises
    MissingCredentialsError for an anonymous caller. Raises ClaimMissingError if the value is missing, or if it is
    neither text nor an integer.
    """
    user = request.user
    if user is None or not user.is_authenticated:
        raise MissingCredentialsError("The request needs credentials, because it can use only the caller's own items.")
    kind, _, name = source.partition(":")
    value: Any = None
    if kind == "user":
        value = user.pk
    elif kind == "claim" and isinstance(request.auth, Mapping):
        value = request.auth.get(name)
    # A list of tenants, or true, isn't one tenant.
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        what = f"claim {name}" if kind == "claim" else "user's id"
        raise ClaimMissingError(
            f"The credentials lack the {what}. It determines whose items you can use, and must be a string "
            "or an integer."
        )
    return str(value)
