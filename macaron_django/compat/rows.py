"""What a row of the table says of an old name: where it is now, or why it can't be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

__all__ = ["Absent", "Constant", "Modules", "NotAvailableError", "Placeholder", "Row", "later", "without"]


class NotAvailableError(NotImplementedError):
    """A name of PyMacaron's was called that has no counterpart, or none yet."""


@dataclass(frozen=True)
class Absent:
    """A name that can be imported, and says why when it is called.

    ``reason`` is the end of a sentence that begins with the name. With ``decorates``, it is the decorator of a function
    and only the call of that function raises, so that modules which use it can be imported.
    """

    reason: str
    decorates: bool = False


@dataclass(frozen=True)
class Constant:
    """A name that has a value here, and nothing to be imported instead; ``note`` says what to do without it."""

    value: Any
    note: str


#: The dotted path of what the name is now; or that it isn't there.
Row: TypeAlias = "str | Absent | Constant"
#: Old module → old name → row. The name "*" is a function's that makes what any other name of the module means.
Modules: TypeAlias = "Mapping[str, Mapping[str, Row]]"


def later(subject: str, *, decorates: bool = False) -> Absent:
    """Returns the row of a name whose feature comes with a later version: ``later("asynchronous tasks")``."""
    return Absent(f"can't be used yet: {subject} come with a later version of macaron_django", decorates)


def without(reason: str) -> Absent:
    """Returns the row of a name that has no meaning here; ``reason`` is a clause that says what is done instead."""
    return Absent(f"has no counterpart: {reason}")


class Placeholder:
    """What stands for an absent name: a call, or a class that inherits from it, raises ``NotAvailableError``.

    Its attributes are missing, with the same sentence.
    """

    def __init__(self, name: str, absent: Absent) -> None:
        self._sentence, self._decorates = f"{name} {absent.reason}.", absent.decorates
        self.__name__ = self.__qualname__ = name.rpartition(".")[2]
        self.__doc__ = self._sentence

    def __call__(self, *args: Any, **_kwargs: Any) -> Any:
        if not self._decorates:
            self._refuse()
        # used as @name or as @name(…)
        return self._refuse if args and callable(args[0]) else lambda _function: self._refuse

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(self._sentence, name=name, obj=self)

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> NoReturn:
        self._refuse()

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise NotAvailableError(self._sentence)
