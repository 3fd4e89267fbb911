"""Reports where documentation, docstrings and messages leave the style sheet. ``make lint`` runs it."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, groupby

from proselint.checks import __register__ as proselint_checks
from proselint.registry.checks import Check, CheckFlags, types
from proselint.registry.checks.engine import Fancy

from prose.exceptions import ALLOWED
from prose.rules import PROSELINT, RULES
from prose.texts import Text, texts

#: Separates the texts of a file, so that no phrase reaches from one into the next.
SEPARATOR = "\n¶\n"


def checks() -> list[Check]:
    """Returns the checks of proselint that apply here, and one for each rule."""
    found = [check for check in proselint_checks if check.path.split(".")[0] in PROSELINT]
    return found + [
        Check(
            check_type=types.ExistenceSimple(rule.expression),
            engine=Fancy(),
            path="style",
            message=f"Instead of “{{}}” write {rule.instead}.",
            flags=CheckFlags(allow_quotes=True),
        )
        for rule in RULES
    ]


def findings(path: str, found: Iterable[Text], applied: list[Check], used: set[tuple[str, str]]) -> Iterator[str]:
    """Yields the findings in a file as path:line: check: message, and adds the exceptions that apply to ``used``."""
    parts = list(found)
    starts = list(accumulate((len(SEPARATOR + part.content) for part in parts), initial=0))
    content = "".join(SEPARATOR + part.content for part in parts) + SEPARATOR
    for check in applied:
        for result in check.check_with_flags(content):
            start, end = result.span
            exception = (path, content[start:end].strip())
            if exception in ALLOWED:
                used.add(exception)
                continue
            place = bisect_right(starts, start) - 1
            line = parts[place].line + content.count("\n", starts[place] + len(SEPARATOR), start)
            yield f"{path}:{line}: {result.check_path}: {' '.join(result.message.split())}"


def main() -> int:
    """Prints the findings, and the exceptions that nothing needs. Returns 1 if there are any, else 0."""
    applied, used = checks(), set[tuple[str, str]]()
    files = groupby(texts(), key=lambda text: text.path)
    found = [line for path, parts in files for line in findings(path, parts, applied, used)]
    found += [f"docs/prose/exceptions.py: {path} doesn't contain {phrase!r}" for path, phrase in ALLOWED.keys() - used]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
