"""Examines one OpenAPI file for ``manage.py checkspec``: counts its contents and finds its errors.

Needs no database and no DynamoDB engine. The caller passes the limits, so no settings are needed.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from macaron_django import openapi as spec
from macaron_django.management.unserved_parts import unserved_parts
from macaron_django.openapi import Document, Finding, Location
from macaron_django.openapi.reading.source import collector_paused
from macaron_django.schemas.checks.compilation_checks import build_all

__all__ = ["SpecReport", "report_on"]


@dataclass(frozen=True)
class SpecReport:
    """The counts and findings of one file. If the file can't be read as an OpenAPI document, ``version`` is None."""

    file: str
    version: str | None = None
    paths: int = 0
    operations: int = 0
    schemas: int = 0
    serializers: int = 0
    validators: int = 0
    webhooks: int = 0
    callbacks: int = 0
    links: int = 0
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0

    @property
    def readable(self) -> bool:
        return self.version is not None

    def failures(self, levels: Collection[str]) -> int:
        """Returns the number of findings that have one of these levels."""
        return sum(finding.level in levels for finding in self.findings)


def report_on(
    path: str | Path,
    *,
    limits: spec.Limits | None = None,
    allow_hosts: Collection[str] = (),
    root: str | Path | None = None,
) -> SpecReport:
    """Reads a file, checks it, and builds all its serializers and validators.

    A reference to another file is followed only if that file is in the folder ``root``.

    Never raises. If the file can't be read, or this package fails on it, the report has a finding.
    """
    started = time.perf_counter()
    with collector_paused(0):  # all objects live until the end, so garbage collection would only cost time
        report = _examined(SpecReport(str(path)), path, limits or spec.Limits(), allow_hosts, root)
    return replace(report, findings=_in_order(report.findings), seconds=time.perf_counter() - started)


def _examined(
    report: SpecReport,
    path: str | Path,
    limits: spec.Limits,
    allow_hosts: Collection[str],
    root: str | Path | None,
) -> SpecReport:
    try:
        document = spec.load(path, limits=limits, allow_hosts=allow_hosts, root=root)
        report = replace(report, version=document.version, findings=spec.quick_check(document))
        report = _counted(report, document)
        report = replace(report, findings=spec.check(document))
        built = build_all(document)
        found = tuple(dict.fromkeys((*report.findings, *built.findings)))
        report = replace(report, serializers=built.serializers, validators=built.validators, findings=found)
    except spec.SpecError as error:
        report = replace(report, version=None, findings=error.findings)
    except Exception as error:  # noqa: BLE001 (the command also reports its own faults)
        report = replace(report, findings=(*report.findings, _fault(path, error)))
    return report


def _counted(report: SpecReport, document: Document) -> SpecReport:
    paths = document.json.get("paths")
    named = [path for path in paths if not path.startswith("x-")] if isinstance(paths, Mapping) else []
    kept = unserved_parts(document)
    return replace(
        report,
        paths=max(len({operation.path for operation in document.operations}), len(named) if "$ref" not in named else 0),
        operations=len(document.operations),
        schemas=len(document.schemas),
        webhooks=len(kept.webhooks),
        callbacks=len(kept.callbacks),
        links=len(kept.links),
    )


def _fault(path: str | Path, error: Exception) -> Finding:
    return Finding(
        "E200",
        "error",
        f"macaron_django failed on this document ({type(error).__name__}: {str(error)[:300]}).",
        "Report this, with the document, as a bug in macaron_django. The other findings are still valid.",
        Location(str(path)),
    )


def _in_order(findings: Collection[Finding]) -> tuple[Finding, ...]:
    """Sorts findings by file, starting with the examined file, then by line."""
    files = {finding.location.file: number for number, finding in reversed(list(enumerate(findings)))}

    def place(finding: Finding) -> tuple[Any, ...]:
        location = finding.location
        return files[location.file], location.line or 0, location.column or 0

    return tuple(sorted(findings, key=place))
