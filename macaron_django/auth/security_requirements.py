"""Enforces an operation's ``security`` with a DRF authenticator and a DRF permission, created for the operation.

In DRF, a single authenticator decides who the user is. In OpenAPI, ``security`` has alternatives, and each alternative
may need several schemes. The created authenticator therefore verifies all schemes, and stores its decision on the
request. The created permission reads this decision from the request. A viewset may replace the authenticator or the
permission, as in DRF.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.settings import api_settings

from macaron_django.auth.auth_errors import (
    Failure,
    InsufficientScopeError,
    MissingCredentialsError,
    RefusedCredentialsError,
    RefusedTokenError,
    UnverifiableCredentialsError,
)
from macaron_django.auth.authentication import REALM, bearer_challenge
from macaron_django.auth.caller import remember, remember_request
from macaron_django.auth.credential_verifiers import Verified, carries_jwt, is_bearer, verify
from macaron_django.auth.credentials import authorization, django_request
from macaron_django.auth.tokens import scopes_of
from macaron_django.openapi import Operation, SecurityScheme

if TYPE_CHECKING:
    from rest_framework.views import APIView

__all__ = ["SecurityPolicy", "security_for"]

logger = logging.getLogger("macaron_django")


@dataclass(frozen=True)
class SchemeRequirement:
    """One security scheme of an alternative, with the scopes (or roles) that it needs."""

    name: str
    scheme: SecurityScheme | None  # None: the document doesn't define it
    scopes: frozenset[str]

    def granted(self, user: Any, auth: Any) -> frozenset[str]:
        """Returns the user's scopes, from the claims that ``SCOPE_CLAIMS`` names and from ``user.scopes``."""
        return scopes_of(auth) | frozenset(getattr(user, "scopes", ()))


#: The requirement for a malformed ``security``. No request satisfies this requirement.
UNREADABLE = SchemeRequirement("", None, frozenset())


class SecurityDecision(NamedTuple):
    """The decision to grant or refuse a request.

    A request is refused if it lacks credentials or scopes, or if its credentials are wrong. If the only reason is that
    credentials are missing, all fields have their defaults.
    """

    granted: bool = False
    verified: Verified | None = None  # None if the request is anonymous
    lacking: frozenset[str] = frozenset()
    refusal: Failure | None = None


@dataclass(frozen=True, eq=False)
class SecurityPolicy:
    """Decides who may call one operation. Each operation has one policy.

    If the spec has no ``security`` for the operation, ``alternatives`` is None, and DRF's default authenticators and
    permissions decide. If the operation is public, ``alternatives`` is empty. Otherwise, a request must satisfy one
    of the alternatives: it needs credentials for every scheme in this alternative. An empty alternative accepts
    anonymous requests.
    """

    operation: Operation
    alternatives: tuple[tuple[SchemeRequirement, ...], ...] | None

    @property
    def is_silent(self) -> bool:
        """Whether the spec has no ``security`` for the operation."""
        return self.alternatives is None

    @property
    def is_public(self) -> bool:
        """Whether the spec says that anyone may call the operation."""
        return self.alternatives is not None and () in (self.alternatives or ((),))

    @property
    def is_optional(self) -> bool:
        """Whether the operation verifies credentials, but also accepts requests without credentials."""
        return bool(self.alternatives) and self.is_public

    @property
    def authentication_classes(self) -> list[type[BaseAuthentication]]:
        """DRF's ``authentication_classes`` for the operation."""
        if self.alternatives is None:
            return [RequestMemory, *_default_authenticators()]
        return [self._authentication] if self.alternatives else [RequestMemory]

    @property
    def permission_classes(self) -> list[Any]:
        """DRF's ``permission_classes``: the spec's requirement, and DEFAULT_PERMISSION_CLASSES."""
        defaults: list[Any] = list(api_settings.DEFAULT_PERMISSION_CLASSES)
        if self.alternatives is None:
            return defaults
        if not self.alternatives:
            return [AllowAny]
        if self.is_optional:
            # Requests without credentials would fail IsAuthenticated.
            defaults = [AllowedAnonymous | default for default in defaults]
        return [self.required_permission, *defaults]

    @cached_property
    def _authentication(self) -> type[BaseAuthentication]:
        return type("SpecAuthentication", (SecurityAuthentication,), {"policy": self, "__module__": __name__})

    @cached_property
    def required_permission(self) -> type[BasePermission]:
        """The DRF permission class that enforces the spec's ``security``."""
        return type("SpecPermission", (SecurityPermission,), {"policy": self, "__module__": __name__})

    @property
    def requirements(self) -> Iterator[SchemeRequirement]:
        """Every scheme of every alternative."""
        for alternative in self.alternatives or ():
            yield from alternative

    @cached_property
    def _only(self) -> SchemeRequirement | None:
        """The requirement, if there is only one and it has no scopes (the common case); otherwise None."""
        required = list(self.requirements)
        is_plain = len(required) == 1 and not required[0].scopes and not self.is_optional
        return required[0] if is_plain else None

    def judge(self, request: Request) -> SecurityDecision:
        """Verifies the request's credentials, scheme by scheme, until the request satisfies an alternative."""
        outcomes: dict[str, Verified | Failure | None] = {}
        if self._only is not None:
            outcome = outcomes[self._only.name] = _outcome(self._only, request)
            if isinstance(outcome, Verified):
                return SecurityDecision(granted=True, verified=outcome)
        lacking: SecurityDecision | None = None
        for alternative in self.alternatives or ():
            verified = [found for each in alternative if (found := self._verified(each, request, outcomes))]
            if not alternative or len(verified) < len(alternative):
                continue
            missing = frozenset[str]().union(
                *(
                    each.scopes - each.granted(found.user, found.auth)
                    for each, found in zip(alternative, verified, strict=True)
                    if each.scopes
                )
            )
            if not missing:
                return SecurityDecision(granted=True, verified=verified[0])
            lacking = lacking or SecurityDecision(verified=verified[0], lacking=missing)
        refusals = [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)]
        if self.is_optional and not refusals:
            return SecurityDecision(granted=True)
        if lacking is not None:
            return lacking
        # A server that can't verify credentials must not say that they are wrong.
        refusals.sort(key=lambda refusal: not isinstance(refusal, UnverifiableCredentialsError))
        return SecurityDecision(refusal=refusals[0]) if refusals else SecurityDecision()

    def _verified(
        self,
        required: SchemeRequirement,
        request: Request,
        outcomes: dict[str, Verified | Failure | None],
    ) -> Verified | None:
        if required.name not in outcomes:
            outcomes[required.name] = _outcome(required, request)
        outcome = outcomes[required.name]
        return outcome if isinstance(outcome, Verified) else None

    def judge_foreign(self, user: Any, auth: Any) -> SecurityDecision:
        """Decides whether a user has the required scopes. One of the project's authenticators has accepted the user."""
        lacking: frozenset[str] | None = None
        for alternative in self.alternatives or ():
            missing = frozenset[str]().union(*(each.scopes - each.granted(user, auth) for each in alternative))
            if not missing:
                return SecurityDecision(granted=True, verified=Verified(user, auth))
            lacking = lacking or missing
        return SecurityDecision(verified=Verified(user, auth), lacking=lacking or frozenset())

    def challenge(self, error: Failure | None = None) -> str:
        """Returns the value of WWW-Authenticate: a challenge for each accepted scheme (RFC 9110, section 11.6.1)."""
        challenges: dict[str, None] = {}
        for required in self.requirements:
            if required.scheme is not None:
                challenges[_challenge(required, error)] = None
        return ", ".join(challenges) or bearer_challenge(error)

    def missing(self, request: Request) -> Failure:
        """Returns the exception for a request that has no credentials of an accepted scheme."""
        schemes = [required.scheme for required in self.requirements if required.scheme is not None]
        places = [[_place(r.scheme) for r in each if r.scheme is not None] for each in self.alternatives or ()]
        separator = ", or " if any(len(each) > 1 for each in places) else " or "
        wanted = separator.join(dict.fromkeys(" and ".join(each) for each in places if each)) or "a token"
        header = authorization(request)
        jwt = any(map(carries_jwt, schemes))
        accepted = {"bearer"} if jwt else set()
        accepted |= {str(scheme.scheme).lower() for scheme in schemes if scheme.type == "http"}
        if header is None or not accepted or header[0] in accepted:
            return MissingCredentialsError(f"The request needs credentials: send {wanted}.")
        refusal = RefusedTokenError if jwt else RefusedCredentialsError
        return refusal(f"The Authorization header has a scheme that isn't accepted: send {wanted}.")


def _outcome(required: SchemeRequirement, request: Request) -> Verified | Failure | None:
    if required is UNREADABLE:
        return _unverifiable(required, "The operation's `security` isn't an array of security requirements.")
    if required.scheme is None:
        return _unverifiable(required, f"The security scheme {required.name!r} isn't defined under securitySchemes.")
    try:
        return verify(required.name, required.scheme, request)
    except Failure as error:
        return error
    except ImproperlyConfigured as error:
        return _unverifiable(required, str(error))


#: The names of the schemes whose problem has been logged.
_logged: set[str] = set()


def _unverifiable(required: SchemeRequirement, reason: str) -> Failure:
    """Returns the exception for credentials that the server can't verify.

    Logs the reason once for each scheme, because requests could otherwise fill the log.
    """
    if required.name not in _logged:
        _logged.add(required.name)
        logger.error("%s Requests with such credentials get a 401.", reason)
    named = f" of the security scheme {required.name!r}" if required.name else ""
    return UnverifiableCredentialsError(
        f"The server isn't set up to verify credentials{named}. It refuses even correct credentials."
    )


def _challenge(required: SchemeRequirement, error: Failure | None) -> str:
    scheme = cast("SecurityScheme", required.scheme)
    if is_bearer(scheme) or carries_jwt(scheme):
        return bearer_challenge(error, required.scopes)
    if scheme.type == "apiKey":
        return f'ApiKey realm="{REALM}", in="{scheme.location}", name="{scheme.name}"'
    name = str(scheme.scheme or scheme.type)
    return f'{name[:1].upper()}{name[1:]} realm="{REALM}"'


def _place(scheme: SecurityScheme) -> str:
    if is_bearer(scheme) or carries_jwt(scheme):
        return "Authorization: Bearer <token>"
    if scheme.type == "apiKey":
        return f"the {scheme.location} {'parameter ' if scheme.location == 'query' else ''}{scheme.name}"
    if scheme.type == "http":
        return f"Authorization: {str(scheme.scheme).capitalize()} <credentials>"
    return "a client certificate"


_DECISION = "_macaron_security_decision"


def _default_authenticators() -> list[type[BaseAuthentication]]:
    return cast("list[type[BaseAuthentication]]", list(api_settings.DEFAULT_AUTHENTICATION_CLASSES))


class RequestMemory(BaseAuthentication):
    """Remembers the request for ``requires_auth``. Doesn't authenticate anyone.

    Used for operations whose ``security`` is missing or empty.
    """

    def authenticate(self, request: Request) -> None:
        remember_request(cast("HttpRequest", request))

    def authenticate_header(self, request: Request) -> str | None:
        # DRF uses only the challenge of the view's first authenticator.
        defaults = _default_authenticators()
        return defaults[0]().authenticate_header(request) if defaults else bearer_challenge()


class SecurityAuthentication(BaseAuthentication):
    """Authenticates requests according to ``policy``. Wrong credentials raise an exception.

    Without credentials, a request is anonymous.
    """

    policy: SecurityPolicy

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        remember_request(cast("HttpRequest", request))
        decision = self.policy.judge(request)
        setattr(django_request(request), _DECISION, (self.policy, decision))
        if decision.refusal is not None:
            # Without this call, DRF would authenticate again while it renders the error.
            request._not_authenticated()  # type: ignore[attr-defined]
            raise _with_challenge(decision.refusal, self.policy)
        if decision.verified is None:
            return None
        found = decision.verified
        remember(found.auth if isinstance(found.auth, Mapping) else {}, found.token)
        return found.user, found.auth

    def authenticate_header(self, request: Request) -> str:
        known = _decision(request, self.policy)
        refusal = known.refusal if known else None
        return self.policy.challenge(refusal if isinstance(refusal, Failure) else None)


class SecurityPermission(BasePermission):
    """Permits the requests that the policy grants.

    Raises a 401 if credentials are missing, and a 403 if scopes are missing.
    """

    policy: SecurityPolicy

    def has_permission(self, request: Request, view: APIView) -> bool:
        decision = _decision(request, self.policy)
        foreign = request.user is not None and request.user.is_authenticated
        if foreign and (decision is None or decision.verified is None):
            decision = self.policy.judge_foreign(request.user, request.auth)
        elif decision is None:
            decision = SecurityDecision(granted=self.policy.is_optional)
        if decision.granted:
            return True
        if decision.lacking:
            needed = " ".join(sorted(decision.lacking))
            error: Failure = InsufficientScopeError(f"The credentials lack the scope {needed}.")
            error.headers = {"WWW-Authenticate": bearer_challenge(error, decision.lacking)}
            raise error
        raise _with_challenge(decision.refusal or self.policy.missing(request), self.policy)


class AllowedAnonymous(BasePermission):
    """Permits anonymous requests, because the policy has already accepted them."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return not (request.user and request.user.is_authenticated)


def _decision(request: Any, policy: SecurityPolicy) -> SecurityDecision | None:
    policy_asked, decision = getattr(django_request(request), _DECISION, (None, None))
    return decision if policy_asked is policy else None


def _with_challenge(error: Exception, policy: SecurityPolicy) -> Exception:
    if isinstance(error, Failure) and error.status == 401:
        error.headers = {**error.headers, "WWW-Authenticate": policy.challenge(error)}
    return error


def security_for(operation: Operation) -> SecurityPolicy:
    """Returns the policy of an operation, from the operation's ``security`` or else the document's ``security``."""
    if not _is_readable(operation):
        return SecurityPolicy(operation, ((UNREADABLE,),))
    if operation.security is None:
        return SecurityPolicy(operation, None)
    schemes = operation.document.security_schemes
    return SecurityPolicy(
        operation,
        tuple(
            tuple(SchemeRequirement(name, schemes.get(name), frozenset(scopes)) for name, scopes in each.items())
            for each in operation.security
        ),
    )


def _is_readable(operation: Operation) -> bool:
    """Returns whether ``security`` is an array of objects that contain arrays.

    Without this check, an operation with a mistake in its ``security`` could become public.
    """
    written = operation.json.get("security")
    if written is None:
        written = operation.document.json.get("security")
    return written is None or (
        isinstance(written, list)
        and all(isinstance(each, Mapping) for each in written)
        and all(scopes is None or isinstance(scopes, list) for each in written for scopes in each.values())
    )
