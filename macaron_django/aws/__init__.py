"""Serves a project on AWS Lambda. ``macaron_django.aws.lambda_handler`` is the handler of the Lambda function.

The handler receives events: HTTP requests from API Gateway, load balancers and function URLs, and tasks from a
schedule. The modules:

- ``lambda_handlers``: the handling of an event
- ``request_events``: the conversion of an event to a request
- ``snapshots``: the hooks of SnapStart
"""

from __future__ import annotations

from typing import Any

__all__ = ["lambda_handler"]


def __getattr__(name: str) -> Any:
    # Lambda loads the handler while it starts the process, so Django is set up at that time, not with the first
    # request.
    if name != "lambda_handler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from macaron_django.aws.lambda_handlers import get_lambda_handler

    return globals().setdefault("lambda_handler", get_lambda_handler())
