"""Formats a report on a spec: as text for people, as JSON for programs, or as GitHub annotations.

Control characters in texts from the spec are escaped, because terminals and logs show the output.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from macaron_django.management.checkspec_reports import SpecReport
from macaron_django.management.terminals import printable
from macaron_django.openapi import Finding, explained_by

__all__ = ["FORMATS", "as_github", "as_json", "as_text"]

Style = Callable[[str], str]


def as_text(report: SpecReport, levels: Collection[str], styles: Mapping[str, Style] | None = None) -> Iterator[str]:
    """Yields lines of text: a summary of the file, each finding with its pointer and remedy, and the result."""
    style = styles or {}
    yield f"{printable(report.file)}: {_summary(report)}"
    for finding in report.findings:
        painted = style.get(finding.level, str)
        kind = painted(f"{finding.level} {finding.id}")
        yield f"  {printable(str(finding.location))}: {kind} {printable(finding.message)}"
        if finding.location.pointer not in ("", "#"):
            yield f"      at {printable(finding.location.pointer)}"
        if finding.hint:
            yield f"      {printable(finding.hint)}"
    if report.findings:
        yield "  " + explained_by(*sorted({found.id for found in report.findings}))
    yield "  " + _result(report, levels, style)


def _summary(report: SpecReport) -> str:
    if not report.readable:
        return f"can't be read ({report.seconds:.2f} s)"
    counts = ("paths", "operations", "schemas", "serializers", "validators")
    kept = tuple(name for name in ("webhooks", "callbacks", "links") if getattr(report, name))
    text = ", ".join(_counted(getattr(report, name), name) for name in counts)
    if kept:
        text += f"; not served: {', '.join(_counted(getattr(report, name), name) for name in kept)}"
    dialect = "Swagger" if report.version == "2.0" else "OpenAPI"
    return f"{dialect} {printable(report.version or '')}; {text} ({report.seconds:.2f} s)"


def _result(report: SpecReport, levels: Collection[str], style: Mapping[str, Style]) -> str:
    errors, warnings = report.failures({"error"}), report.failures({"warning"})
    counts = ", ".join(
        _counted(number, name) for number, name in ((errors, "errors"), (warnings, "warnings")) if number
    )
    if not report.readable or report.failures(levels):
        return style.get("error", str)(counts or "unreadable")
    return style.get("ok", str)("ok" + (f", {counts}" if counts else ""))


def _counted(number: int, plural: str) -> str:
    return f"{number} {plural[:-1] if number == 1 else plural}"


def as_json(report: SpecReport, levels: Collection[str]) -> Iterator[str]:
    """Yields one line with a JSON object."""
    yield json.dumps(
        {
            "file": report.file,
            "ok": report.readable and not report.failures(levels),
            "version": report.version,
            "paths": report.paths,
            "operations": report.operations,
            "schemas": report.schemas,
            "serializers": report.serializers,
            "validators": report.validators,
            "webhooks": report.webhooks,
            "callbacks": report.callbacks,
            "links": report.links,
            "findings": [_finding_as_json(finding) for finding in report.findings],
            "seconds": round(report.seconds, 3),
        }
    )


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    location = finding.location
    return {
        "id": finding.id,
        "level": finding.level,
        "file": location.file,
        "line": location.line,
        "column": location.column,
        "pointer": location.pointer,
        "message": finding.message,
        "hint": finding.hint,
    }


def as_github(report: SpecReport, levels: Collection[str]) -> Iterator[str]:
    """Yields GitHub's workflow commands, and a summary. The commands annotate the lines that have findings."""
    for finding in report.findings:
        location = finding.location
        fields = {"file": location.file, "line": location.line, "col": location.column, "title": finding.id}
        given = ",".join(f"{name}={_escaped(str(value), ',:')}" for name, value in fields.items() if value)
        yield f"::{finding.level} {given}::{_escaped(f'{finding.message} {finding.hint}'.strip())}"
    yield f"{printable(report.file)}: {_summary(report)}: {_result(report, levels, {})}"


def _escaped(text: str, further: str = "") -> str:
    """Escapes a text as GitHub's own toolkit does. ``%`` is escaped first, because the other escapes contain ``%``."""
    for character in "%\r\n" + further:
        text = text.replace(character, f"%{ord(character):02X}")
    return printable(text)


FORMATS = {"text": as_text, "json": as_json, "github": as_github}
