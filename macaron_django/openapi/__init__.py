"""Reads an OpenAPI file, in any version, into a lazy, frozen ``Document`` in OpenAPI 3.1's terms.

``load`` returns the document, ``check`` returns the document's faults, and ``publish`` returns the document that is
served. Other packages read documents through the classes in ``document`` and ``schema``. Nothing in this package needs
Django, REST framework or AWS. The folders, and the module for x- attributes:

- ``reading``: files and their text
- ``references``: the targets of ``$ref`` and discriminators
- ``dialects``: the differences between versions
- ``checks``: findings
- ``extensions``: x- attributes
- ``operations``: parameters, bodies and security
"""

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports
from macaron_django.openapi.document import Document, Operation, load
from macaron_django.openapi.findings import Finding, Location, SpecError, explained_by
from macaron_django.openapi.operations.security import SecurityScheme
from macaron_django.openapi.reading.limits import Limits
from macaron_django.openapi.reading.parse_cache import cache_folder
from macaron_django.openapi.schema import Direction, Property, Schema

if TYPE_CHECKING:
    from macaron_django.openapi.checks.document_checks import check, quick_check
    from macaron_django.openapi.checks.persist_checks import class_findings
    from macaron_django.openapi.extensions import Index, Persist, implied_hash_key, is_dotted, snake_case
    from macaron_django.openapi.operations.messages import Encoding, Header, MediaType, Parameter, Response
    from macaron_django.openapi.prebuilding import is_known_sound, prebuilt_entries
    from macaron_django.openapi.publishing import publish

__all__ = [
    "Direction",
    "Document",
    "Encoding",
    "Finding",
    "Header",
    "Index",
    "Limits",
    "Location",
    "MediaType",
    "Operation",
    "Parameter",
    "Persist",
    "Property",
    "Response",
    "Schema",
    "SecurityScheme",
    "SpecError",
    "cache_folder",
    "check",
    "class_findings",
    "explained_by",
    "implied_hash_key",
    "is_dotted",
    "is_known_sound",
    "load",
    "prebuilt_entries",
    "publish",
    "quick_check",
    "snake_case",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "checks.document_checks": ("check", "quick_check"),
        "checks.persist_checks": ("class_findings",),
        "extensions": ("Index", "Persist", "implied_hash_key", "is_dotted", "snake_case"),
        "operations.messages": ("Encoding", "Header", "MediaType", "Parameter", "Response"),
        "prebuilding": ("is_known_sound", "prebuilt_entries"),
        "publishing": ("publish",),
    },
)
