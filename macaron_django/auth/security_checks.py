"""Finds operations that no one can call, because their ``security`` can't be read or nothing verifies a scheme."""

from __future__ import annotations

from macaron_django.auth.credential_verifiers import carries_jwt, has_verifier
from macaron_django.auth.security_requirements import UNREADABLE, SchemeRequirement, security_for
from macaron_django.openapi import Document, Finding, Operation
from macaron_django.openapi.findings import finding

__all__ = ["security_findings"]


def security_findings(document: Document) -> list[Finding]:
    """Return an error for each scheme that operations need and nothing verifies: they would refuse everyone."""
    findings: dict[object, Finding] = {}
    for operation in document.operations:
        for required in security_for(operation).requirements:
            key = operation if required is UNREADABLE else required.name
            if key not in findings and (found := _finding(required, operation)):
                findings[key] = found
    return list(findings.values())


def _finding(required: SchemeRequirement, operation: Operation) -> Finding | None:
    if required is UNREADABLE:
        message = "`security` isn't an array of security requirements; no one can call the operation."
        hint = "Write each one as an object of arrays: `security: [{bearer: []}]`."
        return finding("E403", operation.location, message, hint)
    if required.scheme is None:
        message = f"The security scheme {required.name!r} isn't defined; no one can call the operations that need it."
        hint = "Define it under components.securitySchemes (Swagger 2.0: securityDefinitions)."
        return finding("E402", operation.location, message, hint)
    if has_verifier(required.name, required.scheme):
        return None
    remedy = f'Set MACARON["SECURITY_VERIFIERS"][{required.name!r}] to the dotted path of a function'
    if carries_jwt(required.scheme):
        remedy = 'Set MACARON["JWT"]["SECRET"], ["KEYS"] or ["JWKS_URL"]; or ' + remedy[0].lower() + remedy[1:]
    elif required.scheme.type == "http" and str(required.scheme.scheme).lower() == "basic":
        remedy += ", for example macaron_django.auth.django_password"
    message = f"Nothing verifies the security scheme {required.name!r}; no one can call the operations that need it."
    return finding("E401", operation.location, message, f"{remedy}.")
