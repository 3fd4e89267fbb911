"""Values that never change, with attributes that are worked out when they are first asked for.

``functools.cached_property`` does the same as ``lazy_attribute``, in a third more steps, and before Python 3.12 under a
lock that all instances share. Values need none: what two threads work out at once is equal, and either may stay (what a
document interns isn't: see there). A dataclass that is frozen does what ``Frozen`` does, and takes three times as long
to make an instance; to make the class itself takes half a millisecond, and what ``dataclasses`` imports another seven.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

__all__ = ["Frozen", "lazy_attribute"]

Value = TypeVar("Value")


class Frozen:
    """Whose attributes are put into ``__dict__`` when it is made, and stay."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} of {type(self).__name__} can't be set: it is what the document says.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name} of {type(self).__name__} can't be deleted: it is what the document says.")


class lazy_attribute(Generic[Value]):  # noqa: N801 (a decorator, spelled as ``property`` is)
    """
    >>> class Circle(Frozen):
    ...     radius = 1
    ...     @lazy_attribute
    ...     def area(self) -> float:
    ...         return 3.14 * self.radius ** 2
    >>> Circle().area
    3.14
    """

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self.make, self.name, self.__doc__ = make, make.__name__, make.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> lazy_attribute[Value]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: Any, owner: type) -> lazy_attribute[Value] | Value:
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.make(instance)
        return value
