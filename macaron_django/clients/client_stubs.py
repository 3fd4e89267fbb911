"""Writes the type stubs of API clients.

A client has one method for each operation, with the types of its arguments and its return value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from macaron_django.api.routing.argument_names import operation_arguments
from macaron_django.clients.client_names import client_names
from macaron_django.openapi import Document, MediaType, Operation, Schema
from macaron_django.openapi.operations.media_types import MULTIPART, URL_ENCODED, essence, is_json
from macaron_django.schemas.stubs.stub_types import ANY, stub_type

__all__ = ["CLIENT_TYPES", "client_lines"]

#: The lines at the start of a stub file that the stubs of clients need.
CLIENT_TYPES = """\
from macaron_django.clients import Answer as _Answer

_P = _typing.ParamSpec("_P")
_T = _typing.TypeVar("_T", covariant=True)

class _OperationCall(_typing.Generic[_P, _T]):
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _T: ...
    def answer(self, *args: _P.args, **kwargs: _P.kwargs) -> _Answer: ...

class _AsyncOperationCall(_typing.Generic[_P, _T]):
    async def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _T: ...
    async def answer(self, *args: _P.args, **kwargs: _P.kwargs) -> _Answer: ...

def _operation(method: _typing.Callable[_typing.Concatenate[_typing.Any, _P], _T]) -> _OperationCall[_P, _T]: ...
def _aoperation(method: _typing.Callable[_typing.Concatenate[_typing.Any, _P], _T]) -> _AsyncOperationCall[_P, _T]: ...
"""
#: The API's client attributes. Each has its class and the decorator that turns a method into a call.
_KINDS = (("client", "_Client", "_operation"), ("aclient", "_AsyncClient", "_aoperation"))
ROUTE = "tuple[_builtins.str, _builtins.str]"
_OPTIONS = (
    "max_attempts: _builtins.int = ..., connect_timeout: _builtins.float = ..., read_timeout: _builtins.float = ..., "
    "request_headers: _Mapping[_builtins.str, _builtins.str] = ..., content_type: _builtins.str = ..."
)


def client_lines(document: Document, name_of: Callable[[Schema], str]) -> Iterator[str]:
    """Yields the stub's lines for an API's ``client`` and ``aclient``.

    ``name_of`` returns the class name of a schema.
    """
    operations = client_names(document)
    for kind, class_name, decorator in _KINDS:
        yield f"class {class_name}:"
        yield f"    def __getitem__(self, route: {ROUTE}) -> {ANY}: ..."
        for name, operation in operations.items():
            yield f"    @{decorator}"
            yield f"    def {name}(self{_arguments(operation, name_of)}) -> {_answer(operation, name_of)}: ..."
        yield f"{kind}: {class_name}"


def _arguments(operation: Operation, name_of: Callable[[Schema], str]) -> str:
    body = operation.request_body
    text = ""
    is_form = body is not None and any(essence(name) in (MULTIPART, URL_ENCODED) for name in body.content)
    if body is not None:
        is_optional = is_form or not body.required
        text = f", body: {_body_type(body.content, name_of)}{' | None = ...' if is_optional else ''}, /"
    names = operation_arguments(operation)
    keywords = []
    for parameter in operation.parameters:
        written = stub_type(parameter.schema, name_of).write
        default = "" if parameter.required else " | None = ..." if written != ANY else " = ..."
        keywords.append(f"{names[parameter.location, parameter.name]}: {written}{default}")
    options = [each for each in _OPTIONS.split(", ") if each.partition(":")[0] not in names.values()]
    keywords += options
    fields = f", **fields: {ANY}" if is_form else ""
    return f"{text}, *, {', '.join(keywords)}{fields}"


def _body_type(content: Mapping[str, MediaType], name_of: Callable[[Schema], str]) -> str:
    """Returns the type of a request body. For JSON, this is the schema's type. Other media types accept any type."""
    found = [media.schema for name, media in content.items() if is_json(name)]
    if len(content) != 1 or not found or found[0] is None:
        return ANY
    return stub_type(found[0], name_of).write


def _answer(operation: Operation, name_of: Callable[[Schema], str]) -> str:
    """Returns the type of a successful call's return value: the union of the types of the declared responses."""
    good = [each for status, each in operation.responses.items() if status.startswith("2")]
    types: dict[str, None] = {}
    for response in good:
        if not response.content:
            types["None"] = None
        for name, media in response.content.items():
            is_known = is_json(name) and media.schema is not None
            types[stub_type(media.schema, name_of).read if is_known and media.schema else ANY] = None
    return ANY if ANY in types or not types else " | ".join(types)
