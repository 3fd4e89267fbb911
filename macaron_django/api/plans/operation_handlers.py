"""Finds an operation's handler, which is a Python function, and calls it with the arguments in its signature.

A handler is imported when it is first called or checked. It can't be imported together with the spec: specs are loaded
while Django imports models, and handlers use models. A handler gets these arguments:

- If the operation has a body, the first argument (or the argument named ``body``) is the body. If the body is a
  Swagger 2.0 form, the handler can have an argument for each field instead.
- Each parameter is passed by name. If a parameter wasn't sent and has no default, None is passed. The function must
  have arguments for path and query parameters. Arguments for header and cookie parameters are optional.
- If there is an argument named ``request``, it is the DRF request.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cached_property, partial
from importlib import import_module
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import close_old_connections

from macaron_django.api.plans.form_arguments import FormArguments, form_arguments
from macaron_django.api.routing.argument_names import operation_arguments
from macaron_django.api.rules.resources import described
from macaron_django.conf import under_compat
from macaron_django.drivers import StepCall
from macaron_django.openapi import Finding, Operation, is_dotted

__all__ = ["Handler", "HandlerUnavailable", "handler_for"]

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class HandlerUnavailable(Exception):  # noqa: N818 (a state of the handler)
    """The handler can't be used. ``findings`` say why, and `manage.py check` shows them."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(finding.message for finding in self.findings))


def handler_for(operation: Operation) -> Handler | None:
    """Returns the handler of the operation; None if the operation has no handler.

    ``x-bind-server`` or a dotted operationId names the handler. If an operation has both, ``x-bind-server``
    takes precedence. But if ``MACARON["COMPAT"]`` is on, the operationId takes precedence, as in PyMacaron.
    """
    bound = operation.extensions.bind_server
    named = operation.operation_id if is_dotted(operation.operation_id) else None
    dotted = (named or bound) if named and bound and under_compat() else (bound or named)
    return Handler(operation, dotted) if dotted else None


class Handler:
    """The function that serves one operation."""

    def __init__(self, operation: Operation, dotted: str) -> None:
        self.operation = operation
        self.dotted = dotted
        #: The argument of each parameter, by (location, name).
        self.arguments = operation_arguments(operation)

    def __repr__(self) -> str:
        return f"<Handler {self.dotted} for {described(self.operation)}>"

    @cached_property
    def bare(self) -> Callable[..., Any]:
        """The function that the spec names, before the decorators in ``x-decorate-server`` are applied."""
        is_bound = self.dotted == self.operation.extensions.bind_server
        return self._found(self.dotted, "E301", "x-bind-server" if is_bound else None)

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The function, wrapped in the decorators in ``x-decorate-server``. The first decorator is the outermost."""
        function = self.bare
        for dotted in reversed(self.operation.extensions.decorate_server):
            function = self._found(dotted, "E303", "x-decorate-server")(function)
        return function

    @cached_property
    def signature(self) -> inspect.Signature:
        """The signature of ``bare``."""
        return inspect.signature(self.bare)

    def problems(self) -> list[Finding]:
        """Returns the findings about the handler.

        For example, the handler can't be imported, or lacks an argument for a parameter.
        """
        try:
            self.function  # noqa: B018 (importing is what is checked)
            complaints = list(self._misfits())
        except HandlerUnavailable as unavailable:
            return list(unavailable.findings)
        except Exception as error:  # noqa: BLE001 (a decorator runs the application's code)
            return [self._finding("E303", f"its decorator raised {type(error).__name__}: {error}", "Correct it.")]
        return [self._finding("E302", complaint, hint) for complaint, hint in complaints]

    # -------------------------------------------------------------- binding

    @cached_property
    def body_argument(self) -> str | None:
        """The name of the argument for the body. None if the operation has no body, or if the function has no argument
        for it.
        """
        if self.operation.request_body is None:
            return None
        taken = {*self.arguments.values(), "request"}
        named = self.signature.parameters
        if "body" in named and "body" not in taken:
            return "body"
        first = next((p.name for p in named.values() if p.kind in _BY_POSITION and p.name != "request"), None)
        if first is None or first in taken or (self._form is not None and first in self._form.names):
            return None
        return first

    @cached_property
    def _form(self) -> FormArguments | None:
        return form_arguments(self.operation, frozenset({*self.arguments.values(), "request"}))

    @cached_property
    def form_arguments(self) -> FormArguments | None:
        """The arguments for the fields of the operation's form; None if the function has no such arguments."""
        named = self.signature.parameters
        if self._form is None or self.body_argument is not None:
            return None
        takes_all = any(p.kind is p.VAR_KEYWORD for p in named.values())
        takes_rest = _takes_positional_rest(self.signature)
        return self._form if self._form.names & named.keys() or (takes_all and not takes_rest) else None

    def call(self, request: Any, body: Any, values: Mapping[str, Any]) -> Any:
        """Calls the function, and returns its result. Awaits the result of an ``async def``.

        ``values`` maps the names of arguments to the values of parameters.
        """
        args, kwargs = self.bind(request, body, values)
        function = self.function
        if self._is_async:
            return async_to_sync(function)(*args, **kwargs)
        result = function(*args, **kwargs)
        # A decorator that isn't async may return the coroutine of an `async def`.
        return async_to_sync(_awaited)(result) if inspect.isawaitable(result) else result

    def called(self, request: Any, body: Any, values: Mapping[str, Any]) -> StepCall:
        """Returns an object that represents a call to an ``async def`` handler. A step can yield this object, so that
        an event loop awaits the handler.
        """
        args, kwargs = self.bind(request, body, values)
        return _HandlerCall(partial(self.function, *args, **kwargs))

    @cached_property
    def _is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.function)

    @cached_property
    def _parameter_names(self) -> tuple[str, ...] | None:
        """The parameters' names in the order of the function's arguments; None if the function has other arguments."""
        named = self.signature.parameters.values()
        usual = inspect.Parameter.POSITIONAL_OR_KEYWORD
        if self.operation.request_body is not None or any(p.kind is not usual or p.name == "request" for p in named):
            return None
        names = tuple(p.name for p in named)
        return names if set(names) == set(self.arguments.values()) else None

    def bind(self, request: Any, body: Any, values: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Returns the positional and the keyword arguments for one request.

        If a parameter wasn't sent, its argument is the function's default, or else None.
        """
        names = self._parameter_names
        if names is not None and all(map(values.__contains__, names)):
            return tuple(values[name] for name in names), {}
        named = self.signature.parameters
        takes_all = any(p.kind is p.VAR_KEYWORD for p in named.values())
        given: dict[str, Any] = {}
        arguments = list(self.arguments.values())
        if self.form_arguments is not None:
            arguments += self.form_arguments.names
            values = {**self.form_arguments.values(body), **values}
        for argument in arguments:
            parameter = named.get(argument)
            taken = parameter if parameter is not None and parameter.kind in _BY_NAME else None
            if argument in values and (takes_all or taken is not None):
                given[argument] = values[argument]
            elif takes_all if taken is None else taken.default is taken.empty:
                given[argument] = None
        if "request" in named and named["request"].kind in (*_BY_NAME, *_BY_POSITION):
            given["request"] = request
        positional: list[Any] = []
        if (takes_body := self.body_argument) is not None:
            if named[takes_body].kind in _BY_NAME:
                given[takes_body] = body
            else:
                positional.append(body)
        elif self._takes_body_in_rest():
            positional.append(body)
        bound = self.signature.bind(*positional, **given)
        return bound.args, bound.kwargs

    def _takes_body_in_rest(self) -> bool:
        has_body = self.operation.request_body is not None and self.form_arguments is None
        return has_body and _takes_positional_rest(self.signature)

    # -------------------------------------------------------------- checking

    def _misfits(self) -> Iterable[tuple[str, str]]:
        named = self.signature.parameters
        takes_all = any(p.kind is p.VAR_KEYWORD for p in named.values())
        has_body = self.operation.request_body is not None and self.form_arguments is None
        if has_body and self.body_argument is None and not _takes_positional_rest(self.signature):
            yield "it has no argument for the body", "Add a first argument for the body."
        given = {"request", self.body_argument, *(self.form_arguments.names if self.form_arguments else ())}
        for (location, name), argument in self.arguments.items():
            given.add(argument)
            taken = takes_all or (argument in named and named[argument].kind in _BY_NAME)
            if not taken and location in {"path", "query"}:
                yield (
                    f"it has no argument {argument!r} for the {location} parameter {name!r}",
                    f"Add {argument} or **kwargs to the handler's arguments.",
                )
        for parameter in named.values():
            required = parameter.default is parameter.empty
            variable = parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
            if required and not variable and parameter.name not in given:
                yield (
                    f"it requires an argument {parameter.name!r}, which isn't a parameter of the operation",
                    f"Declare a parameter {parameter.name!r} in the spec, or give the argument a default.",
                )

    def _found(self, dotted: str, finding_id: str, attribute: str | None) -> Callable[..., Any]:
        where = attribute or "operationId"
        try:
            found = _import_dotted(dotted)
        except Exception as error:  # importing runs the application's code, which may raise anything
            problem = f"{where} {dotted!r} can't be imported ({type(error).__name__}: {error})"
            hint = "Correct the path, or the error in the module."
            raise HandlerUnavailable([self._finding(finding_id, problem, hint)]) from error
        if not callable(found):
            hint = "Use the path of a function or of another callable object."
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


class _HandlerCall:
    """A call of an ``async def``."""

    def __init__(self, call: Callable[[], Awaitable[Any]]) -> None:
        self._call = call

    def block(self) -> Any:
        return async_to_sync(self.wait)()

    async def wait(self) -> Any:
        async with ThreadSensitiveContext() as context:  # sync_to_async() uses one thread for each request
            try:
                return await self._call()
            finally:
                if context in SyncToAsync.context_to_thread_executor:
                    await sync_to_async(close_old_connections)()  # the thread ends when the call ends


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def _takes_positional_rest(signature: inspect.Signature) -> bool:
    return any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values())


def _import_dotted(dotted: str) -> Any:
    """Imports ``package.module.function`` or ``package.module.Class.method``."""
    parts = dotted.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module_name = ".".join(parts[:length])
        try:
            found: Any = import_module(module_name)
        except ModuleNotFoundError as error:
            # If this module doesn't exist, its name may be the name of a class. If the module exists, but imports a
            # missing module, the error is raised.
            if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")) and length > 1:
                continue
            raise
        for name in parts[length:]:
            found = getattr(found, name)
        return found
    raise ImportError(f"{dotted!r} must be a dotted path, such as module.function")
