"""The format ``uuid`` (RFC 9562): UUIDs."""

from __future__ import annotations

import re
from uuid import UUID

from macaron_django.schemas.formats.string_format import StringFormat
from macaron_django.schemas.formats.verbatim_values import VerbatimUUID, remembered_text

__all__ = ["UUIDFormat"]

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class UUIDFormat(StringFormat):
    """A UUID. If the original text has upper-case letters, the UUID is written as this text, not in lower case."""

    name = "uuid"
    description = "a UUID"
    python_types = (UUID,)
    is_default_for_types = True
    serializer_field_class = "UUIDField"
    model_field_class = "UUIDField"

    def read(self, text: str) -> UUID | str:
        if not _UUID.fullmatch(text):
            return text
        return UUID(text) if text == text.lower() else VerbatimUUID(text)

    def write(self, value: UUID) -> str:
        return remembered_text(value) or str(value)
