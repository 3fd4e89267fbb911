"""Classifies the exceptions of botocore and PynamoDB, and translates them into this package's exceptions.

``failure_kind`` returns whether DynamoDB might have applied a failed call. ``call_attempts`` decides whether to repeat
the call.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any, Final, NamedTuple

import botocore.exceptions
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException, TableDoesNotExist

from macaron_django.exceptions import (
    EngineUnavailable,
    ItemTooLarge,
    PersistenceError,
    PyMacaronException,
    StaleItem,
    TableMissing,
    Throttled,
)

__all__ = [
    "CONDITION_FAILED",
    "PASSING_REASONS",
    "TRANSACTION_CONFLICT",
    "CallNotSentError",
    "CancellationReason",
    "FailureKind",
    "botocore_errors",
    "cancellation_reasons",
    "error_code",
    "failure_kind",
    "failures",
    "is_about_size",
    "is_outage",
    "translate",
    "translated",
    "transport_errors",
]

CONDITION_FAILED: Final = "ConditionalCheckFailedException"
TRANSACTION_CONFLICT: Final = "TransactionConflict"

_NOT_SENT: Final = (
    botocore.exceptions.ConnectTimeoutError,
    botocore.exceptions.EndpointConnectionError,
    botocore.exceptions.NoCredentialsError,
    botocore.exceptions.PartialCredentialsError,
    botocore.exceptions.CredentialRetrievalError,
    botocore.exceptions.NoRegionError,
    botocore.exceptions.ParamValidationError,
    botocore.exceptions.ProxyConnectionError,
)
_THROTTLING: Final = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "Throttling",
}
#: Another call is using the item or the token. Nothing was written, and a later attempt may succeed.
_CONTENTION: Final = {"TransactionConflictException", "TransactionInProgressException"}
#: Temporary reasons: the same transaction may succeed a moment later.
PASSING_REASONS: Final = {
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "ThrottlingError",
    TRANSACTION_CONFLICT,
}
_CREDENTIALS: Final = {
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "UnrecognizedClientException",
}
EXPIRED_CREDENTIALS: Final = {"ExpiredToken", "ExpiredTokenException"}


class FailureKind(Enum):
    """What is known about a failed call."""

    REFUSED = "DynamoDB refused the call: nothing was written, and another attempt would be refused, too"
    RETRYABLE = "nothing was written, and trying again later may succeed"
    AMBIGUOUS = "no answer, or an unclear one: the call may have been applied"


def error_code(error: BaseException) -> str:
    """Returns the error code from the DynamoDB response in ``error``. Returns "" if there is no code."""
    response: Mapping[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def transport_errors() -> tuple[type[Exception], ...]:
    """Returns the classes of exceptions for calls that got no answer from DynamoDB. These include urllib3's
    exceptions, because botocore doesn't catch them.
    """
    urllib3 = sys.modules.get("urllib3.exceptions")  # a module that hasn't been imported raises nothing
    ours = (BotoCoreError, ConnectionError, TimeoutError)
    return ours if urllib3 is None else (*ours, urllib3.HTTPError)


def botocore_errors() -> tuple[type[Exception], ...]:
    """Returns the classes of exceptions that botocore's client raises. These are the classes that
    ``transport_errors`` returns, and ClientError, which means that DynamoDB refused the call.
    """
    return (ClientError, *transport_errors())


def failures() -> tuple[type[Exception], ...]:
    """Returns the classes of exceptions that ``translate`` accepts."""
    return (PynamoDBException, *botocore_errors())


class CancellationReason(NamedTuple):
    """Why one item made DynamoDB cancel a transaction. If this item wasn't a cause, ``code`` is "None".

    ``item`` is the stored item whose condition failed; None if no item is stored. ``names_items`` is True if the engine
    reports stored items. If ``names_items`` is False, ``item`` is always None.
    """

    code: str
    message: str = ""
    item: dict[str, dict[str, Any]] | None = None
    names_items: bool = False


def cancellation_reasons(error: BaseException | None) -> list[CancellationReason]:
    """Returns a reason for each item of a cancelled transaction, in the transaction's order. Returns [] for other
    errors.
    """
    if error is None or error_code(error) != "TransactionCanceledException":
        return []
    response: Mapping[str, Any] = getattr(error, "response", {})
    reasons = response.get("CancellationReasons")
    if reasons:
        return [
            CancellationReason(reason.get("Code") or "None", reason.get("Message") or "", reason.get("Item"), True)
            for reason in reasons
        ]
    # Older engines have the reasons only in the message: "… specific reasons [ConditionalCheckFailed, None]".
    listed = re.search(r"\[([\w, ]+)\]", response.get("Error", {}).get("Message", ""))
    return [CancellationReason(code.strip()) for code in listed[1].split(",")] if listed else []


def failure_kind(error: BaseException) -> FailureKind:
    """Returns what is known about the call that failed with ``error``."""
    if isinstance(error, ClientError):
        code = error_code(error)
        reasons = {reason.code for reason in cancellation_reasons(error)} - {"None"}
        if reasons and reasons <= PASSING_REASONS:
            return FailureKind.RETRYABLE
        if code in _THROTTLING or code in _CONTENTION or code in EXPIRED_CREDENTIALS:
            return FailureKind.RETRYABLE
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        # "InternalServerError" and every other 5xx: AWS says that the write may have been made.
        return FailureKind.AMBIGUOUS if status >= 500 else FailureKind.REFUSED
    if isinstance(error, CallNotSentError):
        return FailureKind.REFUSED
    if isinstance(error, botocore.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return FailureKind.REFUSED
    return FailureKind.RETRYABLE if isinstance(error, _NOT_SENT) else FailureKind.AMBIGUOUS


class CallNotSentError(BotoCoreError):
    """A call wasn't sent, because earlier calls got no answer. After ``seconds``, another call can be sent."""

    fmt = "{failures} calls in a row got no answer, so this one wasn't sent; the next attempt is in {seconds:.1f} s"

    def __init__(self, failures: int, seconds: float) -> None:
        super().__init__(failures=failures, seconds=seconds)
        self.seconds = seconds


def is_outage(error: BaseException) -> bool:
    """Returns whether ``error`` means that DynamoDB failed or didn't answer. Other calls could then fail, too."""
    if isinstance(error, ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)) >= 500
    return isinstance(error, transport_errors()) and not isinstance(error, _OF_THIS_PROCESS)


#: Errors in this process. They aren't evidence that DynamoDB failed.
_OF_THIS_PROCESS: Final = (
    CallNotSentError,
    botocore.exceptions.NoCredentialsError,
    botocore.exceptions.PartialCredentialsError,
    botocore.exceptions.CredentialRetrievalError,
    botocore.exceptions.NoRegionError,
    botocore.exceptions.ParamValidationError,
)


@contextmanager
def translated(table: str) -> Iterator[None]:
    """Translates the exceptions of calls in a block into this package's exceptions."""
    try:
        yield
    except failures() as error:
        raise translate(error, table) from error


def translate(
    error: Exception, table: str, *, condition_failed: PyMacaronException | None = None
) -> PyMacaronException:
    """Returns this package's exception for ``error``, which a call on ``table`` raised. ``condition_failed`` is
    returned if the call's condition failed.
    """
    if isinstance(error, TableDoesNotExist):
        return _table_missing(table)
    if isinstance(error, PynamoDBException) and isinstance(error.cause, Exception):
        return translate(error.cause, table, condition_failed=condition_failed)
    if isinstance(error, ClientError):
        return _translate_answer(error, table, condition_failed)
    if isinstance(error, botocore.exceptions.NoCredentialsError | botocore.exceptions.PartialCredentialsError):
        return EngineUnavailable(
            f"No AWS credentials for table {table}: {error}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            'a profile or a role, or pick a local engine with MACARON["DYNAMODB"]["ENGINE"].'
        )
    if isinstance(error, CallNotSentError):
        refused = EngineUnavailable(f"A call on table {table} wasn't sent to DynamoDB: {error}")
        refused.headers = {"Retry-After": str(math.ceil(error.seconds))}
        return refused
    if isinstance(error, transport_errors()):
        return EngineUnavailable(f"DynamoDB didn't answer a call on table {table}: {error}")
    return PersistenceError(f"A call on table {table} failed: {error}")


def _translate_answer(
    error: ClientError, table: str, condition_failed: PyMacaronException | None
) -> PyMacaronException:
    code, message = error_code(error), error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if code == CONDITION_FAILED:
        return condition_failed or StaleItem(f"An item of table {table} was changed by another writer in the meantime.")
    if code in _THROTTLING:
        return Throttled(f"DynamoDB throttled every attempt of a call on table {table}: {message}")
    if code in _CONTENTION:
        return StaleItem(f"Another transaction holds an item of table {table}; load the item and try again.")
    if code == "ResourceNotFoundException" or (code == "ValidationException" and _names_no_index(message)):
        return _table_missing(table)
    if code in _CREDENTIALS:
        return EngineUnavailable(f"DynamoDB refused the credentials for table {table}: {code}: {message}")
    if status >= 500:
        return EngineUnavailable(f"DynamoDB failed to handle a call on table {table}: {code}: {message}")
    if code == "ValidationException" and is_about_size(message):
        return ItemTooLarge(f"DynamoDB refused an item of table {table}: {message}")
    return PersistenceError(f"DynamoDB refused a call on table {table}: {code}: {message}")


def is_about_size(message: str) -> bool:
    """Returns whether DynamoDB's message says that an item is too large. DynamoDB has no error code for this error."""
    return "size" in message.lower() and "exceeded" in message.lower()


def _names_no_index(message: str) -> bool:
    """Returns whether DynamoDB's message says that an index is missing. DynamoDB has no error code for this error."""
    return "does not have the specified index" in message


def _table_missing(table: str) -> TableMissing:
    return TableMissing(f"Table {table!r} or one of its indexes doesn't exist: run `manage.py synctables`.")
