"""The checks of string formats beyond those that jsonschema-rs checks itself, and the way to add more.

Formats of numbers aren't here: they are bounds (``validation.compilable_schemas``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import jsonschema_rs

from macaron_django.schemas.formats.known_formats import STRING_FORMATS
from macaron_django.schemas.formats.string_format import StringFormat

__all__ = [
    "LATER_FORMATS",
    "custom_formats",
    "formats_version",
    "register_format",
    "register_formats",
    "string_format_of",
]

Check = Callable[[str], bool]


class _FormatChecks:
    """The checks by format. They last as long as the process, as do the imported modules that register them."""

    def __init__(self) -> None:
        self.by_name: dict[str, Check] = {
            each.name: each.check for each in STRING_FORMATS.values() if not each.is_checked_natively
        }
        self.version = 0
        #: A project's formats whose values have their own Python type.
        self.converted: dict[str, StringFormat] = {}


#: The only mutable state of the schemas' stage.
_CHECKS = _FormatChecks()

#: Formats that came after draft 4, which schemas of that draft use all the same.
LATER_FORMATS: Mapping[str, Check] = {
    name: jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True).is_valid
    for name in (
        "duration", "idn-hostname", "iri", "iri-reference", "json-pointer", "relative-json-pointer", "uri-reference",
        "uri-template", "uuid",
    )
}  # fmt: skip


def register_format(name: str, check: Check) -> None:
    """Registers ``check`` for strings of the format ``name``, in every validator compiled from now on.

    ``check`` returns whether the text is valid, or raises ``ValueError`` if it isn't. Registering a name again
    replaces the earlier check, built-in formats included. Call it from an ``AppConfig.ready()``.

    >>> register_format("isbn-13", lambda text: len(text.replace("-", "")) == 13)
    """

    def checked(text: str) -> bool:
        try:
            return bool(check(text))
        except ValueError:
            return False

    _CHECKS.by_name[name] = checked
    _CHECKS.version += 1


def register_formats(formats: Iterable[Any]) -> None:
    """Registers formats whose values aren't strings in Python, for every spec that is loaded from now on.

    Each is like bravado-core's ``SwaggerFormat``: ``format`` is its name, ``to_python(text)`` and ``to_wire(value)``
    convert, and ``validate(text)`` raises an exception if the text is wrong.
    """
    for each in formats:
        _CHECKS.converted[each.format] = _WireFormat(each)
        register_format(each.format, partial(_passes, each.validate))


def string_format_of(name: str | None) -> StringFormat | None:
    """Returns the format of this name whose values have their own Python type; None for any other."""
    return _CHECKS.converted.get(name or "") or _CONVERTED.get(name or "")


#: The known formats whose values aren't text in Python.
_CONVERTED = {name: each for name, each in STRING_FORMATS.items() if each.python_types != (str,)}


class _WireFormat(StringFormat):
    """A project's format. Its values can be of any type, including strings."""

    python_types = (object,)

    def __init__(self, described: Any) -> None:
        self._described = described

    def read(self, text: str) -> Any:
        """Returns the value of a text; the text itself if it isn't valid, so that validation reports it."""
        return self._described.to_python(text) if _passes(self._described.validate, text) else text

    def write(self, value: Any) -> Any:
        try:
            return value if value is None else self._described.to_wire(value)
        except Exception:
            if isinstance(value, str):  # a wrong text, which ``read`` has left as it is
                return value
            raise


def _passes(validate: Callable[[str], Any], text: str) -> bool:
    try:
        validate(text)
    except Exception:  # noqa: BLE001 (bravado-core's, or any other of the project's)
        return False
    return True


def custom_formats() -> dict[str, Check]:
    """Returns the checks of formats that jsonschema-rs doesn't check or that were registered, by name."""
    return dict(_CHECKS.by_name)


def formats_version() -> int:
    """Returns a number that changes when a format is registered: validators compiled before that are out of date."""
    return _CHECKS.version
