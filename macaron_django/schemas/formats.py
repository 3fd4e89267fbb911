"""Formats of strings beyond those that jsonschema-rs checks itself, and the way to add more.

A format's name and a function go in; the dictionary that a validator is compiled with comes out. Formats of
numbers aren't here: they are bounds (``preparation``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jsonschema_rs

from .spellings import SPELLINGS

__all__ = ["LATER_FORMATS", "custom_formats", "formats_version", "register_format"]

Check = Callable[[str], bool]


def _has_python_value(name: str) -> Check:
    return lambda text: not isinstance(SPELLINGS[name].read(text), str)


#: Lasts as long as the process, like the import that registered a format. The only mutable state of this layer.
_FORMATS: dict[str, Check] = {
    "binary": _has_python_value("binary"),
    "byte": _has_python_value("byte"),
    "decimal": _has_python_value("decimal"),
    "password": lambda text: True,
}

#: Formats that came after draft 4, which schemas of that draft name all the same.
LATER_FORMATS: Mapping[str, Check] = {
    name: jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True).is_valid
    for name in (
        "duration", "idn-hostname", "iri", "iri-reference", "json-pointer", "relative-json-pointer", "uri-reference",
        "uri-template", "uuid",
    )
}  # fmt: skip


def register_format(name: str, check: Check) -> None:
    """Check strings of the format ``name`` with ``check``, in every validator compiled from now on.

    ``check`` returns whether the text is valid, or raises ``ValueError`` if it isn't. Registering a name again
    replaces what was there, built-in formats included. Call it from an ``AppConfig.ready()``.

    >>> register_format("isbn-13", lambda text: len(text.replace("-", "")) == 13)
    """

    def checked(text: str) -> bool:
        try:
            return bool(check(text))
        except ValueError:
            return False

    _FORMATS[name] = checked


def custom_formats() -> dict[str, Check]:
    """Return the registered formats, by name."""
    return dict(_FORMATS)


def formats_version() -> int:
    """Return a number that changes with the registered formats, so that kept validators know they are old."""
    return hash(frozenset((name, id(check)) for name, check in _FORMATS.items()))
