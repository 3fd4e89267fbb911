"""Finds the version of OpenAPI in which a document is written."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["DIALECTS", "dialect_of"]

#: The supported versions. A dialect includes all versions with the same first two numbers, such as 3.0.3.
DIALECTS: Final = ("2.0", "3.0", "3.1", "3.2")


def dialect_of(tree: Any) -> str | None:
    """Returns the dialect that the root of a document names; None if it isn't in :data:`DIALECTS`."""
    if not isinstance(tree, dict):
        return None
    for keyword in ("swagger", "openapi"):
        if keyword not in tree:
            continue
        version = str(tree[keyword] or "").strip()
        dialect = "2.0" if version == "2" else version[:3]
        if dialect in DIALECTS and version[3:4] in ("", "."):
            return dialect if (dialect == "2.0") == (keyword == "swagger") else None
    return None
