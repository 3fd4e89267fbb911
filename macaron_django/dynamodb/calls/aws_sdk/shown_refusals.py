"""Turns botocore's exception into PynamoDB's exception when DynamoDB refuses a call."""

from __future__ import annotations

from typing import Any, NoReturn

from botocore.exceptions import ClientError
from pynamodb.connection import Connection as PynamoDBConnection

__all__ = ["shown_refusal"]


class _Answered:
    """A connection whose client makes no call. The client raises the error that DynamoDB has returned."""

    _get_table_name_for_error_context = PynamoDBConnection._get_table_name_for_error_context

    def __init__(self, refusal: ClientError) -> None:
        self.client = self
        self._refusal = refusal

    def _make_api_call(self, *_: Any) -> NoReturn:
        raise self._refusal


def shown_refusal(operation: str, call: dict[str, Any], error: ClientError) -> Exception:
    """Returns the exception that PynamoDB raises for ``error``, with the whole response of DynamoDB."""
    answered: Any = _Answered(error)
    try:
        PynamoDBConnection._make_api_call(answered, operation, call)
    except ClientError as shown:
        # PynamoDB's exception leaves out the status and the item that failed the condition.
        shown.response = {**error.response, **shown.response}
        return shown
    raise AssertionError("unreachable")  # pragma: no cover
