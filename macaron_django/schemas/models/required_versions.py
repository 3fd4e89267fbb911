"""Passes the version in a request's ``If-Match`` to the rows that the request's handler saves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

__all__ = ["RequiredVersion", "required_version"]


@dataclass
class RequiredVersion:
    """The item version that the request's If-Match header requires. The request's handler loads and saves the item."""

    model: type[Model]
    key: Mapping[str, Any]  # Python values by property name
    allows: Callable[[str], bool]
    #: Whether the handler has already written the item. If so, its later writes change the version of its first write.
    is_met: bool = False


#: The requirement of the current request; None if it has no If-Match.
required_version: ContextVar[RequiredVersion | None] = ContextVar("macaron_django_required_version", default=None)
