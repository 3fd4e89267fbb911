"""A compiled schema → a value that it accepts: what the mock answers where the spec has no example.

The same schema always gives the same value. A value is built from the schema's own limits, then held against the
validator, which alone decides: what it complains about is left out, or built in another way, until it accepts.
A schema that nothing or hardly anything satisfies gives ``NoSample``. No library does that without random values,
or with `allOf` and bounds together.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from fractions import Fraction
from itertools import islice
from typing import Any
from urllib.parse import unquote

from macaron_django.api.merged_keywords import TYPES, bounds, merge, multiple
from macaron_django.api.pattern_samples import texts_for
from macaron_django.schemas import Validator, compile_schema

__all__ = ["NoSample", "sample_of"]

#: Ways to build a value that are tried; each takes other branches, types and lengths.
ATTEMPTS = 24
#: Schemas visited for one value, above which only what is required is built: some describe themselves many times.
ENOUGH = 400
DEEPEST = 24

_UUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
FORMATS: Mapping[str, str] = {
    "binary": "text", "byte": "dGV4dA==", "base64url": "dGV4dA", "char": "a", "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z", "decimal": "1.5", "duration": "P1D", "email": "ada@example.com",
    "hostname": "example.com", "idn-email": "ada@example.com", "idn-hostname": "example.com", "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1", "iri": "https://example.com/", "iri-reference": "/example", "json-pointer": "/example",
    "password": "password", "regex": "^text$", "relative-json-pointer": "0/example", "time": "12:00:00Z",
    "uri": "https://example.com/", "uri-reference": "/example", "uri-template": "/example/{id}", "url":
    "https://example.com/", "uuid": _UUID,
}  # fmt: skip
_IMPLIED = {
    "object": ("properties", "required", "additionalProperties", "minProperties", "maxProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


class NoSample(Exception):  # noqa: N818 (says what there isn't, not what went wrong)
    """No value was found that the schema accepts."""


class _Impossible(Exception):  # noqa: N818 (ends one attempt)
    """This way leads to no value."""


def sample_of(validator: Validator) -> Any:
    """Build a JSON value that ``validator`` accepts. Raises NoSample where none is found.

    >>> sample_of(compile_schema({"type": "integer", "minimum": 7, "multipleOf": 5}))
    10
    """
    schema = validator._schema
    for attempt in range(ATTEMPTS):
        try:
            value = _Builder(schema, attempt).build(schema)
        except _Impossible:
            continue
        if validator.is_valid(value) or _mended(value, validator):
            return value
    raise NoSample("nothing was found that the schema accepts")


def _mended(value: Any, validator: Validator) -> bool:
    """Take out of ``value`` what the validator complains about, as long as that helps."""
    for _ in range(40):
        pointers = [violation.pointer for violation in islice(validator.iter_errors(value), 5)]
        if not pointers:
            return validator.is_valid(value)
        if not any(_without(value, pointer) for pointer in pointers):
            return False
    return False


def _without(value: Any, pointer: str) -> bool:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for step in steps[:-1]:
        value = value[step] if isinstance(value, dict) else value[int(step)]
    if not steps:
        return False
    if isinstance(value, dict) and steps[-1] in value:
        del value[steps[-1]]
        return True
    if isinstance(value, list) and steps[-1].isdigit() and int(steps[-1]) < len(value):
        del value[int(steps[-1])]
        return True
    return False


class _Builder:
    """One way to build a value of a schema."""

    def __init__(self, root: Any, attempt: int) -> None:
        self.root, self.attempt, self.visited = root, attempt, 0

    def build(self, schema: Any, depth: int = 0, turn: int = 0) -> Any:
        """A value of ``schema``; ``turn`` asks for another one than the turns before."""
        self.visited += 1
        if depth > DEEPEST or self.visited > 50 * ENOUGH:
            raise _Impossible
        merged = self.chosen(schema, depth, turn)
        if "const" in merged:
            return deepcopy(merged["const"])
        if "enum" in merged:
            return deepcopy(self.of_enum(merged, turn))
        kinds = self.types(merged)
        kind = kinds[self.attempt // 4 % len(kinds)]
        return getattr(self, f"_{kind}")(merged, depth, turn)

    # -------------------------------------------------------------- which schema, which type

    def chosen(self, schema: Any, depth: int, turn: int) -> dict[str, Any]:
        """All that holds for a value, as one object of keywords: references followed, alternatives chosen."""
        merged: dict[str, Any] = {}
        todo: list[tuple[Any, int]] = [(schema, 0)]
        while todo:
            part, length = todo.pop(0)
            if part is True or part is None:
                continue
            if not isinstance(part, Mapping) or length > 40:
                raise _Impossible
            keywords = dict(part)
            if isinstance(reference := keywords.pop("$ref", None), str):
                todo.append((self.referred(reference), length + 1))
            todo += [(each, length + 1) for each in keywords.pop("allOf", ())]
            for name in ("oneOf", "anyOf"):
                if branches := keywords.pop(name, None):
                    todo.append((self.branch(branches, depth, turn), length + 1))
            if "if" in keywords:
                condition = keywords.pop("if")
                then, otherwise = keywords.pop("then", True), keywords.pop("else", True)
                taken = [{"allOf": [condition, then]}, otherwise, then][self.attempt % 3]
                todo.append((taken, length + 1))
            merge(merged, keywords)
        return merged

    def branch(self, branches: list[Any], depth: int, turn: int) -> Any:
        """One of several alternatives; deep down the plainest, so that what describes itself comes to an end."""
        if depth > 6 or self.visited > ENOUGH:
            branches = sorted(branches, key=lambda each: len(json.dumps(each, default=str)))
        return branches[(self.attempt + turn) % len(branches)]

    def referred(self, reference: str) -> Any:
        target = self.root
        for step in unquote(reference).removeprefix("#").split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            try:
                target = target[int(step)] if isinstance(target, list) else target[step]
            except (KeyError, IndexError, ValueError, TypeError):
                raise _Impossible from None
        return target

    def of_enum(self, merged: Mapping[str, Any], turn: int) -> Any:
        kinds = self.types(merged) if "type" in merged else TYPES
        values = [value for value in merged["enum"] if any(_is_a(value, kind) for kind in kinds)]
        values = [value for value in values if value is not None] or values
        if not values:
            raise _Impossible
        return values[(turn + self.attempt // 4) % len(values)]

    def types(self, merged: Mapping[str, Any]) -> list[str]:
        if "type" in merged:
            named = merged["type"] if isinstance(merged["type"], list) else [merged["type"]]
            kinds = [kind for kind in TYPES if kind in named]
            if not kinds:
                raise _Impossible
            return kinds
        return [kind for kind, keywords in _IMPLIED.items() if any(k in merged for k in keywords)] or ["object"]

    # -------------------------------------------------------------- one type each

    def _null(self, merged: Mapping[str, Any], depth: int, turn: int) -> None:
        return None

    def _boolean(self, merged: Mapping[str, Any], depth: int, turn: int) -> bool:
        return (turn + self.attempt // 4) % 2 == 0

    def _integer(self, merged: Mapping[str, Any], depth: int, turn: int) -> int | float:
        return self._number({**merged, "multipleOf": multiple(merged, Fraction(1))}, depth, turn)

    def _number(self, merged: Mapping[str, Any], depth: int, turn: int) -> int | float:
        step = multiple(merged, None)
        low, high = bounds(merged)
        unit = step or (Fraction(1) if low is None or high is None or high - low >= 1 else (high - low) / 4)
        start = low if low is not None else min(high, Fraction(1)) if high is not None else Fraction(1)
        value = start if step is None else math.ceil(start / step) * step
        if low is None and high is not None and value > high:
            value = high if step is None else math.floor(high / step) * step
        if "exclusiveMinimum" in merged and value <= Fraction(str(merged["exclusiveMinimum"])):
            value += unit
        if "exclusiveMaximum" in merged and value >= Fraction(str(merged["exclusiveMaximum"])):
            value -= unit
        value += turn * unit
        if high is not None and value > high:
            raise _Impossible
        return int(value) if value.denominator == 1 else float(value)

    def _string(self, merged: Mapping[str, Any], depth: int, turn: int) -> str:
        least, most = int(merged.get("minLength", 0)), merged.get("maxLength")
        if least > 1_000_000:
            raise _Impossible
        for text in self.texts(merged, least, turn + self.attempt // 6):
            if least <= len(text) and (most is None or len(text) <= most):
                return text
        raise _Impossible

    def texts(self, merged: Mapping[str, Any], least: int, turn: int) -> Iterator[str]:
        patterns = merged.get("patterns", ())
        candidates = self.plain_texts(merged, least, turn)
        if not patterns:
            yield from candidates
            return
        check = compile_schema({"allOf": [{"pattern": pattern} for pattern in patterns]})
        written = (
            text
            for candidate in _written_for(patterns, least)
            for text in ((candidate, f"{candidate}{turn}") if turn else (candidate,))
        )
        found = (text for source in (candidates, written) for text in source)
        seen = -1
        for text in found:
            if check.is_valid(text) and _fits(text, least, merged.get("maxLength")):
                seen += 1
                if seen >= turn:
                    yield text

    def plain_texts(self, merged: Mapping[str, Any], least: int, turn: int) -> Iterator[str]:
        base = FORMATS.get(merged.get("format", ""))
        if base is None:
            text = "text" if turn == 0 else f"text {turn + 1}"
            yield text.ljust(least, "t")
            most = merged.get("maxLength")
            yield (str(turn) if turn else "t").rjust(least, "t")[: most if most is not None else None]
            return
        if turn:
            base = _another(base, merged["format"], turn)
        yield base
        missing = max(0, least - len(base))
        yield base.replace("ada@", f"ada{'a' * missing}@", 1) if "@" in base else base + "a" * missing
        yield base + "/" + "a" * missing
        yield "dGV4" * math.ceil(least / 4)

    def _array(self, merged: Mapping[str, Any], depth: int, turn: int) -> list[Any]:
        prefix, items = list(merged.get("prefixItems", ())), merged.get("items", True)
        least, most = int(merged.get("minItems", 0)), merged.get("maxItems")
        if least > 1000:
            raise _Impossible
        contained = int(merged.get("minContains", 1)) if "contains" in merged else 0
        wanted = max(least, len(prefix), contained, 0 if self.is_enough(depth) or items in (True, False) else 1)
        wanted = wanted if most is None else min(wanted, int(most))
        made: list[Any] = []
        for index in range(wanted * 4):
            if len(made) == wanted:
                break
            position = len(made)
            schema = prefix[position] if position < len(prefix) else items
            if "contains" in merged and position >= wanted - contained:
                schema = {"allOf": [schema, merged["contains"]]}
            try:
                value = self.build(schema, depth + 1, turn + index if merged.get("uniqueItems") else turn)
            except _Impossible:
                if len(made) >= max(least, contained):
                    break
                raise
            if not merged.get("uniqueItems") or value not in made:
                made.append(value)
        return made

    def _object(self, merged: Mapping[str, Any], depth: int, turn: int) -> dict[str, Any]:
        properties = merged.get("properties", {})
        required = list(dict.fromkeys(merged.get("required", ())))
        made: dict[str, Any] = {}
        for name in required:
            made[name] = self.build(self.of_property(name, merged), depth + 1, turn)
        most = merged.get("maxProperties")
        for name, schema in properties.items():
            if name in made or (isinstance(schema, Mapping) and schema.get("writeOnly") is True):
                continue
            if (most is not None and len(made) >= most) or self.is_enough(depth):
                break
            if _is_forbidden(schema):
                continue
            before = self.visited
            try:
                made[name] = self.build(self.of_property(name, merged), depth + 1, turn)
            except _Impossible:
                self.visited = before
        for name in dict.fromkeys(
            also for has, names in merged.get("dependentRequired", {}).items() if has in made for also in names
        ):
            if name not in made:
                made[name] = self.build(self.of_property(name, merged), depth + 1, turn)
        self.fill(made, merged, depth, turn)
        return made

    def fill(self, made: dict[str, Any], merged: Mapping[str, Any], depth: int, turn: int) -> None:
        """Add properties of any name, where the schema wants more than it names."""
        least = int(merged.get("minProperties", 0))
        open_ended = isinstance(merged.get("additionalProperties"), Mapping) and not merged.get("properties")
        wanted = max(least, 1 if open_ended and not made and not self.is_enough(depth) else 0)
        names = self.names(merged)
        while len(made) < wanted:
            name = next(names, None)
            if name is None:
                if len(made) < least:
                    raise _Impossible
                return
            if name not in made:
                try:
                    made[name] = self.build(self.of_property(name, merged), depth + 1, turn)
                except _Impossible:
                    if least:
                        raise
                    return

    def names(self, merged: Mapping[str, Any]) -> Iterator[str]:
        yield from merged.get("properties", {})
        if merged.get("additionalProperties") is not False:
            rule = merged.get("propertyNames")
            for turn in range(100):
                try:
                    text = self.build({"allOf": [rule, {"type": "string"}]}, 0, turn) if rule else f"property{turn + 1}"
                except _Impossible:
                    break
                yield text
        for pattern in merged.get("patternProperties", {}):
            yield from islice(texts_for(pattern), 20)

    def of_property(self, name: str, merged: Mapping[str, Any]) -> Any:
        """What holds for the property ``name``: a schema."""
        own = [merged["properties"][name]] if name in merged.get("properties", {}) else []
        for pattern, schema in merged.get("patternProperties", {}).items():
            if compile_schema({"pattern": pattern}).is_valid(name):
                own.append(schema)
        if not own:
            own = [merged.get("additionalProperties", True)]
        return own[0] if len(own) == 1 else {"allOf": own}

    def is_enough(self, depth: int) -> bool:
        """Whether only what is required is built from here on: deep down, in large values, and to try it."""
        return (
            depth > 5 or self.visited > ENOUGH or (self.attempt % 4 == 3 and depth > 0) or self.attempt >= ATTEMPTS - 4
        )


def _written_for(patterns: list[str], least: int) -> Iterator[str]:
    """Texts for each pattern, then those for all of them one after the other."""
    for pattern in patterns:
        yield from texts_for(pattern, least)
    if len(patterns) > 1:
        yield from map("".join, zip(*(texts_for(pattern, least) for pattern in patterns), strict=False))


def _is_a(value: Any, kind: str) -> bool:
    kinds: Mapping[str, Any] = {
        "null": type(None), "boolean": bool, "integer": int, "number": (int, float), "string": str, "array": list,
        "object": dict,
    }  # fmt: skip
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, kinds[kind]) or (kind == "integer" and isinstance(value, float) and value.is_integer())


def _is_forbidden(schema: Any) -> bool:
    return schema is False or (isinstance(schema, Mapping) and schema.get("not") in (True, {}))


def _fits(text: str, least: int, most: Any) -> bool:
    return least <= len(text) and (most is None or len(text) <= most)


def _another(base: str, name: str, turn: int) -> str:
    """The ``turn``-th other value of a format."""
    if name in {"date", "date-time"}:
        return f"{2026 + turn % 7000}{base[4:]}"
    if name == "uuid":
        return f"{turn:08x}{base[8:]}"
    if name == "time":
        return f"12:{turn // 60 % 60:02}:{turn % 60:02}Z"
    if name == "ipv4":
        return f"192.0.{turn // 256 % 256}.{turn % 256}"
    if "@" in base or name == "duration":
        return f"P{turn + 1}D" if name == "duration" else f"ada{turn}@example.com"
    return f"{turn}.{base}" if "hostname" in name else f"{base}{turn}"
