"""The classes of the APIs in, a stub of ``macaron_django`` out: editors complete ``apipool.myserver.Profile.``.

The classes are made from a spec while Django loads, so that no editor can see them. In the stub ``apipool`` is a class
of classes: ``apipool.myserver.Profile`` is a type there, to be used in annotations as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from keyword import iskeyword
from typing import TYPE_CHECKING, Any
from unicodedata import is_normalized

from .names import field_names
from .objects import APIObject, Value
from .stub_types import StubType, stub_type

if TYPE_CHECKING:
    from macaron_django.spec import Property, Schema

    from .classes import Classes

__all__ = ["stub"]

_HEAD = '''\
"""What macaron_django makes of this project's specs, for editors and type checkers.

Written by `manage.py apistubs`: don't edit it, write it anew when a spec changes.
"""

import builtins as _builtins
import datetime as _datetime
import decimal as _decimal
import typing as _typing
import uuid as _uuid
from collections.abc import Iterator as _Iterator, Mapping as _Mapping, Sequence as _Sequence, Set as _AbstractSet

import typing_extensions as _typing_extensions
from django.db.models import Manager as _Manager, Model as _Model

from macaron_django.api import viewsets as viewsets
from macaron_django.schemas.conversions import Unset as _Unset
from macaron_django.schemas.models import Row as _Row
from macaron_django.schemas.objects import Value as _Value
from macaron_django.spec import Document as _Document, Schema as _Schema
'''
_BODY = '''
__version__: str
__all__ = ["__version__", "apipool", "viewsets"]

_R = _typing.TypeVar("_R", covariant=True)
_W = _typing.TypeVar("_W", contravariant=True)

class _Property(_typing.Generic[_R, _W]):
    """An attribute that reads as one type, and takes its JSON form as well."""

    @_typing.overload
    def __get__(self, instance: None, owner: _typing.Any = ...) -> _typing_extensions.Self: ...
    @_typing.overload
    def __get__(self, instance: _builtins.object, owner: _typing.Any = ...) -> _R: ...
    def __set__(self, instance: _builtins.object, value: _W | _Unset) -> None: ...
    def __delete__(self, instance: _builtins.object) -> None: ...

class _API(type):
    api: _builtins.str
    document: _Document
    def for_schema(cls, schema: _Schema) -> type[_Value]: ...
    def __getitem__(cls, name: _builtins.str) -> type: ...
    def __contains__(cls, name: _builtins.object) -> _builtins.bool: ...
    def __iter__(cls) -> _Iterator[_builtins.str]: ...

'''
_INDENT = "    "


def stub(apis: Iterable[Classes]) -> str:
    """The text of ``macaron_django/__init__.pyi``."""
    written = [_APIStub(classes) for classes in apis]
    body = ["class apipool:  # a namespace, so that its classes can be named in annotations\n"]
    body += [line for each in written if _is_name(each.api) for line in each.lines()]
    if len(body) == 1:
        body.append(f"{_INDENT}...\n")
    imports = sorted({line for each in written for line in each.imports})
    return "".join([_HEAD, *imports, _BODY, *body, "\n_apipool = apipool\n"])


class _APIStub:
    """The namespace of one API, and what it has to import."""

    def __init__(self, classes: Classes) -> None:
        self.api, self.classes = classes.api, classes
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
        while self._waiting:
            text += _indented(self._class(self._waiting.pop(0)), 2)
        return text if len(text) > 1 else [*text, f"{_INDENT * 2}...\n"]

    def _public(self, name: str) -> type | None:
        """The class that ``apipool.<api>.<name>`` is, if that can be written."""
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
        """How the stub names the class of an embedded object: its value, which isn't the row of that schema."""
        kind = self.classes.for_schema(schema)
        name = self._name(kind, self._names.get(kind) or f"_{kind.__name__}")
        return f"_apipool.{self.api}.{name}"

    # One class

    def _class(self, kind: type) -> Iterator[str]:
        spec = kind._spec  # type: ignore[attr-defined]  # every API object class has one
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
            if base.__module__ == "macaron_django.schemas.objects":
                yield "_Value"
            elif base.__module__ == "macaron_django.schemas.models":
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
        """The manager, whose class isn't generic, and Django's own, which knows what it gives."""
        return f"_Manager[_apipool.{self.api}.{self._names[kind]}]"

    @staticmethod
    def _sets(kind: Any) -> frozenset[str]:
        return frozenset(kind._default_manager.persistence.options.sets)


def _typed(prop: Property, name_of: Any, is_set: bool) -> StubType:
    """A required property reads as what its schema says, any other as None where it is unset."""
    read, write = stub_type(prop.schema, name_of, is_set=is_set)
    if not prop.required and read != "_typing.Any" and "None" not in read.split(" | "):
        read += " | None"
    return StubType(read, write)


def _says_open(schema: Schema) -> bool:
    """Whether the spec itself speaks of further properties; else a misspelled argument is worth an editor's word."""
    return schema.keyword("additionalProperties") not in (None, False) or bool(schema.keyword("patternProperties"))


def _is_name(text: str) -> bool:
    # Python reads an identifier in its NFKC form: what is spelled otherwise can't be named in source.
    return text.isidentifier() and not iskeyword(text) and is_normalized("NFKC", text)


def _text(text: str) -> str:
    """A docstring on one line."""
    return ascii(" ".join(text.split())[:400])


def _indented(lines: Iterable[str], depth: int) -> Iterator[str]:
    return (f"{_INDENT * depth}{line}".rstrip() + "\n" for line in lines)
