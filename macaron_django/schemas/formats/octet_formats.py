"""The formats ``byte`` (Base64) and ``binary`` (any sequence of octets): bytes."""

from __future__ import annotations

import base64
import binascii

from macaron_django.schemas.formats.string_format import StringFormat

__all__ = ["ByteFormat", "OctetsFormat"]


class _BytesFormat(StringFormat):
    python_types = (bytes, bytearray, memoryview)
    is_checked_natively = False
    model_field_class = "BinaryField"


class ByteFormat(_BytesFormat):
    """Base64 with padding (RFC 4648, section 4). A text with bits beyond the last byte stays text."""

    name = "byte"
    description = "base64 (RFC 4648, padded)"
    is_default_for_types = True

    def read(self, text: str) -> bytes | str:
        try:
            value = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return text
        return value if self.write(value) == text else text

    def write(self, value: bytes) -> str:
        return base64.b64encode(value).decode("ascii")


class OctetsFormat(_BytesFormat):
    """In JSON, each octet is the character of that number."""

    name = "binary"
    description = "a string of octets"
    serializer_field_class = "FileField"
    serializer_options = {"use_url": False}

    def read(self, text: str) -> bytes | str:
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return text

    def write(self, value: bytes) -> str:
        return bytes(value).decode("latin-1")
