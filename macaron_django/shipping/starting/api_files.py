"""Creates the files of an API from a spec: the handlers, a copy of the spec that refers to the handlers, and (if
needed) verifiers and models.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from pathlib import Path
from typing import Literal, TypeAlias

from macaron_django import openapi
from macaron_django.openapi import Document, Schema, SpecError
from macaron_django.openapi.reading.source import decode
from macaron_django.schemas.values.classes import class_name
from macaron_django.schemas.values.field_names import field_names
from macaron_django.shipping.starting.handler_stubs import HandlerStub, function_name, module_of_stubs, stub_of
from macaron_django.shipping.starting.kept_schemas import KeptSchema, generated_routes, indexes_for, look_kept
from macaron_django.shipping.starting.model_sources import models_source
from macaron_django.shipping.starting.spec_edits import SpecAddition, SpecText
from macaron_django.shipping.starting.verifier_stubs import verifier_paths, verifiers_module

__all__ = ["APIFiles", "Storage", "api_files", "api_name", "name_problem"]

#: The storage of schemas that could be persisted: DynamoDB, Django models, or none yet.
Storage: TypeAlias = Literal["dynamodb", "orm", "none"]

_GENERIC = re.compile(r"(?:all|api|index|main|openapi|root|schema|spec|swagger)(?:_?v?\d[\d_]*)?")
#: Names that an API can't have: labels of apps in every project, and the names of this package's own APIs.
_TAKEN = frozenset(
    {"admin", "auth", "contenttypes", "crash", "messages", "ping", "sessions", "staticfiles", "rest_framework"}
)
_REVIEW = "proposed: review"
_LOOKS_KEPT = (
    "could be persisted: review and uncomment this line, and delete x-bind-server from the schema's operations"
)


@dataclass(frozen=True)
class APIFiles:
    """The files of an API, by their paths in the project, and facts about their contents."""

    name: str
    document: Document
    spec: str
    files: Mapping[str, str]
    handlers: str
    stubs: tuple[HandlerStub, ...] = ()
    kept: tuple[KeptSchema, ...] = ()
    generated: int = 0
    #: The Django app of the API's models, if it has models.
    app: str | None = None
    #: The entries that ``MACARON["SECURITY_VERIFIERS"]`` needs, by security scheme.
    verifiers: Mapping[str, str] = field(default_factory=dict)
    #: Dotted paths in the original spec. They name code that isn't part of these files.
    foreign: tuple[str, ...] = ()

    @property
    def models(self) -> str:
        """The path of the module with the API's models."""
        return self.handlers.rpartition("/")[0] + "/models.py"

    @property
    def settings_line(self) -> str:
        """The entry of ``MACARON["APIS"]`` that serves the API."""
        return f'"{self.name}": "{self.spec}",'


def api_name(source: Path, otherwise: str) -> str:
    """Returns a name for a spec's API. The name is made from the name of the spec's file.

    If the file has a generic name, such as ``openapi``, the API's name is made from the argument ``otherwise``.

    >>> api_name(Path("specs/Pet-Store.v2.yaml"), "shop"), api_name(Path("openapi.yaml"), "My-Shop")
    ('pet_store_v2', 'my_shop')
    """
    for text in (source.stem, otherwise):
        name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
        if name and not _GENERIC.fullmatch(name):
            return name if name[0].isalpha() else f"api_{name}"
    return "service"


def name_problem(name: str) -> str | None:
    """Returns why ``name`` isn't allowed as the name of an API with its own folder; None if the name is allowed."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or iskeyword(name):
        return (
            f"{name!r} can't be the name of an API. Begin with a lower-case letter, use only lower-case letters, "
            "digits and underscores, and avoid Python's keywords."
        )
    if name in _TAKEN:
        return f"{name!r} is the name of an app or an API that every project has: choose another one."
    return None


def api_files(source: Path, name: str, storage: Storage, *, limits: openapi.Limits | None = None) -> APIFiles:
    """Returns the files of an API named ``name``, from the spec at ``source``.

    Raises SpecError if the spec has errors.
    """
    document = openapi.load(source, limits=limits or openapi.Limits())
    errors = [each for each in openapi.check(document) if each.level == "error"]
    if errors:
        raise SpecError(errors)
    kept = look_kept(document)
    routes = generated_routes(document, kept if storage != "none" else [])
    package = f"apis.{name}"
    stubs, additions = _stubs(document, name, f"{package}.handlers", routes)
    additions_by_file: dict[Path, list[SpecAddition]] = defaultdict(list)
    for path, addition in (*additions, *_markers(document, kept, storage, name)):
        additions_by_file[path].append(addition)
    folder, root = f"apis/{name}", Path(os.path.commonpath([path.parent for path in document.files]))
    main = _main_path(document)
    names = {path: path.relative_to(root).as_posix() for path in document.files}
    if main.parent == root:  # the copy gets the API's name, instead of openapi.yaml
        names[main] = f"{name}{main.suffix.lower() or '.yaml'}"
    files = {f"{folder}/{names[path]}": _edited(path, additions_by_file[path]) for path in document.files}
    files["apis/__init__.py"] = ""
    files[f"{folder}/__init__.py"] = ""
    handlers = f"{folder}/handlers.py"
    if stubs:
        files[handlers] = module_of_stubs(stubs, name, document.title)
    verifiers = verifier_paths(document, f"{package}.verifiers")
    if verifying := verifiers_module(document, name, verifiers):
        files[f"{folder}/verifiers.py"] = verifying
    has_models = storage == "orm" and bool(kept)
    if has_models:
        keys: dict[str, str | None] = {each.name: each.key for each in kept}
        files[f"{folder}/models.py"] = models_source(document, keys, f"The models of the API {name}.")
        files[f"{folder}/migrations/__init__.py"] = ""
    return APIFiles(
        name, document, f"{folder}/{names[main]}", files, handlers, tuple(stubs), tuple(kept), len(routes),
        package if has_models else None, verifiers, tuple(_foreign(document)),
    )  # fmt: skip


def _main_path(document: Document) -> Path:
    path = document.main.path
    if path is None:
        raise ValueError("The document wasn't read from a file.")
    return path


def _edited(path: Path, additions: list[SpecAddition]) -> str:
    text = decode(path.read_bytes(), str(path)).removeprefix("\ufeff")
    return SpecText(text).with_additions(additions) if additions else text


def _stubs(
    document: Document, api: str, module: str, routes: set[tuple[str, str]]
) -> tuple[list[HandlerStub], list[tuple[Path, SpecAddition]]]:
    stubs: list[HandlerStub] = []
    additions: list[tuple[Path, SpecAddition]] = []
    taken: set[str] = set()
    for operation in document.operations:
        extensions = operation.extensions
        is_bound = extensions.bind_server or extensions.no_bind_server
        if is_bound or (operation.path, operation.method) in routes or operation.node.file.path is None:
            continue
        name = function_name(operation, taken)
        taken.add(name)
        stubs.append(stub_of(operation, api, name))
        addition = SpecAddition(operation.node.pointer, "x-bind-server", f"{module}.{name}")
        additions.append((operation.node.file.path, addition))
    return stubs, additions


def _markers(document: Document, kept: list[KeptSchema], storage: Storage, api: str) -> list[tuple[Path, SpecAddition]]:
    """Returns the additions to the spec that persist schemas. If ``storage`` is "none", the additions are comments."""
    found = []
    for each in kept:
        schema = each.schema
        if schema.file.path is None:
            continue
        if storage == "orm":
            found += _field_names(schema)
            addition = SpecAddition(schema.source_pointer, "x-model", f"{api}.{class_name(schema, each.name)}", _REVIEW)
        else:
            value: dict[str, object] = {"table": each.table, "hash_key": each.key}
            if indexes := indexes_for(document, each):
                value["indexes"] = indexes
            is_proposed = storage == "none"
            comment = _LOOKS_KEPT if is_proposed else _REVIEW
            addition = SpecAddition(schema.source_pointer, "x-persist", value, comment, is_proposed)
        found.append((schema.file.path, addition))
    return found


def _field_names(schema: Schema) -> list[tuple[Path, SpecAddition]]:
    """Returns the additions that give an ``x-field`` to each property whose model field has a different name."""
    return [
        (prop.schema.file.path, SpecAddition(prop.schema.source_pointer, "x-field", field))
        for prop, field in zip(schema.properties.values(), field_names(schema.properties).values(), strict=True)
        if field != prop.name and prop.schema.file.path is not None
    ]


def _foreign(document: Document) -> list[str]:
    """Returns the dotted paths of handlers and classes in a spec. A new project doesn't have this code."""
    bound = {each.extensions.bind_server for each in document.operations}
    classes = {persist.class_path for each in document.persisted.values() if (persist := each.extensions.persist)}
    models = {schema.extensions.model for schema in document.schemas.values()}
    return sorted(filter(None, (*bound, *classes, *models)))
