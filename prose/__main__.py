"""Reports where documentation, docstrings and messages leave the style sheet: ``python -m prose``, in ``make lint``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from proselint.checks import __register__ as proselint_checks
from proselint.registry.checks import Check, CheckFlags, types
from proselint.registry.checks.engine import Fancy

from prose.exceptions import ALLOWED
from prose.rules import PROSELINT, RULES
from prose.texts import Text, texts


def checks() -> list[Check]:
    """Returns the checks of proselint that apply here, and one for each rule."""
    found = [check for check in proselint_checks if check.path.split(".")[0] in PROSELINT]
    return found + [
        Check(
            check_type=types.ExistenceSimple(rule.pattern),
            engine=Fancy(),
            path="style",
            message=f"Instead of “{{}}” write {rule.instead}.",
            flags=CheckFlags(allow_quotes=True),
        )
        for rule in RULES
    ]


def findings(text: Text, applied: list[Check], used: set[tuple[str, str]]) -> Iterator[str]:
    """Yields findings as path:line: check: message, and adds the exceptions that apply to ``used``."""
    content = f"\n{text.content}\n"
    for check in applied:
        for result in check.check_with_flags(content):
            start, end = result.span
            exception = (text.path, content[start:end].strip())
            if exception in ALLOWED:
                used.add(exception)
            else:
                line = text.line + content.count("\n", 1, max(start, 1))
                yield f"{text.path}:{line}: {result.check_path}: {result.message}"


def main() -> int:
    """Prints the findings, and the exceptions that nothing needs. Returns 1 if there are any, else 0."""
    applied, used = checks(), set[tuple[str, str]]()
    found = [line for text in texts() for line in findings(text, applied, used)]
    found += [f"prose/exceptions.py: {path} doesn't contain {phrase!r}" for path, phrase in ALLOWED.keys() - used]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
