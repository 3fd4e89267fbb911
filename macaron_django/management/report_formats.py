"""A report on a spec in, text out: for people, for programs (JSON), for GitHub's annotations.

What a spec says ends up in terminals and logs: control characters in it are shown, never sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from macaron_django.management.spec_reports import Report
from macaron_django.spec import Finding

__all__ = ["FORMATS", "as_github", "as_json", "as_text", "printable"]

Style = Callable[[str], str]
#: C0 and C1 controls, line and paragraph separators, bidirectional overrides, lone surrogates.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""The text with what a terminal would obey written out.

    >>> printable("\x1b[2Jgone")
    '\\x1b[2Jgone'
    """
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


def as_text(report: Report, levels: Collection[str], styles: Mapping[str, Style] | None = None) -> Iterator[str]:
    """Lines for a person: what the file is, then each finding with its pointer and remedy, then the verdict."""
    style = styles or {}
    yield f"{printable(report.file)}: {_summary(report)}"
    for finding in report.findings:
        painted = style.get(finding.level, str)
        yield f"  {printable(str(finding.location))}: {painted(f'{finding.level} {finding.id}')} {_said(finding)}"
        if finding.location.pointer not in ("", "#"):
            yield f"      at {printable(finding.location.pointer)}"
        if finding.hint:
            yield f"      {printable(finding.hint)}"
    yield "  " + _verdict(report, levels, style)


def _summary(report: Report) -> str:
    if not report.readable:
        return f"can't be read ({report.seconds:.2f} s)"
    counts = ("paths", "operations", "schemas", "serializers", "validators")
    kept = tuple(name for name in ("webhooks", "callbacks", "links") if getattr(report, name))
    text = ", ".join(_counted(getattr(report, name), name) for name in counts)
    if kept:
        text += f"; not served: {', '.join(_counted(getattr(report, name), name) for name in kept)}"
    dialect = "Swagger" if report.version == "2.0" else "OpenAPI"
    return f"{dialect} {printable(report.version or '')}; {text} ({report.seconds:.2f} s)"


def _verdict(report: Report, levels: Collection[str], style: Mapping[str, Style]) -> str:
    errors, warnings = report.failures({"error"}), report.failures({"warning"})
    told = ", ".join(_counted(number, name) for number, name in ((errors, "errors"), (warnings, "warnings")) if number)
    if not report.readable or report.failures(levels):
        return style.get("error", str)(told or "unreadable")
    return style.get("ok", str)("ok" + (f", {told}" if told else ""))


def _counted(number: int, plural: str) -> str:
    return f"{number} {plural[:-1] if number == 1 else plural}"


def _said(finding: Finding) -> str:
    return printable(finding.message)


def as_json(report: Report, levels: Collection[str]) -> Iterator[str]:
    """One JSON object on one line."""
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


def as_github(report: Report, levels: Collection[str]) -> Iterator[str]:
    """GitHub's workflow commands: each finding becomes an annotation of its line."""
    for finding in report.findings:
        location = finding.location
        fields = {"file": location.file, "line": location.line, "col": location.column, "title": finding.id}
        given = ",".join(f"{name}={_escaped(str(value), ',:')}" for name, value in fields.items() if value)
        yield f"::{finding.level} {given}::{_escaped(f'{finding.message} {finding.hint}'.strip())}"
    yield f"{printable(report.file)}: {_summary(report)}: {_verdict(report, levels, {})}"


def _escaped(text: str, further: str = "") -> str:
    """As GitHub's own toolkit escapes them: % first, or its own escapes would be escaped."""
    for character in "%\r\n" + further:
        text = text.replace(character, f"%{ord(character):02X}")
    return printable(text)


FORMATS = {"text": as_text, "json": as_json, "github": as_github}
