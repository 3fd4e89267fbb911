"""Publishes a document: creates the self-contained OpenAPI document that is served.

The served document has the same OpenAPI version and content as the document that was read, with four changes. Objects
in other files move into the document's components. If no section can hold such an object, a copy of the object replaces
the reference. ``servers`` or ``basePath`` shows the prefix at which the API is mounted. ``required`` includes the
properties with ``x-mandatory``. The x- attributes for the server are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from macaron_django.openapi.dialects.grammar import OTHERS, Field, fields_of
from macaron_django.openapi.dialects.schema_dialects import mandatory_properties
from macaron_django.openapi.document import Document
from macaron_django.openapi.document_tree import server_path
from macaron_django.openapi.json_pointers import escape, split
from macaron_django.openapi.reading.source_files import SourceNode
from macaron_django.openapi.references.resolution import BrokenReference

__all__ = ["SERVER_EXTENSIONS", "publish"]

SERVER_EXTENSIONS = frozenset(
    {
        "x-admin", "x-bind-client", "x-bind-server", "x-decorate-request", "x-decorate-server", "x-decimal",
        "x-field", "x-generated", "x-key", "x-lookup", "x-mandatory", "x-model", "x-no-bind-server", "x-parent",
        "x-path-greedy", "x-persist", "x-read-limit", "x-writable",
    }
)  # fmt: skip
_SECTIONS_2 = {"schema": "definitions", "parameter": "parameters", "response": "responses"}
_SECTIONS_3 = {
    "schema": "schemas", "parameter": "parameters", "response": "responses", "request_body": "requestBodies",
    "header": "headers", "example": "examples", "link": "links", "callback": "callbacks",
    "security_scheme": "securitySchemes",
}  # fmt: skip


def publish(
    document: Document, *, keep_server_extensions: bool = False, base_path: str | None = None
) -> dict[str, Any]:
    """Returns the document to serve, in its original version of OpenAPI and without references to other files.

    ``base_path`` ("" or like "/v1") is the prefix at which the paths are mounted. If it is None, ``servers`` and
    ``basePath`` don't change. The result shares unchanged parts with the document: treat the result as read-only.
    """
    return _Publisher(document, frozenset() if keep_server_extensions else SERVER_EXTENSIONS, base_path).publish()


class _Publisher:
    def __init__(self, document: Document, left_out: frozenset[str], base_path: str | None) -> None:
        self.document, self.left_out, self.base_path = document, left_out, base_path
        self.old = document.dialect == "2.0"
        self.sections = _SECTIONS_2 if self.old else _SECTIONS_3
        self.names: dict[tuple[str, str], str] = {}  # by section, and by URI with pointer
        self.taken: dict[str, dict[str, Any]] = {}  # the objects added to each section, by name
        self.todo: list[tuple[str, str, str, SourceNode]] = []  # section, name, kind, node

    def publish(self) -> dict[str, Any]:
        main = self.document.main
        self._reserve_components()
        served: dict[str, Any] = self._copy("document", SourceNode(main, "#", main.tree), 0)
        while self.todo:
            section, name, kind, node = self.todo.pop()
            self.taken[section][name] = self._copy(kind, node, 0)
        for section, added in self.taken.items():
            if added:
                parent = served if self.old else served.setdefault("components", {})
                parent[section] = {**(parent.get(section) or {}), **added}
        if self.base_path is not None:
            self._mount(served)
        return served

    def _reserve_components(self) -> None:
        """Reserves names. If a component is only a reference to another file, the target gets the component's name."""
        for kind, section in self.sections.items():
            self.taken[section] = {}
            for name, child in self.document.section(section, section).children():
                reference = child.mapping.get("$ref")
                if isinstance(reference, str) and len(child.mapping) == 1:
                    target = self._target(child, reference)
                    if target is not None and target.file is not self.document.main:
                        place = (section, target.file.uri + target.pointer)
                        if place not in self.names:
                            self.names[place] = name
                            self.todo.append((section, name, kind, target))

    def _mount(self, served: dict[str, Any]) -> None:
        if self.old:
            for key in ("host", "schemes"):  # without them, clients use the host and scheme of the document
                served.pop(key, None)
            served["basePath"] = self.base_path or "/"
        else:
            served["servers"] = [{"url": self.base_path or "/"}]

    def _target(self, node: SourceNode, reference: str) -> SourceNode | None:
        try:
            return self.document.sources.resolve(node, reference)
        except BrokenReference:
            return None

    def _copy(self, kind: str, node: SourceNode, depth: int) -> Any:
        value = node.value
        if not isinstance(value, dict) or depth > 2 * self.document.limits.max_depth:
            return value
        siblings = {key: item for key, item in value.items() if key not in self.left_out}
        reference = value.get("$ref")
        if isinstance(reference, str):
            target = self._target(node, reference)
            if target is None:
                return siblings
            rewritten = self._reference(kind, node, target, depth)
            if not isinstance(rewritten, str):
                rest = {key: item for key, item in siblings.items() if key != "$ref"}
                return {**rewritten, **rest} if isinstance(rewritten, dict) else rewritten
            if siblings.keys() == {"$ref"}:
                return {"$ref": rewritten}
        if kind.startswith("map of "):
            field = Field("one", kind.removeprefix("map of "))
            return {key: self._copy_field(kind, field, child, depth) for key, child in node.children()}
        fields = fields_of(node.file.dialect if kind == "schema" else self.document.dialect, kind)
        copy: dict[str, Any] = {}
        for key, child in node.children():
            if key in self.left_out:
                continue
            named = fields.get(key)
            field = named or (fields.get(OTHERS) if not key.startswith("x-") else None) or Field("one", "")
            copy[key] = self._copy_field(kind, field, child, depth)
        if isinstance(reference, str):
            copy["$ref"] = rewritten
        self._amend(kind, node, copy)
        return copy

    def _amend(self, kind: str, node: SourceNode, copy: dict[str, Any]) -> None:
        """Changes the copy of a node where the served document must differ from the original."""
        if kind == "schema" and isinstance(copy.get("properties"), dict):
            _require_mandatory(copy, node.mapping["properties"])
        if kind == "discriminator" and isinstance(copy.get("mapping"), dict):
            copy["mapping"] = self._mapping(node)
        if kind in ("path_item", "operation") and self.base_path is not None and "servers" in copy:
            copy["servers"] = [{"url": self._mounted(copy["servers"])}]

    def _copy_field(self, parent: str, field: Field, child: SourceNode, depth: int) -> Any:
        if not field.kind:
            return child.value
        if field.shape == "one" and not (parent == "schema" and isinstance(child.value, list)):
            return self._copy(field.kind, child, depth + 1)
        if isinstance(child.value, list):
            return [self._copy(field.kind, item, depth + 1) for _, item in child.children()]
        if parent != "schema" and isinstance(child.mapping.get("$ref"), str):
            return self._copy(f"map of {field.kind}", child, depth + 1)
        if isinstance(child.value, dict):
            return {key: self._copy(field.kind, item, depth + 1) for key, item in child.children()}
        return child.value

    def _reference(self, kind: str, node: SourceNode, target: SourceNode, depth: int) -> Any:
        """Returns the reference for the served document, or a copy of the target if no section can hold the target."""
        reference: str = node.value["$ref"]
        main = self.document.main
        if target.file is main:
            return reference if node.file is main else "#" + quote(target.pointer[1:], safe="/~!$&'()*+,;=:@")
        section = self.sections.get(kind)
        if section is None:
            return self._copy(kind, target, depth + 1)
        place = (section, target.file.uri + target.pointer)
        name = self.names.get(place)
        if name is None:
            name = self.names[place] = self._new_name(section, target)
            self.taken[section][name] = None  # reserves the name until the object is copied
            self.todo.append((section, name, kind, target))
        prefix = f"#/{section}/" if self.old else f"#/components/{section}/"
        return prefix + quote(escape(name), safe="~")

    def _new_name(self, section: str, target: SourceNode) -> str:
        path = split(target.pointer)
        wanted = path[-1] if path else PurePosixPath(urlsplit(target.file.uri).path).stem
        wanted = "".join(
            letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in wanted
        )
        existing = self.document.section(section, section).mapping
        name, number = wanted or "component", 2
        while name in existing or name in self.taken[section]:
            name, number = f"{wanted}-{number}", number + 1
        return name

    def _mapping(self, node: SourceNode) -> dict[str, Any]:
        mapped: dict[str, Any] = {}
        mapping = node.mapping["mapping"]
        for value, reference in mapping.items() if isinstance(mapping, Mapping) else ():
            mapped[value] = reference
            if isinstance(reference, str) and reference not in self.document.schemas:
                target = self._target(node, reference)
                if target is not None and (target.file is not self.document.main or node.file is not target.file):
                    stand_in = SourceNode(node.file, node.pointer, {"$ref": reference})
                    mapped[value] = self._reference("schema", stand_in, target, 0)
        return mapped

    def _mounted(self, servers: Any) -> str:
        """Returns the served path for the ``servers`` of a path item or operation.

        These ``servers`` override the ``servers`` of the document.
        """
        base, own = self.base_path or "", self.document.base_path
        prefix = base.removesuffix(own) if own else base
        return prefix + server_path(servers) or "/"


def _require_mandatory(schema: dict[str, Any], properties: Mapping[str, Any]) -> None:
    """Adds the properties with ``x-mandatory`` to ``required``, because clients don't know ``x-mandatory``."""
    given = schema.get("required", [])
    if isinstance(given, list):
        added = [name for name in mandatory_properties(properties) if name not in given]
        if added:
            schema["required"] = [*given, *added]
