"""The formats ``byte`` (base64) and ``binary`` (any sequence of octets): bytes in Python, base64 in JSON."""

from __future__ import annotations

import base64
import binascii

from macaron_django.schemas.formats.string_format import StringFormat

__all__ = ["ByteFormat", "OctetsFormat"]


class ByteFormat(StringFormat):
    """Base64 with padding (RFC 4648, section 4). If bits remain after the last byte, the value stays a string."""

    name = "byte"
    description = "base64 (RFC 4648, padded)"
    python_types = (bytes, bytearray, memoryview)
    is_checked_natively = False
    is_default_for_types = True
    model_field_class = "BinaryField"

    def read(self, text: str) -> bytes | str:
        try:
            value = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return text
        return value if self.write(value) == text else text

    def write(self, value: bytes) -> str:
        return base64.b64encode(value).decode("ascii")


class OctetsFormat(ByteFormat):
    """Octets: JSON has no type for them.

    A string that isn't base64 is valid if all its character codes are below 256.
    """

    name = "binary"
    description = "a string of octets"
    is_default_for_types = False
    serializer_field_class = "FileField"
    serializer_options = {"use_url": False}

    def check(self, text: str) -> bool:
        return all(ord(character) < 256 for character in text)
