"""What a row of the table says of an old name: where it is now, or why it can't be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

__all__ = ["Absent", "Constant", "Modules", "NotAvailableError", "Placeholder", "Row", "without"]


class NotAvailableError(NotImplementedError):
    """A name of PyMacaron's without a counterpart was called."""


@dataclass(frozen=True)
class Absent:
    """A name that can be imported, but raises an error with the reason when called.

    ``reason`` is the end of a sentence that begins with the name.
    """

    reason: str


@dataclass(frozen=True)
class Constant:
    """A name that has a value here but no replacement to import; ``note`` says what to do without it."""

    value: Any
    note: str


#: The dotted path of what the name is now, or a row for a name without one.
Row: TypeAlias = "str | Absent | Constant"
#: Old module → old name → row. The row of the name "*" is a function, which returns what any other name of the module
#: means.
Modules: TypeAlias = "Mapping[str, Mapping[str, Row]]"


def without(reason: str) -> Absent:
    """Returns the row of a name that has no meaning here; ``reason`` is a clause that says what is done instead."""
    return Absent(f"has no counterpart: {reason}")


class Placeholder:
    """Replaces an absent name: calling it or inheriting from it raises ``NotAvailableError``.

    Reading an attribute raises ``AttributeError`` with the same sentence.
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
