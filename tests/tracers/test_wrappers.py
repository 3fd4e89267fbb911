"""What is wrapped around one function can be wrapped around another, with the wrappers' own code."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import wrapt

from macaron_django.tracers import around, has_other_code, name_of, unwrapped

HERE = __name__
CLOSURES = {f"{HERE}.patched": "replaced", f"{HERE}.runner": "inner", f"{HERE}.chosen": "function"}


def call(self: object, text: str) -> str:
    return f"call {text}"


def other(self: object, text: str) -> str:
    return f"other {text}"


def loud(wrapped: Callable[..., str], instance: object, args: Any, kwargs: Any) -> str:
    return wrapped(*args, **kwargs).upper()


def replacement(replaced: Callable[..., str]) -> Callable[..., str]:
    def patched(self: object, text: str, *, mark: str = "!") -> str:
        return replaced(self, text) + mark

    return patched


def decorated(original: Callable[..., str]) -> Callable[..., str]:
    inner = replacement(original)

    def runner(self: object, text: str) -> str:
        return inner(self, text) if text else original(self, text)

    return runner


class Client:
    pass


def test_wrappers_are_found_from_the_outside_in():
    wrapped = wrapt.FunctionWrapper(replacement(call), loud)
    layers, function = unwrapped(wrapped, CLOSURES)
    assert [layer.name for layer in layers] == [f"{HERE}.loud", f"{HERE}.patched"]
    assert function is call


def test_the_same_is_wrapped_around_another_function():
    wrapped = wrapt.FunctionWrapper(replacement(call), loud)
    layers, _ = unwrapped(wrapped, CLOSURES)
    made = around(other, layers).__get__(Client(), Client)
    assert made("x") == "OTHER X!"
    assert wrapped.__get__(Client(), Client)("x") == "CALL X!"  # it is as it was


def test_a_function_that_is_not_named_is_not_looked_into():
    patched = replacement(call)
    assert unwrapped(patched, {}) == ([], patched)


def test_the_name_is_that_of_the_code():
    patched = replacement(call)
    patched.__name__, patched.__module__ = "call", "elsewhere"
    assert name_of(patched) == f"{HERE}.patched"
    assert name_of(Client()) == f"{HERE}.Client"


def test_code_that_was_rewritten_calls_something_that_no_compiler_puts_there():
    assert not has_other_code(call)
    rewritten = FunctionType(call.__code__.replace(co_consts=(*call.__code__.co_consts, loud)), globals())
    assert has_other_code(rewritten)
