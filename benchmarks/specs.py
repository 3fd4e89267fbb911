"""Variants of stacks/profiles.yaml: the spec that a stack of the package is given.

In: the name of a variant, and the table. Out: YAML. The plain spec is the one that connexion reads, too.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["more_operations", "spec_text"]

PROFILES = Path(__file__).resolve().parent / "stacks" / "profiles.yaml"
_KEPT = "x-persist: {table: profiles_macaron, hash_key: profile_id}"
_PUBLIC = "security: []"
#: Of one resource of the filling: list, create, get, replace.
_A_RESOURCE = 4


def _replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"{PROFILES} has no {old!r} any more")
    return text.replace(old, new)


def spec_text(variant: str, table: str, operations: int = 0) -> str:
    """The spec for a stack whose profiles are in ``table``, with at least so many operations.

    Variants: "plain"; "jwt", where each operation wants a bearer token; "orm", where profiles are a Django model's.
    """
    text = PROFILES.read_text("utf-8")
    if variant == "orm":
        text = _replaced(text, _KEPT, "x-model: orm_profile.Profile")
    else:
        text = _replaced(text, "table: profiles_macaron", f"table: {table}")
    if variant == "jwt":
        text = _replaced(text, _PUBLIC, "security: [{token: []}]")
        scheme = "components:\n  securitySchemes:\n    token: {type: http, scheme: bearer, bearerFormat: JWT}\n"
        text = _replaced(text, "components:\n", scheme)
    return more_operations(text, operations)


def more_operations(text: str, operations: int) -> str:
    """Add whole resources, with a schema and a table each, before the profiles, until there are so many operations."""
    resources = range(max(0, operations - _A_RESOURCE) // _A_RESOURCE)
    paths = "".join(_PATHS.format(number=number) for number in resources)
    schemas = "".join(_SCHEMA.format(number=number) for number in resources)
    return _replaced(_replaced(text, "paths:\n", f"paths:\n{paths}"), "  schemas:\n", f"  schemas:\n{schemas}")


_PATHS = """\
  /things{number}:
    get:
      operationId: list_things{number}
      security: []
      responses:
        "200":
          description: A page of them.
          content:
            application/json: {{schema: {{type: array, items: {{$ref: "#/components/schemas/Thing{number}"}}}}}}
    post:
      operationId: create_thing{number}
      security: []
      requestBody:
        required: true
        content: {{application/json: {{schema: {{$ref: "#/components/schemas/Thing{number}"}}}}}}
      responses:
        "201":
          description: As it is kept.
          content: {{application/json: {{schema: {{$ref: "#/components/schemas/Thing{number}"}}}}}}
  /things{number}/{{thing_id}}:
    parameters: [{{name: thing_id, in: path, required: true, schema: {{type: string}}}}]
    get:
      operationId: get_thing{number}
      security: []
      responses:
        "200":
          description: As it is kept.
          content: {{application/json: {{schema: {{$ref: "#/components/schemas/Thing{number}"}}}}}}
    put:
      operationId: replace_thing{number}
      security: []
      requestBody:
        required: true
        content: {{application/json: {{schema: {{$ref: "#/components/schemas/Thing{number}"}}}}}}
      responses:
        "200":
          description: As it is kept.
          content: {{application/json: {{schema: {{$ref: "#/components/schemas/Thing{number}"}}}}}}
"""
_SCHEMA = """\
    Thing{number}:
      type: object
      x-persist: {{table: things{number}, hash_key: thing_id}}
      required: [title]
      properties:
        thing_id: {{type: string, x-generated: uuid4}}
        title: {{type: string, maxLength: 100}}
        amount: {{type: integer, minimum: 0}}
        made: {{type: string, format: date-time}}
"""
