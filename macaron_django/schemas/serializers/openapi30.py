"""Converts a schema, but not its subschemas, from the 3.1 form to OpenAPI 3.0's form.

Callers convert subschemas first. Keywords that don't exist in 3.0 are left out. So the result accepts all values that
the schema accepts, and possibly more.
"""

from __future__ import annotations

from typing import Any

__all__ = ["as_openapi30"]

#: The keywords of JSON Schema 2020-12 that OpenAPI 3.0 doesn't have.
_UNKNOWN = frozenset(
    {
        "contains", "contentEncoding", "contentMediaType", "contentSchema", "dependentRequired", "dependentSchemas",
        "else", "if", "maxContains", "minContains", "patternProperties", "prefixItems", "propertyNames", "then",
        "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
_NULL = {"type": "string", "enum": [None], "nullable": True}


def as_openapi30(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns ``schema`` in OpenAPI 3.0's form. Its subschemas must already have that form.

    >>> as_openapi30({"type": ["integer", "null"], "exclusiveMinimum": 0})
    {'type': 'integer', 'nullable': True, 'minimum': 0, 'exclusiveMinimum': True}
    """
    result = {keyword: value for keyword, value in schema.items() if keyword not in _UNKNOWN}
    if "prefixItems" in schema:
        result.pop("items", None)
    if "patternProperties" in schema:
        result.pop("additionalProperties", None)
    if "const" in result:
        constant = result.pop("const")
        result["enum"] = [value for value in result.get("enum", [constant]) if value == constant]
    _types(result)
    _exclusive(result, "minimum", "exclusiveMinimum", max)
    _exclusive(result, "maximum", "exclusiveMaximum", min)
    examples = result.pop("examples", None)
    if isinstance(examples, list) and examples:
        result.setdefault("example", examples[0])
    if result.get("type") == "array":
        result.setdefault("items", {})
    return result


def _types(result: dict[str, Any]) -> None:
    types = result.pop("type", None)
    if types is None:
        return
    names = [types] if isinstance(types, str) else list(types)
    others = [name for name in names if name != "null"]
    if not others:
        result |= _NULL
    elif len(others) == 1:
        result["type"] = others[0]
        if "null" in names:
            result["nullable"] = True
    else:
        branches: list[dict[str, Any]] = [
            {"type": name, **({"items": {}} if name == "array" else {})} for name in others
        ]
        if "null" in names:
            branches.append(dict(_NULL))
        union = {"anyOf": branches}
        if "anyOf" in result:
            result["allOf"] = [*result.get("allOf", ()), union]
        else:
            result |= union


def _exclusive(result: dict[str, Any], bound: str, exclusive: str, tightest: Any) -> None:
    limit = result.pop(exclusive, None)
    if limit is None:
        return
    if bound not in result or tightest(limit, result[bound]) == limit:
        result[bound], result[exclusive] = limit, True
