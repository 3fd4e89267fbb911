"""Passes the version that a request's ``If-Match`` requires to the rows that the request's handler saves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

__all__ = ["RequiredVersion", "required_version"]


@dataclass
class RequiredVersion:
    """The version that a request's If-Match requires of an item that a handler loads and saves itself."""

    model: type[Model]
    key: Mapping[str, Any]  # Python values by property name
    allows: Callable[[str], bool]
    #: Whether the handler has already written the item. Its later writes then change the version that it wrote itself.
    is_met: bool = False


#: The requirement of the current request; None if it has no If-Match.
required_version: ContextVar[RequiredVersion | None] = ContextVar("macaron_django_required_version", default=None)
