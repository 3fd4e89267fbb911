"""Path parameters → the keys of a resource: by name, else by ``x-key``, else the last one to the last key.

An operation and the properties that name an item go in; parameter → property comes out, or ``Ambiguous`` with a
reason. The rule reaches URLs that clients keep, so it stands alone and has a table of cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from macaron_django.api.contents import Ambiguous, listing, parameter_names
from macaron_django.spec import Operation, Schema

__all__ = ["Keys", "bind_keys"]


class Keys(NamedTuple):
    """What names one item of a schema: its ``primary`` properties (hash key, then range key).

    Any one of ``alternative`` (unique properties of a Django model) names it as well.
    """

    primary: tuple[str, ...]
    alternative: tuple[str, ...] = ()


def bind_keys(operation: Operation, schema: Schema, keys: Keys, *, is_item: bool) -> Mapping[str, str]:
    """Bind the path parameters of an operation on an item, or on a collection.

    On an item path all keys have to be bound. What is left of a collection path's parameters, and of an item
    path's parents, binds to the hash key, or restricts to the property it names.
    """
    binder = _Binder(operation, schema, keys, is_item=is_item)
    binder.by_name()
    binder.by_x_key()
    if is_item:
        binder.last_to_last()
    binder.parents()
    if is_item and binder.free and not binder.has_alternative():
        raise Ambiguous(
            f"its path doesn't give {listing(binder.free)}, part of the key of {schema.name}",
            "Add a path parameter of that name, or say with x-key which parameter is meant.",
        )
    return binder.bound


class _Binder:
    """One application of the rule: what is bound so far, and which keys are free."""

    def __init__(self, operation: Operation, schema: Schema, keys: Keys, *, is_item: bool) -> None:
        self.names = parameter_names(operation.path)
        self.x_keys = {p.name: p.key for p in operation.parameters if p.location == "path" and p.key}
        self.schema, self.keys, self.is_item = schema, keys, is_item
        self.bound: dict[str, str] = {}
        self.free = list(keys.primary)

    def bind(self, parameter: str, key: str) -> None:
        self.bound[parameter] = key
        if key in self.free:
            self.free.remove(key)

    def unbound(self) -> list[str]:
        return [name for name in self.names if name not in self.bound]

    def by_name(self) -> None:
        for name in self.names:
            unique = self.is_item and name == self.names[-1] and name in self.keys.alternative
            if name in self.keys.primary or unique:
                self.bind(name, name)

    def by_x_key(self) -> None:
        for name in self.unbound():
            key = self.x_keys.get(name)
            if key is None:
                continue
            if key not in self.schema.properties and key not in self.keys.primary:
                raise Ambiguous(
                    f"x-key of its path parameter {name!r} names {key!r}, which isn't a property of the schema",
                    f"Name one of {listing(self.keys.primary)}.",
                )
            self.bind(name, key)

    def last_to_last(self) -> None:
        last, key = self.names[-1], self.keys.primary[-1]
        # A parameter named after another property means that one: /profiles/by-email/{email} asks for no key.
        if last not in self.bound and key in self.free and last not in self.schema.properties:
            self.bind(last, key)

    def parents(self) -> None:
        for name in self.unbound():
            if name in self.schema.properties:
                if not (self.is_item and self.free):
                    self.bind(name, name)  # not a key: restricts to what has this value
            elif len(self.keys.primary) > 1 and self.keys.primary[0] in self.free:
                self.bind(name, self.keys.primary[0])
            else:
                raise Ambiguous(
                    f"nothing says what its path parameter {name!r} is",
                    "Name it like a property of the schema, or say with x-key which property is meant.",
                )

    def has_alternative(self) -> bool:
        return self.bound.get(self.names[-1]) in self.keys.alternative
