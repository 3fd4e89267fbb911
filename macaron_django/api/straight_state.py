"""What viewsets and the straight path tell each other: that a class has changed, and what went wrong on the way.

Apart from both, because viewsets are made of one half of it and the straight path knows viewsets.
"""

from __future__ import annotations

from typing import Any

from django.core.signals import setting_changed
from django.http import HttpRequest

__all__ = ["Watched", "changes", "fail", "failure_of"]

_FAILURE = "_macaron_straight_failure"
_changes = 0


def changes() -> int:
    """How often a setting or a viewset has changed: what was worked out at another count isn't known any more."""
    return _changes


def _change(**_: object) -> None:
    global _changes
    _changes += 1


setting_changed.connect(_change, dispatch_uid="macaron_django.api.straight_state")


class Watched(type):
    """The class of viewsets: what is set on one later (by a test, by a patch) counts from the next request on."""

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        _change()

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        _change()


def fail(request: HttpRequest, error: Exception) -> None:
    """Leave it to DRF's view to answer with an error."""
    setattr(request, _FAILURE, error)


def failure_of(request: HttpRequest) -> Exception | None:
    """What DRF's view is to raise where it would act: it was tried already, and nothing is done twice."""
    failure: Exception | None = vars(request).pop(_FAILURE, None)
    return failure
