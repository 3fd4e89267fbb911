"""Writes the stub of ``macaron_django`` for a project's APIs, so that editors complete ``apipool.myserver.Profile.``.

Editors don't find these classes, because they are created from a spec while Django loads. In the stub, ``apipool`` is a
class that contains classes. So annotations can use ``apipool.myserver.Profile`` as a type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from keyword import iskeyword
from typing import Any, TypeAlias
from unicodedata import is_normalized

from macaron_django.openapi import Property, Schema
from macaron_django.schemas.formats.known_formats import STRING_FORMATS
from macaron_django.schemas.stubs.stub_types import StubType, module_alias, stub_type
from macaron_django.schemas.values.api_objects import APIObject, Value
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.field_names import field_names

__all__ = ["Members", "stub"]

#: Returns more lines for an API's namespace, such as the lines for its client. The second argument is a function that
#: returns the class name of a schema.
Members: TypeAlias = Callable[[Classes, Callable[[Schema], str]], Iterable[str]]

_HEAD = '''\
"""The classes that macaron_django builds from this project's specs, for editors and type checkers.

Written by `manage.py apistubs`: don't edit it; run the command again when a spec changes.
"""

import builtins as _builtins
import datetime as _datetime
import decimal as _decimal
import typing as _typing
import uuid as _uuid
from collections.abc import Iterator as _Iterator, Mapping as _Mapping, Sequence as _Sequence, Set as _AbstractSet

import typing_extensions as _typing_extensions
from django.db.models import Manager as _Manager, Model as _Model, QuerySet as _QuerySet

import macaron_django.admin as admin
import macaron_django.api as api
import macaron_django.auth as auth
import macaron_django.clients as clients
import macaron_django.dynamodb as dynamodb
import macaron_django.events as events
import macaron_django.exceptions as exceptions
import macaron_django.openapi as openapi
import macaron_django.schemas as schemas
import macaron_django.tasks as tasks
import macaron_django.testing as testing
from macaron_django.api import viewsets as viewsets
from macaron_django.dynamodb.items.cursor_pages import CursorPage as _CursorPage
from macaron_django.dynamodb.planning.query_plans import QueryPlan as _QueryPlan
from macaron_django.schemas.values.conversions import Unset as _Unset
from macaron_django.schemas.models.row_models import Row as _Row
from macaron_django.schemas.values.api_objects import Value as _Value
from macaron_django.openapi import Document as _Document, Schema as _Schema
'''
_BODY = '''
__version__: str
__all__ = [
    "__version__", "admin", "api", "apipool", "auth", "clients", "dynamodb", "events", "exceptions", "openapi",
    "schemas", "tasks", "testing", "viewsets",
]

_R = _typing.TypeVar("_R", covariant=True)
_W = _typing.TypeVar("_W", contravariant=True)

class _Property(_typing.Generic[_R, _W]):
    """An attribute. Its value has one type when it is read; JSON values can be assigned to it, too."""

    @_typing.overload
    def __get__(self, instance: None, owner: _typing.Any = ...) -> _typing_extensions.Self: ...
    @_typing.overload
    def __get__(self, instance: _builtins.object, owner: _typing.Any = ...) -> _R: ...
    def __set__(self, instance: _builtins.object, value: _W | _Unset) -> None: ...
    def __delete__(self, instance: _builtins.object) -> None: ...

_M = _typing.TypeVar("_M", bound=_Model)

class _ItemPage(_CursorPage, _typing.Generic[_M]):
    rows: _builtins.list[_M]

class _ItemQuerySet(_QuerySet[_M]):
    """Django's query set, with methods for DynamoDB."""

    def page(self, limit: _builtins.int | None = ..., cursor: _builtins.str | None = ...) -> _ItemPage[_M]: ...
    async def apage(self, limit: _builtins.int | None = ..., cursor: _builtins.str | None = ...) -> _ItemPage[_M]: ...
    def using_index(self, name: _builtins.str) -> _typing_extensions.Self: ...
    def consistent(self, value: _builtins.bool = ...) -> _typing_extensions.Self: ...
    def capped(self) -> _typing_extensions.Self: ...
    def with_expired(self) -> _typing_extensions.Self: ...
    def scan(self, segments: _builtins.int = ...) -> _typing_extensions.Self: ...
    def plan(self) -> _QueryPlan: ...
    def cursor_after(self, row: _M) -> _builtins.str: ...
    def as_json(self) -> _typing.Any: ...

class _ItemManager(_Manager[_M]):
    """Django's manager, with methods for DynamoDB."""

    # Pyright can't use the declaration in Django's stubs.
    def __get__(self, instance: _typing.Any, cls: _typing.Any = ...) -> _ItemManager[_M]: ...
    def get_queryset(self) -> _ItemQuerySet[_M]: ...
    def all(self) -> _ItemQuerySet[_M]: ...
    def none(self) -> _ItemQuerySet[_M]: ...
    def filter(self, *args: _typing.Any, **kwargs: _typing.Any) -> _ItemQuerySet[_M]: ...
    def exclude(self, *args: _typing.Any, **kwargs: _typing.Any) -> _ItemQuerySet[_M]: ...
    def order_by(self, *field_names: _typing.Any) -> _ItemQuerySet[_M]: ...
    def reverse(self) -> _ItemQuerySet[_M]: ...
    def page(self, limit: _builtins.int | None = ..., cursor: _builtins.str | None = ...) -> _ItemPage[_M]: ...
    async def apage(self, limit: _builtins.int | None = ..., cursor: _builtins.str | None = ...) -> _ItemPage[_M]: ...
    def using_index(self, name: _builtins.str) -> _ItemQuerySet[_M]: ...
    def consistent(self, value: _builtins.bool = ...) -> _ItemQuerySet[_M]: ...
    def capped(self) -> _ItemQuerySet[_M]: ...
    def with_expired(self) -> _ItemQuerySet[_M]: ...
    def scan(self, segments: _builtins.int = ...) -> _ItemQuerySet[_M]: ...
    def as_json(self) -> _typing.Any: ...
    @property
    def persistence(self) -> dynamodb.Persistence: ...

class _API(type):
    api: _builtins.str
    document: _Document
    @property
    def model(cls) -> _typing.Any: ...
    def for_schema(cls, schema: _Schema) -> type[_Value]: ...
    def __getitem__(cls, name: _builtins.str) -> type: ...
    def __contains__(cls, name: _builtins.object) -> _builtins.bool: ...
    def __iter__(cls) -> _Iterator[_builtins.str]: ...
    def get_model_names(cls) -> _builtins.list[_builtins.str]: ...
    def json_to_model(
        cls,
        model_name: _builtins.str,
        j: _Mapping[_builtins.str, _typing.Any],
        validate: _builtins.bool = ...,
        keep_datetime: _builtins.bool | None = ...,
        prune_none: _builtins.bool | None = ...,
    ) -> _typing.Any: ...
    def model_to_json(cls, object: _typing.Any) -> _typing.Any: ...
    def validate(cls, model_name: _builtins.str, object: _typing.Any) -> None: ...

class _Pool(type):
    def get_model(cls, api_name: _builtins.str) -> _typing.Any: ...
    def get_api_names(cls) -> _builtins.list[_builtins.str]: ...
    def add(cls, name: _builtins.str, **options: _typing.Any) -> _typing.Any: ...
    def load_swagger(cls, api_name: _builtins.str, api_path: _typing.Any, **options: _typing.Any) -> _typing.Any: ...
    def add_model(cls, api_name: _builtins.str, model_name: _builtins.str, model_class: type) -> None: ...
    def enforce_global_model_names(cls) -> None: ...
    def merge(cls) -> None: ...

'''
_INDENT = "    "


def stub(apis: Iterable[Classes], members: Members = lambda classes, name_of: (), types: str = "") -> str:
    """Returns the text of ``macaron_django/__init__.pyi``.

    ``types`` has the import statements that the lines from ``members`` need.
    """
    written = [_APIStub(classes, members) for classes in apis]
    body = ["class apipool(metaclass=_Pool):  # a namespace, so that its classes can be named in annotations\n"]
    body += [line for each in written if _is_name(each.api) for line in each.lines()]
    if len(body) == 1:
        body.append(f"{_INDENT}...\n")
    imports = sorted({line for each in written for line in each.imports} | _imports_of_formats())
    return "".join([_HEAD, *imports, _BODY, *([types, "\n"] if types else []), *body, "\n_apipool = apipool\n"])


def _imports_of_formats() -> set[str]:
    """Returns further imports, for the Python types of string formats."""
    types = (each.python_types[0] for each in STRING_FORMATS.values())
    lines = {f"import {each.__module__} as {module_alias(each)}\n" for each in types}
    return {line for line in lines if line not in _HEAD}


class _APIStub:
    """The namespace of one API, and the imports that it needs."""

    def __init__(self, classes: Classes, members: Members) -> None:
        self.api, self.classes, self.members = classes.api, classes, members
        self.imports: set[str] = set()
        self._names: dict[type, str] = {}
        self._taken: set[str] = set()
        self._waiting: list[type] = []

    def lines(self) -> list[str]:
        text = [f"{_INDENT}class {self.api}(metaclass=_API):\n"]
        for component, attribute in field_names(self.classes).items():
            for name in (component, attribute):
                kind = self._public(name)
                if kind is not None:
                    self._name(kind, name)
                    break
            else:
                self._name(self.classes[component], f"_{attribute}")
        for operation in self.classes.document.operations:
            content = operation.request_body.content if operation.request_body else {}
            for schema in (media.schema.resolved for media in content.values() if media.schema is not None):
                if schema.name is None and schema.properties:
                    self._reference(schema)
        text += _indented(self.members(self.classes, self._reference), 2)
        while self._waiting:
            text += _indented(self._class(self._waiting.pop(0)), 2)
        return text if len(text) > 1 else [*text, f"{_INDENT * 2}...\n"]

    def _public(self, name: str) -> type | None:
        """Returns the class ``apipool.<api>.<name>``; None if there is none, or if its name isn't valid in Python."""
        found = getattr(self.classes, name, None) if _is_name(name) and not name.startswith("__") else None
        return found if isinstance(found, type) and issubclass(found, APIObject) else None

    def _name(self, kind: type, name: str) -> str:
        if kind not in self._names:
            number, free = 1, name
            while free in self._taken:
                number += 1
                free = f"{name}_{number}"
            self._taken.add(free)
            self._names[kind] = free
            self._waiting.append(kind)
        return self._names[kind]

    def _reference(self, schema: Schema) -> str:
        """Returns the stub's name for the class of a nested object.

        A nested object has the value class, even if its schema has a row model.
        """
        kind = self.classes.for_schema(schema)
        own = kind.__name__ if self._public(kind.__name__) is kind else f"_{kind.__name__}"
        name = self._name(kind, self._names.get(kind) or own)
        return f"_apipool.{self.api}.{name}"

    # One class

    def _class(self, kind: type) -> Iterator[str]:
        spec = kind._spec  # type: ignore[attr-defined]  # every API object class has a spec
        row = not issubclass(kind, Value)
        yield f"class {self._names[kind]}({', '.join(self._bases(kind))}):"
        if kind.__doc__ and kind.__doc__.strip():
            yield _INDENT + _text(kind.__doc__)
        sets = self._sets(kind) if row else frozenset[str]()
        types = {name: _typed(prop, self._reference, name in sets) for name, prop in spec.properties.items()}
        if row:
            yield f"{_INDENT}objects: _typing.ClassVar[{self._manager(kind)}]"
        arguments = "".join(f", {spec.field_names[name]}: {each.write} | _Unset = ..." for name, each in types.items())
        more = ", **additional: _typing.Any" if _says_open(spec.schema) else ""
        star = ", *" if arguments else ""
        yield f"{_INDENT}def __init__(self, /{star}{arguments}{more}) -> None: ..."
        for name, each in types.items():
            yield f"{_INDENT}{spec.field_names[name]}: _Property[{each.read}, {each.write}]"
            description = spec.properties[name].schema.description
            if description.strip():
                yield _INDENT + _text(description)
        yield ""

    def _bases(self, kind: type) -> Iterator[str]:
        for base in kind.__bases__:
            if base.__module__ == "macaron_django.schemas.values.api_objects":
                yield "_Value"
            elif base.__module__ == "macaron_django.schemas.models.row_models":
                yield "_Row"
            elif base.__module__ == "django.db.models.base":
                yield "_Model"
            elif "<" not in base.__qualname__:
                yield self._imported(base)

    def _imported(self, kind: type) -> str:
        outer, _, inner = kind.__qualname__.partition(".")
        name = "_" + re.sub(r"\W", "_", f"{kind.__module__}.{outer}")
        self.imports.add(f"from {kind.__module__} import {outer} as {name}\n")
        return f"{name}.{inner}" if inner else name

    def _manager(self, kind: Any) -> str:
        """Returns the type of a model's manager, with the model as its argument. Only the stub has generic managers."""
        return f"_ItemManager[_apipool.{self.api}.{self._names[kind]}]"

    @staticmethod
    def _sets(kind: Any) -> frozenset[str]:
        return frozenset(kind._default_manager.persistence.options.sets)


def _typed(prop: Property, name_of: Any, is_set: bool) -> StubType:
    """Returns a property's types. A property that isn't required may be unset, so it may also be None."""
    read, write = stub_type(prop.schema, name_of, is_set=is_set)
    if not prop.required and read != "_typing.Any" and "None" not in read.split(" | "):
        read += " | None"
    return StubType(read, write)


def _says_open(schema: Schema) -> bool:
    """Returns whether the spec explicitly allows additional properties.

    If it doesn't, editors mark misspelled names.
    """
    return schema.keyword("additionalProperties") not in (None, False) or bool(schema.keyword("patternProperties"))


def _is_name(text: str) -> bool:
    # Python converts identifiers to NFKC. So source code can't contain an identifier in another form.
    return text.isidentifier() and not iskeyword(text) and is_normalized("NFKC", text)


def _text(text: str) -> str:
    """Returns ``text`` as a docstring on one line."""
    return ascii(" ".join(text.split())[:400])


def _indented(lines: Iterable[str], depth: int) -> Iterator[str]:
    return (f"{_INDENT * depth}{line}".rstrip() + "\n" for line in lines)
