"""Writes in the language of the user what breaks a schema. Validation speaks English, as do its answers to clients."""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

__all__ = ["local_text"]

#: The sentences of ``schemas.validation.violations``, with what varies in them.
_SENTENCES: Final = tuple(
    (re.compile(f"{pattern}\\Z", re.DOTALL), text)
    for pattern, text in (
        ("is required", gettext_lazy("is required")),
        ("must not be empty", gettext_lazy("must not be empty")),
        (r"must be one of (?P<values>.*)", gettext_lazy("must be one of %(values)s")),
        (r"must be at most (?P<limit>\S+)", gettext_lazy("must be at most %(limit)s")),
        (r"must be at least (?P<limit>\S+)", gettext_lazy("must be at least %(limit)s")),
        (r"must be less than (?P<limit>\S+)", gettext_lazy("must be less than %(limit)s")),
        (r"must be more than (?P<limit>\S+)", gettext_lazy("must be more than %(limit)s")),
        (r"must be a multiple of (?P<factor>\S+)", gettext_lazy("must be a multiple of %(factor)s")),
        (
            r"must have at least (?P<limit>\d+) characters?",
            gettext_lazy("must have at least %(limit)s characters"),
        ),
        (
            r"must not be longer than (?P<limit>\d+) characters?",
            gettext_lazy("must not be longer than %(limit)s characters"),
        ),
        (r"must have at least (?P<limit>\d+) items?", gettext_lazy("must have at least %(limit)s items")),
        (r"must not have more than (?P<limit>\d+) items?", gettext_lazy("must not have more than %(limit)s items")),
        (r"does not match the pattern (?P<pattern>.*)", gettext_lazy("does not match the pattern %(pattern)s")),
        ("must not hold the same item twice", gettext_lazy("must not hold the same item twice")),
        (
            r"matches none of the (?P<count>\d+) schemas allowed here",
            gettext_lazy("matches none of the %(count)s schemas allowed here"),
        ),
        (r"must be (?P<wanted>[a-z ]+), not (?P<found>[a-z ]+)", gettext_lazy("must be %(wanted)s, not %(found)s")),
    )
)
_TYPES: Final = {
    "a boolean": gettext_lazy("a boolean"),
    "a number": gettext_lazy("a number"),
    "a string": gettext_lazy("a string"),
    "an array": gettext_lazy("an array"),
    "an integer": gettext_lazy("an integer"),
    "an object": gettext_lazy("an object"),
}


def local_text(message: str) -> str:
    """Returns a violation's message in the user's language; as it is if it is none of the common ones.

    >>> local_text("must be at most 5")
    'must be at most 5'
    """
    if (get_language() or "en").startswith("en"):
        return message
    for pattern, text in _SENTENCES:
        found = pattern.match(message)
        if found:
            parts = found.groupdict()
            for name in ("wanted", "found"):
                if name in parts:
                    parts[name] = _(" or ").join(str(_TYPES.get(one, one)) for one in parts[name].split(" or "))
            return str(text) % parts if parts else str(text)
    return message
