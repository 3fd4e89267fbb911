"""Compares and sets point-in-time recovery, deletion protection and tags.

These are the safeguards of a table. A safeguard is never switched off or removed. If a local engine lacks a safeguard,
this is reported, but isn't an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

from botocore.exceptions import ClientError

from macaron_django.dynamodb.calls.call_failures import error_code
from macaron_django.dynamodb.calls.retries import BACKUPS_AVAILABLE
from macaron_django.dynamodb.tables.table_differences import (
    NOT_THERE,
    Description,
    Table,
    TableDifference,
    call,
    has_recovery,
    send,
    unless,
)

__all__ = ["SAFEGUARDS", "apply_safeguard", "safeguard_differences", "wanted_safeguards"]

TAGS: Final = "tags"
RECOVERY: Final = "point-in-time recovery"
PROTECTION: Final = "deletion protection"
#: The subjects of the differences that ``apply_safeguard`` resolves.
SAFEGUARDS: Final = frozenset({TAGS, RECOVERY, PROTECTION})


def wanted_safeguards(table: Table) -> Iterator[str]:
    """Yields the description of each safeguard that a new table must get."""
    meta = cast("Any", table.Meta)
    if meta.tags:
        yield f"tags {_told(meta.tags)}"
    if meta.point_in_time_recovery:
        yield RECOVERY
    if meta.deletion_protection:
        yield PROTECTION


def safeguard_differences(table: Table, found: Description) -> Iterator[TableDifference]:
    """Yields the differences between the safeguards of a table and the safeguards in its schema. Skips safeguards that
    the schema doesn't mention.
    """
    meta = cast("Any", table.Meta)
    if meta.tags:
        yield from _tag_differences(table, found)
    if meta.point_in_time_recovery is not None:
        backups = unless(NOT_THERE, table, "DescribeContinuousBackups")
        yield from _switch(RECOVERY, meta.point_in_time_recovery, has_recovery(backups))
    if meta.deletion_protection is not None:
        # An engine without deletion protection leaves this member out.
        yield from _switch(PROTECTION, meta.deletion_protection, found.get("DeletionProtectionEnabled"))


def apply_safeguard(table: Table, difference: TableDifference) -> None:
    """Sets a safeguard to the schema's value. Tags that the schema doesn't mention are kept."""
    if difference.subject == TAGS:
        tags = [{"Key": key, "Value": value} for key, value in cast("Any", table.Meta).tags.items()]
        send(table, "TagResource", ResourceArn=call(table, "DescribeTable")["Table"]["TableArn"], Tags=tags)
    elif difference.subject == PROTECTION:
        call(table, "UpdateTable", DeletionProtectionEnabled=True)
    else:
        _enable_recovery(table)


def _tag_differences(table: Table, found: Description) -> Iterator[TableDifference]:
    try:
        there = _tags(table, found["TableArn"])
    except ClientError as error:
        if error_code(error) not in NOT_THERE:
            raise
        yield _unsupported(TAGS)
        return
    wanted = cast("Any", table.Meta).tags
    missing = {key: value for key, value in wanted.items() if key not in there}
    others = {key: value for key, value in wanted.items() if key in there and there[key] != value}
    if missing:
        yield TableDifference("add", f"tags {_told(missing)}", TAGS)
    if others:
        changed = ", ".join(f"{key}: {there[key]!r} becomes {value!r}" for key, value in sorted(others.items()))
        yield TableDifference("change", f"tags {changed}", TAGS)


def _tags(table: Table, arn: str) -> dict[str, str]:
    found: dict[str, str] = {}
    following: dict[str, str] = {}
    while True:
        answer = send(table, "ListTagsOfResource", ResourceArn=arn, **following)
        found |= {tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())}
        if not answer.get("NextToken"):
            return found
        following = {"NextToken": answer["NextToken"]}


def _switch(subject: str, wanted: bool, there: bool | None) -> Iterator[TableDifference]:
    if there is None:
        if wanted:
            yield _unsupported(subject)
    elif wanted and not there:
        yield TableDifference("change", f"{subject}: off becomes on", subject)
    elif there and not wanted:
        yield TableDifference(
            "extra", f"{subject} is on, but the schema says off: it stays on until you turn it off with AWS's tools"
        )


def _unsupported(subject: str) -> TableDifference:
    return TableDifference("unsupported", f"{subject}: this engine doesn't support it; Amazon DynamoDB does", subject)


def _enable_recovery(table: Table) -> None:
    switch = {"PointInTimeRecoveryEnabled": True}
    for attempt in BACKUPS_AVAILABLE:
        try:
            call(table, "UpdateContinuousBackups", PointInTimeRecoverySpecification=switch)
        except ClientError as error:  # noqa: PERF203 (this loop is about its exceptions)
            if error_code(error) != "ContinuousBackupsUnavailableException" or attempt.is_last:
                raise
        else:
            return


def _told(tags: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))
