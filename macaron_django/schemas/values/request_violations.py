"""Finds the violations that a request has caused.

Leaves out violations in values that come from the server. Also leaves out a violation that the stored object already
had, unless the request affects this violation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from macaron_django.exceptions import RequestInvalid, ValidationFailed
from macaron_django.openapi import Direction, Schema, json_pointers
from macaron_django.schemas.validation.defaults import cleaner_for
from macaron_django.schemas.validation.validators import Violation, validator_for
from macaron_django.schemas.validation.violation_search import MORE
from macaron_django.schemas.values.json_text import dump_json

__all__ = ["blamed", "new_violations", "valid_merge_patch"]


def new_violations(
    schema: Schema, direction: Direction | None, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Violation]:
    """Returns the violations in ``after``. ``before`` and ``after`` are an object before and after a change.

    If ``before`` already had a violation, the violation is left out in each of these cases:

    - The invalid value is the same before and after the change.
    - An object violates a keyword for whole objects (such as ``minProperties``), and has the same properties before
      and after the change.
    - The whole object violates ``oneOf`` or ``anyOf``, but one branch declares the changed properties and accepts
      their new values.

    If the search in ``before`` or in ``after`` stops early, returns all violations that were found in ``after``.
    """
    validator = validator_for(schema, direction)
    if not (found := list(validator.iter_errors(after))):
        return []
    earlier = list(validator.iter_errors(before))
    if MORE in found or MORE in earlier:
        return found
    had = {(one.pointer, one.keyword) for one in earlier}

    def is_kept(one: Violation) -> bool:
        if (one.pointer, one.keyword) not in had:
            return False
        then, now = _at(before, one.pointer), _at(after, one.pointer)
        if _is_same(then, now):
            return True
        if one.keyword in _OF_VALUES or not (isinstance(then, dict) and isinstance(now, dict)):
            return False
        if one.keyword not in {"oneOf", "anyOf"}:
            return then.keys() == now.keys()
        branches = schema.resolved.one_of if one.keyword == "oneOf" else schema.resolved.any_of
        changed = {n for n in then.keys() | now.keys() if not _is_same(then.get(n, _NONE), now.get(n, _NONE))}
        named = changed & {name for branch in branches for name in branch.properties}
        return not one.pointer and any(
            named <= branch.properties.keys() and _accepts(branch, direction, now, changed) for branch in branches
        )

    return [one for one in found if not is_kept(one)]


def _at(value: Any, pointer: str) -> Any:
    for token in json_pointers.split(pointer):
        value = json_pointers.step(value, token)
    return value


def _is_same(one: Any, other: Any) -> bool:
    """Returns whether two values are the same JSON. In Python, True equals 1, but their JSON differs."""
    if one is _NONE or other is _NONE:
        return one is other
    return dump_json(one) == dump_json(other)


def _accepts(branch: Schema, direction: Direction | None, value: Mapping[str, Any], names: Collection[str]) -> bool:
    pointers = (one.pointer for one in validator_for(branch, direction).iter_errors(value))
    return all(not pointer or json_pointers.split(pointer)[0] not in names for pointer in pointers)


_NONE = json_pointers.MISSING
#: Keywords that validate an object by the values of its members.
_OF_VALUES = frozenset({"const", "enum"})


def valid_merge_patch(schema: Schema, patch: Any) -> Any:
    """Returns a JSON merge patch (RFC 7386) without readOnly properties.

    Raises ``RequestInvalid`` for an invalid patch.

    A patch may leave out any property, and null removes a property. So a patch is valid if its values are valid. But
    null isn't valid for a required property that has no default and isn't nullable.
    """
    patch = cleaner_for(schema).without_read_only(patch)
    violations = [
        one
        for one in validator_for(schema, "request").iter_errors(patch)
        if one.keyword not in _OF_COMPLETE and (not one.pointer or _at(patch, one.pointer) is not None)
    ]
    properties = schema.properties
    removed = [n for n in schema.required if isinstance(patch, dict) and n in patch and patch[n] is None]
    violations += [
        Violation("is required and can't be removed", json_pointers.join([name]), "/required", "required")
        for name in removed
        if not (name in properties and (properties[name].schema.has_default or properties[name].schema.nullable))
    ]
    if violations:
        raise RequestInvalid(violations=violations)
    return patch


#: Keywords that only the patched object must satisfy, not the patch.
_OF_COMPLETE = frozenset({"dependentRequired", "minProperties", "required"})


def blamed(
    failure: ValidationFailed, schema: Schema, sent: Collection[str], supplied: Collection[str]
) -> ValidationFailed:
    """Returns ``RequestInvalid`` if the request caused all violations in ``failure``, else ``failure`` itself.

    The request body was valid, but the object made from it can't be stored: ``failure`` has the violations. ``schema``
    is the schema of the body, and ``sent`` has the names of the body's properties. ``supplied`` has the names of the
    properties that the server has set.

    The request counts as the cause of a violation in these cases:

    - The violation is in a property that clients can send, and the server hasn't set this property. Clients can send a
      declared property that isn't readOnly. An undeclared property must be in ``sent``.
    - The whole object violates its schema, and the server hasn't set any property.
    """
    properties = schema.properties

    def is_of_request(one: Violation) -> bool:
        if not one.pointer:
            return not supplied
        name = json_pointers.split(one.pointer)[0]
        return name not in supplied and (not properties[name].read_only if name in properties else name in sent)

    if failure.violations and all(map(is_of_request, failure.violations)):
        return RequestInvalid(violations=failure.violations)
    return failure
