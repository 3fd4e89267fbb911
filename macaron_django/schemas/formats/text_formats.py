"""The formats whose values stay strings in Python: addresses, URIs, host names, passwords …"""

from __future__ import annotations

from typing import Any

from macaron_django.schemas.formats.string_format import StringFormat

__all__ = ["TEXT_FORMATS"]


class TextFormat(StringFormat):
    """A format that jsonschema-rs checks. ``options`` are the options of the DRF field."""

    def __init__(self, name: str, description: str = "", field_class: str = "", **options: Any) -> None:
        self.name, self.description = name, description  # type: ignore[misc]
        self.serializer_field_class, self.serializer_options = field_class, options  # type: ignore[misc]


class PasswordFormat(StringFormat):
    """Any string. Forms hide it."""

    name = "password"
    is_checked_natively = False
    serializer_options = {"style": {"input_type": "password"}}

    def check(self, text: str) -> bool:
        return True


TEXT_FORMATS: tuple[StringFormat, ...] = (
    PasswordFormat(),
    TextFormat("email", "an e-mail address", "EmailField"),
    TextFormat("hostname", "a host name"),
    TextFormat("idn-email", "an e-mail address", "EmailField"),
    TextFormat("idn-hostname", "a host name"),
    TextFormat("ipv4", "an IPv4 address", "IPAddressField", protocol="ipv4"),
    TextFormat("ipv6", "an IPv6 address", "IPAddressField", protocol="ipv6"),
    TextFormat("iri", "an IRI"),
    TextFormat("iri-reference"),
    TextFormat("json-pointer", "a JSON pointer"),
    TextFormat("regex", "a regular expression"),
    TextFormat("relative-json-pointer"),
    TextFormat("uri", "a URI", "URLField"),
    TextFormat("uri-reference", "a URI or a relative reference"),
    TextFormat("uri-template"),
)
