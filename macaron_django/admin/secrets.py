"""Which properties nobody sees in the admin: write-only ones and passwords; and items without them.

In go properties, schemas and JSON; out come verdicts and masked copies. Apart from the pages because each of them,
list, item, search and raw JSON, has to ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from macaron_django.spec import Property, Schema

__all__ = ["MASK", "is_secret", "masked", "masked_attributes"]

MASK = "••••••"


def is_secret(prop: Property) -> bool:
    """Whether the schema says that the value is for the server only."""
    return prop.write_only or prop.schema.format == "password"


def masked(value: Any, schema: Schema | None) -> Any:
    """JSON with secrets replaced, as deep as the schema tells of them."""
    if schema is None:
        return value
    if isinstance(value, dict):
        return {name: _masked_property(name, inner, schema) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, schema.items) for inner in value]
    return value


def _masked_property(name: str, value: Any, schema: Schema) -> Any:
    prop = schema.properties.get(name)
    if prop is None:
        return value
    return MASK if is_secret(prop) else masked(value, prop.schema)


def masked_attributes(attributes: Any, schema: Schema | None) -> Any:
    """As ``masked``, for an item in DynamoDB's own JSON."""
    if schema is None:
        return attributes
    shown = {}
    for name, value in attributes.items():
        prop = schema.properties.get(name)
        if prop is None:
            shown[name] = value
        else:
            shown[name] = {next(iter(value)): MASK} if is_secret(prop) else _masked_attribute(value, prop.schema)
    return shown


def _masked_attribute(value: Any, schema: Schema | None) -> Any:
    if schema is None:
        return value
    ((tag, content),) = value.items()
    if tag == "M":
        return {"M": masked_attributes(content, schema)}
    if tag == "L":
        return {"L": [_masked_attribute(inner, schema.items) for inner in content]}
    return value
