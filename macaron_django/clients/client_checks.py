"""Finds errors in the settings of clients, and in the specs that these settings name, for ``manage.py check``."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from macaron_django.clients.client_names import shared_names, unnamed_operations
from macaron_django.clients.client_options import OWN_KEYS, client_options, client_specs
from macaron_django.clients.messages.base_urls import base_url, is_absolute
from macaron_django.conf import settings
from macaron_django.conf.setting_defaults import DEFAULTS
from macaron_django.openapi import Document, Finding, Location, SpecError

__all__ = ["client_findings"]

_SETTINGS = Location("MACARON['CLIENTS']")
#: The allowed values of each option, as a text and as a function that tests a value.
_POSITIVE = ("a number above 0", lambda value: _is_number(value) and value > 0)
_WHOLE = ("a whole number, 1 or more", lambda value: type(value) is int and value >= 1)
_SWITCH = ("True or False", lambda value: isinstance(value, bool))
_RULES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "IN_PROCESS": _SWITCH,
    "CONNECT_TIMEOUT": _POSITIVE,
    "READ_TIMEOUT": _POSITIVE,
    "DEADLINE": ("a number above 0, or None", lambda value: value is None or (_is_number(value) and value > 0)),
    "MAX_ATTEMPTS": _WHOLE,
    "BACKOFF": _POSITIVE,
    "MAX_BACKOFF": _POSITIVE,
    "RETRY_BUDGET": ("a number, 0 or more", lambda value: _is_number(value) and value >= 0),
    "CIRCUIT_FAILURES": ("a whole number, 1 or more, or None", lambda value: value is None or _WHOLE[1](value)),
    "CIRCUIT_SECONDS": _POSITIVE,
    "MAX_CONNECTIONS": _WHOLE,
    "MAX_ANSWER_SIZE": _WHOLE,
    "HTTP2": _SWITCH,
    "VERIFY": (
        "True, or the path of a file or folder with CA certificates",
        lambda value: value is True or isinstance(value, (str, Path)),
    ),
    "PROXY": ("a URL, or None", lambda value: value is None or isinstance(value, str)),
    "FOLLOW_REDIRECTS": _SWITCH,
    "VALIDATE_REQUESTS": _SWITCH,
    "VALIDATE_ANSWERS": ("'raise', 'log' or 'off'", lambda value: value in ("raise", "log", "off")),
    "ERRORS": ("'raise', 'return' or None", lambda value: value in ("raise", "return", None)),
}


def client_findings(served: Collection[str], document_of: Callable[[str], Document]) -> Iterator[Finding]:
    """Yields the findings about the clients. ``served`` has the names of the APIs that this project serves.

    ``document_of`` returns the document of an API. It raises ``SpecError`` if the document can't be read.
    """
    given = settings.CLIENTS
    if not isinstance(given, Mapping):
        yield _wrong(
            f"MACARON['CLIENTS'] is a {type(given).__name__}.", "Map the name of each API to its spec or its options."
        )
        return
    yield from _values("MACARON['CLIENT_OPTIONS']", vars(settings.CLIENT_OPTIONS))
    if given:
        yield from _missing_packages()
    for api, options in given.items():
        yield from _of_client(api, options, served, document_of)


def _of_client(
    api: str, options: Any, served: Collection[str], document_of: Callable[[str], Document]
) -> Iterator[Finding]:
    where = f"MACARON['CLIENTS'][{api!r}]"
    if isinstance(options, Mapping):
        known = [*OWN_KEYS, *DEFAULTS["CLIENT_OPTIONS"]]
        for key in options.keys() - set(known):
            close = difflib.get_close_matches(str(key), known, n=1)
            yield _wrong(f"{where} has no key {key!r}.", f"Did you mean {close[0]!r}?" if close else "Remove it.")
        yield from _values(where, options)
        url = options.get("BASE_URL")
        if url is not None and not (isinstance(url, str) and (is_absolute(url) or "://" not in url)):
            hint = "Use a path, or an http or https URL that has no user name or password."
            yield _wrong(f"{where}['BASE_URL'] can't be used.", hint)
            return
    elif not isinstance(options, (str, Path)):
        yield _wrong(f"{where} is a {type(options).__name__}.", "Give the path of a spec, or a mapping of options.")
        return
    has_spec = api in client_specs()
    if has_spec and api in served:
        yield _wrong(
            f"{where} names a spec, but {api!r} is already the name of an API that this project serves.",
            "Rename one of the two APIs.",
        )
    elif not has_spec and api not in served:
        yield _wrong(f"{where} has no SPEC, and this project doesn't serve an API named {api!r}.", "Add a SPEC.")
    else:
        try:
            document = document_of(api)
        except SpecError as error:
            yield from (found._replace(id="E502", message=f"{found.message} ({where})") for found in error.findings)
        else:
            yield from _of_document(api, document, where)


def _of_document(api: str, document: Document, where: str) -> Iterator[Finding]:
    for operation in unnamed_operations(document):
        named = f"{operation.method.upper()} {operation.path}"
        hint = f"Add an operationId or x-bind-client, or call apipool.{api}.client[{operation.method!r}, …]."
        yield Finding("W501", "warning", f"{named} can't be called by name in Python code.", hint, operation.location)
    for name, operations in shared_names(document).items():
        others = ", ".join(f"{each.method.upper()} {each.path}" for each in operations[1:])
        message = (
            f"client.{name} calls {operations[0].method.upper()} {operations[0].path}, so it can't also call {others}."
        )
        yield Finding("W502", "warning", message, "Give each operation its own x-bind-client.", operations[1].location)
    options = client_options(api)
    unknown = options.credentials.keys() - document.security_schemes.keys()
    for name in sorted(map(str, unknown)):
        known = ", ".join(document.security_schemes) or "none"
        yield _wrong(f"{where}['CREDENTIALS'] has {name!r}, which its spec doesn't declare.", f"It declares: {known}.")
    try:
        for operation in document.operations:
            base_url(api, operation, options)
    except ImproperlyConfigured as error:
        yield _wrong(str(error), "Until this is corrected, calls raise ImproperlyConfigured.")
    for operation in document.operations:
        dotted = operation.extensions.decorate_request
        if dotted is not None and not _is_importable(dotted):
            message = f"x-decorate-request names {dotted}, which can't be imported."
            yield Finding("E503", "error", message, "Correct the dotted path.", operation.location)


def _values(where: str, given: Mapping[str, Any]) -> Iterator[Finding]:
    for key, (words, is_right) in _RULES.items():
        if key in given and not is_right(given[key]):
            shown = repr(given[key]) if key != "PROXY" else "no URL"
            if key == "VERIFY" and given[key] is False:
                message = (
                    f"{where}['VERIFY'] is False: anyone between this server and the service can read and change "
                    "what is sent."
                )
                hint = "Give the path of the CA certificate that signed the service's certificate."
                yield Finding("W503", "warning", message, hint, _SETTINGS)
            else:
                yield _wrong(f"{where}[{key!r}] is {shown}.", f"It must be {words}.")


def _missing_packages() -> Iterator[Finding]:
    missing = [name for name in ("httpx", "tenacity") if find_spec(name) is None]
    if missing:
        yield _wrong(f"Calls to other APIs need {' and '.join(missing)}.", "pip install macaron_django[clients]")
    elif settings.CLIENT_OPTIONS.HTTP2 and find_spec("h2") is None:
        yield _wrong("MACARON['CLIENT_OPTIONS']['HTTP2'] needs h2.", "pip install httpx[http2]")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_importable(dotted: str) -> bool:
    try:
        return callable(import_string(dotted))
    except ImportError:
        return False


def _wrong(message: str, hint: str) -> Finding:
    return Finding("E501", "error", message, hint, _SETTINGS)
