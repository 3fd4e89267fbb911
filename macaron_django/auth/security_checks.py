"""Finds security schemes that have no verifier. No one can call an operation that needs a scheme without a verifier."""

from __future__ import annotations

from macaron_django.auth.credential_verifiers import carries_jwt, has_verifier
from macaron_django.auth.keys.key_settings import configuration_problems
from macaron_django.auth.security_requirements import SchemeRequirement, security_for
from macaron_django.openapi import Document, Finding, Operation
from macaron_django.openapi.findings import finding

__all__ = ["security_findings"]


def security_findings(document: Document) -> list[Finding]:
    """Returns an error for each security scheme that an operation needs, but that has no verifier."""
    findings: dict[str, Finding] = {}
    for operation in document.operations:
        for required in security_for(operation).requirements:
            if required.name not in findings and (found := _finding(required, operation)):
                findings[required.name] = found
    return list(findings.values())


def _finding(required: SchemeRequirement, operation: Operation) -> Finding | None:
    if required.scheme is None:  # a URI (OpenAPI 3.2) or a broken reference; E027 reports undeclared names
        message = f"There is no security scheme {required.name!r}; no one can call the operations that need it."
        hint = "Define it under components.securitySchemes (Swagger 2.0: securityDefinitions)."
        return finding("E401", operation.location, message, hint)
    if has_verifier(required.name, required.scheme):
        return None
    remedy = f'Set MACARON["SECURITY_VERIFIERS"][{required.name!r}] to the dotted path of a function'
    problems = [each for each in configuration_problems() if each.level == "error"]
    if carries_jwt(required.scheme) and problems:
        remedy = f"{problems[0].message} {problems[0].hint.rstrip('.')}"
    elif carries_jwt(required.scheme):
        remedy = 'Set MACARON["JWT"]["SECRET"], ["KEYS"] or ["JWKS_URL"]; or ' + remedy[0].lower() + remedy[1:]
    elif required.scheme.type == "http" and str(required.scheme.scheme).lower() == "basic":
        remedy += ", for example macaron_django.auth.django_password"
    message = (
        f"Nothing verifies the credentials of the security scheme {required.name!r}, so no one can call the operations "
        "that need it."
    )
    return finding("E401", operation.location, message, f"{remedy}.")
