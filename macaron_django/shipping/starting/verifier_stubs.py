"""Writes stubs of the functions that verify the credentials of a spec's security schemes.

The stubs refuse all callers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count

from macaron_django.auth.credential_verifiers import carries_jwt
from macaron_django.auth.security_requirements import UNREADABLE, security_for
from macaron_django.openapi import Document, SecurityScheme, snake_case

__all__ = ["verifier_paths", "verifiers_module"]

_DJANGOS_PASSWORDS = "macaron_django.auth.django_password"


def verifier_paths(document: Document, module: str) -> dict[str, str]:
    """Returns the entries for ``SECURITY_VERIFIERS``: dotted paths of functions, by the name of a security scheme.

    The result has only the schemes that operations require. It leaves out schemes whose credentials are JWTs, because
    they need no function. Schemes of type ``basic`` use this package's function, which verifies the names and passwords
    of Django's users.
    """
    verified = {name: scheme for name, scheme in _required(document).items() if not carries_jwt(scheme)}
    functions = _functions([name for name, scheme in verified.items() if not _is_basic(scheme)])
    return {name: f"{module}.{functions[name]}" if name in functions else _DJANGOS_PASSWORDS for name in verified}


def verifiers_module(document: Document, api: str, paths: Mapping[str, str]) -> str | None:
    """Returns the source of the module with these functions. None if no function is needed."""
    schemes = _required(document)
    own = {name: schemes[name] for name, path in paths.items() if path != _DJANGOS_PASSWORDS}
    if not own:
        return None
    head = (
        f'"""Verifies the callers of the API {api}: one function for each security scheme.\n\n'
        "At first, each function refuses all callers. To accept a caller, return a user,\n"
        "claims with a sub, or the id of a user. To refuse a caller, return None. Compare\n"
        'secrets with django.utils.crypto.constant_time_compare.\n"""\n\nfrom rest_framework.request import Request\n'
    )
    functions = [
        f"def {paths[name].rpartition('.')[2]}({_arguments(scheme)}request: Request) -> object:\n"
        f'    """Returns the caller that these {_plain(name)} credentials belong to, or None."""\n'
        "    return None\n"
        for name, scheme in own.items()
    ]
    return "\n\n".join([head, *functions])


def _required(document: Document) -> dict[str, SecurityScheme]:
    found: dict[str, SecurityScheme] = {}
    for operation in document.operations:
        for required in security_for(operation).requirements:
            if required is not UNREADABLE and required.scheme is not None:
                found[required.name] = required.scheme
    return found


def _arguments(scheme: SecurityScheme) -> str:
    if scheme.type == "mutualTLS":
        return ""
    return "key: str, " if scheme.type == "apiKey" else "credentials: str, "


def _is_basic(scheme: SecurityScheme) -> bool:
    return scheme.type == "http" and scheme.scheme == "basic"


def _functions(schemes: Iterable[str]) -> dict[str, str]:
    """Returns the function name of each scheme.

    If several names would be equal in Python, all except the first get a number.

    >>> _functions(["a-b", "a_b", "a b", "a_b_2"])
    {'a-b': 'verify_a_b', 'a_b': 'verify_a_b_3', 'a b': 'verify_a_b_4', 'a_b_2': 'verify_a_b_2'}
    """
    plain = {name: _function(name) for name in schemes}
    found: dict[str, str] = {}
    for name, function in plain.items():
        taken = {*plain.values(), *found.values()}
        numbered = (f"{function}_{number}" for number in count(2))
        is_first = function not in found.values()
        found[name] = function if is_first else next(each for each in numbered if each not in taken)
    return found


def _function(name: str) -> str:
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in snake_case(name)).strip("_")
    return f"verify_{plain or 'credentials'}"


def _plain(name: str) -> str:
    return "".join(c for c in name if c.isprintable() and c not in '"\\')[:60]
