"""Defines the rows in the table of PyMacaron's names.

A row contains the new name for an old name, or explains why there is no new name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

__all__ = ["Absent", "Constant", "Modules", "NotAvailableError", "Placeholder", "Row", "without"]


class NotAvailableError(NotImplementedError):
    """The program used a class or function of PyMacaron that has no counterpart in this package."""


@dataclass(frozen=True)
class Absent:
    """A name that can be imported, but raises an error when called. The error's message contains ``reason``.

    ``reason`` is the end of a sentence that begins with the name.
    """

    reason: str


@dataclass(frozen=True)
class Constant:
    """An old name that still has a value, but no counterpart in this package.

    ``note`` says why programs don't need the old name, or what they can use instead.
    """

    value: Any
    note: str


#: The dotted path of the new name, or a row for a name without a new name.
Row: TypeAlias = "str | Absent | Constant"
#: Old module → old name → row. The row of the name "*" is a function, which returns the value of any other name of the
#: module.
Modules: TypeAlias = "Mapping[str, Mapping[str, Row]]"


def without(reason: str) -> Absent:
    """Returns the row for an old name, if this old name has no counterpart.

    ``reason`` is a clause that says why programs don't need the old name, or what they can use instead.
    """
    return Absent(f"has no counterpart: {reason}")


class Placeholder:
    """The substitute for an old name that has no counterpart in this package.

    Calling the placeholder, or inheriting from it, raises ``NotAvailableError``. Reading an attribute raises
    ``AttributeError`` with the same message.
    """

    def __init__(self, name: str, absent: Absent) -> None:
        self._sentence = f"{name} {absent.reason}."
        self.__name__ = self.__qualname__ = name.rpartition(".")[2]
        self.__doc__ = self._sentence

    def __call__(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise NotAvailableError(self._sentence)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(self._sentence, name=name, obj=self)

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> NoReturn:
        raise NotAvailableError(self._sentence)
