"""Creates the handler of a Lambda function, which answers events that are requests and runs events that are tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from apig_wsgi import make_lambda_handler

from macaron_django.aws.request_events import Application, from_address, is_request, without_ambiguous_headers
from macaron_django.aws.snapshots import register_hooks

__all__ = ["LambdaHandler", "get_lambda_handler"]

LambdaHandler = Callable[[Mapping[str, Any], Any], Any]

#: If a response's Content-Type begins with one of these, its body is returned as text, otherwise as base64.
_TEXTS: Final = (
    *("text/", "application/json", "application/problem+json", "application/vnd.api+json"),
    *("application/merge-patch+json", "application/x-ndjson", "application/yaml"),
)
_TASK_KEYS: Final = frozenset({"task", "args", "kwargs"})


def get_lambda_handler(application: Application | None = None) -> LambdaHandler:
    """Sets up Django, loads the URLs, and returns the handler, which calls Django's WSGI application.

    Raises what the WSGI application raises, such as ImproperlyConfigured for broken specs.
    """
    if application is None:
        from macaron_django.wsgi import get_wsgi_application

        application = get_wsgi_application()
    answer = make_lambda_handler(
        from_address(application), binary_support=True, non_binary_content_type_prefixes=_TEXTS
    )
    register_hooks()

    def lambda_handler(event: Mapping[str, Any], context: Any) -> Any:
        """Answers a request, or runs a task. If the task fails, raises TaskFailed, so that Lambda tries again."""
        if is_request(event):
            return answer(without_ambiguous_headers(event), context)
        # A repeated invocation has the same id, so that a task with once=True isn't done twice.
        _do(event, getattr(context, "aws_request_id", None))
        return None

    return lambda_handler


def _do(event: Mapping[str, Any], request_id: str | None) -> None:
    """Runs the task that a scheduled event names: ``{"task": "shop.tasks.tidy", "args": [], "kwargs": {}}``."""
    if not isinstance(event.get("task"), str) or not event.keys() <= _TASK_KEYS:
        raise ValueError(
            "The event isn't an HTTP request and doesn't name a task. Set the input of the "
            'schedule to {"task": "package.module.function"}; `args` and `kwargs` are optional.'
        )
    from macaron_django.tasks.backends.chosen_backend import chosen_backend
    from macaron_django.tasks.messages.task_messages import Message
    from macaron_django.tasks.runs import run

    message = Message(event["task"], list(event.get("args") or ()), dict(event.get("kwargs") or {}))
    run(message if request_id is None else replace(message, id=request_id), chosen_backend())
