"""Refuses bodies with more arrays and objects than ``MAX_BODY_CONTAINERS`` allows, before they are parsed.

The memory that a body needs depends more on the number of its arrays and objects than on its length. For example,
``{}`` has two bytes, but the object and its default values take half a kilobyte.
"""

from __future__ import annotations

from collections.abc import Collection

from macaron_django.conf import settings
from macaron_django.exceptions import RequestInvalid
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.json_text import count_containers

__all__ = ["BYTES_EACH", "require_few_containers"]

#: A large body is allowed more arrays and objects than the setting says: one for each BYTES_EACH bytes.
BYTES_EACH = 20


def require_few_containers(texts: Collection[bytes | str]) -> None:
    """Raises ``RequestInvalid`` if the JSON texts have more arrays and objects than a body is allowed to have."""
    allowed = max(settings.MAX_BODY_CONTAINERS, sum(map(len, texts)) // BYTES_EACH)
    # The first count includes brackets in strings, because leaving them out takes much longer.
    if sum(map(_brackets, texts)) > allowed and sum(map(count_containers, texts)) > allowed:
        message = f"holds more than {allowed:,} arrays and objects (MAX_BODY_CONTAINERS)"
        raise RequestInvalid(violations=[Violation(message, "", "", "containers")])


def _brackets(text: bytes | str) -> int:
    if isinstance(text, str):
        return text.count("[") + text.count("{")
    return text.count(b"[") + text.count(b"{")
