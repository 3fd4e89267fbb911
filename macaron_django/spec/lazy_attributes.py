"""An attribute that is worked out when it is first asked for: a method goes in, a descriptor comes out.

``functools.cached_property`` does the same, in a third more steps, and before Python 3.12 under a lock that all
instances share. Nothing here needs a lock: what two threads work out at once is equal, and either may stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

__all__ = ["lazy_attribute"]

Value = TypeVar("Value")


class lazy_attribute(Generic[Value]):  # noqa: N801 (a decorator, spelled as ``property`` is)
    """
    >>> class Circle:
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
