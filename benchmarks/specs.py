"""Creates variants of the spec stacks/profiles.yaml, for stacks of this package.

A variant has a name, and the result is YAML. The plain spec is written as most projects write specs.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["more_operations", "spec_text"]

PROFILES = Path(__file__).resolve().parent / "stacks" / "profiles.yaml"
_KEPT = "x-persist: {table: profiles_macaron, hash_key: profile_id}"
_PUBLIC = "security: []"
#: The operations of one added resource: list, create, get, replace. For many tables, only the last two.
_A_RESOURCE, _AN_ITEM = 4, 2
_OBJECT = "      type: object\n"
_PERSISTED = "hash_key: profile_id}"
_PROPERTIES = "        profile_id: {type: string"
_PUT = "    put:\n      operationId: replace_profile\n"
_CONTENT = 'content: {application/json: {schema: {$ref: "#/components/schemas/Profile"}}}'
#: variant → the replaced texts and their replacements
_CHANGES = {
    "trimmed": [(_OBJECT, f"{_OBJECT}      additionalProperties: false\n")],
    "versioned": [
        (_PERSISTED, "hash_key: profile_id, version: version}"),
        (_PROPERTIES, f"        version: {{type: integer, readOnly: true}}\n{_PROPERTIES}"),
    ],
    "sets": [(_PERSISTED, "hash_key: profile_id, sets: [tags]}")],
    "indexed": [
        (_PERSISTED, "hash_key: profile_id, indexes: {by_email: email}}"),
        (
            "        - {name: cursor,",
            "        - {name: email, in: query, schema: {type: string}}\n        - {name: cursor,",
        ),
    ],
    "patch": [
        (
            _PUT,
            "    patch:\n      operationId: change_profile\n      security: []\n"
            f"      requestBody: {{required: true, {_CONTENT}}}\n"
            f'      responses: {{"200": {{description: The profile as it is kept., {_CONTENT}}}}}\n{_PUT}',
        )
    ],
    "handler": [
        (
            "components:\n",
            "  /profiles/{profile_id}/view:\n"
            "    parameters: [{name: profile_id, in: path, required: true, schema: {type: string}}]\n"
            "    post:\n      operationId: view_profile\n      security: []\n"
            "      x-bind-server: hook_handlers.view_profile\n"
            f'      responses: {{"200": {{description: The profile as it is kept., {_CONTENT}}}}}\ncomponents:\n',
        )
    ],
    "silent": [(f"      {_PUBLIC}\n", "")],
    "jwt": [
        (_PUBLIC, "security: [{token: []}]"),
        (
            "components:\n",
            "components:\n  securitySchemes:\n    token: {type: http, scheme: bearer, bearerFormat: JWT}\n",
        ),
    ],
}


def _replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"{PROFILES} has no {old!r} any more")
    return text.replace(old, new)


def spec_text(variant: str, table: str, operations: int = 0, many_tables: bool = False) -> str:
    """Returns the spec for a stack whose profiles are in ``table``, with at least this number of operations.

    Four operations share a table, or two operations with ``many_tables``.

    ``variant`` is "plain", or changes joined by "+", which are made in this order:

    - "trimmed": other properties are forbidden;
    - "orm": profiles are stored by a Django model;
    - "versioned", "sets", "indexed": `x-persist` has another option;
    - "silent": the spec has no `security`; "jwt": each operation requires a bearer token;
    - "patch": a PATCH is added; "handler": an operation with a handler is added.
    """
    text = PROFILES.read_text("utf-8")
    wanted = set(variant.split("+")) - {"plain"}
    if unknown := wanted - {*_CHANGES, "orm"}:
        raise ValueError(f"no variant {', '.join(sorted(unknown))}")
    if "orm" in wanted:
        text = _replaced(text, _KEPT, "x-model: orm_profile.Profile")
    else:
        text = _replaced(text, "table: profiles_macaron", f"table: {table}")
    for name, changes in _CHANGES.items():
        if name in wanted:
            for old, new in changes:
                text = _replaced(text, old, new)
    return more_operations(text, operations, many_tables)


def more_operations(text: str, operations: int, many_tables: bool = False) -> str:
    """Adds resources before the profiles, each with a schema and table, until the spec has this many operations."""
    resources = range(max(0, operations - _A_RESOURCE) // (_AN_ITEM if many_tables else _A_RESOURCE))
    template = _ITEM if many_tables else _COLLECTION + _ITEM
    paths = "".join(template.format(number=number) for number in resources)
    schemas = "".join(_SCHEMA.format(number=number) for number in resources)
    return _replaced(_replaced(text, "paths:\n", f"paths:\n{paths}"), "  schemas:\n", f"  schemas:\n{schemas}")


_COLLECTION = """\
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
"""
_ITEM = """\
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
