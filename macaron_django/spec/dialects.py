"""Swagger 2.0, OpenAPI 3.0 and 3.2 schemas → one 3.1 form (JSON Schema 2020-12).

A schema as written goes in, with the dialect of its file; the same schema in the 3.1 form comes out, all
inline subschemas included, ``$ref``s kept. Nothing after this knows which version a document was written in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["TooDeep", "normalise_schema", "rename_reference"]

#: What is told about a keyword that doesn't mean what it should: pointer below the schema, ID, message.
Report = Callable[[str, str, str], None]

SCHEMA_KEYWORDS = frozenset(
    {
        "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not",
        "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
SCHEMA_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SCHEMA_MAPS = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})

#: Formats of numbers that are bounds: (lowest, highest).
NUMBER_FORMATS: Mapping[str, tuple[float, float]] = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "float": (-3.4028234663852886e38, 3.4028234663852886e38),
    "double": (-1.7976931348623157e308, 1.7976931348623157e308),
}
#: Beside a $ref, 3.0 and Swagger 2.0 ignore everything; these say nothing about validity and are kept.
_KEPT_BESIDE_REF = frozenset({"$ref", "description", "summary", "title"})


class TooDeep(ValueError):
    """A schema is nested deeper than the limit."""


def normalise_schema(schema: Any, dialect: str, *, max_depth: int = 128) -> dict[str, Any] | bool:
    """The 3.1 form of a schema written in ``dialect`` ("2.0", "3.0", "3.1" or "3.2").

    >>> normalise_schema({"type": "string", "nullable": True}, "3.0")
    {'type': ['string', 'null']}
    """
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, dict):
        return {}
    if max_depth <= 0:
        raise TooDeep("a schema is nested too deeply")
    old = dialect in ("2.0", "3.0")
    if old and isinstance(schema.get("$ref"), str):
        return _reference(schema, dialect)
    normal: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in SCHEMA_MAPS and isinstance(value, dict):
            normal[keyword] = {
                name: normalise_schema(item, dialect, max_depth=max_depth - 1) for name, item in value.items()
            }
        elif keyword in SCHEMA_LISTS and isinstance(value, list):
            normal[keyword] = [normalise_schema(item, dialect, max_depth=max_depth - 1) for item in value]
        elif keyword == "items" and isinstance(value, list):
            normal["prefixItems"] = [normalise_schema(item, dialect, max_depth=max_depth - 1) for item in value]
        elif keyword in SCHEMA_KEYWORDS and isinstance(value, dict):
            normal[keyword] = normalise_schema(value, dialect, max_depth=max_depth - 1)
        else:
            normal[keyword] = value
    if old:
        _boolean_exclusives(normal)
        if dialect == "2.0":
            _swagger(normal)
        _nullable(normal)
    _malformed(normal)
    if normal.get("format") in NUMBER_FORMATS:
        _number_bounds(normal)
    return normal


def rename_reference(reference: str) -> str:
    """A Swagger 2.0 reference in the 3.1 form's spelling.

    >>> rename_reference("#/definitions/Pet")
    '#/components/schemas/Pet'
    """
    if reference.startswith("#/definitions/"):
        return "#/components/schemas/" + reference.removeprefix("#/definitions/")
    return reference


def _reference(schema: dict[str, Any], dialect: str) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key in _KEPT_BESIDE_REF or key.startswith("x-")}
    if dialect == "2.0":
        kept["$ref"] = rename_reference(kept["$ref"])
    if kept.pop("x-nullable", False) is True:
        return {"anyOf": [{"$ref": kept.pop("$ref")}, {"type": "null"}], **kept}
    return kept


def _boolean_exclusives(schema: dict[str, Any]) -> None:
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool):
            if schema.pop(exclusive) and bound in schema:
                schema[exclusive] = schema.pop(bound)


def _swagger(schema: dict[str, Any]) -> None:
    if schema.get("type") == "file":
        schema["type"], schema["format"] = "string", "binary"
    if isinstance(schema.get("discriminator"), str):
        schema["discriminator"] = {"propertyName": schema["discriminator"]}


def _nullable(schema: dict[str, Any]) -> None:
    if "nullable" not in schema and "x-nullable" not in schema:
        return
    nullable = schema.pop("nullable", None)
    if schema.get("x-nullable") is True or nullable is True:
        schema.pop("x-nullable", None)
        types = schema.get("type")
        if isinstance(types, str) and types != "null":
            schema["type"] = [types, "null"]
        elif isinstance(types, list) and "null" not in types:
            schema["type"] = [*types, "null"]
        elif types is None:
            _nullable_composition(schema)


def _nullable_composition(schema: dict[str, Any]) -> None:
    """``nullable`` beside allOf, oneOf or anyOf and no type: the composition or null, as its authors mean it.

    A null branch inside ``oneOf`` would make null match twice where another branch takes it already.
    """
    moved = {
        keyword: schema.pop(keyword) for keyword in ("allOf", "oneOf", "anyOf", "discriminator") if keyword in schema
    }
    if moved.keys() - {"discriminator"}:
        schema["anyOf"] = [moved, {"type": "null"}]
    else:
        schema.update(moved)


def _malformed(schema: dict[str, Any]) -> None:
    """Drop what is no value of its keyword, so that one slip doesn't make a whole schema unusable.

    ``Document.check()`` reports each.
    """
    if isinstance(schema.get("required"), bool):  # a draft 3 habit
        del schema["required"]


def _number_bounds(schema: dict[str, Any]) -> None:
    types = schema.get("type")
    types = types if isinstance(types, list) else [types]
    if "integer" not in types and "number" not in types:
        return
    lowest, highest = NUMBER_FORMATS[schema["format"]]
    minimum, maximum = schema.get("minimum"), schema.get("maximum")
    if not _is_number(minimum) or minimum < lowest:
        schema["minimum"] = lowest
    if not _is_number(maximum) or maximum > highest:
        schema["maximum"] = highest


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
