"""What botocore and PynamoDB raise → what it means for a write, and this package's own exceptions.

In goes an exception; out comes its ``Outcome`` (was the call applied?) or one of
``macaron_django.exceptions``. Separate from ``connection``, which decides what to do about an outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any, Final

import botocore.exceptions
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException, TableDoesNotExist
from urllib3.exceptions import HTTPError

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
    "FAILURES",
    "TRANSPORT_ERRORS",
    "Outcome",
    "cancellation_reasons",
    "error_code",
    "outcome",
    "translate",
    "translated",
]

CONDITION_FAILED: Final = "ConditionalCheckFailedException"

#: What a call may raise that isn't an answer of DynamoDB's. botocore lets a few of urllib3's pass.
TRANSPORT_ERRORS: Final = (BotoCoreError, HTTPError, ConnectionError, TimeoutError)

#: What ``translate`` takes.
FAILURES: Final = (PynamoDBException, ClientError, *TRANSPORT_ERRORS)

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
#: Another call holds the item or the token at this moment: nothing was written, later may do.
_CONTENTION: Final = {"TransactionConflictException", "TransactionInProgressException"}
#: Reasons why a transaction was cancelled that may be gone a moment later.
_PASSING: Final = {"ProvisionedThroughputExceeded", "RequestLimitExceeded", "ThrottlingError", "TransactionConflict"}
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


class Outcome(Enum):
    """What is known about a call that failed."""

    REFUSED = "DynamoDB answered no: nothing was written, and asking again gets the same answer"
    LATER = "nothing was written, and asking again later may succeed"
    UNKNOWN = "no answer, or one that doesn't tell: it may have been applied"


def error_code(error: BaseException) -> str:
    """DynamoDB's code for an answer that is an error, "" for any other exception."""
    response: Mapping[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def cancellation_reasons(error: BaseException | None) -> list[tuple[str, str]]:
    """Code and message for each item of a cancelled transaction; "None" where it wasn't the reason."""
    if error is None or error_code(error) != "TransactionCanceledException":
        return []
    response: Mapping[str, Any] = getattr(error, "response", {})
    reasons = response.get("CancellationReasons")
    if reasons:
        return [(reason.get("Code") or "None", reason.get("Message") or "") for reason in reasons]
    # Older engines say it in the message only: "… specific reasons [ConditionalCheckFailed, None]".
    listed = re.search(r"\[([\w, ]+)\]", response.get("Error", {}).get("Message", ""))
    return [(code.strip(), "") for code in listed[1].split(",")] if listed else []


def outcome(error: BaseException) -> Outcome:
    """What is known after ``error``."""
    if isinstance(error, ClientError):
        code = error_code(error)
        reasons = {reason for reason, _ in cancellation_reasons(error)} - {"None"}
        if reasons and reasons <= _PASSING:
            return Outcome.LATER
        if code in _THROTTLING or code in _CONTENTION or code in EXPIRED_CREDENTIALS:
            return Outcome.LATER
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        # "InternalServerError" and every other 5xx: AWS says that the write may have been made.
        return Outcome.UNKNOWN if status >= 500 else Outcome.REFUSED
    if isinstance(error, botocore.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Outcome.REFUSED
    return Outcome.LATER if isinstance(error, _NOT_SENT) else Outcome.UNKNOWN


@contextmanager
def translated(table: str, *, condition_failed: PyMacaronException | None = None) -> Iterator[None]:
    """Let only this package's exceptions out; ``condition_failed`` where a condition didn't hold."""
    try:
        yield
    except FAILURES as error:
        raise translate(error, table, condition_failed=condition_failed) from error


def translate(
    error: Exception, table: str, *, condition_failed: PyMacaronException | None = None
) -> PyMacaronException:
    """The exception of this package's that says what ``error`` says about ``table``."""
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
    if isinstance(error, TRANSPORT_ERRORS):
        return EngineUnavailable(f"DynamoDB didn't answer a call on table {table}: {error}")
    return PersistenceError(f"A call on table {table} failed: {error}")


def _translate_answer(
    error: ClientError, table: str, condition_failed: PyMacaronException | None
) -> PyMacaronException:
    code, message = error_code(error), error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if code == CONDITION_FAILED:
        return condition_failed or StaleItem(f"An item of table {table} was changed by somebody else meanwhile.")
    if code in _THROTTLING:
        return Throttled(f"DynamoDB throttled a call on table {table}, and went on through every retry: {message}")
    if code in _CONTENTION:
        return StaleItem(f"Another transaction holds an item of table {table}; load it and try again.")
    if code == "ResourceNotFoundException":
        return _table_missing(table)
    if code in _CREDENTIALS:
        return EngineUnavailable(f"DynamoDB refused the credentials for table {table}: {code}: {message}")
    if status >= 500:
        return EngineUnavailable(f"DynamoDB failed at a call on table {table}: {code}: {message}")
    if code == "ValidationException" and "size" in message.lower() and "exceeded" in message.lower():
        return ItemTooLarge(f"DynamoDB refused an item of table {table}: {message}")
    return PersistenceError(f"DynamoDB refused a call on table {table}: {code}: {message}")


def _table_missing(table: str) -> TableMissing:
    return TableMissing(f"There is no table or index {table!r} as its schema describes it: run `manage.py synctables`.")
