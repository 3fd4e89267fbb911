"""Logs the errors in specs when a server starts. Then either stops the server or leaves out the APIs with errors."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import SystemCheckError

from macaron_django.conf import settings
from macaron_django.openapi import Finding, explained_by
from macaron_django.registry import registry

__all__ = ["BrokenSpecError", "broken_apis", "log_errors"]

logger = logging.getLogger("macaron_django")

#: No errors in specs are logged for these commands. They print the errors, or don't use the project's specs.
_SILENT = frozenset({"check", "checkspec", "explaincheck", "help", "--help", "-h", "version", "--version"})


class BrokenSpecError(ImproperlyConfigured, SystemCheckError):
    """Specs have errors, and ``DEBUG`` is off, so nothing is served.

    A command that checks the project also loads its URLs. It then prints this error like a finding, without a
    traceback.
    """


def log_errors() -> None:
    """Logs the errors in all specs. Does nothing if the command itself prints the errors, as ``manage.py check`` does.

    Doesn't import handlers, because they may need apps that aren't ready yet. Later, ``broken_apis`` logs the
    errors in handlers.
    """
    if sys.argv[1:2] and sys.argv[1] in _SILENT:
        return
    for findings in registry.document_findings().values():
        _log(findings)


def broken_apis() -> frozenset[str]:
    """Returns the names of the APIs that can't be served because of errors. Logs new errors.

    While ``DEBUG`` is on, returns an empty set. While it is off, raises ``BrokenSpecError`` with all errors if there
    are any, unless ``ON_BROKEN_SPEC`` is ``leave_out``. Imports every handler.
    """
    errors = {name: _errors(findings) for name, findings in registry.findings(build=False).items()}
    broken = frozenset(name for name, findings in errors.items() if findings)
    if broken and not django_settings.DEBUG and settings.ON_BROKEN_SPEC != "leave_out":
        raise BrokenSpecError(_refusal(finding for findings in errors.values() for finding in findings))
    logged = registry.document_findings()
    for name in sorted(broken):
        _log(finding for finding in errors[name] if finding not in logged[name])
    return frozenset() if django_settings.DEBUG else broken


def _errors(findings: Iterable[Finding]) -> list[Finding]:
    silenced = django_settings.SILENCED_SYSTEM_CHECKS
    return [each for each in findings if each.level == "error" and f"macaron_django.{each.id}" not in silenced]


def _log(findings: Iterable[Finding]) -> None:
    for finding in _errors(findings):
        logger.error("%s %s %s", finding, finding.hint, explained_by(finding.id))


def _refusal(errors: Iterable[Finding]) -> str:
    lines = [f"{each}\n    {each.hint} {explained_by(each.id)}" for each in dict.fromkeys(errors)]
    return "\n".join(
        [
            "No API is served because some specs have errors. Correct them. To serve only the APIs without errors, set "
            'MACARON["ON_BROKEN_SPEC"] = "leave_out".',
            *lines,
        ]
    )
