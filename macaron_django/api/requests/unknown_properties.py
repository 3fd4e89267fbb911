"""Drops or refuses properties of request bodies if no schema declares these properties.

``MACARON["UNKNOWN_PROPERTIES"]`` is the policy.

JSON Schema allows undeclared properties unless ``additionalProperties`` is false. A persisted object stores them. If an
object's schema has ``additionalProperties`` or ``unevaluatedProperties``, or declares no properties, the object
isn't changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import settings
from macaron_django.exceptions import RequestInvalid
from macaron_django.openapi import MediaType, Operation, Schema, json_pointers
from macaron_django.schemas.validation.validators import MAX_VIOLATIONS
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.applied_schemas import AppliedSchemas, applied_schemas

__all__ = ["POLICIES", "UnknownProperties", "declared_parts", "is_open", "unknown_properties"]

POLICIES: Final = ("keep", "drop", "refuse")
_OPEN: Final = frozenset({"additionalProperties", "unevaluatedProperties"})
_Policy = Callable[[AppliedSchemas, str], str]


@dataclass(frozen=True)
class UnknownProperties:
    """Handles the unknown properties in an operation's bodies. ``policy`` is the policy of the whole body."""

    api: str
    policy: str
    #: The policies of the API's named schemas.
    by_schema: Mapping[str, str]

    def checked(self, declared: MediaType | None, value: Any) -> Any:
        """Returns a parsed body without the properties that the policy drops.

        Raises ``RequestInvalid`` if the policy refuses a property.
        """
        if declared is None:
            return value
        if declared.item_schema is not None and (declared.schema is None or isinstance(value, list)):
            of_whole = declared.schema.items if declared.schema is not None else None
            each = applied_schemas([declared.item_schema, *([] if of_whole is None else [of_whole])])
            return self._checked(each, value, "lines")
        if declared.schema is not None:
            return self._checked(applied_schemas(declared.schema), value)
        return value

    def _checked(self, applied: AppliedSchemas, value: Any, lines: str = "") -> Any:
        found: list[Violation] = list(
            islice(self._refused(applied, value, self.policy, (), bool(lines)), MAX_VIOLATIONS)
        )
        if found:
            raise RequestInvalid(violations=found)
        return self._kept(applied, value, self.policy, bool(lines))

    def _refused(
        self, applied: AppliedSchemas, value: Any, policy: str, path: tuple[str | int, ...], lines: bool = False
    ) -> Iterator[Violation]:
        if isinstance(value, list):
            for place, element in enumerate(value):
                yield from self._refused(applied if lines else applied.element, element, policy, (*path, place))
        elif isinstance(value, Mapping):
            policy = self.policy_of(applied, policy)
            is_judged = policy == "refuse" and is_open(applied)
            for name, member in value.items():
                inner = applied.member(name)
                if is_judged and not inner.schemas:
                    pointer = json_pointers.join([*path, name])
                    yield Violation("is not a known property", pointer, "", "additionalProperties")
                else:
                    yield from self._refused(inner, member, policy, (*path, name))

    def _kept(self, applied: AppliedSchemas, value: Any, policy: str, lines: bool = False) -> Any:
        if isinstance(value, list):
            return [self._kept(applied if lines else applied.element, element, policy) for element in value]
        if not isinstance(value, Mapping):
            return value
        policy = self.policy_of(applied, policy)
        drops = policy == "drop" and is_open(applied)
        members = {name: applied.member(name) for name in value}
        return {
            name: self._kept(members[name], member, policy)
            for name, member in value.items()
            if members[name].schemas or not drops
        }

    def policy_of(self, applied: AppliedSchemas, above: str) -> str:
        """Returns the policy of an object: the policy of its schema, or else the policy of the enclosing object."""
        if not self.by_schema:
            return above
        return next((found for s in applied.schemas if (found := self.by_schema.get(s.name or ""))), above)


def is_open(applied: AppliedSchemas) -> bool:
    """Returns whether an object's schemas declare properties, but don't say whether other properties are allowed."""
    names_some = any(schema.properties for schema in applied.schemas)
    return names_some and not any(_OPEN & schema.keywords.keys() for schema in applied.schemas)


def declared_parts(schema: Schema, form: Any) -> Any:
    """Returns only those parts of a multipart form that ``schema`` declares, because browsers add other parts.

    If the schema allows or forbids additional properties explicitly, the form is returned unchanged.
    """
    applied = applied_schemas(schema)
    if not isinstance(form, Mapping) or not is_open(applied):
        return form
    return {name: value for name, value in form.items() if applied.member(name).schemas}


def unknown_properties(api: str, operation: Operation, resource: Schema | None = None) -> UnknownProperties | None:
    """Returns how to handle unknown properties in an operation's bodies; None if all such properties are kept.

    ``resource`` is the schema of a generated operation. If the body's schema has no policy, the policy of ``resource``
    applies. Raises ImproperlyConfigured for an unknown policy.
    """
    given = settings.UNKNOWN_PROPERTIES
    if operation.request_body is None or given == "keep":
        return None
    chosen = {api: given} if isinstance(given, str) else given
    if not isinstance(chosen, Mapping) or not all(policy in POLICIES for policy in chosen.values()):
        raise ImproperlyConfigured(
            f"MACARON['UNKNOWN_PROPERTIES'] is {given!r}: it must be one of {', '.join(POLICIES)}, or a mapping from "
            f"APIs "
            "(shop) and schemas (shop.Order) to these values."
        )
    prefix = f"{api}."
    by_schema = {name.removeprefix(prefix): policy for name, policy in chosen.items() if name.startswith(prefix)}
    policy = chosen.get(api, "keep")
    if resource is not None:
        policy = by_schema.get(str(resource.name), policy)
    if {policy, *by_schema.values()} == {"keep"}:
        return None
    return UnknownProperties(api, policy, by_schema)
