"""Combines an operation with the objects that serve it, such as its handler and its security policy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from macaron_django.api.answers.response_validation import declared_response
from macaron_django.api.plans.operation_handlers import Handler
from macaron_django.api.requests.bodies import BodyReader
from macaron_django.api.requests.parameters import ParameterReader
from macaron_django.api.rules.operation_schemas import json_schema, success_status
from macaron_django.api.rules.resources import GeneratedOperation
from macaron_django.auth.security_requirements import SecurityPolicy, security_for
from macaron_django.openapi import Operation, Schema
from macaron_django.schemas import Classes
from macaron_django.schemas.models.stores import Store

__all__ = ["Served"]


@dataclass(frozen=True, eq=False)
class Served:
    """One operation, with the objects that serve it."""

    operation: Operation
    action: str  # the viewset's method
    classes: Classes
    generated: GeneratedOperation | None = None
    handler: Handler | None = None
    #: The generated operation that the handler replaces. ``store`` is the store of its items, and ``item`` is an
    #: operation on the path of an item.
    replaced: GeneratedOperation | None = None
    store: Store | None = None
    item: GeneratedOperation | None = None

    @cached_property
    def without_handler(self) -> dict[type, type]:
        """Maps each viewset class to the class that replaces it when the operation is served without its handler.

        ``handler_answers`` fills this dictionary.
        """
        return {}

    @cached_property
    def parameters(self) -> ParameterReader:
        """Reads the operation's parameters."""
        # A list accepts ``limit`` and ``cursor`` even if they aren't declared.
        paging = self.generated.paging.values() if self.generated is not None else ()
        return ParameterReader(self.operation, self.classes, known=paging)

    @cached_property
    def body(self) -> BodyReader:
        """Reads the operation's request bodies."""
        return BodyReader(self.operation, self.classes)

    @cached_property
    def body_schema(self) -> Schema | None:
        """The schema of a JSON body. If the operation's path is below an item's path, this is the item's schema."""
        if self.generated is not None and self.generated.is_below:
            return self.generated.schema
        takes = self.operation.request_body
        return json_schema(takes.content) if takes is not None else None

    def success_status(self, *wanted: int) -> int:
        """Returns the result of ``operation_schemas.success_status`` for this operation. Keeps it for later calls."""
        status = self._statuses.get(wanted)
        if status is None:
            status = self._statuses[wanted] = success_status(self.operation, *wanted)
        return status

    def declares_content(self, status: int) -> bool | None:
        """Returns whether the operation declares content for a status; None if it doesn't declare the status."""
        if status not in self._contents:
            declared = declared_response(self.operation, status)
            self._contents[status] = None if declared is None else bool(declared.content)
        return self._contents[status]

    @cached_property
    def _contents(self) -> dict[int, bool | None]:
        return {}

    @cached_property
    def _statuses(self) -> dict[tuple[int, ...], int]:
        return {}

    @cached_property
    def security(self) -> SecurityPolicy:
        """The authenticators and permissions of the operation's ``security``."""
        return security_for(self.operation)
