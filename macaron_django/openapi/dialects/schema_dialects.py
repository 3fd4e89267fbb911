"""Converts schemas of any version, from Swagger 2.0 to OpenAPI 3.2, to the form of OpenAPI 3.1 (JSON Schema 2020-12).

Inline subschemas are converted, too; ``$ref``s stay. Code that reads this form doesn't depend on a document's version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from macaron_django.openapi.keywords import COUNTS, SCHEMA_KEYWORDS, SCHEMA_LISTS, SCHEMA_MAPS, TYPES, malformed

__all__ = ["NUMBER_FORMATS", "TooDeepError", "mandatory_properties", "normalise_schema", "rename_reference"]

#: The lowest and the highest number of each number format.
NUMBER_FORMATS: Mapping[str, tuple[float, float]] = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "float": (-3.4028234663852886e38, 3.4028234663852886e38),
    "double": (-1.7976931348623157e308, 1.7976931348623157e308),
}
#: Keywords that stay beside a $ref because they don't affect validity. OpenAPI 3.0 and Swagger 2.0 ignore other
#: keywords there.
_KEPT_BESIDE_REF = frozenset({"$ref", "description", "summary", "title"})


class TooDeepError(ValueError):
    """A schema is nested deeper than the limit."""


def normalise_schema(schema: Any, dialect: str, *, max_depth: int = 128) -> dict[str, Any] | bool:
    """Returns the 3.1 form of a schema written in ``dialect`` ("2.0", "3.0", "3.1" or "3.2").

    Raises ``TooDeepError`` if more than ``max_depth`` schemas are nested in one another.

    >>> normalise_schema({"type": "string", "nullable": True}, "3.0")
    {'type': ['string', 'null']}
    """
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, dict):
        return {}
    if max_depth <= 0:
        raise TooDeepError("a schema is nested too deeply")
    if dialect in ("2.0", "3.0") and isinstance(schema.get("$ref"), str):
        return _reference(schema, dialect)
    normal: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in SCHEMA_MAPS and isinstance(value, dict):
            normal[keyword] = {
                name: normalise_schema(item, dialect, max_depth=max_depth - 1) for name, item in value.items()
            }
        elif isinstance(value, list) and (keyword in SCHEMA_LISTS or keyword == "items"):
            normal["prefixItems" if keyword == "items" else keyword] = [
                normalise_schema(item, dialect, max_depth=max_depth - 1) for item in value
            ]
        elif keyword in SCHEMA_KEYWORDS and isinstance(value, dict):
            normal[keyword] = normalise_schema(value, dialect, max_depth=max_depth - 1)
        else:
            normal[keyword] = value
    if "additionalItems" in normal and isinstance(schema.get("items"), list):
        normal["items"] = normal.pop("additionalItems")
    _boolean_exclusives(normal)
    if dialect == "2.0":
        _swagger(normal)
    _nullable(normal, dialect)
    _repair(normal)
    _pymacaron(normal)
    if normal.get("format") in NUMBER_FORMATS:
        _number_bounds(normal)
    return normal


def mandatory_properties(properties: Mapping[str, Any]) -> list[str]:
    """Returns the names of the properties with ``x-mandatory: true``.

    >>> mandatory_properties({"id": {"type": "string", "x-mandatory": True}, "name": {"type": "string"}})
    ['id']
    """
    return [name for name, prop in properties.items() if type(prop) is dict and prop.get("x-mandatory") is True]


def rename_reference(reference: str) -> str:
    """Returns the 3.1 spelling of a Swagger 2.0 reference.

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
    if kept.get("x-nullable") is True:
        return {"anyOf": [{"$ref": kept.pop("$ref")}, {"type": "null"}], **kept}
    return kept


def _boolean_exclusives(schema: dict[str, Any]) -> None:
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)


def _swagger(schema: dict[str, Any]) -> None:
    if schema.get("type") == "file":
        schema["type"], schema["format"] = "string", "binary"
    if isinstance(schema.get("discriminator"), str):
        schema["discriminator"] = {"propertyName": schema["discriminator"]}


def _nullable(schema: dict[str, Any], dialect: str) -> None:
    if "nullable" not in schema and "x-nullable" not in schema:
        return
    nullable = schema.pop("nullable", None) is True and dialect == "3.0"
    if not nullable and schema.get("x-nullable") is not True:
        return
    types = schema.get("type")
    if isinstance(types, str) and types != "null":
        schema["type"] = [types, "null"]
    elif isinstance(types, list) and "null" not in types:
        schema["type"] = [*types, "null"]
    _nullable_composition(schema)
    # OpenAPI 3.0.3 requires null in the enum. With x-nullable, other tools accept null even if the enum lacks it.
    enum = schema.get("enum")
    if not nullable and isinstance(enum, list) and None not in enum:
        schema["enum"] = [*enum, None]


def _nullable_composition(schema: dict[str, Any]) -> None:
    """Makes a composed schema accept null, too. Authors expect this if ``nullable`` is beside allOf, oneOf or anyOf.

    Null isn't added as a branch of ``oneOf``: if another branch accepts null, two branches would match.
    """
    moved: dict[str, Any] = {}
    for keyword in ("$ref", "allOf", "oneOf", "anyOf", "discriminator"):
        if keyword in schema:
            moved[keyword] = schema.pop(keyword)
    if moved.keys() - {"discriminator"}:
        schema["anyOf"] = [moved, {"type": "null"}]
    else:
        schema.update(moved)


def _repair(schema: dict[str, Any]) -> None:
    """Drops malformed values of keywords, or the malformed parts of values. The checks report all of them."""
    schema |= {keyword: int(schema[keyword]) for keyword in COUNTS if _is_whole(schema.get(keyword))}
    for keyword in [keyword for keyword, _ in malformed(schema)]:
        value = schema.pop(keyword)
        if keyword in ("required", "type") and isinstance(value, list):
            kept = [item for item in dict.fromkeys(filter(_is_text, value)) if keyword == "required" or item in TYPES]
            if kept:
                schema[keyword] = kept
        elif keyword == "examples" and isinstance(value, dict):  # a mapping of Example Objects, as beside a schema
            schema[keyword] = [item.get("value") if isinstance(item, dict) else item for item in value.values()]


def _pymacaron(schema: dict[str, Any]) -> None:
    """Translates PyMacaron's ``x-mandatory`` into ``required``, and its ``datetime`` into ``date-time``."""
    properties = schema.get("properties")
    if properties and isinstance(properties, dict) and (mandatory := mandatory_properties(properties)):
        required = schema.get("required", [])
        schema["required"] = [*required, *(name for name in mandatory if name not in required)]
    if schema.get("format") == "datetime":
        schema["format"] = "date-time"


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _number_bounds(schema: dict[str, Any]) -> None:
    types = schema.get("type")
    types = types if isinstance(types, list) else [types]
    if "integer" not in types and "number" not in types:
        return
    lowest, highest = NUMBER_FORMATS[schema["format"]]
    minimum, maximum = schema.get("minimum"), schema.get("maximum")
    if minimum is None or minimum < lowest:
        schema["minimum"] = lowest
    if maximum is None or maximum > highest:
        schema["maximum"] = highest
