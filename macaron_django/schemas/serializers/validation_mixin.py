"""Validates a serializer's data against its compiled schema, and collects every violation.

Three kinds of serializers inherit the mixin: for objects, for arrays of objects, and for other values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Model
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings

from macaron_django.exceptions import RequestInvalid, ValidationFailed
from macaron_django.openapi import Direction, Schema, json_pointers
from macaron_django.schemas.serializers.error_details import error_details
from macaron_django.schemas.serializers.uploads import clean_with_uploads
from macaron_django.schemas.validation.defaults import cleaner_for
from macaron_django.schemas.validation.validators import validator_for
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.request_violations import new_violations

__all__ = ["SchemaValidationMixin", "SchemaViolated", "violations_in"]


class SchemaViolated(ValidationError, RequestInvalid):  # noqa: N818 (named like RequestInvalid)
    """DRF's ValidationError. ``violations`` lists the violations of the schema."""

    def __init__(self, detail: Any, violations: Sequence[Violation]) -> None:
        ValidationError.__init__(self, detail)
        self.violations = tuple(violations)
        self.user_message = "; ".join(f"{v.pointer or '/'}: {v.message}" for v in self.violations)


class SchemaValidationMixin:
    """The part of a serializer that validates data against the schema."""

    schema: ClassVar[Schema]
    classes: ClassVar[Classes]
    direction: ClassVar[Direction] = "request"
    model: ClassVar[type[Model] | None] = None
    errors: Any
    _violations: tuple[Violation, ...] = ()

    def is_valid(self, *, raise_exception: bool = False) -> bool:
        """Validates the data, as in DRF. With ``raise_exception``, raises :class:`SchemaViolated` for invalid data."""
        valid: bool = super().is_valid()  # type: ignore[misc]
        if not valid and raise_exception:
            raise SchemaViolated(self.errors, self.violations)
        return valid

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The violations in the data, with JSON pointers. Errors of ``validate`` methods are also violations."""
        if self.errors and not self._violations:
            self._violations = tuple(violations_in(self.errors, ()))
        return self._violations

    def _clean(self, value: Any, stored: Mapping[str, Any] | None = None) -> Any:
        """Returns the valid value with defaults and without readOnly properties.

        For a patch, ``stored`` is the old value.
        """
        try:
            # A patch gets no defaults, because it changes only its own properties.
            defaults = not getattr(self, "partial", False)
            return clean_with_uploads(validator_for(self.schema, self.direction), value, defaults=defaults)
        except ValidationFailed as failure:
            violations: Sequence[Violation] = failure.violations
            if stored is not None:
                writable = cleaner_for(self.schema).without_read_only
                violations = new_violations(self.schema, self.direction, writable(stored), writable(value))
                if not violations:
                    return writable(value)
            self._violations = tuple(violations)
            raise SchemaViolated(error_details(violations, value), violations) from failure


def violations_in(details: Any, path: tuple[str | int, ...]) -> Iterator[Violation]:
    """Yields a violation for each of DRF's error details. The violation's pointer begins with ``path``."""
    if isinstance(details, Mapping):
        for name, inner in details.items():
            yield from violations_in(inner, path if name == api_settings.NON_FIELD_ERRORS_KEY else (*path, name))
    elif isinstance(details, (list, tuple)):
        for index, inner in enumerate(details):
            yield from violations_in(inner, (*path, index) if isinstance(inner, Mapping) else path)
    else:
        yield Violation(str(details), json_pointers.join(path), "", getattr(details, "code", "invalid"))
