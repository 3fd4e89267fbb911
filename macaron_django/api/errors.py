"""Exception → error response: what a view raised goes in, a DRF response in the configured format comes out.

It stands apart from the views so that a project can set it as DRF's ``EXCEPTION_HANDLER`` for its own views,
too. Every answer carries an ``error_id``; the log line of the same error (logger ``macaron_django``) carries it
as well, with the traceback where the server is at fault. What is internal stays in the log unless ``DEBUG``.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from django.conf import settings as django_settings
from django.core import exceptions as django_exceptions
from django.core.signals import got_request_exception
from django.db import IntegrityError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions as drf_exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from macaron_django import monitoring
from macaron_django.conf import settings
from macaron_django.exceptions import EngineUnavailable, PersistenceError, PyMacaronException, QueryError

__all__ = ["ErrorAnswer", "describe", "exception_handler"]

logger = logging.getLogger("macaron_django")

INTERNAL = "The server failed to answer; quote the error_id to its operators, whose log has the details."
PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True)
class ErrorAnswer:
    """What is said about an exception, before a body format is chosen."""

    status: int
    code: str  # "PROFILE_NOT_FOUND"
    description: str  # a sentence for developers
    error_id: str
    user_message: str | None = None
    violations: tuple[Mapping[str, str], ...] = ()  # pointer, location, keyword, message
    headers: Mapping[str, str] = field(default_factory=dict)
    drf_body: Any = None  # what DRF's own handler would answer, where DRF's own exceptions say


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Answer ``exc``, as DRF's ``EXCEPTION_HANDLER`` does; unlike DRF's own, unexpected exceptions, too.

    Those are logged and signalled as ``got_request_exception``, as Django does for views that raise.
    """
    answer = describe(exc)
    request = context.get("request")
    if answer.status == HTTPStatus.UNAUTHORIZED and "WWW-Authenticate" not in answer.headers:
        answer = replace(answer, headers={**answer.headers, "WWW-Authenticate": _challenge(context)})
    log(answer, exc, request)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        if not isinstance(exc, (PyMacaronException, drf_exceptions.APIException)):
            got_request_exception.send(sender=None, request=getattr(request, "_request", request))
        report(answer, exc, context)
    set_rollback()
    body_format = settings.ERROR_FORMAT
    response = Response(BODIES[body_format](answer), status=answer.status, headers=dict(answer.headers))
    if body_format == "problem":
        response.error_content_type = PROBLEM_JSON  # type: ignore[attr-defined]  # read where the renderer is known
    return response


def _challenge(context: Mapping[str, Any]) -> str:
    """RFC 9110, section 11.6.1: a 401 has to carry one. Handlers may raise 401 where nothing else would."""
    view = context.get("view")
    return (view.get_authenticate_header(context.get("request")) if view is not None else None) or "Bearer"


def describe(exc: Exception) -> ErrorAnswer:
    """What there is to say about ``exc``, whoever raised it."""
    error_id = getattr(exc, "error_id", None) or str(uuid.uuid4())
    if _timed_out(exc):
        return ErrorAnswer(504, "TIMEOUT", "What the answer depends on took too long; try again later.", error_id)
    if isinstance(exc, PyMacaronException):
        return _of_ours(exc, error_id)
    translated = _as_drf(exc)
    if translated is not None:
        return _of_drf(translated, error_id)
    description = f"{type(exc).__name__}: {exc}" if django_settings.DEBUG else INTERNAL
    return ErrorAnswer(500, "SERVER_ERROR", description, error_id)


def _timed_out(exc: BaseException) -> bool:
    """Whether ``exc`` says that somebody else didn't answer in time; of a write, only if it surely did nothing."""
    if isinstance(exc, EngineUnavailable) and exc.__cause__ is not None:
        exc = exc.__cause__
    # botocore, httpx and requests each have a class of their own that is no TimeoutError.
    foreign = not isinstance(exc, (PyMacaronException, drf_exceptions.APIException))
    return foreign and any("Timeout" in base.__name__ for base in type(exc).__mro__)


def _of_ours(exc: PyMacaronException, error_id: str) -> ErrorAnswer:
    internal = (
        exc.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        and isinstance(exc, (PersistenceError, QueryError))
        and not django_settings.DEBUG
    )
    # Messages of the database's own failures name tables, indexes and endpoints: those are the operators'.
    message = None if internal else (exc.user_message or None)
    violations = tuple(_violation(each) for each in getattr(exc, "violations", ()))
    if not violations and isinstance(pointer := getattr(exc, "pointer", None), str):
        violations = ({"pointer": pointer, "location": "body", "keyword": "storable", "message": str(exc)},)
    headers = dict(exc.headers)
    if auth_header := getattr(exc, "auth_header", None):  # set by DRF's views on what is one of its own, too
        headers.setdefault("WWW-Authenticate", auth_header)
    return ErrorAnswer(
        status=exc.status,
        code=exc.code,
        description=message or (INTERNAL if internal else _docstring(type(exc))),
        error_id=error_id,
        # What a validator says is for developers: nobody wrote it for users.
        user_message=None if violations else message,
        violations=violations,
        headers=headers,
        drf_body=exc.detail if isinstance(exc, drf_exceptions.ValidationError) else None,
    )


def _docstring(exception_class: type[PyMacaronException]) -> str:
    """A class of the application's own that was raised without a message: its first line, else its name."""
    own = exception_class.__dict__.get("__doc__")
    return own.strip().splitlines()[0] if own and own.strip() else phrase(exception_class.status, exception_class.code)


def phrase(status: int, otherwise: str) -> str:
    """What HTTP calls a status; not every number has a name."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return otherwise


def _violation(violation: Any) -> Mapping[str, str]:
    return {
        "pointer": violation.pointer,
        "location": getattr(violation, "location", "body"),
        "keyword": violation.keyword,
        "message": violation.message,
    }


def _as_drf(exc: Exception) -> drf_exceptions.APIException | None:
    """The DRF exception that means what ``exc`` means, if the request is at fault."""
    match exc:
        case drf_exceptions.APIException():
            return exc
        case Http404() | django_exceptions.ObjectDoesNotExist():
            return drf_exceptions.NotFound(str(exc) or None)
        case django_exceptions.PermissionDenied():
            return drf_exceptions.PermissionDenied(str(exc) or None)
        case django_exceptions.ValidationError():
            return drf_exceptions.ValidationError(_django_messages(exc))
        case IntegrityError():
            # The database's own words name tables and constraints.
            return _drf(409, "CONFLICT", "What the request would write conflicts with what is there.")
        case django_exceptions.RequestDataTooBig():
            return _drf(413, "BODY_TOO_LARGE", "The body is larger than the server accepts.")
        case django_exceptions.SuspiciousOperation() | UnreadablePostError():
            return drf_exceptions.ParseError("The request can't be read.")
    return None


def _django_messages(exc: django_exceptions.ValidationError) -> Any:
    return exc.message_dict if hasattr(exc, "error_dict") else exc.messages


def _drf(status: int, code: str, detail: str) -> drf_exceptions.APIException:
    exc = drf_exceptions.APIException(detail, code)
    exc.status_code = status
    return exc


def _of_drf(exc: drf_exceptions.APIException, error_id: str) -> ErrorAnswer:
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait) if wait == int(wait) else int(wait) + 1)
    if isinstance(exc.detail, (dict, list)):
        violations = tuple(_flattened(exc.detail))
        description = "; ".join(f"{v['pointer'] or '/'}: {v['message']}" for v in violations)
        return ErrorAnswer(
            exc.status_code, "INVALID_PARAMETER", description, error_id, None, violations, headers, exc.detail
        )
    code = str(getattr(exc.detail, "code", "") or exc.default_code).upper()
    return ErrorAnswer(exc.status_code, code, str(exc.detail), error_id, None, (), headers, {"detail": str(exc.detail)})


def _flattened(detail: Any, pointer: str = "") -> Iterable[Mapping[str, str]]:
    """DRF's nested ``serializer.errors`` as violations with JSON pointers (RFC 6901)."""
    if isinstance(detail, Mapping):
        for name, nested in detail.items():
            own = str(name) == "non_field_errors"
            step = "" if own else "/" + str(name).replace("~", "~0").replace("/", "~1")
            yield from _flattened(nested, pointer + step)
    elif isinstance(detail, (list, tuple)):
        for index, nested in enumerate(detail):
            if isinstance(nested, (Mapping, list, tuple)):
                yield from _flattened(nested, f"{pointer}/{index}")
            else:
                yield from _flattened(nested, pointer)
    else:
        yield {
            "pointer": pointer,
            "location": "body",
            "keyword": str(getattr(detail, "code", "")),
            "message": str(detail),
        }


# ------------------------------------------------------------------ body formats


def _pymacaron(answer: ErrorAnswer) -> dict[str, Any]:
    body: dict[str, Any] = {
        "status": answer.status,
        "error": answer.code,
        "error_description": answer.description,
        "error_id": answer.error_id,
    }
    if answer.user_message:
        body["user_message"] = answer.user_message
    if answer.violations:
        body["errors"] = [dict(each) for each in answer.violations]
    return body


def _problem(answer: ErrorAnswer) -> dict[str, Any]:
    """RFC 9457; ``code``, ``error_id`` and ``errors`` are extension members (section 3.2)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": phrase(answer.status, answer.code),
        "status": answer.status,
        "detail": answer.description,
        "code": answer.code,
        "error_id": answer.error_id,
    }
    if answer.violations:
        body["errors"] = [dict(each) for each in answer.violations]
    return body


def _drf_body(answer: ErrorAnswer) -> Any:
    if answer.drf_body is not None:
        return answer.drf_body
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # for which DRF has no body of its own
        return {"detail": answer.description, "error_id": answer.error_id}
    if not answer.violations:
        return {"detail": answer.description}
    body: dict[str, Any] = {}
    for violation in answer.violations:
        steps = [s.replace("~1", "/").replace("~0", "~") for s in violation["pointer"].split("/")[1:]]
        _put(body, steps or ["non_field_errors"], violation["message"])
    return body


def _put(body: dict[str, Any], steps: list[str], message: str) -> None:
    *outer, last = steps
    for step in outer:
        if not isinstance(body.get(step), dict):
            body[step] = {"non_field_errors": body[step]} if step in body else {}
        body = body[step]
    found = body.setdefault(last, [])
    (found.setdefault("non_field_errors", []) if isinstance(found, dict) else found).append(message)


BODIES = {"pymacaron": _pymacaron, "problem": _problem, "drf": _drf_body}


# ------------------------------------------------------------------ telling the operators


def log(answer: ErrorAnswer, exc: Exception, request: Any) -> None:
    at_fault = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    logger.log(
        logging.ERROR if at_fault else logging.INFO,
        "%s %s answered %d %s (error_id %s): %s",
        getattr(request, "method", "?"),
        _printable(getattr(request, "path", "?")),
        answer.status,
        answer.code,
        answer.error_id,
        type(exc).__name__,
        exc_info=exc if at_fault else None,
        extra={"error_id": answer.error_id, "status_code": answer.status},
    )


def _printable(text: str) -> str:
    """A path can hold line breaks: a log line must stay one line."""
    return text if text.isprintable() else ascii(text)[1:-1]


def report(answer: ErrorAnswer, exc: Exception, context: Mapping[str, Any]) -> None:
    """Hand a server's fault to ``ERROR_REPORTER``; what fails in there is logged, and answers nothing else."""
    response = {
        "status": answer.status,
        "error_code": answer.code,
        "error_description": str(exc),
        "user_message": answer.user_message,
    }
    facts = {"error_id": answer.error_id, "is_fatal_error": True, "response": response}
    monitoring.report(f"{answer.code}: {type(exc).__name__}", facts, exc, context.get("request"))
