"""What the three kinds of serializer share: the schema decides what is valid, and each violation is told.

In: data, judged by ``validators``, and errors as DRF has them. Out: DRF's ValidationError with the violations that it
stands for. Apart from ``serializers`` because it is about errors alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from django.db.models import Model
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings

from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas.error_details import error_details
from macaron_django.schemas.uploads import clean_with_uploads
from macaron_django.schemas.validators import validator_for
from macaron_django.schemas.violations import Violation, pointer_to
from macaron_django.spec import Schema

if TYPE_CHECKING:
    from macaron_django.schemas.classes import Classes

__all__ = ["Direction", "Judged", "SchemaViolated", "violations_in"]

Direction = Literal["request", "response"]


class SchemaViolated(ValidationError, ValidationFailed):  # noqa: N818 (as ValidationFailed)
    """Data that breaks its schema: DRF's ValidationError, with the violations that it stands for."""

    def __init__(self, detail: Any, violations: Sequence[Violation]) -> None:
        ValidationError.__init__(self, detail)
        self.violations = tuple(violations)
        self.user_message = "; ".join(f"{v.pointer or '/'}: {v.message}" for v in self.violations)


class Judged:
    """What the three kinds of serializer share: the schema decides, and tells of every violation."""

    schema: ClassVar[Schema]
    classes: ClassVar[Classes]
    direction: ClassVar[Direction] = "request"
    model: ClassVar[type[Model] | None] = None
    errors: Any
    _violations: tuple[Violation, ...] = ()

    def is_valid(self, *, raise_exception: bool = False) -> bool:
        valid: bool = super().is_valid()  # type: ignore[misc]
        if not valid and raise_exception:
            raise SchemaViolated(self.errors, self.violations)
        return valid

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Why the data isn't valid, with JSON pointers; also what ``validate`` methods found."""
        if self.errors and not self._violations:
            self._violations = tuple(violations_in(self.errors, ()))
        return self._violations

    def _clean(self, value: Any) -> Any:
        try:
            # A patch changes what it names: defaults of what is unset aren't its business.
            defaults = not getattr(self, "partial", False)
            return clean_with_uploads(validator_for(self.schema, self.direction), value, defaults=defaults)
        except ValidationFailed as failure:
            self._violations = failure.violations
            raise SchemaViolated(error_details(failure.violations, value), failure.violations) from failure


def violations_in(details: Any, path: tuple[str | int, ...]) -> Iterator[Violation]:
    """The violations that DRF's error details stand for, with the pointers that lead to them below ``path``."""
    if isinstance(details, Mapping):
        for name, inner in details.items():
            yield from violations_in(inner, path if name == api_settings.NON_FIELD_ERRORS_KEY else (*path, name))
    elif isinstance(details, (list, tuple)):
        for index, inner in enumerate(details):
            yield from violations_in(inner, (*path, index) if isinstance(inner, Mapping) else path)
    else:
        yield Violation(str(details), pointer_to(path), "", getattr(details, "code", "invalid"))
