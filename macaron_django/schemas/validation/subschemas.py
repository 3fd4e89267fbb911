"""Compiles the parts of a schema (its subschemas), so that each can validate a part of an instance.

All parts are compiled together, when the first invalid instance needs them. Parts refer to one another, so compiling
one part separately would also compile every part that it refers to.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import jsonschema_rs

from macaron_django.openapi import json_pointers
from macaron_django.openapi.keywords import SCHEMA_KEYWORDS, SCHEMA_LISTS, SCHEMA_MAPS
from macaron_django.schemas.validation.schema_compiler import Compiler

__all__ = ["Assertion", "Subschema", "Subschemas", "Verdict"]

Path = tuple["str | int", ...]
Verdict = Callable[[Any], bool]

#: Keywords without subschemas that restrict a value, in the order in which their violations are reported.
_ASSERTIONS = (
    "type", "const", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
    "multipleOf", "minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems", "pattern", "format",
)  # fmt: skip
#: Keywords that are booleans in draft 4, by the bound that they change.
_EXCLUSIVE = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
#: Other keywords that can make a value invalid.
_LISTS = SCHEMA_LISTS | {"items"}
_MAPS = (SCHEMA_MAPS | {"dependencies"}) - {"$defs", "definitions"}
_JUDGING = (
    (SCHEMA_KEYWORDS - {"contentSchema", "then", "else"})
    | (_LISTS | _MAPS)
    | {"$dynamicRef", "$recursiveRef", "$ref", "dependentRequired", "required"}
)
_URI = "macaron:///schema"


class Subschemas:
    """The parts of one schema, by their place in it. ``seconds`` is the CPU time spent on compiling them so far."""

    def __init__(self, schema: Any, compiler: Compiler) -> None:
        self.is_draft4 = compiler.func is jsonschema_rs.Draft4Validator
        self.is_backtracking = isinstance(compiler.keywords["pattern_options"], jsonschema_rs.FancyRegexOptions)
        self.seconds = 0.0
        self._schema, self._compiler = schema, compiler
        self._made: dict[Path, Subschema] = {}
        self._of_assertions: dict[str, jsonschema_rs.Validator] = {}

    def at(self, path: Path) -> Subschema:
        """Returns the part at ``path``. Raises LookupError or TypeError if there is none."""
        found = self._made.get(path)
        if found is None:
            value = self._schema
            for step in path:
                value = value[step]
            found = self._made[path] = Subschema(self, path, value)
        return found

    def referred(self, reference: str) -> Subschema | None:
        """Returns the target of a ``$ref``; None if the ``$ref`` isn't a JSON pointer to a part of the same schema."""
        if reference != "#" and not reference.startswith("#/"):
            return None
        steps: list[str | int] = []
        value = self._schema
        try:
            for token in json_pointers.split(unquote(reference)):
                steps.append(int(token) if isinstance(value, list) else token)
                value = value[steps[-1]]
        except (LookupError, TypeError, ValueError):
            return None
        return self.at(tuple(steps)) if isinstance(value, (dict, bool)) else None

    def validator_of(self, assertions: Mapping[str, Any]) -> jsonschema_rs.Validator:
        """Returns a validator for the keywords in ``assertions``, which have no subschemas.

        Parts that have equal assertions share a validator.
        """
        text = json.dumps(assertions, default=str)
        found = self._of_assertions.get(text)
        if found is None:
            found = self._of_assertions[text] = self._compiled(assertions)
        return found

    def verdict(self, path: Path) -> Verdict:
        """Returns the function that decides whether an instance is valid for the part at ``path``."""
        name = self._names.get(path)
        if name is None:
            return self._compiled({"$ref": _reference(path)}).is_valid
        is_valid = self._all.is_valid
        return lambda instance: is_valid({name: instance})

    def _retrieved(self, uri: str) -> Any:
        return self._schema if uri.rstrip("#") == _URI else self._compiler.keywords["retriever"](uri)

    def _compiled(self, schema: Any) -> jsonschema_rs.Validator:
        started = time.thread_time()
        compiled = self._compiler(schema, retriever=self._retrieved)
        self.seconds += time.thread_time() - started
        return compiled

    @cached_property
    def is_whole(self) -> bool:
        """Whether every reference in the schema is a JSON pointer to a part of the same schema, as in a bundle."""
        return not any(part.leads_elsewhere for part in self._reachable)

    @cached_property
    def _names(self) -> Mapping[Path, str]:
        """Maps the path of each compound part (``is_compound``) to a name for this part."""
        return {part.path: str(number) for number, part in enumerate(self._reachable) if part.is_compound}

    @cached_property
    def _all(self) -> jsonschema_rs.Validator:
        """A single validator, which can validate a value against any of the parts in ``_names``.

        It validates ``{name: value}``: ``name`` is the name of a part, and ``value`` is the value to validate.
        """
        parts = {name: {"$ref": _reference(path)} for path, name in self._names.items()}
        return self._compiled({"properties": parts})

    @cached_property
    def _reachable(self) -> tuple[Subschema, ...]:
        root = self.at(())
        seen, todo = {root: None}, [root]
        while todo:
            for inner in todo.pop().parts:
                if inner not in seen:
                    seen[inner] = None
                    todo.append(inner)
        return tuple(seen)


def _reference(path: Path) -> str:
    return f"{_URI}#{quote(json_pointers.join(path), safe='/~')}"


class Assertion(NamedTuple):
    """A keyword that has no subschemas, its value, and a validator that checks only this keyword."""

    keyword: str
    value: Any
    validator: jsonschema_rs.Validator


class Subschema:
    """A part of a schema: ``json`` at ``path``."""

    def __init__(self, table: Subschemas, path: Path, json: Any) -> None:
        self.table, self.path, self.json = table, path, json
        own = json if isinstance(json, dict) else {}
        #: The keywords that have an effect. A boolean schema has none.
        self.keywords: Mapping[str, Any] = {"$ref": own["$ref"]} if table.is_draft4 and "$ref" in own else own
        #: Whether the part has keywords that restrict an instance and aren't assertions.
        self.is_compound = not _JUDGING.isdisjoint(self.keywords)

    @cached_property
    def is_valid(self) -> Verdict:
        """The function that decides whether an instance is valid."""
        if isinstance(self.json, bool):
            return self._equals_schema
        if self.target is not None and not self.assertions and _JUDGING.intersection(self.keywords) == {"$ref"}:
            return self._target_is_valid
        return self.table.verdict(self.path) if self.is_compound else self.meets_assertions

    def _equals_schema(self, _: Any) -> bool:
        return bool(self.json)

    def _target_is_valid(self, instance: Any) -> bool:
        seen = {self}
        part = self.target
        while part is not None and part.is_valid == part._target_is_valid and part not in seen:
            seen.add(part)
            part = part.target
        return part is None or part in seen or part.is_valid(instance)

    # Assertions

    @cached_property
    def meets_assertions(self) -> Verdict:
        """The function that decides whether an instance meets all assertions."""
        own = {name: self.keywords[name] for name in _ASSERTIONS if name in self.keywords}
        return self.table.validator_of(own).is_valid if own else lambda instance: True

    @cached_property
    def assertions(self) -> tuple[Assertion, ...]:
        """The assertions, in the order in which their violations are reported."""
        return tuple(self._assertions())

    def _assertions(self) -> Iterator[Assertion]:
        for keyword in _ASSERTIONS:
            if keyword not in self.keywords:
                continue
            value = self.keywords[keyword]
            exclusive = _EXCLUSIVE.get(keyword, "")
            if isinstance(self.keywords.get(exclusive), bool):
                own = {keyword: value, exclusive: self.keywords[exclusive]}
                yield Assertion(exclusive if self.keywords[exclusive] else keyword, value, self.table.validator_of(own))
            elif not (keyword in _EXCLUSIVE.values() and isinstance(value, bool)):
                yield Assertion(keyword, value, self.table.validator_of({keyword: value}))

    @cached_property
    def has_fixed_values(self) -> bool:
        """Whether the part, or the target of its ``$ref``, has ``const`` or ``enum``.

        A property with fixed values can show which branch of a ``oneOf`` or ``anyOf`` an object is meant for.
        """
        part: Subschema | None = self
        seen: set[Subschema] = set()
        while part is not None and part not in seen:
            if "const" in part.keywords or "enum" in part.keywords:
                return True
            seen.add(part)
            part = part.target
        return False

    # Parts

    @cached_property
    def target(self) -> Subschema | None:
        """The part that the ``$ref`` refers to. None if there is no ``$ref``, or if its target is in another schema."""
        reference = self.keywords.get("$ref")
        return self.table.referred(reference) if isinstance(reference, str) else None

    @property
    def leads_elsewhere(self) -> bool:
        """Whether the part refers to another resource, or is itself a resource in the schema (with ``$id``)."""
        own = self.keywords.get("id" if self.table.is_draft4 else "$id")
        if (isinstance(own, str) and self.path) or not self.keywords.keys().isdisjoint(
            {"$dynamicRef", "$recursiveRef"}
        ):
            return True
        return "$ref" in self.keywords and self.target is None

    @cached_property
    def single(self) -> Mapping[str, Subschema]:
        """The parts from keywords that have one schema, such as ``not``. The keys are the keywords."""
        return {
            keyword: self._part(keyword)
            for keyword, value in self.keywords.items()
            if keyword in SCHEMA_KEYWORDS and isinstance(value, (dict, bool))
        }

    @cached_property
    def lists(self) -> Mapping[str, tuple[Subschema, ...]]:
        """The parts from keywords that have a list of schemas, such as ``allOf``. The keys are the keywords."""
        return {
            keyword: tuple(self._part(keyword, index) for index in range(len(value)))
            for keyword, value in self.keywords.items()
            if keyword in _LISTS and isinstance(value, list)
        }

    @cached_property
    def maps(self) -> Mapping[str, Mapping[str, Subschema]]:
        """The parts from keywords that have named schemas, such as ``properties``.

        The keys are the keywords. The keys of the inner mappings are the names of the schemas.
        """
        return {
            keyword: {
                name: self._part(keyword, name) for name, member in value.items() if isinstance(member, (dict, bool))
            }
            for keyword, value in self.keywords.items()
            if keyword in _MAPS and isinstance(value, dict)
        }

    @cached_property
    def parts(self) -> tuple[Subschema, ...]:
        """The direct subschemas of this part, and the target of its ``$ref``."""
        found = [*self.single.values()]
        found += [part for parts in self.lists.values() for part in parts]
        found += [part for parts in self.maps.values() for part in parts.values()]
        return (*found, self.target) if self.target is not None else tuple(found)

    def _part(self, *steps: str | int) -> Subschema:
        return self.table.at((*self.path, *steps))

    # The parts for members of an object and elements of an array

    @cached_property
    def judges_members(self) -> bool:
        """Whether the part restricts the values of an object's properties."""
        return not self.keywords.keys().isdisjoint({"properties", "patternProperties", "additionalProperties"})

    def judges_of_member(self, name: str) -> list[Subschema]:
        """Returns the parts that validate the value of the property ``name``.

        Some of these parts can be the schema ``false``, which allows no value.
        """
        found = [part for is_valid, part in self._patterns if is_valid(name)]
        own = self._properties.get(name)
        if own is not None:
            return [own, *found] if found else [own]
        return found or self._others

    @cached_property
    def _properties(self) -> Mapping[str, Subschema]:
        return self.maps.get("properties", {})

    @cached_property
    def _patterns(self) -> list[tuple[Verdict, Subschema]]:
        named = self.maps.get("patternProperties", {})
        return [(self.table.validator_of({"pattern": name}).is_valid, part) for name, part in named.items()]

    @cached_property
    def _others(self) -> list[Subschema]:
        others = self.single.get("additionalProperties")
        return [] if others is None or others.json is True else [others]

    @cached_property
    def first_elements(self) -> tuple[Subschema, ...]:
        """The parts that validate an array's first elements, one part for each element."""
        return self.lists.get("prefixItems", self.lists.get("items", ()))

    @cached_property
    def other_elements(self) -> Subschema | None:
        """The part that validates all elements after the first ones; None if there is no such part."""
        return self.single.get("additionalItems" if "items" in self.lists else "items")

    @cached_property
    def names_needed_by(self) -> Mapping[str, tuple[str, ...]]:
        """Maps the name of a property to the names of the properties that it requires, as in ``dependentRequired``."""
        named = self.keywords.get("dependentRequired", self.keywords.get("dependencies"))
        found = named.items() if isinstance(named, dict) else ()
        return {name: tuple(names) for name, names in found if isinstance(names, list)}
