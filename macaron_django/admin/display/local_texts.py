"""Translates the English messages of code outside the admin into the user's language.

These messages describe violations, errors, query plans, and differences between tables and schemas. Clients and logs
get the same messages, so the code that writes them always writes English. The admin translates the messages when it
shows them. ``known_sentences`` lists the sentences that can be translated.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from django.utils.translation import get_language, gettext

from macaron_django.admin.display.known_sentences import SENTENCES

__all__ = ["local_error", "local_text"]

_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")
#: The prefix that a sentence may have: the sign of a table difference, or the JSON pointer of a violation.
_PREFIX: Final = re.compile(r"[+~!?] |/\S*: ")


class _Sentence(NamedTuple):
    """A sentence with placeholders, split into its literal texts and the names of the placeholders between them."""

    template: str
    literals: list[str]
    names: list[str]

    def parts(self, text: str) -> dict[str, str] | None:
        """Returns the values of the placeholders in ``text``. Returns None if ``text`` doesn't match the template.

        Runs in linear time.
        """
        first, *middle = self.literals
        if not text.startswith(first) or not (text == first or middle):
            return None
        last = middle.pop() if middle else ""
        place, ends = len(first), []
        for literal in middle:
            found = text.find(literal, place + 1)
            if found < 0:
                return None
            ends.append((place, found))
            place = found + len(literal)
        end = len(text) - len(last)
        if self.names:
            if end <= place or not text.endswith(last):
                return None
            ends.append((place, end))
        return {name: text[begin:end] for name, (begin, end) in zip(self.names, ends, strict=True)}


@cache
def _sentences() -> list[_Sentence]:
    """Returns the known sentences in the order in which to try them.

    Sentences that begin with a literal text come first, sorted by the length of that text, the longest first.
    """
    split = [_PLACEHOLDER.split(template) for template in SENTENCES]
    found = [_Sentence(template, parts[::2], parts[1::2]) for template, parts in zip(SENTENCES, split, strict=True)]
    return sorted(found, key=lambda each: (not each.literals[0], -sum(map(len, each.literals))))


def local_text(text: str) -> str:
    """Returns a text in the user's language, translated line by line.

    Leaves a line in English if its sentence isn't known.

    >>> local_text("must be at most 5")
    'must be at most 5'
    """
    if (get_language() or "en").startswith("en"):
        return text
    return "\n  ".join(_local_line(line) for line in text.split("\n  "))


def local_error(error: Exception) -> str:
    """Returns an exception's message in the user's language.

    If the exception has violations, returns the messages of all its violations.
    """
    violations = getattr(error, "violations", ())
    if violations:
        return "; ".join(f"{each.pointer or '/'}: {local_text(each.message)}" for each in violations)
    return local_text(str(error))


def _local_line(line: str) -> str:
    prefix = _PREFIX.match(line)
    if prefix:
        return prefix[0] + _local_line(line[prefix.end() :])
    for sentence in _sentences():
        parts = sentence.parts(line)
        if parts is not None:
            local = {name: _local_line(part) if name.endswith("_text") else part for name, part in parts.items()}
            return gettext(sentence.template) % local if local else gettext(sentence.template)
    return line
