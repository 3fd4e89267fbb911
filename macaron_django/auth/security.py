"""An operation's ``security`` → who may call it: one DRF authenticator and permission made for the operation.

DRF lets any one of its authenticators decide; OpenAPI has alternatives that may each need several schemes.
So the whole requirement is judged at once, the verdict kept on the request, and both classes read it. A
viewset that overrides either of them replaces that half, as DRF documents.
"""

from __future__ import annotations

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

from macaron_django.auth.authentication import REALM, bearer_challenge
from macaron_django.auth.credentials import authorization, django_request
from macaron_django.auth.current import remember, remember_request
from macaron_django.auth.failures import (
    Failure,
    InsufficientScopeError,
    MissingCredentialsError,
    RefusedCredentialsError,
    RefusedTokenError,
)
from macaron_django.auth.tokens import scopes_of
from macaron_django.auth.verifiers import Verified, carries_jwt, has_verifier, is_bearer, is_own_jwt, verify
from macaron_django.spec import Document, Finding, Operation, SecurityScheme

if TYPE_CHECKING:
    from rest_framework.views import APIView

__all__ = ["SecurityPolicy", "security_findings", "security_for"]


@dataclass(frozen=True)
class SchemeRequirement:
    """One security scheme of an alternative, with the scopes (or roles) that it needs."""

    name: str
    scheme: SecurityScheme | None  # None: the document doesn't define it
    scopes: frozenset[str]

    def granted(self, user: Any, auth: Any) -> frozenset[str]:
        """Return what the user was granted. Names on other schemes than OAuth's are roles (OpenAPI 3.1)."""
        oauth = self.scheme is not None and self.scheme.type in ("oauth2", "openIdConnect")
        return scopes_of(auth, *(() if oauth else ("roles",))) | frozenset(getattr(user, "scopes", ()))


#: Stands for a ``security`` that isn't written as OpenAPI writes it; nothing satisfies it.
UNREADABLE = SchemeRequirement("", None, frozenset())


class Verdict(NamedTuple):
    """What the request's credentials amount to. Neither granted nor refused means that there were none."""

    granted: bool = False
    verified: Verified | None = None  # None with ``granted``: anonymous, where that is allowed
    lacking: frozenset[str] = frozenset()
    refusal: Failure | ImproperlyConfigured | None = None


@dataclass(frozen=True, eq=False)
class SecurityPolicy:
    """Who may call one operation. Made once an operation; judges each request.

    ``alternatives`` is None where the spec is silent (DRF's default authenticators decide) and empty where the
    operation is public; otherwise one of them must hold, each with all of its schemes; an empty one lets
    anonymous requests in.
    """

    operation: Operation
    alternatives: tuple[tuple[SchemeRequirement, ...], ...] | None

    @property
    def is_silent(self) -> bool:
        return self.alternatives is None

    @property
    def is_public(self) -> bool:
        """Whether anybody may call the operation because its spec says so."""
        return self.alternatives is not None and () in (self.alternatives or ((),))

    @property
    def is_optional(self) -> bool:
        """Whether credentials are understood and not needed."""
        return bool(self.alternatives) and self.is_public

    @property
    def authentication_classes(self) -> list[type[BaseAuthentication]]:
        """DRF's ``authentication_classes`` for the operation."""
        if self.alternatives is None:
            return [RequestMemory, *_default_authenticators()]
        return [self._authentication] if self.alternatives else [RequestMemory]

    @property
    def permission_classes(self) -> list[Any]:
        """DRF's ``permission_classes``: the spec's requirement, and DEFAULT_PERMISSION_CLASSES (decision 13)."""
        defaults: list[Any] = list(api_settings.DEFAULT_PERMISSION_CLASSES)
        if self.alternatives is None:
            return defaults
        if not self.alternatives:
            return [AllowAny]
        if self.is_optional:
            # those who are let in without credentials can't pass, say, IsAuthenticated
            defaults = [AllowedAnonymous | default for default in defaults]
        return [self.required_permission, *defaults]

    @cached_property
    def _authentication(self) -> type[BaseAuthentication]:
        return type("SpecAuthentication", (SecurityAuthentication,), {"policy": self, "__module__": __name__})

    @cached_property
    def required_permission(self) -> type[BasePermission]:
        """What the spec itself requires, as DRF asks for it."""
        return type("SpecPermission", (SecurityPermission,), {"policy": self, "__module__": __name__})

    @property
    def requirements(self) -> Iterator[SchemeRequirement]:
        """Every scheme of every alternative."""
        for alternative in self.alternatives or ():
            yield from alternative

    @property
    def is_judged_here(self) -> bool:
        """Whether only JWTs are asked for, and no project's verifier decides about them."""
        schemes = [(each.name, each.scheme) for each in self.requirements]
        return all(scheme is not None and is_own_jwt(name, scheme) for name, scheme in schemes)

    @cached_property
    def _only(self) -> SchemeRequirement | None:
        """What is asked for, if that is one scheme without scopes, as it mostly is."""
        required = list(self.requirements)
        is_plain = len(required) == 1 and not required[0].scopes and not self.is_optional
        return required[0] if is_plain else None

    def judge(self, request: Request) -> Verdict:
        """Verify what the request carries, scheme by scheme, until one alternative holds."""
        outcomes: dict[str, Verified | Failure | ImproperlyConfigured | None] = {}
        if self._only is not None:
            outcome = outcomes[self._only.name] = _outcome(self._only, request)
            if isinstance(outcome, Verified):
                return Verdict(granted=True, verified=outcome)
        lacking: Verdict | None = None
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
                return Verdict(granted=True, verified=verified[0])
            lacking = lacking or Verdict(verified=verified[0], lacking=missing)
        refusals = [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)]
        if self.is_optional and not refusals:
            return Verdict(granted=True)
        if lacking is not None:
            return lacking
        # a server that can't tell must not tell the client that its credentials are wrong
        refusals.sort(key=lambda refusal: not isinstance(refusal, ImproperlyConfigured))
        return Verdict(refusal=refusals[0]) if refusals else Verdict()

    def _verified(
        self,
        required: SchemeRequirement,
        request: Request,
        outcomes: dict[str, Verified | Failure | ImproperlyConfigured | None],
    ) -> Verified | None:
        if required.name not in outcomes:
            outcomes[required.name] = _outcome(required, request)
        outcome = outcomes[required.name]
        return outcome if isinstance(outcome, Verified) else None

    def judge_foreign(self, user: Any, auth: Any) -> Verdict:
        """Judge somebody whom an authenticator of the viewset's own has let in: only scopes are left to ask for."""
        lacking: frozenset[str] | None = None
        for alternative in self.alternatives or ():
            missing = frozenset[str]().union(*(each.scopes - each.granted(user, auth) for each in alternative))
            if not missing:
                return Verdict(granted=True, verified=Verified(user, auth))
            lacking = lacking or missing
        return Verdict(verified=Verified(user, auth), lacking=lacking or frozenset())

    def challenge(self, error: Failure | None = None) -> str:
        """Write WWW-Authenticate: every scheme that would be accepted (RFC 9110, section 11.6.1)."""
        challenges: dict[str, None] = {}
        for required in self.requirements:
            if required.scheme is not None:
                challenges[_challenge(required, error)] = None
        return ", ".join(challenges) or bearer_challenge(error)

    def missing(self, request: Request) -> Failure:
        """Say that the request has no credentials, or none of a scheme that is accepted here."""
        schemes = [required.scheme for required in self.requirements if required.scheme is not None]
        wanted = " or ".join(dict.fromkeys(_place(scheme) for scheme in schemes)) or "a token"
        header = authorization(request)
        jwt = any(map(carries_jwt, schemes))
        accepted = {"bearer"} if jwt else set()
        accepted |= {str(scheme.scheme).lower() for scheme in schemes if scheme.type == "http"}
        if header is None or not accepted or header[0] in accepted:
            return MissingCredentialsError(f"The request needs credentials: send {wanted}.")
        refusal = RefusedTokenError if jwt else RefusedCredentialsError
        return refusal(f"The Authorization header isn't of an accepted scheme: send {wanted}.")


def _outcome(required: SchemeRequirement, request: Request) -> Verified | Failure | ImproperlyConfigured | None:
    if required is UNREADABLE:
        return ImproperlyConfigured("The operation's `security` isn't an array of security requirements.")
    if required.scheme is None:
        return ImproperlyConfigured(f"The security scheme {required.name!r} isn't defined under securitySchemes.")
    try:
        return verify(required.name, required.scheme, request)
    except (Failure, ImproperlyConfigured) as error:
        return error


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


_VERDICT = "_macaron_security_verdict"


def _default_authenticators() -> list[type[BaseAuthentication]]:
    return cast("list[type[BaseAuthentication]]", list(api_settings.DEFAULT_AUTHENTICATION_CLASSES))


class RequestMemory(BaseAuthentication):
    """Authenticates nobody: lets ``requires_auth`` know the request of an operation without requirement."""

    def authenticate(self, request: Request) -> None:
        remember_request(cast("HttpRequest", request))

    def authenticate_header(self, request: Request) -> str | None:
        # DRF asks only the first of a view's authenticators for its challenge
        defaults = _default_authenticators()
        return defaults[0]().authenticate_header(request) if defaults else bearer_challenge()


class SecurityAuthentication(BaseAuthentication):
    """Reads the policy's verdict: wrong credentials raise, none at all leave the request anonymous."""

    policy: SecurityPolicy

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        remember_request(cast("HttpRequest", request))
        verdict = self.policy.judge(request)
        setattr(django_request(request), _VERDICT, (self.policy, verdict))
        if verdict.refusal is not None:
            # or DRF would authenticate again while it renders the error
            request._not_authenticated()  # type: ignore[attr-defined]
            raise _with_challenge(verdict.refusal, self.policy)
        if verdict.verified is None:
            return None
        found = verdict.verified
        remember(found.auth if isinstance(found.auth, Mapping) else {}, found.token)
        return found.user, found.auth

    def authenticate_header(self, request: Request) -> str:
        known = _verdict(request, self.policy)
        refusal = known.refusal if known else None
        return self.policy.challenge(refusal if isinstance(refusal, Failure) else None)


class SecurityPermission(BasePermission):
    """Grants what the policy's verdict grants; 401 without credentials, 403 without the scopes."""

    policy: SecurityPolicy

    def has_permission(self, request: Request, view: APIView) -> bool:
        verdict = _verdict(request, self.policy)
        foreign = request.user is not None and request.user.is_authenticated
        if foreign and (verdict is None or verdict.verified is None):
            verdict = self.policy.judge_foreign(request.user, request.auth)
        elif verdict is None:
            verdict = Verdict(granted=self.policy.is_optional)
        if verdict.granted:
            return True
        if verdict.lacking:
            needed = " ".join(sorted(verdict.lacking))
            error: Failure = InsufficientScopeError(f"The credentials lack the scope {needed}.")
            error.headers = {"WWW-Authenticate": bearer_challenge(error, verdict.lacking)}
            raise error
        raise _with_challenge(verdict.refusal or self.policy.missing(request), self.policy)


class AllowedAnonymous(BasePermission):
    """Anonymous requests, where the policy has let them in already."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return not (request.user and request.user.is_authenticated)


def _verdict(request: Any, policy: SecurityPolicy) -> Verdict | None:
    judged_by, verdict = getattr(django_request(request), _VERDICT, (None, None))
    return verdict if judged_by is policy else None


def _with_challenge(error: Exception, policy: SecurityPolicy) -> Exception:
    if isinstance(error, Failure) and error.status == 401:
        error.headers = {**error.headers, "WWW-Authenticate": policy.challenge(error)}
    return error


def security_for(operation: Operation) -> SecurityPolicy:
    """Make the policy of an operation from its ``security``, or the document's where it has none of its own."""
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
    """Tell whether ``security`` is an array of objects of arrays: what is left of anything else might be public."""
    written = operation.json.get("security")
    if written is None:
        written = operation.document.json.get("security")
    return written is None or (
        isinstance(written, list)
        and all(isinstance(each, Mapping) for each in written)
        and all(scopes is None or isinstance(scopes, list) for each in written for scopes in each.values())
    )


def security_findings(document: Document) -> list[Finding]:
    """List the schemes that operations need and nobody can verify: errors, since those operations refuse everybody."""
    findings: dict[object, Finding] = {}
    for operation in document.operations:
        for required in security_for(operation).requirements:
            key = operation if required is UNREADABLE else required.name
            if key not in findings and (finding := _finding(required, operation)):
                findings[key] = finding
    return list(findings.values())


def _finding(required: SchemeRequirement, operation: Operation) -> Finding | None:
    if required is UNREADABLE:
        return Finding(
            "E403",
            "error",
            "`security` isn't an array of security requirements; nobody can call the operation.",
            "Write each as an object of arrays: `security: [{bearer: []}]`.",
            operation.location,
        )
    if required.scheme is None:
        return Finding(
            "E402",
            "error",
            f"The security scheme {required.name!r} isn't defined; nobody can call the operations that need it.",
            "Define it under components.securitySchemes (Swagger 2.0: securityDefinitions).",
            operation.location,
        )
    if has_verifier(required.name, required.scheme):
        return None
    remedy = f'Set MACARON["SECURITY_VERIFIERS"][{required.name!r}] to the dotted path of a function'
    if carries_jwt(required.scheme):
        remedy = 'Set MACARON["JWT"]["SECRET"], ["KEYS"] or ["JWKS_URL"]; or ' + remedy[0].lower() + remedy[1:]
    elif required.scheme.type == "http" and str(required.scheme.scheme).lower() == "basic":
        remedy += ", for example macaron_django.auth.django_password"
    return Finding(
        "E401",
        "error",
        f"Nothing verifies the security scheme {required.name!r}; nobody can call the operations that need it.",
        remedy + ".",
        operation.location,
    )
