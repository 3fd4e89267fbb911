"""Binds path parameters to the keys of a resource: by their names, or else by ``x-key``.

On an item path, the last parameter needs neither a property's name nor an ``x-key``. By default, it binds to the last
key that doesn't come from the caller, unless another parameter is bound to this key. Clients store URLs, so this rule
must not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from macaron_django.api.routing.argument_names import path_parameters
from macaron_django.api.rules.operation_schemas import AmbiguousOperation, listing
from macaron_django.openapi import Operation, Schema

__all__ = ["Keys", "bind_keys"]


class Keys(NamedTuple):
    """The properties that identify an item of a schema. All properties in ``primary`` (hash key, range key) are needed.

    ``alternative`` has the unique properties of a Django model. Each of them identifies an item by itself.
    ``from_caller`` has the source (such as ``claim:tenant``) of each primary property that comes from the caller.
    """

    primary: tuple[str, ...]
    alternative: tuple[str, ...] = ()
    from_caller: Mapping[str, str] = MappingProxyType({})


def bind_keys(operation: Operation, schema: Schema, keys: Keys, *, is_item: bool) -> Mapping[str, str]:
    """Returns a mapping from the name of each path parameter to the property that the parameter binds to.

    On an item path, all keys must be bound, except for keys that come from the caller. If the last parameter binds to a
    property in ``keys.alternative``, the keys can stay unbound. Any other parameter with a property's name binds to
    that property, and filters by it. If no property has the parameter's name, the parameter binds to the hash key.
    Raises ``AmbiguousOperation`` if a binding isn't clear.
    """
    binder = _Binder(operation, schema, keys, is_item=is_item)
    binder.by_name()
    binder.by_x_key()
    if is_item:
        binder.last_to_last()
    binder.parents()
    if is_item and binder.free and not binder.has_alternative():
        raise AmbiguousOperation(
            f"its path has no parameter for {listing(binder.free)}, which the key of {schema.name} needs",
            "Add a path parameter with this name, or add x-key to the right parameter. To take the value from a claim "
            "of the token instead, add keys_from to x-persist.",
        )
    return binder.bound


class _Binder:
    """The parameters that are already bound, and the keys that are still free."""

    def __init__(self, operation: Operation, schema: Schema, keys: Keys, *, is_item: bool) -> None:
        self.names = path_parameters(operation.path)
        self.x_keys = {p.name: p.key for p in operation.parameters if p.location == "path" and p.key}
        self.schema, self.keys, self.is_item = schema, keys, is_item
        self.bound: dict[str, str] = {}
        self.free = [key for key in keys.primary if key not in keys.from_caller]

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
                raise AmbiguousOperation(
                    f"the x-key of its path parameter {name!r} is {key!r}, which isn't a property of the schema",
                    f"Set x-key to one of {listing(self.keys.primary)}.",
                )
            self.bind(name, key)

    def last_to_last(self) -> None:
        last, own = self.names[-1], [key for key in self.keys.primary if key not in self.keys.from_caller]
        key = own[-1] if own else None
        # If the parameter has the name of another property, it isn't bound to a key: /profiles/by-email/{email} has no
        # key.
        if last not in self.bound and key is not None and key in self.free and last not in self.schema.properties:
            self.bind(last, key)

    def parents(self) -> None:
        for name in self.unbound():
            if name in self.schema.properties:
                if not (self.is_item and self.free):
                    self.bind(name, name)  # not a key: the parameter filters the list
            elif len(self.keys.primary) > 1 and self.keys.primary[0] in self.free:
                self.bind(name, self.keys.primary[0])
            else:
                raise AmbiguousOperation(
                    f"it isn't clear which property its path parameter {name!r} means",
                    "Give the parameter the name of a property, or add x-key with the property's name.",
                )

    def has_alternative(self) -> bool:
        return self.bound.get(self.names[-1]) in self.keys.alternative
