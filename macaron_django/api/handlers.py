"""The Python functions behind operations: found by dotted path, decorated, and given their arguments.

An operation goes in; a :class:`Handler` comes out, which imports its function when first called or checked:
a spec is loaded while Django imports models, when handlers, which use those models, can't be imported yet.

What a handler is given, by its own signature:

- the body as its first argument (or as the argument named ``body``), if the operation declares one;
- each parameter that was sent or has a default, by name; path and query parameters have to be taken,
  header and cookie parameters may be left;
- the DRF request, if it has an argument named ``request``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from importlib import import_module
from typing import Any

from asgiref.sync import async_to_sync

from macaron_django.api.arguments import operation_arguments
from macaron_django.api.resources import described, is_dotted
from macaron_django.spec import Finding, Operation

__all__ = ["Handler", "HandlerUnavailable", "handler_for"]

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class HandlerUnavailable(Exception):  # noqa: N818 (says what the handler is, not what went wrong)
    """The handler can't be used; ``findings`` say why. `manage.py check` has said so, too."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(finding.message for finding in self.findings))


def handler_for(operation: Operation) -> Handler | None:
    """The handler that the spec binds to ``operation``: ``x-bind-server``, else a dotted operationId."""
    dotted = operation.extensions.bind_server
    if dotted is None and is_dotted(operation.operation_id):
        dotted = operation.operation_id
    return Handler(operation, dotted) if dotted else None


class Handler:
    """The function that answers one operation."""

    def __init__(self, operation: Operation, dotted: str) -> None:
        self.operation = operation
        self.dotted = dotted
        #: (location, name) of each parameter → the argument it is passed as
        self.arguments = operation_arguments(operation)

    def __repr__(self) -> str:
        return f"<Handler {self.dotted} for {described(self.operation)}>"

    @cached_property
    def bare(self) -> Callable[..., Any]:
        """The function as written, without the spec's decorators."""
        return self._found(self.dotted, "E301", "x-bind-server" if self.operation.extensions.bind_server else None)

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The function with every ``x-decorate-server`` around it; the first named is the outermost."""
        function = self.bare
        for dotted in reversed(self.operation.extensions.decorate_server):
            function = self._found(dotted, "E303", "x-decorate-server")(function)
        return function

    @cached_property
    def signature(self) -> inspect.Signature:
        return inspect.signature(self.bare)

    def problems(self) -> list[Finding]:
        """Why the handler can't answer: it can't be imported, or can't take what the operation gives."""
        try:
            self.function  # noqa: B018 (importing is what is checked)
            complaints = list(self._misfits())
        except HandlerUnavailable as unavailable:
            return list(unavailable.findings)
        except Exception as error:  # noqa: BLE001 (a decorator runs code of the application's)
            return [self._finding("E303", f"its decorator raised {type(error).__name__}: {error}", "Mend it.")]
        return [self._finding("E302", complaint, hint) for complaint, hint in complaints]

    # -------------------------------------------------------------- binding

    @cached_property
    def body_argument(self) -> str | None:
        """The name of the argument that takes the body; None if the operation has none, or none is left."""
        if self.operation.request_body is None:
            return None
        taken = {*self.arguments.values(), "request"}
        named = self.signature.parameters
        if "body" in named and "body" not in taken:
            return "body"
        first = next((p.name for p in named.values() if p.kind in _BY_POSITION and p.name != "request"), None)
        if first is None or first in taken:
            return None
        return first

    def call(self, request: Any, body: Any, values: Mapping[str, Any]) -> Any:
        """Call the function; ``values`` holds the parameters by argument name. An ``async def`` is awaited."""
        arguments = self.bind(request, body, values)
        function = self.function
        if inspect.iscoroutinefunction(function):
            return async_to_sync(function)(*arguments.args, **arguments.kwargs)
        result = function(*arguments.args, **arguments.kwargs)
        # A decorator that isn't async itself may hand on what an `async def` made.
        return async_to_sync(_awaited)(result) if inspect.isawaitable(result) else result

    def bind(self, request: Any, body: Any, values: Mapping[str, Any]) -> inspect.BoundArguments:
        """The arguments for one request. A parameter that wasn't sent is left to its default, else None."""
        named = self.signature.parameters
        takes_all = any(p.kind is p.VAR_KEYWORD for p in named.values())
        given: dict[str, Any] = {}
        for argument in self.arguments.values():
            parameter = named.get(argument)
            if argument in values and (takes_all or (parameter is not None and parameter.kind in _BY_NAME)):
                given[argument] = values[argument]
            elif parameter is not None and parameter.default is parameter.empty and parameter.kind in _BY_NAME:
                given[argument] = None
        if "request" in named and named["request"].kind in (*_BY_NAME, *_BY_POSITION):
            given["request"] = request
        positional: list[Any] = []
        if (takes_body := self.body_argument) is not None:
            if named[takes_body].kind in _BY_NAME:
                given[takes_body] = body
            else:
                positional.append(body)
        elif self.operation.request_body is not None and _takes_positional_rest(self.signature):
            positional.append(body)
        return self.signature.bind(*positional, **given)

    # -------------------------------------------------------------- checking

    def _misfits(self) -> Iterable[tuple[str, str]]:
        named = self.signature.parameters
        takes_all = any(p.kind is p.VAR_KEYWORD for p in named.values())
        has_body = self.operation.request_body is not None
        if has_body and self.body_argument is None and not _takes_positional_rest(self.signature):
            yield "it has no argument for the body", "Make the body its first argument."
        given = {"request", self.body_argument}
        for (location, name), argument in self.arguments.items():
            given.add(argument)
            taken = takes_all or (argument in named and named[argument].kind in _BY_NAME)
            if not taken and location in {"path", "query"}:
                yield (
                    f"it has no argument {argument!r} for the {location} parameter {name!r}",
                    f"Add {argument} to its arguments, or **kwargs.",
                )
        for parameter in named.values():
            required = parameter.default is parameter.empty
            variable = parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
            if required and not variable and parameter.name not in given:
                yield (
                    f"it requires an argument {parameter.name!r}, which the operation doesn't give",
                    f"Declare a parameter {parameter.name!r} in the spec, or give the argument a default.",
                )

    def _found(self, dotted: str, finding_id: str, attribute: str | None) -> Callable[..., Any]:
        where = attribute or "operationId"
        try:
            found = _import_dotted(dotted)
        except Exception as error:  # importing runs the application's code, which may raise anything
            problem = f"{where} {dotted!r} can't be imported ({type(error).__name__}: {error})"
            hint = "Correct the path, or what fails in that module."
            raise HandlerUnavailable([self._finding(finding_id, problem, hint)]) from error
        if not callable(found):
            hint = "Name a function, or an object that can be called."
            raise HandlerUnavailable(
                [self._finding(finding_id, f"{where} {dotted!r} is a {type(found).__name__}, not a function", hint)]
            )
        return found  # type: ignore[no-any-return]  # callable(), but of unknown arguments

    def _finding(self, finding_id: str, complaint: str, hint: str) -> Finding:
        return Finding(
            id=finding_id,
            level="error",
            message=f"{described(self.operation)} is bound to {self.dotted}: {complaint}.",
            hint=hint,
            location=self.operation.location,
        )


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def _takes_positional_rest(signature: inspect.Signature) -> bool:
    return any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values())


def _import_dotted(dotted: str) -> Any:
    """``package.module.function``, or ``package.module.Class.method``."""
    parts = dotted.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module_name = ".".join(parts[:length])
        try:
            found: Any = import_module(module_name)
        except ModuleNotFoundError as error:
            # Only "there is no such module" means that the name may be a class's; a module that is there and
            # imports something missing has to be reported as that.
            if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")) and length > 1:
                continue
            raise
        for name in parts[length:]:
            found = getattr(found, name)
        return found
    raise ImportError(f"{dotted!r} is no dotted path: write module.function")
