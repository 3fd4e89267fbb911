"""Defines the objects that projects call: ``apipool.login.client`` and ``apipool.login.aclient``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from weakref import WeakSet

from django.utils.module_loading import import_string

from macaron_django.clients.call_events import told_call
from macaron_django.clients.client_names import client_names
from macaron_django.clients.client_options import ClientOptions, client_options
from macaron_django.clients.messages.call_answers import Answer, AnswerReader
from macaron_django.clients.messages.call_bodies import WrittenBody
from macaron_django.clients.messages.call_requests import CallRequest, RequestWriter
from macaron_django.clients.sending.channels import Channel, Replacement
from macaron_django.clients.sending.exchanges import ServiceExchange
from macaron_django.clients.sending.host_states import HostState
from macaron_django.clients.sending.token_grants import TokenCache
from macaron_django.drivers import run, run_on_loop
from macaron_django.openapi import Document, Operation
from macaron_django.schemas import Classes
from macaron_django.schemas.document_memos import DocumentMemo

__all__ = ["APIClients", "AsyncAPIClient", "AsyncOperationCall", "BlockingAPIClient", "OperationCall"]


class APIClients:
    """The clients of all APIs in a process. They share the state of each host, and the OAuth 2 tokens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hosts: dict[str, HostState] = {}
        self._tokens = TokenCache()
        self._made: DocumentMemo[type, Any] = DocumentMemo()
        self._open: WeakSet[Any] = WeakSet()
        #: The object that answers every call to every API instead of the services, in tests; else None.
        self.replacement: Replacement | None = None

    def blocking(self, api: str, document: Document, classes: Classes) -> BlockingAPIClient:
        """Returns the client for blocking calls to an API."""
        return self._client(BlockingAPIClient, api, document, classes)  # type: ignore[no-any-return]  # of this kind

    def on_loop(self, api: str, document: Document, classes: Classes) -> AsyncAPIClient:
        """Returns the client for awaited calls to an API."""
        return self._client(AsyncAPIClient, api, document, classes)  # type: ignore[no-any-return]  # of this kind

    def close(self) -> None:
        """Closes the connections that no call uses. Call it before a program ends. Later calls open new connections."""
        with self._lock:
            made = list(self._open)
        for each in made:
            each._exchange.channel.close()

    def _client(self, kind: Any, api: str, document: Document, classes: Classes) -> Any:
        with self._lock:
            return self._made.get(document, kind, lambda: self._new(kind, api, document, classes))

    def _new(self, kind: Any, api: str, document: Document, classes: Classes) -> Any:
        exchange = ServiceExchange(Channel(api, lambda: self.replacement), self._host_state, self._tokens)
        made = kind(api, document, classes, exchange)
        self._open.add(made)
        return made

    def _host_state(self, origin: str) -> HostState:
        with self._lock:
            return self._hosts.setdefault(origin, HostState(origin))


class BlockingAPIClient:
    """A client of an API. Each operation is a method with the operation's name in Python.

    ``client["getPet"]`` is the operation with the operationId ``getPet``. ``client["GET", "/pets/{id}"]`` is the
    operation with this method and path, even if the operation has no name in Python.
    """

    def __init__(self, api: str, document: Document, classes: Classes, exchange: ServiceExchange) -> None:
        self._api, self._document, self._classes, self._exchange = api, document, classes, exchange
        self._calls: dict[Operation, OperationCall] = {}

    @cached_property
    def _names(self) -> Mapping[str, Operation]:
        return client_names(self._document)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._names:
            known = ", ".join(sorted(self._names)[:50]) or "none"
            raise AttributeError(f"the API {self._api!r} has no operation named {name!r}; the known ones are {known}")
        return self._call(self._names[name])

    def __getitem__(self, key: str | tuple[str, str]) -> Any:
        for operation in self._document.operations:
            if key in (operation.operation_id, operation.extensions.bind_client):
                return self._call(operation)
            if isinstance(key, tuple) and (key[0].lower(), key[1]) == (operation.method.lower(), operation.path):
                return self._call(operation)
        raise KeyError(key)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._names})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._api}>"

    def _call(self, operation: Operation) -> OperationCall:
        known = self._calls.get(operation)
        if known is None:
            known = self._calls.setdefault(operation, self._made(operation))
        return known

    def _made(self, operation: Operation) -> OperationCall:
        return OperationCall(self._api, operation, self._classes, self._exchange)


class AsyncAPIClient(BlockingAPIClient):
    """An API client like ``BlockingAPIClient``, but its calls are awaited."""

    def _made(self, operation: Operation) -> OperationCall:
        return AsyncOperationCall(self._api, operation, self._classes, self._exchange)


class OperationCall:
    """Calls an operation of another service.

    The only positional argument is the body. The keyword arguments are the operation's parameters. If the body is a
    form, its fields are keyword arguments, too. These keyword arguments are options: ``request_headers`` adds headers.
    ``content_type`` selects one of the body's media types. ``max_attempts``, ``connect_timeout`` and ``read_timeout``
    override the settings.

    Returns the value in the response: API objects, JSON, text, bytes, or None.

    If the arguments break the spec, raises ``ValidationFailed`` and sends nothing. If the service fails, raises a
    ``ServiceError``.
    """

    def __init__(self, api: str, operation: Operation, classes: Classes, exchange: ServiceExchange) -> None:
        self.api, self.operation, self._exchange = api, operation, exchange
        self._writer = RequestWriter(api, operation, classes)
        self._reader = AnswerReader(api, operation, classes)
        self.__name__ = operation.operation_id or f"{operation.method} {operation.path}"
        self.__doc__ = operation.summary or operation.description or None

    def __repr__(self) -> str:
        return f"<{self.api}: {self._writer.name}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.answer(*args, **kwargs).value

    def answer(self, *args: Any, **kwargs: Any) -> Answer:
        """Makes the call, and returns the whole response: status, headers and value."""
        options = client_options(self.api)
        request = self._writer.write(args, kwargs, options)
        with told_call(self.api, self.operation) as told:
            received = told.received(self._sender(told.sent(request), options, run))
            return self._reader.read(received, options)

    def _sender(self, call: CallRequest, options: ClientOptions, driver: Callable[[Any], Any]) -> Any:
        """Sends a request with ``driver``, which is ``run`` or ``run_on_loop``. Returns the driver's result.

        If the operation has ``x-decorate-request``, this decorator wraps the function that sends the request.
        """
        dotted = self.operation.extensions.decorate_request
        if dotted is None:
            return driver(self._exchange.answer(call, options))

        def send(
            url: str,
            data: bytes | None = None,
            params: Mapping[str, Any] | None = None,
            headers: Mapping[str, str] | None = None,
            timeout: tuple[float, float] | float | None = None,
            verify: bool | str | None = None,
        ) -> Any:
            changed = _changed(call, url, data, params, headers, timeout)
            chosen = options if verify is None else replace(options, verify=verify)
            return driver(self._exchange.answer(changed, chosen))

        decorated = import_string(dotted)(send)
        full_url = call.url + (f"?{call.query}" if call.query else "")
        timeout = (call.connect_timeout, call.read_timeout)
        return decorated(full_url, data=call.body.content, headers=dict(call.headers), timeout=timeout)


class AsyncOperationCall(OperationCall):
    """Calls an operation of another service. Takes the same arguments as ``OperationCall``, but must be awaited."""

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return (await self.answer(*args, **kwargs)).value

    async def answer(self, *args: Any, **kwargs: Any) -> Answer:  # type: ignore[override]  # awaited, unlike the base's
        options = client_options(self.api)
        request = self._writer.write(args, kwargs, options)
        with told_call(self.api, self.operation) as told:
            received = told.received(await self._sender(told.sent(request), options, run_on_loop))
            return self._reader.read(received, options)


def _changed(
    call: CallRequest,
    url: str,
    data: bytes | None,
    params: Mapping[str, Any] | None,
    headers: Mapping[str, str] | None,
    timeout: tuple[float, float] | float | None,
) -> CallRequest:
    """Returns the request with the changes that a decorator made."""
    url, _, query = url.partition("?")
    if params:
        query = "&".join(filter(None, [query, urlencode(params, doseq=True)]))
    body = call.body if data is None or data is call.body.content else WrittenBody(call.body.content_type, data)
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    return replace(
        call,
        url=url,
        query=query,
        body=body,
        headers=call.headers if headers is None else dict(headers),
        connect_timeout=connect or call.connect_timeout,
        read_timeout=read or call.read_timeout,
    )
