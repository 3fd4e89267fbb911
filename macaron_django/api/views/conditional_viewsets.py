"""Evaluates the preconditions of requests for items. Repeats a write if another request has changed the item first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.http import HttpResponse

from macaron_django.api.requests.preconditions import (
    PreconditionFailed,
    PreconditionOutcome,
    PreconditionRequired,
    entity_tag,
    is_conditional,
    is_judged,
    judge,
)
from macaron_django.api.views.operation_viewsets import OperationViewSet
from macaron_django.conf import settings
from macaron_django.drivers import Steps, run
from macaron_django.exceptions import ItemAbsent, ItemOutOfBounds, StaleItem
from macaron_django.schemas.models.stores import Store

__all__ = ["ConditionalViewSet"]

R = TypeVar("R")
#: How often a write without If-Match is tried while other requests write the same item.
_ATTEMPTS = 5


def _in_one_step(attempt: Callable[[], R]) -> Steps[R]:
    """Returns steps that run ``attempt`` and yield no calls. ``attempt`` may block."""
    yield from ()
    return attempt()


class ConditionalViewSet(OperationViewSet):
    """The base class of viewsets whose items may have versions. ``ETag`` and ``If-Match`` contain these versions."""

    #: The store of the resource's items, with the resource's schema and model.
    store: ClassVar[Store]

    def entity_tag(self, instance: Any) -> str | None:
        """Returns the item's ``ETag``; None if its schema has no version. Override this method for other models."""
        version = self.store.version(instance)
        return None if version is None else entity_tag(version)

    def is_unchanged(self, instance: Any) -> bool:
        """Returns whether the client already has the item. Raises ``PreconditionFailed`` if a condition isn't met."""
        if not is_judged(self.request.META):
            return False
        method = str(self.request.method)
        verdict = judge(method, self.request.headers, self.entity_tag(instance))
        if verdict is PreconditionOutcome.FAILED:
            raise PreconditionFailed(f"The {self.store.schema.name} doesn't meet the request's preconditions.")
        return verdict is PreconditionOutcome.NOT_MODIFIED

    def changeable(self) -> Any:
        """Returns the item that the request's path identifies, if the request's preconditions allow a change.

        Raises ``PreconditionRequired`` or ``PreconditionFailed``.
        """
        instance = self.get_object()
        if (
            settings.REQUIRE_IF_MATCH
            and self.entity_tag(instance) is not None
            and not is_conditional(self.request.headers)
        ):
            raise PreconditionRequired(
                f"This {self.store.schema.name} has versions: send If-Match with the ETag that you have read."
            )
        self.is_unchanged(instance)
        return instance

    def write(self, attempt: Callable[[], R]) -> R:
        """Calls ``attempt``, which reads and writes an item.

        If another request writes the item between the read and the write, calls ``attempt`` again. But a request with
        If-Match is valid only for one state of the item, so this method raises ``PreconditionFailed`` instead.

        If another request deletes the item, calls ``attempt`` again in both cases. The new attempt then raises a 404.
        """
        return run(self.write_steps(lambda: _in_one_step(attempt)))

    def write_steps(self, attempt: Callable[[], Steps[R]]) -> Steps[R]:
        """Does the same as ``write``, but returns steps (``macaron_django.drivers.Steps``). So does ``attempt``."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return (yield from attempt())
            except ItemOutOfBounds:  # noqa: PERF203 (this loop is about its exceptions)
                raise
            except StaleItem as stale:
                self._refuse_again(stale)
        return (yield from attempt())

    def _refuse_again(self, stale: StaleItem) -> None:
        """Raises ``PreconditionFailed`` if the request applies to a state that the item no longer has."""
        if is_conditional(self.request.headers) and not isinstance(stale, ItemAbsent):
            raise PreconditionFailed(str(stale)) from stale

    def tagged(self, response: HttpResponse, instance: Any) -> HttpResponse:
        """Returns the response with the ``ETag`` of the item that it shows."""
        tag = self.entity_tag(instance)
        if tag is not None:
            response["ETag"] = tag
        return response
