"""If a ``oneOf`` or ``anyOf`` fails, finds the branch whose violations are reported to the client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from macaron_django.schemas.validation.subschemas import Subschema, Verdict

__all__ = ["Judge", "PickedBranch", "applied", "branch_that_gets_furthest", "picked_branch", "types_wanted"]


#: Returns whether a value is valid, and counts the time that this takes.
Judge = Callable[[Verdict, Any], bool]


class PickedBranch(NamedTuple):
    """The discriminator's property, the branch for the property's value, and the allowed values.

    ``branch`` is None if the value names no branch.
    """

    property_name: str
    branch: Subschema | None
    allowed: tuple[str, ...]


def picked_branch(union: Subschema, branches: tuple[Subschema, ...], instance: Any) -> PickedBranch | None:
    """Finds the branch that the discriminator of ``union`` selects for ``instance``.

    Returns None if ``instance`` isn't an object, or if ``union`` has no discriminator with a ``propertyName``.
    """
    discriminator = union.keywords.get("discriminator")
    if not isinstance(discriminator, Mapping) or not isinstance(instance, Mapping):
        return None
    name = discriminator.get("propertyName")
    if not isinstance(name, str):
        return None
    by_name = {_last(branch.keywords.get("$ref")): branch for branch in reversed(branches)}
    mapping: Mapping[str, Any] = discriminator.get("mapping") or {}
    value = instance.get(name)
    wanted = _last(mapping.get(value, value)) if isinstance(value, str) else None
    branch = by_name.get(wanted) if wanted is not None else None
    return PickedBranch(name, branch, tuple(mapping) or tuple(filter(None, reversed(by_name))))


def _last(reference: Any) -> str | None:
    return unquote(reference.rpartition("/")[2]) if isinstance(reference, str) else None


def types_wanted(branch: Subschema, instance: Any, judged: Judge) -> list[str] | None:
    """Returns the types that a branch allows, or None if the branch allows the type of ``instance``."""
    for part in applied(branch, instance, judged):
        for keyword, value, validator in part.assertions[:1]:
            if keyword == "type" and not judged(validator.is_valid, instance):
                return [value] if isinstance(value, str) else value
    return None


def applied(part: Subschema, instance: Any, judged: Judge) -> Iterator[Subschema]:
    """Yields ``part`` and the subschemas that it applies to the same instance: the schemas in ``allOf``, the target of
    ``$ref``, and either ``then`` or ``else``.
    """
    seen = {part}
    todo = [part]
    while todo:
        found = todo.pop()
        yield found
        inner = list(found.lists.get("allOf", ()))
        condition = found.single.get("if")
        if condition is not None:
            then = found.single.get("then" if judged(condition.is_valid, instance) else "else")
            inner += [then] if then is not None else []
        inner += [found.target] if found.target is not None else []
        todo += [each for each in reversed(inner) if each not in seen]
        seen.update(inner)


def branch_that_gets_furthest(branches: list[Subschema], instance: Any, judged: Judge) -> Subschema | None:
    """Returns the branch that accepts the top level of ``instance`` and fails only below it. Returns None if there is
    no such branch, or more than one.

    A branch fails at the top level in four cases: it rejects the instance itself, a required property is missing, a
    property isn't allowed, or a property such as ``type`` doesn't have the value that the branch requires.
    """
    found = [branch for branch in branches if _gets_inside(branch, instance, judged)]
    return found[0] if len(found) == 1 else None


def _gets_inside(branch: Subschema, instance: Any, judged: Judge) -> bool:
    if not isinstance(instance, (dict, list)):
        return False
    for part in applied(branch, instance, judged):
        if part.json is False or not judged(part.meets_assertions, instance):
            return False
        if isinstance(instance, dict):
            if any(name not in instance for name in part.keywords.get("required", ())):
                return False
            for name, member in instance.items():
                for judge in part.judges_of_member(name):
                    is_telling = judge.json is False or judge.has_fixed_values
                    if is_telling and not judged(judge.is_valid, member):
                        return False
    return True
