"""A spec's file in, a report of all that can be said about it out; what is shown of it is ``report_formats``'.

Nothing but the file is looked at: no settings beside the limits, no database and no DynamoDB engine.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from macaron_django import spec
from macaron_django.management.unserved import unserved
from macaron_django.schemas.building import build_all
from macaron_django.spec import Document, Finding, Location

__all__ = ["Report", "report_on"]


@dataclass(frozen=True)
class Report:
    """What was counted and found in one file; ``version`` is None where it can't be read as an OpenAPI document."""

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
        """How many findings are of these levels."""
        return sum(finding.level in levels for finding in self.findings)


def report_on(
    path: str | Path,
    *,
    limits: spec.Limits | None = None,
    allow_hosts: Collection[str] = (),
    root: str | Path | None = None,
) -> Report:
    """Read a file, check it, and build every serializer and validator that it calls for.

    ``root`` is the folder below which its references may read files.

    Raises nothing: what keeps the file from being read is a finding, as is a fault of this package's own.
    """
    started = time.perf_counter()
    report = Report(str(path))
    try:
        document = spec.load(path, limits=limits or spec.Limits(), allow_hosts=allow_hosts, root=root)
        report = replace(report, version=document.version, findings=document.findings)
        report = _counted(report, document)
        report = replace(report, findings=document.check())
        built = build_all(document)
        found = tuple(dict.fromkeys((*report.findings, *built.findings)))
        report = replace(report, serializers=built.serializers, validators=built.validators, findings=found)
    except spec.SpecError as error:
        report = replace(report, version=None, findings=error.findings)
    except Exception as error:  # noqa: BLE001 (a tool that is asked what is wrong with a file must not fail on it)
        report = replace(report, findings=(*report.findings, _fault(path, error)))
    return replace(report, findings=_in_order(report.findings), seconds=time.perf_counter() - started)


def _counted(report: Report, document: Document) -> Report:
    paths = document.json.get("paths")
    named = [path for path in paths if not path.startswith("x-")] if isinstance(paths, Mapping) else []
    kept = unserved(document)
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
        "Report it, with the document, as a fault of macaron_django; what is found above still holds.",
        Location(str(path)),
    )


def _in_order(findings: Collection[Finding]) -> tuple[Finding, ...]:
    """By file, the one reported on first; then by line."""
    files = {finding.location.file: number for number, finding in reversed(list(enumerate(findings)))}

    def place(finding: Finding) -> tuple[Any, ...]:
        location = finding.location
        return files[location.file], location.line or 0, location.column or 0

    return tuple(sorted(findings, key=place))
