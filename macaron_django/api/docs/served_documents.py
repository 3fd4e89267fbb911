"""Writes each served document as JSON or YAML: bundled into one file, and with the paths on this server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from macaron_django.conf import settings
from macaron_django.openapi import Document, publish
from macaron_django.schemas.values.json_text import dump_json

__all__ = ["MEDIA_TYPES", "NAMESPACE", "Documents", "document_text", "published_below"]

#: The namespace of the documentation's URLs.
NAMESPACE = "macaron_django"
#: The media type of each suffix.
MEDIA_TYPES = {"json": "application/json", "yaml": "application/yaml"}

#: Returns the documents of all APIs by name. Called for each request, since tests register APIs late.
Documents = Callable[[], Mapping[str, Document]]


def published_below() -> str:
    """Returns ``PUBLISH_PATH`` with a slash at its end, but not at its beginning, such as ``doc/``."""
    below = str(settings.PUBLISH_PATH or "").strip("/")
    return f"{below}/" if below else ""


@lru_cache(maxsize=64)
def document_text(
    document: Document, base_path: str, keep_server_extensions: bool, suffix: str, preface: str | None = None
) -> bytes:
    """Returns the text of a document, bundled into one file.

    In this text, ``servers`` or ``basePath`` has the API's path on this server.

    ``preface`` is Markdown that precedes the document's description.
    """
    bundled = publish(document, keep_server_extensions=keep_server_extensions, base_path=base_path)
    if preface:
        info = bundled["info"]
        bundled = {**bundled, "info": {**info, "description": f"{preface}\n\n{info.get('description', '')}".rstrip()}}
    if suffix == "json":
        return dump_json(bundled)
    import yaml  # a process that serves no YAML doesn't need it

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(bundled, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)).encode()
