"""The Document: what the rest of the package reads of an OpenAPI file.

``load`` reads and parses, no more; operations, schemas, parameters and responses are made when first looked
at. What is wrong shows in ``findings`` (cheap to know) and ``check()`` (everything), never as an exception.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .dialects import TooDeepError, normalise_schema, rename_reference
from .discriminators import children_by_parent
from .extension_checks import kept_schemas, operation_attributes
from .findings import Finding, Location, SpecError, unique
from .lazy_mapping import LazyMapping
from .lazy_values import lazy_attribute
from .marks import TELLING, may_be_marked
from .operation import Operation
from .operation_checks import operation_findings
from .parse_cache import parse_cached
from .paths import clean_path, operations_of, server_path
from .references import BrokenReference, Files, Node, SourceFile, dialect_of
from .schema import Schema
from .security import Requirements, security_requirements
from .source import Limits, Parsed, plain, read_bytes
from .text_checks import noted, reread

if TYPE_CHECKING:
    from .bundling import Rewritten
    from .openapi3 import OpenAPI3Reader
    from .security_schemes import SecurityScheme
    from .swagger2 import Swagger2Reader

__all__ = ["Document", "load"]

DEFAULT_LIMITS = Limits()
_PATHS = (str, Path)


def load(
    source: str | Path | Mapping[str, Any],
    *,
    limits: Limits = DEFAULT_LIMITS,
    base_uri: str | None = None,
    allow_hosts: Collection[str] = (),
    root: str | Path | None = None,
    cache: str | Path | None = None,
    base_path: str | None = None,
) -> Document:
    """Read a document from a file or from a mapping.

    Relative references of a mapping are resolved against ``base_uri`` (a path or URI). References may read
    files in the document's folder and in those beside it, or below ``root``; and from ``allow_hosts``.
    ``cache`` is a folder to keep the trees of long YAML files in (``cache_folder()``); without it none are kept.
    ``base_path`` stands in for the path of ``servers`` or ``basePath``.

    Raises ``SpecError`` only if there is no OpenAPI document to be read there; everything else is a finding.

    >>> load({"openapi": "3.1.0", "info": {"title": "Pets"}, "paths": {}}).title
    'Pets'
    """
    raw: bytes | None = None
    uri: str | None = None
    if isinstance(source, _PATHS) or not isinstance(source, Mapping):
        name = str(source)
        place = name if name[:1] == os.sep == "/" else os.path.join(os.getcwd(), name)  # noqa: PTH109,PTH118 (sooner)
        raw = read_bytes(place, name, limits)
        parsed = parse_cached(raw, name, limits, cache)
    else:
        name = base_uri or "<mapping>"
        if base_uri is None or "://" in base_uri:
            uri, place = base_uri, None
        else:
            place = str(Path(base_uri).absolute())
        parsed = Parsed(plain(source, name, limits))
    dialect = dialect_of(parsed.tree)
    if dialect is None:
        raise _no_document(parsed.tree, name)
    main = SourceFile(uri, name, place, parsed, dialect, raw)
    return Document(main, limits, root=root, allow_hosts=allow_hosts, cache=cache, base_path=base_path)


def _no_document(tree: Any, name: str) -> SpecError:
    location = Location(name, "#", 1, 1)
    version = tree.get("swagger", tree.get("openapi")) if isinstance(tree, dict) else None
    if version is None:
        message = f"{name} is not an OpenAPI document: it has neither `openapi` nor `swagger` at its root."
        return SpecError([Finding("E006", "error", message, "Begin it with `openapi: 3.1.0`.", location)])
    message = f"{name} says version {version!r}, which is none of 2.0, 3.0, 3.1 and 3.2."
    return SpecError([Finding("E007", "error", message, "Use one of these versions.", location)])


class Document:
    """A read OpenAPI description. Attributes are in OpenAPI 3.1's terms, whatever version was written."""

    def __init__(
        self,
        main: SourceFile,
        limits: Limits,
        *,
        root: str | Path | None = None,
        allow_hosts: Collection[str] = (),
        cache: str | Path | None = None,
        base_path: str | None = None,
    ) -> None:
        self._main, self.limits, self._base_path = main, limits, base_path
        self._root_folder, self._allow_hosts, self._cache = root, allow_hosts, cache
        self._path_item_nodes: dict[str, Node] = {}
        # Several threads fill these: by setdefault(), with what is finished.
        self._schemas: dict[tuple[str, str], Schema] = {}
        self._definition_names: dict[Schema, str] = {}
        self._used_names: dict[str, Schema] = {}  # the same by name
        self._wanted_names: dict[str, int] = {}  # about how many wanted each
        self._rewritten: dict[Any, Rewritten] = {}

    def __repr__(self) -> str:
        return f"<Document {self._main.name} {self.title!r}>"

    @lazy_attribute
    def _files(self) -> Files:
        """What references lead to; many a document has none."""
        root = None if self._root_folder is None else Path(self._root_folder).absolute()
        return Files(self._main, root, self.limits, self._allow_hosts, self._cache)

    # The document as a whole

    @property
    def dialect(self) -> str:
        """ "2.0", "3.0", "3.1" or "3.2"."""
        return self._main.dialect

    @property
    def json(self) -> Mapping[str, Any]:
        """The root as read, in the original dialect."""
        tree: Mapping[str, Any] = self._main.tree
        return tree

    @property
    def _root(self) -> Node:
        return Node(self._main, "#", self._main.tree)

    @property
    def version(self) -> str:
        return str(self.json.get("swagger") or self.json.get("openapi"))

    @lazy_attribute
    def info(self) -> Mapping[str, Any]:
        node = self._follow(self._root.child("info"))
        return node.mapping if node else {}

    @property
    def title(self) -> str:
        return str(self.info.get("title") or "")

    @property
    def description(self) -> str:
        value = self.info.get("description")
        return value if isinstance(value, str) else ""

    @lazy_attribute
    def base_path(self) -> str:
        """ "" or like "/v1": what ``load`` was told, else ``basePath``, or the path of the first server."""
        if self._base_path is not None:
            return clean_path(self._base_path)
        tree = self._main.tree
        if self._main.dialect == "2.0":
            base = tree.get("basePath")
            return clean_path(base) if isinstance(base, str) else ""
        return server_path(tree["servers"]) if "servers" in tree else ""

    @lazy_attribute
    def security(self) -> Requirements | None:
        """What operations require that say nothing themselves; None if the document says nothing either."""
        return security_requirements(self.json.get("security"))

    @lazy_attribute
    def security_schemes(self) -> Mapping[str, SecurityScheme]:
        from .security_schemes import security_scheme

        found: dict[str, SecurityScheme] = {}
        for name, child in self._section("securitySchemes", "securityDefinitions").children():
            node = self._follow(child)
            if node is not None and isinstance(node.value, dict):
                found[name] = security_scheme(node.value)
        return found

    @property
    def files(self) -> tuple[Path, ...]:
        """The files read so far; a reference to another is read when it is followed."""
        return tuple(file.path for file in self._files if file.path is not None)

    def locate(self, pointer: str) -> Location:
        """The place of a JSON pointer (``#/paths/~1pets/get``) of the root file."""
        source = pointer
        if self.dialect == "2.0" and pointer.startswith("#/components/schemas/"):
            source = "#/definitions/" + pointer.removeprefix("#/components/schemas/")
        return self._main.location(source)

    # Operations

    @lazy_attribute
    def operations(self) -> tuple[Operation, ...]:
        """Every operation, in document order."""
        return operations_of(self)

    def _path_item(self, path: str) -> Node:
        """A path item as written: one node for all of its operations."""
        node = self._path_item_nodes.get(path)
        if node is None:
            node = self._path_item_nodes[path] = self._at("paths").child(path)
        return node

    @lazy_attribute
    def _reader(self) -> OpenAPI3Reader | Swagger2Reader:
        from .openapi3 import OpenAPI3Reader
        from .swagger2 import Swagger2Reader

        return Swagger2Reader(self) if self.dialect == "2.0" else OpenAPI3Reader(self)

    # Schemas

    @lazy_attribute
    def schemas(self) -> Mapping[str, Schema]:
        """The components, in document order."""
        section = self._section("schemas", "definitions")
        names = [name for name, value in section.mapping.items() if isinstance(value, dict | bool)]
        return LazyMapping(names, lambda name: self._schema_of(section.child(name)))

    @lazy_attribute
    def persisted(self) -> Mapping[str, Schema]:
        """The components with x-persist, in document order: no other is looked at for long."""
        found: dict[str, Schema] = {}
        keys = self._section_keys("schemas", "definitions")
        for name, value in self._entries(*keys).items():
            if type(value) is dict and not TELLING.isdisjoint(value):
                schema = self._schema_of(self._at(*keys).child(name))
                if may_be_marked(schema) and schema.extensions.persist is not None:
                    found[name] = schema
        return found

    def _section(self, name: str, old_name: str) -> Node:
        """``components/name``, or ``old_name`` of Swagger 2.0; its value is None where it is missing."""
        return self._at(*self._section_keys(name, old_name))

    def _section_keys(self, name: str, old_name: str) -> tuple[str, ...]:
        return (old_name,) if self._main.dialect == "2.0" else ("components", name)

    def _entries(self, *keys: str) -> dict[str, Any]:
        """The mapping of the node below the root at ``keys``, without making the node."""
        value = self._main.tree
        for key in keys:
            value = value.get(key) if type(value) is dict else None
            if type(value) is dict and "$ref" in value:
                return self._beyond_references(keys).mapping
        return value if type(value) is dict else {}

    def _at(self, *keys: str) -> Node:
        """What is below the root at ``keys``, references on the way followed; a value of None if one leads nowhere."""
        value, pointer = self._main.tree, "#"
        for key in keys:
            value = value.get(key) if type(value) is dict else None
            pointer = f"{pointer}/{key}"
            if type(value) is dict and "$ref" in value:
                return self._beyond_references(keys)
        return Node(self._main, pointer, value)

    def _beyond_references(self, keys: tuple[str, ...]) -> Node:
        node: Node | None = self._root
        for key in keys:
            node = self._follow(node.child(key)) if node else None
        return node or Node(self._main, "#", None)

    @lazy_attribute
    def _components(self) -> tuple[SourceFile, str] | None:
        """The file that holds the components, and what their pointers begin with there."""
        section = self._section("schemas", "definitions")
        return (section.file, _renamed(section.file, section.pointer + "/")) if section.mapping else None

    def _component_name(self, schema: Schema) -> str | None:
        if self._components is None:
            return None
        file, prefix = self._components
        if schema.file is not file:
            return self._aliased.get((schema.file.uri, schema.pointer))
        token = schema.pointer.removeprefix(prefix)
        if not token or "/" in token or not schema.pointer.startswith(prefix):
            return None
        return token.replace("~1", "/").replace("~0", "~")

    @lazy_attribute
    def _aliased(self) -> dict[tuple[str, str], str]:
        """Where a component is only a reference into another file: (URI, pointer) there → its name."""
        found: dict[tuple[str, str], str] = {}
        for name, child in self._section("schemas", "definitions").children():
            reference = child.mapping.get("$ref")
            if isinstance(reference, str) and not reference.startswith("#"):
                node = self._follow(child)
                if node is not None:
                    found.setdefault((node.file.uri, _renamed(node.file, node.pointer)), name)
        return found

    def _schema(self, file: SourceFile, source_pointer: str, pointer: str, json: Any = None) -> Schema:
        """The one Schema of a place; ``json`` is its 3.1 form where that is known already."""
        schema = self._schemas.get((file.uri, pointer))
        if schema is None:
            schema = Schema(self, file, pointer, source_pointer)
            if json is not None:
                schema.__dict__["json"] = json if isinstance(json, dict | bool) else {}
            schema = self._schemas.setdefault((file.uri, pointer), schema)
        return schema

    def _schema_of(self, node: Node) -> Schema:
        schema = self._schema(node.file, node.pointer, _renamed(node.file, node.pointer))
        schema.__dict__.setdefault("written", node.value)
        return schema

    def _normalised(self, schema: Schema) -> dict[str, Any] | bool:
        try:
            return normalise_schema(schema.written, schema.file.dialect, max_depth=self.limits.max_depth)
        except TooDeepError:
            return {}

    def _referred(self, schema: Schema, reference: str) -> Schema | None:
        """The schema that a reference written in ``schema`` leads to; None if it leads nowhere."""
        try:
            node = self._files.resolve(Node(schema.file, schema.source_pointer, None), reference)
        except BrokenReference:
            return None
        return self._schema_of(node) if isinstance(node.value, dict | bool) else None

    def _follow(self, node: Node) -> Node | None:
        """The node behind a chain of ``$ref``s; None if it leads nowhere, or in a circle."""
        seen: set[str] = set()
        while isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str):
            place = node.file.uri + node.pointer
            if place in seen:
                return None
            seen.add(place)
            try:
                node = self._files.resolve(node, node.value["$ref"])
            except BrokenReference:
                return None
        return node

    @lazy_attribute
    def _children(self) -> Mapping[Schema, list[Schema]]:
        return children_by_parent(self)

    def _definition_name(self, schema: Schema) -> str:
        """A name for a schema in the ``$defs`` of bundles, the same in all of them."""
        name = self._definition_names.get(schema)
        if name is None:
            wanted = self._component_name(schema) or schema.pointer.rpartition("/")[2].strip("#") or "schema"
            count = self._wanted_names.get(wanted, 1)
            name = wanted if count == 1 else f"{wanted}-{count}"
            while self._used_names.setdefault(name, schema) != schema:
                count += 1
                name = f"{wanted}-{count}"
            self._wanted_names[wanted] = count
            name = self._definition_names.setdefault(schema, name)
        return name

    # What is wrong

    @lazy_attribute
    def findings(self) -> tuple[Finding, ...]:
        """What reading found: the cheap checks, and the x- attributes. Each fault once, in document order by file."""
        return unique(
            chain(noted(self._main), operation_findings(self), operation_attributes(self), kept_schemas(self))
        )

    def check(self) -> tuple[Finding, ...]:
        """Everything that can be found, ``findings`` included. Takes a walk over the whole document."""
        return self._checked

    @lazy_attribute
    def _checked(self) -> tuple[Finding, ...]:
        from .structure_checks import structure_findings  # a server that starts doesn't walk

        structure = list(structure_findings(self))
        texts = chain.from_iterable(chain(noted(file), reread(file)) for file in self._files)
        return unique(chain(self.findings, structure, texts))

    # The document as it is served

    def bundled(self, *, keep_server_extensions: bool = False, base_path: str | None = None) -> dict[str, Any]:
        """The document as read, in one file, with ``servers`` or ``basePath`` as mounted. Treat it as read-only."""
        from .publishing import publish

        return publish(self, keep_server_extensions=keep_server_extensions, base_path=base_path)


def _renamed(file: SourceFile, pointer: str) -> str:
    return rename_reference(pointer) if file.dialect == "2.0" else pointer
