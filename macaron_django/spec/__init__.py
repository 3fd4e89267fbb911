"""Layer 1: text → Document. An OpenAPI file goes in; a lazy, frozen description of it comes out.

No Django, REST framework or AWS in here.
"""

from typing import TYPE_CHECKING

from .document import Document, load
from .findings import Finding, Location, SpecError
from .operation import Operation
from .parse_cache import cache_folder
from .schema import Discriminator, Property, Schema
from .source import Limits

if TYPE_CHECKING:
    from .extensions import (
        Index,
        OperationExtensions,
        Persist,
        PropertyExtensions,
        SchemaExtensions,
        implied_hash_key,
        snake_case,
    )
    from .messages import Encoding, Header, MediaType, Parameter, RequestBody, Response
    from .persist_checks import class_findings
    from .security_schemes import SecurityScheme

__all__ = [
    "Discriminator",
    "Document",
    "Encoding",
    "Finding",
    "Header",
    "Index",
    "Limits",
    "Location",
    "MediaType",
    "Operation",
    "OperationExtensions",
    "Parameter",
    "Persist",
    "Property",
    "PropertyExtensions",
    "RequestBody",
    "Response",
    "Schema",
    "SchemaExtensions",
    "SecurityScheme",
    "SpecError",
    "cache_folder",
    "class_findings",
    "implied_hash_key",
    "load",
    "snake_case",
]

#: What reading a document and routing need nothing of: each name is imported from its module when first asked for.
_ELSEWHERE = {
    **dict.fromkeys(
        ("Index", "OperationExtensions", "Persist", "PropertyExtensions", "SchemaExtensions"), "extensions"
    ),
    **dict.fromkeys(("implied_hash_key", "snake_case"), "extensions"),
    **dict.fromkeys(("Encoding", "Header", "MediaType", "Parameter", "RequestBody", "Response"), "messages"),
    "class_findings": "persist_checks",
    "SecurityScheme": "security_schemes",
}


def __getattr__(name: str) -> object:
    if name not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f".{_ELSEWHERE[name]}", __name__), name)
    return found
