"""Authentication and authorization: JWTs, credentials, and the operations' ``security``.

It takes requests, and returns their verified user, claims and token, or raises an exception that DRF answers with 401
or 403. Open ``tokens`` for how tokens are signed and verified, ``key_settings`` for which keys and settings count,
``credentials`` for where credentials are found, ``credential_verifiers`` for what verifies a scheme,
``security_requirements`` for what a spec's ``security`` requires, ``key_sources`` for keys of items that come from the
caller, and ``caller`` for what handlers can ask about the caller.
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
