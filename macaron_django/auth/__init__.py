"""Authentication and authorization: JWTs, credentials, and the operations' ``security``.

This package verifies the credentials of a request, and finds the user, the claims and the token. If the credentials are
missing or refused, this package raises an exception that becomes a 401 or 403. ``tokens`` signs and verifies tokens,
with the keys from ``key_settings``. ``credentials`` finds credentials in a request, and ``credential_verifiers``
verifies them. ``security_requirements`` enforces a spec's ``security``. ``key_sources`` takes the values of item keys
from the caller's claims or id. ``caller`` has functions that return the caller's id, claims and token to handlers.
"""

from macaron_django.auth.authentication import JWTAuthentication, authenticate_http_request, requires_auth
from macaron_django.auth.caller import (
    add_auth,
    backend_token,
    get_token_issuer,
    get_user_token,
    get_user_token_data,
    get_userid,
    load_auth_token,
)
from macaron_django.auth.credential_verifiers import django_password, register_verifier
from macaron_django.auth.keys.key_settings import configuration_problems, short_secret
from macaron_django.auth.security_checks import security_findings
from macaron_django.auth.security_requirements import security_for
from macaron_django.auth.tokens import generate_token
from macaron_django.auth.users import TokenUser

__all__ = [
    "JWTAuthentication",
    "TokenUser",
    "add_auth",
    "authenticate_http_request",
    "backend_token",
    "configuration_problems",
    "django_password",
    "generate_token",
    "get_token_issuer",
    "get_user_token",
    "get_user_token_data",
    "get_userid",
    "load_auth_token",
    "register_verifier",
    "requires_auth",
    "security_findings",
    "security_for",
    "short_secret",
]
