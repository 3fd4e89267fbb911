"""Finds the wrappers that tracers have put around a function, and puts the same wrappers around another function.

This package replaces some functions with faster functions. Because the wrappers stay, the code of a known tracer still
runs, and its spans have the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CellType, FunctionType, MethodType
from typing import Any

__all__ = ["Layer", "around", "has_other_code", "name_of", "unwrapped"]

#: The name of a wrapper's function → its free variable that has the wrapped function.
Closures = Mapping[str, str]


@dataclass(frozen=True)
class Layer:
    """One wrapper.

    ``name`` is the dotted path of the wrapper's definition, and ``wrapper`` is the wrapper's function. ``put`` puts the
    wrapper around a function.
    """

    name: str
    wrapper: Any
    put: Callable[[Any], Any]


def unwrapped(function: Any, closures: Closures) -> tuple[list[Layer], Any]:
    """Returns the wrappers of a function, the outermost first, and the wrapped function.

    Wrappers of the library wrapt are always found. Any other wrapper has a free variable that holds the wrapped
    function. ``closures`` maps the wrapper's name to the name of this variable.
    """
    layers = []
    while (found := _layer(function, closures)) is not None:
        layer, function = found
        layers.append(layer)
    return layers, function


def around(function: Any, layers: list[Layer]) -> Any:
    """Puts the wrappers in ``layers`` around ``function``, and returns the result.

    The result is a function or a descriptor for methods.
    """
    for layer in reversed(layers):
        function = layer.put(function)
    return function


def name_of(function: Any) -> str:
    """Returns a function's dotted name: the module that defines the function, and the name in its code object.

    If ``__name__`` was changed, that has no effect on the result.

    >>> name_of(around)
    'macaron_django.tracers.wrappers.around'
    """
    function = function.__func__ if isinstance(function, MethodType) else function
    if isinstance(function, FunctionType):
        return f"{function.__globals__.get('__name__')}.{function.__code__.co_name}"
    module = getattr(function, "__module__", None) or type(function).__module__
    return f"{module}.{getattr(function, '__name__', None) or type(function).__name__}"


def has_other_code(function: Any) -> bool:
    """Returns whether a tracer, such as ddtrace, has rewritten a function's code. Rewritten code has functions among
    its constants.
    """
    code = getattr(function, "__code__", None)
    return code is not None and any(callable(each) for each in code.co_consts)


def _layer(function: Any, closures: Closures) -> tuple[Layer, Any] | None:
    kind: Any = type(function)
    if any(base.__name__ == "FunctionWrapper" for base in kind.__mro__):  # of wrapt
        wrapper = function._self_wrapper
        named = _inner(wrapper, closures)
        return Layer(name_of(named), named, lambda inner: kind(inner, wrapper)), function.__wrapped__
    if not isinstance(function, FunctionType) or name_of(function) not in closures:
        return None
    wrapped = _inner(function, closures, last=False)
    if not callable(wrapped):
        return None
    named = next((each for each in _cells(function) if name_of(each) in closures), function)
    return Layer(name_of(named), named, lambda inner: _with(function, wrapped, inner)), wrapped


def _inner(function: Any, closures: Closures, *, last: bool = True) -> Any:
    """Returns the value of a function's free variable that ``closures`` names.

    If ``closures`` doesn't name a variable, the result depends on ``last``: if it is true, returns the function itself,
    and if it is false, returns None.
    """
    variable = closures.get(name_of(function))
    if variable is None or not isinstance(function, FunctionType):
        return function if last else None
    found = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)).get(variable)
    return None if found is None else found.cell_contents


def _cells(function: FunctionType) -> list[Any]:
    return [cell.cell_contents for cell in function.__closure__ or () if isinstance(cell.cell_contents, FunctionType)]


def _with(function: FunctionType, old: Any, new: Any) -> FunctionType:
    """Returns a copy of a function, and of the functions in its free variables, with ``new`` instead of ``old``."""
    cells = []
    for cell in function.__closure__ or ():
        content = cell.cell_contents
        if content is old:
            cells.append(CellType(new))
        elif isinstance(content, FunctionType) and old in [each.cell_contents for each in content.__closure__ or ()]:
            cells.append(CellType(_with(content, old, new)))
        else:
            cells.append(cell)
    made = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, tuple(cells))
    made.__kwdefaults__ = function.__kwdefaults__
    made.__dict__.update(function.__dict__)
    return made
