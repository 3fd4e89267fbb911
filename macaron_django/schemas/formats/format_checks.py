"""The checks of string formats that jsonschema-rs doesn't check itself, and functions to register more checks.

Number formats, such as ``int32``, have no checks: ``validation.compilable_schemas`` turns number formats into bounds.
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
    """The checks, by format. They are stored until the process ends."""

    def __init__(self) -> None:
        self.by_name: dict[str, Check] = {
            each.name: each.check for each in STRING_FORMATS.values() if not each.is_checked_natively
        }
        self.version = 0
        #: The formats from ``register_formats``, by name.
        self.converted: dict[str, StringFormat] = {}


#: The only global state in ``schemas`` that changes.
_CHECKS = _FormatChecks()

#: Formats that are newer than draft 4. Schemas in draft 4 may use them nevertheless.
LATER_FORMATS: Mapping[str, Check] = {
    name: jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True).is_valid
    for name in (
        "duration", "idn-hostname", "iri", "iri-reference", "json-pointer", "relative-json-pointer", "uri-reference",
        "uri-template", "uuid",
    )
}  # fmt: skip


def register_format(name: str, check: Check) -> None:
    """Registers ``check`` for strings of the format ``name``, in every validator compiled from now on.

    ``check`` returns whether the text is valid, or raises ``ValueError`` if it isn't. If the format already has a
    check, the new check replaces it, even if the format is built in. Call this function from an ``AppConfig.ready()``.

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

    Each format is an object like bravado-core's ``SwaggerFormat``. ``format`` is its name. ``to_python(text)`` and
    ``to_wire(value)`` convert values. ``validate(text)`` raises an exception if the text isn't valid.
    """
    for each in formats:
        _CHECKS.converted[each.format] = _WireFormat(each)
        register_format(each.format, partial(_passes, each.validate))


def string_format_of(name: str | None) -> StringFormat | None:
    """Returns the format with this name if it has its own Python type, otherwise None."""
    return _CHECKS.converted.get(name or "") or _CONVERTED.get(name or "")


#: The built-in formats with values that aren't strings in Python.
_CONVERTED = {name: each for name, each in STRING_FORMATS.items() if each.python_types != (str,)}


class _WireFormat(StringFormat):
    """A project's format. Its values can be of any type, including strings."""

    python_types = (object,)

    def __init__(self, described: Any) -> None:
        self._described = described

    def read(self, text: str) -> Any:
        """Returns the value for a text. An invalid text is returned unchanged, so that validation reports it."""
        return self._described.to_python(text) if _passes(self._described.validate, text) else text

    def write(self, value: Any) -> Any:
        try:
            return value if value is None else self._described.to_wire(value)
        except Exception:
            if isinstance(value, str):  # an invalid text, which ``read`` returned unchanged
                return value
            raise


def _passes(validate: Callable[[str], Any], text: str) -> bool:
    try:
        validate(text)
    except Exception:  # noqa: BLE001 (the format's code may raise anything)
        return False
    return True


def custom_formats() -> dict[str, Check]:
    """Returns the checks of the registered formats, and of the formats that jsonschema-rs doesn't check. The keys are
    the names of the formats.
    """
    return dict(_CHECKS.by_name)


def formats_version() -> int:
    """Returns a number that changes when a format is registered. Validators compiled before the change are outdated."""
    return _CHECKS.version
