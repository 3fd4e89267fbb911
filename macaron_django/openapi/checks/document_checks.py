"""Checks a document: quickly at each start of a server, completely for commands and ``manage.py check``."""

from __future__ import annotations

from itertools import chain

from macaron_django.openapi.checks.extension_checks import component_attributes, operation_attributes
from macaron_django.openapi.checks.operation_checks import operation_findings
from macaron_django.openapi.checks.text_checks import noted, reread
from macaron_django.openapi.document import Document
from macaron_django.openapi.findings import Finding, unique

__all__ = ["check", "quick_check"]


def quick_check(document: Document) -> tuple[Finding, ...]:
    """Returns the faults that decide whether a document can be served, without duplicates.

    These are faults in the text of the root file, in operations and in x- attributes. The rest of the document isn't
    visited.
    """
    return unique(
        chain(
            noted(document.main),
            operation_findings(document),
            operation_attributes(document),
            component_attributes(document),
        )
    )


def check(document: Document) -> tuple[Finding, ...]:
    """Returns all findings about a document, beginning with those of ``quick_check``.

    This function visits the whole document and reads its files again.
    """
    from macaron_django.openapi.checks.structure_checks import structure_findings  # not needed at a server's start

    quick = quick_check(document)
    structure = list(structure_findings(document))  # first, because it may read more files
    texts = chain.from_iterable(chain(noted(file), reread(file)) for file in document.sources)
    return unique(chain(quick, structure, texts))
