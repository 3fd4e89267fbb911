"""Layer 1: text → Document. An OpenAPI file goes in; a lazy, frozen description of it comes out.

No Django, REST framework or AWS in here.
"""

from .document import Document, load
from .extensions import (
    Index,
    OperationExtensions,
    Persist,
    PropertyExtensions,
    SchemaExtensions,
    implied_hash_key,
    snake_case,
)
from .findings import Finding, Location, SpecError
from .operation import Encoding, Header, MediaType, Operation, Parameter, RequestBody, Response
from .parse_cache import cache_folder
from .persist_checks import class_findings
from .schema import Discriminator, Property, Schema
from .security import SecurityScheme
from .source import Limits

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
