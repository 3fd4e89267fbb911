"""Tokens, who sent a request, and whether an operation's ``security`` lets them.

``generate_token`` to ``backend_token`` are PyMacaron's names; ``security_for(operation)`` is what the API layer
builds views with, ``configuration_problems`` and ``security_findings`` are what the checks show.
"""

from macaron_django.auth.authentication import JWTAuthentication, authenticate_http_request, requires_auth
from macaron_django.auth.current import (
    add_auth,
    backend_token,
    current_request,
    get_token_issuer,
    get_user_token,
    get_user_token_data,
    get_userid,
    load_auth_token,
    remember_request,
)
from macaron_django.auth.keys import ConfigurationProblem, configuration_problems
from macaron_django.auth.security import SecurityPolicy, security_findings, security_for
from macaron_django.auth.tokens import generate_token
from macaron_django.auth.users import TokenUser
from macaron_django.auth.verifiers import django_password, register_verifier

__all__ = [
    "ConfigurationProblem",
    "JWTAuthentication",
    "SecurityPolicy",
    "TokenUser",
    "add_auth",
    "authenticate_http_request",
    "backend_token",
    "configuration_problems",
    "current_request",
    "django_password",
    "generate_token",
    "get_token_issuer",
    "get_user_token",
    "get_user_token_data",
    "get_userid",
    "load_auth_token",
    "register_verifier",
    "remember_request",
    "requires_auth",
    "security_findings",
    "security_for",
]
