"""A document and its operations: the classes through which other modules read an OpenAPI file.

``load`` reads and parses a file. Operations, schemas, parameters and responses are created at first access. ``checks``
finds the faults of a document, and ``publishing`` creates the document that is served.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from macaron_django.openapi.computed_values import Frozen, LazyMapping, lazy_attribute
from macaron_django.openapi.dialects.schema_dialects import TooDeepError, normalise_schema, rename_reference
from macaron_django.openapi.document_tree import DocumentTree
from macaron_django.openapi.extension_markers import TELLING, may_be_marked
from macaron_django.openapi.findings import Location, SpecError, spec_error
from macaron_django.openapi.json_pointers import unescape
from macaron_django.openapi.operations.security import Requirements, security_requirements
from macaron_django.openapi.paths import found_operations
from macaron_django.openapi.reading.limits import Limits
from macaron_django.openapi.reading.parse_cache import parse_cached
from macaron_django.openapi.reading.source import read_bytes
from macaron_django.openapi.reading.source_files import SourceFile, SourceNode
from macaron_django.openapi.reading.trees import Parsed, plain
from macaron_django.openapi.reading.versions import DIALECTS, dialect_of
from macaron_django.openapi.references.discriminators import children_by_parent, discriminated
from macaron_django.openapi.references.resolution import BrokenReference
from macaron_django.openapi.schema import Direction, Schema

if TYPE_CHECKING:
    from macaron_django.openapi.dialects.openapi3 import OpenAPI3Reader
    from macaron_django.openapi.extensions import OperationExtensions
    from macaron_django.openapi.operations.messages import Parameter, RequestBody, Response
    from macaron_django.openapi.references.bundling import Bundler, DefinitionPart

__all__ = ["Document", "Operation", "load"]

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
    prebuilt: str | Path | None = None,
    base_path: str | None = None,
    ignore_base_path: bool = False,
) -> Document:
    """Reads a document from a file or from a mapping.

    In a mapping, relative references are resolved against ``base_uri`` (a path or URI). References can lead only to
    files below ``root`` and to the hosts in ``allow_hosts``. By default, ``root`` is the parent of the document's
    folder; see ``Files.root``.

    ``cache`` is a folder for the parsed trees of long YAML files, such as ``cache_folder()``. If ``cache`` is None,
    no trees are cached. ``prebuilt`` is a folder with the files that ``prebuilt_entries`` returned.

    ``base_path`` replaces the path in ``servers`` or ``basePath``. If ``ignore_base_path`` is true, the
    ``basePath`` of Swagger 2.0 is ignored, as in PyMacaron.

    Raises ``SpecError`` only if there is no OpenAPI document to read. ``check`` finds all other faults.

    >>> load({"openapi": "3.1.0", "info": {"title": "Pets"}, "paths": {}}).title
    'Pets'
    """
    raw: bytes | None = None
    uri: str | None = None
    if isinstance(source, _PATHS) or not isinstance(source, Mapping):
        name = str(source)
        place = name if name[:1] == os.sep == "/" else os.path.join(os.getcwd(), name)  # noqa: PTH109,PTH118 (sooner)
        raw = read_bytes(place, name, limits)
        parsed = parse_cached(raw, name, limits, cache, prebuilt)
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
    if base_path is None and ignore_base_path and dialect == "2.0":
        base_path = ""
    main = SourceFile(uri, name, place, parsed, dialect, raw)
    return Document(
        main, limits, root=root, allow_hosts=allow_hosts, cache=cache, prebuilt=prebuilt, base_path=base_path
    )


def _no_document(tree: Any, name: str) -> SpecError:
    version = tree.get("swagger", tree.get("openapi")) if isinstance(tree, dict) else None
    if version is None:
        message = f"{name} is not an OpenAPI document: it has neither `openapi` nor `swagger` at its root."
        return spec_error("E006", name, message, "Begin it with `openapi: 3.1.0`.", 1, 1)
    message = (
        f"{name} has version {version!r}. The supported versions are {', '.join(DIALECTS[:-1])} and {DIALECTS[-1]}."
    )
    return spec_error("E007", name, message, "Use one of these versions.", 1, 1)


class Document(DocumentTree):
    """A parsed OpenAPI document. Its attributes use OpenAPI 3.1's terms, whatever the document's own version is."""

    def __repr__(self) -> str:
        return f"<Document {self.main.name} {self.title!r}>"

    @lazy_attribute
    def memos(self) -> dict[object, dict[Any, Any]]:
        """Results that other modules compute from the document. Each module stores its results under a separate key."""
        return {}

    @lazy_attribute
    def operations(self) -> tuple[Operation, ...]:
        """Every operation, in document order."""
        return tuple([Operation(self, *found) for found in found_operations(self)])

    @lazy_attribute
    def message_reader(self) -> OpenAPI3Reader:
        """The object that reads the parameters, bodies and responses of operations."""
        from macaron_django.openapi.dialects.openapi3 import OpenAPI3Reader
        from macaron_django.openapi.dialects.swagger2 import Swagger2Reader

        return Swagger2Reader(self) if self.dialect == "2.0" else OpenAPI3Reader(self)

    # Components

    @lazy_attribute
    def schemas(self) -> Mapping[str, Schema]:
        """The schemas among the components, in document order."""
        section = self.section("schemas", "definitions")
        names = [name for name, value in section.mapping.items() if isinstance(value, dict | bool)]
        return LazyMapping(names, lambda name: self.schema_of(section.child(name)))

    @lazy_attribute
    def persisted(self) -> Mapping[str, Schema]:
        """The components with x-persist, in document order. Only components that can have x-persist are normalised."""
        found: dict[str, Schema] = {}
        keys = self.section_keys("schemas", "definitions")
        for name, value in self.entries(*keys).items():
            if type(value) is dict and not TELLING.isdisjoint(value):
                schema = self.schema_of(self.at(*keys).child(name))
                if self.may_be_marked(schema) and schema.extensions.persist is not None:
                    found[name] = schema
        return found

    @lazy_attribute
    def children_by_parent(self) -> Mapping[Schema, list[Schema]]:
        """For each schema, the components that refer to it in their ``allOf``."""
        return children_by_parent(self.schemas)

    @lazy_attribute
    def _components(self) -> tuple[SourceFile, str] | None:
        """The file with the components, and the pointer prefix that all components share."""
        section = self.section("schemas", "definitions")
        return (section.file, _renamed(section.file, section.pointer + "/")) if section.mapping else None

    @lazy_attribute
    def _aliased(self) -> dict[tuple[str, str], str]:
        """The names of components with a ``$ref`` to another file, by the target's URI and pointer."""
        found: dict[tuple[str, str], str] = {}
        for name, child in self.section("schemas", "definitions").children():
            reference = child.mapping.get("$ref")
            if isinstance(reference, str) and not reference.startswith("#"):
                node = self.follow(child)
                if node is not None:
                    found.setdefault((node.file.uri, _renamed(node.file, node.pointer)), name)
        return found

    def component_name(self, schema: Schema) -> str | None:
        """Returns the schema's name if it is a component, otherwise None."""
        if self._components is None:
            return None
        file, prefix = self._components
        if schema.file is not file:
            return self._aliased.get((schema.file.uri, schema.pointer))
        token = schema.pointer.removeprefix(prefix)
        if not token or "/" in token or not schema.pointer.startswith(prefix):
            return None
        return unescape(token)

    # Schemas anywhere

    @lazy_attribute
    def _schemas(self) -> dict[tuple[str, str], Schema]:
        """The schemas created so far, by URI and pointer. Threads add schemas with ``setdefault``."""
        return {}

    def schema_of(self, node: SourceNode) -> Schema:
        """Returns the schema at a node."""
        schema = self.schema_at(node.file, node.pointer, _renamed(node.file, node.pointer))
        schema.keep_written(node.value)
        return schema

    def schema_at(self, file: SourceFile, source_pointer: str, pointer: str, json: Any = None) -> Schema:
        """Returns the ``Schema`` at a place. The same place always gives the same object.

        ``json`` is the schema's OpenAPI 3.1 form, if the caller already has this form.
        """
        schema = self._schemas.get((file.uri, pointer))
        if schema is None:
            schema = Schema(self, file, pointer, source_pointer, json)
            schema = self._schemas.setdefault((file.uri, pointer), schema)
        return schema

    def normalised(self, schema: Schema) -> dict[str, Any] | bool:
        """Returns the OpenAPI 3.1 form of a schema. Returns an empty schema if the nesting is too deep.

        The checks report schemas that are nested too deeply.
        """
        try:
            return normalise_schema(schema.written, schema.file.dialect, max_depth=self.limits.max_depth)
        except TooDeepError:
            return {}

    def referred(self, schema: Schema, reference: str) -> Schema | None:
        """Resolves a reference that ``schema`` contains. Returns the schema to which the reference leads; None if it
        doesn't lead to a schema.
        """
        try:
            node = self.sources.resolve(SourceNode(schema.file, schema.source_pointer, None), reference)
        except BrokenReference:
            return None
        return self.schema_of(node) if isinstance(node.value, dict | bool) else None

    def may_be_marked(self, schema: Schema) -> bool:
        """Returns whether a schema can have one of this package's x- attributes, directly or through a reference."""
        return may_be_marked(SourceNode(schema.file, schema.source_pointer, schema.written), self.sources)

    def discriminated(self, schema: Schema, discriminator: Mapping[str, Any]) -> Mapping[str, Schema]:
        """Returns the schema for each value of a schema's discriminator."""
        return discriminated(schema, discriminator)

    @lazy_attribute
    def _bundler(self) -> Bundler:
        from macaron_django.openapi.references.bundling import Bundler

        return Bundler()

    def bundle(self, schema: Schema, direction: Direction | None = None) -> dict[str, Any]:
        """Returns the schema as self-contained JSON Schema; see ``Schema.bundle``."""
        return self._bundler.bundle(schema, direction)

    def parts(self, schemas: Iterable[Schema], direction: Direction | None) -> Iterator[DefinitionPart]:
        """Yields one part for each of ``schemas``, and for each schema that they refer to; see ``Bundler.parts``."""
        return self._bundler.parts(schemas, direction)

    def part_name(self, schema: Schema, direction: Direction | None) -> str:
        """Returns the name under which ``parts`` yields the schema."""
        return self._bundler.part_name(schema, direction)

    def references(self, schema: Schema, direction: Direction | None = None) -> list[Schema]:
        """Returns the schemas that ``schema`` refers to directly.

        The bundle of ``schema`` has all of these schemas in its ``$defs``.
        """
        return self._bundler.references(schema, direction)

    @property
    def definition_names(self) -> Mapping[Schema, str]:
        """Maps each schema that has been bundled so far to its name in ``$defs``."""
        return self._bundler.names


def _renamed(file: SourceFile, pointer: str) -> str:
    return rename_reference(pointer) if file.dialect == "2.0" else pointer


class Operation(Frozen):
    """An operation: a path and a method."""

    document: Document
    path: str
    method: str
    route: str  # the server's path, followed by ``path``
    json: Mapping[str, Any]  # as read, in the document's own dialect

    def __init__(
        self,
        document: Document,
        path: str,
        method: str,
        route: str,
        json: Mapping[str, Any],
        node: SourceNode | None = None,
        path_items: tuple[SourceNode, ...] = (),
    ) -> None:
        """``node`` may be omitted if the operation is directly in its path item, at the key ``method``."""
        attributes = self.__dict__
        attributes["document"], attributes["path"], attributes["method"] = document, path, method
        attributes["route"], attributes["json"] = route, json
        if node is not None:
            attributes["node"], attributes["path_items"] = node, path_items

    def __repr__(self) -> str:
        return f"Operation(path={self.path!r}, method={self.method!r}, route={self.route!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Operation):
            return NotImplemented
        return (self.document, self.path, self.method) == (other.document, other.path, other.method)

    def __hash__(self) -> int:
        return hash((self.path, self.method))

    @lazy_attribute
    def node(self) -> SourceNode:
        """The node of the operation itself."""
        return self.path_items[0].child(self.method)

    @lazy_attribute
    def path_items(self) -> tuple[SourceNode, ...]:
        """The operation's path items, nearest first.

        If a path item has a ``$ref``, the path item itself precedes the target of the ``$ref`` in the tuple.
        """
        return (self.document.path_item(self.path),)

    @property
    def location(self) -> Location:
        """The operation's place in the spec."""
        return self.node.location

    @property
    def operation_id(self) -> str | None:
        """The operationId; None if there is none."""
        value = self.json.get("operationId")
        return value if isinstance(value, str) and value else None

    @property
    def summary(self) -> str:
        """The operation's summary, or else the path item's summary; "" if there is none."""
        return self._text("summary")

    @property
    def description(self) -> str:
        """The operation's description, or else the path item's description; "" if there is none."""
        return self._text("description")

    def _text(self, key: str) -> str:
        for node in (self.node, *self.path_items):
            if isinstance(node.mapping.get(key), str):
                return str(node.mapping[key])
        return ""

    @lazy_attribute
    def tags(self) -> tuple[str, ...]:
        """The tags, in order."""
        tags = self.json.get("tags")
        return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()

    @lazy_attribute
    def parameter_nodes(self) -> tuple[SourceNode, ...]:
        """The parameters of the path item and the operation, with references resolved.

        The operation's parameter replaces the path item's parameter with the same name and location.
        """
        found: dict[tuple[str, str], SourceNode] = {}
        for owner in (*reversed(self.path_items), self.node):
            for _, child in owner.child("parameters").children():
                node = self.document.follow(child)
                if node is not None and isinstance(node.value, dict):
                    found[str(node.value.get("name")), str(node.value.get("in"))] = node
        return tuple(found.values())

    @lazy_attribute
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters except bodies and form fields, which are in ``request_body``."""
        return self.document.message_reader.parameters(self.parameter_nodes)

    @property
    def greedy_parameters(self) -> frozenset[str]:
        """The names of the path parameters that can contain slashes. Routing doesn't need other parameters."""
        found = (node.mapping for node in self.parameter_nodes)
        names = (each.get("name") for each in found if each.get("in") == "path" and each.get("x-path-greedy") is True)
        return frozenset(name for name in names if isinstance(name, str))

    @lazy_attribute
    def request_body(self) -> RequestBody | None:
        """The request body; None if there is none. In Swagger 2.0, body and form parameters describe it."""
        return self.document.message_reader.request_body(self.node, self.parameter_nodes)

    @lazy_attribute
    def responses(self) -> Mapping[str, Response]:
        """The responses by their status as written, such as "200", "2XX" or "default"."""
        return self.document.message_reader.responses(self.node)

    @lazy_attribute
    def success(self) -> Response | None:
        """The response for the first status from 200 to 299, in document order.

        If there is no such status, this is the response for "2XX". If that is missing too, this is the response for
        "default". If all of them are missing, this is None.
        """
        for status, response in self.responses.items():
            if len(status) == 3 and status[0] == "2" and status.isdecimal():
                return response
        return self.responses.get("2XX") or self.responses.get("default")

    @lazy_attribute
    def security(self) -> Requirements | None:
        """The security requirements. A caller must meet at least one of these requirements.

        An empty tuple means that the operation is public. None means that neither the operation nor the document has
        ``security``.
        """
        own = self.json.get("security")
        return self.document.security if own is None else security_requirements(own)

    @lazy_attribute
    def extensions(self) -> OperationExtensions:
        """The x- attributes of the operation."""
        from macaron_django.openapi.extensions import operation_extensions

        return operation_extensions(self.json)
