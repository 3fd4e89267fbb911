"""AWS Lambda's way into a project: ``macaron_django.aws.lambda_handler`` is the function's handler.

Events come in: HTTP requests from API Gateway, load balancers and function URLs, and tasks from a schedule. Answers go
out. Open ``lambda_handlers`` for what is done with an event, ``request_events`` for which parts of an event become a
request, and ``snapshots`` for what SnapStart needs.
"""

from __future__ import annotations

from typing import Any

__all__ = ["lambda_handler"]


def __getattr__(name: str) -> Any:
    # Lambda asks for the handler while it starts the process: Django is set up then, not with the first request.
    if name != "lambda_handler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from macaron_django.aws.lambda_handlers import get_lambda_handler

    return globals().setdefault("lambda_handler", get_lambda_handler())
