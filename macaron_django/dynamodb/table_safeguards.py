"""What keeps a table and says whose it is: point-in-time recovery, deletion protection and tags.

In go a table and its description; out come the differences, and what makes them good. None of them is ever switched
off or taken away. Apart from keys and indexes because no item and no query depends on these, and because local
engines lack them: that is said, and no error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from botocore.exceptions import ClientError

from macaron_django.dynamodb.failures import error_code
from macaron_django.dynamodb.table_differences import Description, Difference, Table, call, send

__all__ = ["SAFEGUARDS", "apply_safeguard", "safeguard_differences", "wanted_safeguards"]

TAGS: Final = "tags"
RECOVERY: Final = "point-in-time recovery"
PROTECTION: Final = "deletion protection"
#: Subjects of the differences that ``apply_safeguard`` makes good.
SAFEGUARDS: Final = frozenset({TAGS, RECOVERY, PROTECTION})

#: Seconds that AWS may take before a new table can be backed up (it says ContinuousBackupsUnavailable until then).
_RECOVERY_PATIENCE: Final = 120


def wanted_safeguards(table: Table) -> Iterator[str]:
    """What a new table gets, a line of a diff each."""
    meta = cast("Any", table.Meta)
    if meta.tags:
        yield f"tags {_told(meta.tags)}"
    if meta.point_in_time_recovery:
        yield RECOVERY
    if meta.deletion_protection:
        yield PROTECTION


def safeguard_differences(table: Table, found: Description) -> Iterator[Difference]:
    """In what a table differs from what its schema says of these; nothing is asked that the schema leaves open."""
    meta = cast("Any", table.Meta)
    if meta.tags:
        yield from _tag_differences(table, found)
    if meta.point_in_time_recovery is not None:
        yield from _switch(RECOVERY, meta.point_in_time_recovery, _recovery(table))
    if meta.deletion_protection is not None:
        # An engine without it leaves it out.
        yield from _switch(PROTECTION, meta.deletion_protection, found.get("DeletionProtectionEnabled"))


def apply_safeguard(table: Table, difference: Difference) -> None:
    """Make a difference good."""
    if difference.subject == TAGS:
        tags = [{"Key": key, "Value": value} for key, value in cast("Any", table.Meta).tags.items()]
        send(table, "TagResource", ResourceArn=call(table, "DescribeTable")["Table"]["TableArn"], Tags=tags)
    elif difference.subject == PROTECTION:
        call(table, "UpdateTable", DeletionProtectionEnabled=True)
    else:
        _enable_recovery(table)


def _tag_differences(table: Table, found: Description) -> Iterator[Difference]:
    there = _supported(lambda: _tags(table, found["TableArn"]))
    if there is None:
        yield _unsupported(TAGS)
        return
    wanted = cast("Any", table.Meta).tags
    missing = {key: value for key, value in wanted.items() if key not in there}
    others = {key: value for key, value in wanted.items() if key in there and there[key] != value}
    if missing:
        yield Difference("add", f"tags {_told(missing)}", TAGS)
    if others:
        changed = ", ".join(f"{key}: {there[key]!r} becomes {value!r}" for key, value in sorted(others.items()))
        yield Difference("change", f"tags {changed}", TAGS)


def _tags(table: Table, arn: str) -> dict[str, str]:
    found: dict[str, str] = {}
    following: dict[str, str] = {}
    while True:
        answer = send(table, "ListTagsOfResource", ResourceArn=arn, **following)
        found |= {tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())}
        if not answer.get("NextToken"):
            return found
        following = {"NextToken": answer["NextToken"]}


def _recovery(table: Table) -> bool | None:
    described = _supported(lambda: call(table, "DescribeContinuousBackups")["ContinuousBackupsDescription"])
    if described is None:
        return None
    status = described.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    return bool(status == "ENABLED")


def _switch(subject: str, wanted: bool, there: bool | None) -> Iterator[Difference]:
    if there is None:
        if wanted:
            yield _unsupported(subject)
    elif wanted and not there:
        yield Difference("change", f"{subject}: off becomes on", subject)
    elif there and not wanted:
        yield Difference("extra", f"{subject} is on, the schema says off: left alone, switch it off by AWS's means")


def _unsupported(subject: str) -> Difference:
    return Difference("unsupported", f"{subject}: this engine has none; Amazon DynamoDB will", subject)


def _supported(ask: Callable[[], Any]) -> Any:
    """The answer; None from an engine that doesn't know the question."""
    try:
        return ask()
    except ClientError as error:
        if error_code(error) == "UnknownOperationException":
            return None
        raise


def _enable_recovery(table: Table) -> None:
    switch = {"PointInTimeRecoveryEnabled": True}
    started = time.monotonic()
    while True:
        try:
            call(table, "UpdateContinuousBackups", PointInTimeRecoverySpecification=switch)
        except ClientError as error:
            if error_code(error) != "ContinuousBackupsUnavailableException":
                raise
            if time.monotonic() - started > _RECOVERY_PATIENCE:
                raise
        else:
            return
        time.sleep(2)


def _told(tags: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))
