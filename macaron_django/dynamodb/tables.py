"""Tables in DynamoDB: made, compared with what their schemas say, and brought up to date.

In goes a PynamoDB model class of ``build_table``; out come ``Difference``s, each one line of a diff. What is
missing is added. Nothing is ever dropped, replaced or emptied: what can't be changed is said, and left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from macaron_django.dynamodb.failures import error_code, translated
from macaron_django.dynamodb.table_models import ItemModel, build_table, default_table_name

__all__ = [
    "Difference",
    "build_table",
    "compare_table",
    "create_table",
    "default_table_name",
    "item_estimate",
    "sync_table",
]

Table = type[ItemModel]
Progress = Callable[[str], None]
Description = Mapping[str, Any]

_SIGNS: Final = {"create": "+", "add": "+", "change": "~", "conflict": "!", "extra": "?"}


@dataclass(frozen=True)
class Difference:
    """One thing in which a table isn't as its schema says.

    ``create``, ``add`` and ``change`` are made by ``sync_table``; a ``conflict`` can't be without a new table;
    ``extra`` is something that the schema doesn't mention, and that is left alone.
    """

    kind: Literal["create", "add", "change", "conflict", "extra"]
    text: str
    subject: str = ""

    @property
    def is_applied(self) -> bool:
        return self.kind in {"create", "add", "change"}

    def __str__(self) -> str:
        return f"{_SIGNS[self.kind]} {self.text}"


def create_table(table: Table, *, wait: bool = True) -> bool:
    """Make the table with its indexes and time to live; whether it was missing.

    With ``wait``, return when it can be used.
    """
    with translated(table.Meta.table_name):
        try:
            _create(table)
        except PynamoDBException as error:
            if error.cause_response_code == "ResourceInUseException":
                return False
            raise
        if wait:
            _wait(table)
        attribute = table._ttl_attribute()
        if attribute is not None:
            _enable_ttl(table, attribute.attr_name)
    return True


def compare_table(table: Table) -> list[Difference]:
    """What ``sync_table`` would do, and what it can't."""
    with translated(table.Meta.table_name):
        return list(_differences(table, _describe(table)))


def sync_table(
    table: Table, *, dry_run: bool = False, wait: bool = True, progress: Progress | None = None
) -> list[Difference]:
    """Bring the table up to what its schema says, and return in what it differed.

    DynamoDB adds one index at a time: without ``wait`` the first missing one is begun, and the rest is for the
    next run. ``progress`` is told what is being waited for.
    """
    differences = compare_table(table)
    if dry_run or not any(difference.is_applied for difference in differences):
        return differences
    if differences[0].kind == "create":
        create_table(table, wait=wait)  # with its indexes
        return differences
    with translated(table.Meta.table_name):
        for difference in differences:
            if not difference.is_applied:
                continue
            if wait:
                _wait(table, progress)
            elif unready := _unready(_describe(table)):
                _tell(progress, f"{table.Meta.table_name}: {', '.join(unready)}; run again for the rest")
                return differences
            _apply(table, difference, progress)
        if wait:
            _wait(table, progress)
    return differences


def item_estimate(table: Table) -> int | None:
    """How many items DynamoDB says there are: it counts every six hours. None where it doesn't say."""
    with translated(table.Meta.table_name):
        count: int | None = (_describe(table) or {}).get("ItemCount")
    return count


def _call(table: Table, operation: str, **parameters: Any) -> dict[str, Any]:
    answer: dict[str, Any] = table._get_connection().connection.dispatch(
        operation, {"TableName": table.Meta.table_name, **parameters}
    )
    return answer


def _describe(table: Table) -> Description | None:
    try:
        return cast("Description", _call(table, "DescribeTable")["Table"])
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise


def _create(table: Table) -> None:
    schema = table._get_schema()
    meta = cast("Any", table.Meta)
    table._get_connection().create_table(
        attribute_definitions=schema["attribute_definitions"],
        key_schema=schema["key_schema"],
        global_secondary_indexes=schema["global_secondary_indexes"],
        local_secondary_indexes=schema["local_secondary_indexes"],
        billing_mode=meta.billing_mode,
        read_capacity_units=getattr(meta, "read_capacity_units", None),
        write_capacity_units=getattr(meta, "write_capacity_units", None),
    )


def _differences(table: Table, found: Description | None) -> Iterator[Difference]:
    name = table.Meta.table_name
    schema = cast("dict[str, Any]", table._get_schema())
    if found is None:
        yield Difference("create", f"table {name}: {_keys(schema['key_schema'], schema['attribute_definitions'])}")
        for index in (*schema["global_secondary_indexes"], *schema["local_secondary_indexes"]):
            yield Difference("create", f"index {_index_text(index)}", index["index_name"])
        return
    wanted = _keys(schema["key_schema"], schema["attribute_definitions"])
    there = _keys(found["KeySchema"], found["AttributeDefinitions"])
    if wanted != there:
        yield Difference("conflict", f"table {name}: {there}; its schema says {wanted}, which needs a new table")
        return
    yield from _index_differences(schema, found)
    yield from _billing_differences(table, found)
    yield from _ttl_differences(table)


def _index_differences(schema: Mapping[str, Any], found: Description) -> Iterator[Difference]:
    for kind, key in (
        ("GlobalSecondaryIndexes", "global_secondary_indexes"),
        ("LocalSecondaryIndexes", "local_secondary_indexes"),
    ):
        there = {index["IndexName"]: index for index in found.get(kind) or ()}
        for index in schema[key]:
            name, wanted = index["index_name"], _index_text(index)
            present = there.pop(name, None)
            if present is None and kind == "LocalSecondaryIndexes":
                yield Difference("conflict", f"local index {wanted} can only be made together with its table")
            elif present is None:
                yield Difference("add", f"index {wanted}", name)
            elif (is_now := _found_index_text(present, found)) != wanted:
                yield Difference("conflict", f"index {name} is {is_now}, its schema says {wanted}: give it a new name")
        for name in there:
            yield Difference("extra", f"index {name} is in no schema: left alone")


def _billing_differences(table: Table, found: Description) -> Iterator[Difference]:
    meta = cast("Any", table.Meta)
    wanted = meta.billing_mode
    there = (found.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    if wanted != there and not meta.billing_given:
        yield Difference("extra", f"billing is {there}, and the schema says nothing of it: left alone")
    elif wanted != there:
        yield Difference("change", f"billing: {there} becomes {wanted}", "billing")


def _ttl_differences(table: Table) -> Iterator[Difference]:
    attribute = table._ttl_attribute()
    try:
        described = _call(table, "DescribeTimeToLive")["TimeToLiveDescription"]
    except ClientError as error:
        if error_code(error) == "UnknownOperationException":
            return  # an engine without it: nothing to compare
        raise
    enabled = described.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    there = described.get("AttributeName") if enabled else None
    wanted = attribute.attr_name if attribute is not None else None
    if wanted == there:
        return
    if there is None:
        yield Difference("change", f"time to live by {wanted}", "ttl")
    elif wanted is None:
        yield Difference("extra", f"items expire by {there}, which isn't the schema's `ttl`: left alone")
    else:
        yield Difference(
            "conflict", f"items expire by {there}, the schema says {wanted}: disable it, wait an hour, sync"
        )


def _tell(progress: Progress | None, text: str) -> None:
    if progress is not None:
        progress(text)


def _apply(table: Table, difference: Difference, progress: Progress | None) -> None:
    _tell(progress, f"{table.Meta.table_name}: {difference.text}")
    if difference.kind == "add":
        _add_index(table, difference.subject)
    elif difference.subject == "ttl":
        _enable_ttl(table, difference.text.rsplit(" ", 1)[-1])
    else:
        meta = cast("Any", table.Meta)
        units = {"ProvisionedThroughput": _units(meta)} if meta.billing_mode == "PROVISIONED" else {}
        _call(table, "UpdateTable", BillingMode=meta.billing_mode, **units)


def _add_index(table: Table, name: str) -> None:
    schema = cast("dict[str, Any]", table._get_schema())
    index = next(index for index in schema["global_secondary_indexes"] if index["index_name"] == name)
    described = {
        "IndexName": name,
        "KeySchema": sorted(index["key_schema"], key=lambda key: str(key["KeyType"])),
        "Projection": index["projection"],
    }
    meta = cast("Any", table.Meta)
    if meta.billing_mode == "PROVISIONED":
        described["ProvisionedThroughput"] = _units(meta)
    _call(
        table,
        "UpdateTable",
        AttributeDefinitions=schema["attribute_definitions"],
        GlobalSecondaryIndexUpdates=[{"Create": described}],
    )


def _units(meta: Any) -> dict[str, int]:
    return {"ReadCapacityUnits": meta.read_capacity_units, "WriteCapacityUnits": meta.write_capacity_units}


def _enable_ttl(table: Table, attribute: str) -> None:
    try:
        _call(table, "UpdateTimeToLive", TimeToLiveSpecification={"AttributeName": attribute, "Enabled": True})
    except ClientError as error:
        # Not before the table can be used: the next sync sees that it is missing.
        if error_code(error) not in {"ResourceInUseException", "UnknownOperationException"}:
            raise


def _wait(table: Table, progress: Progress | None = None) -> None:
    """Until table and indexes can be used: seconds for a table, hours for an index over many items."""
    pause, started = 0.05, time.monotonic()
    while unready := _unready(_describe(table)):
        if pause >= 1:
            _tell(progress, f"{table.Meta.table_name}: {', '.join(unready)} ({time.monotonic() - started:.0f} s)")
        time.sleep(pause)
        pause = min(pause * 1.5, 5.0)


def _unready(found: Description | None) -> list[str]:
    """What of a table DynamoDB is still working at."""
    found = found or {}
    states = {"table": found.get("TableStatus", "CREATING")}
    for index in found.get("GlobalSecondaryIndexes") or ():
        states[f"index {index['IndexName']}"] = index["IndexStatus"]
    return [f"{name} is {state}" for name, state in states.items() if state != "ACTIVE"]


def _keys(key_schema: list[Mapping[str, str]], definitions: list[Mapping[str, str]]) -> str:
    types = {definition["AttributeName"]: definition["AttributeType"] for definition in definitions}
    ordered = sorted(key_schema, key=lambda key: key["KeyType"])
    return ", ".join(
        f"{key['KeyType'].lower()} key {key['AttributeName']} ({types.get(key['AttributeName'])})" for key in ordered
    )


def _index_text(index: Mapping[str, Any]) -> str:
    keys = _keys(index["key_schema"], index["attribute_definitions"])
    return f"{index['index_name']}: {keys}, {_projection_text(index['projection'])}"


def _found_index_text(index: Description, table: Description) -> str:
    keys = _keys(index["KeySchema"], table["AttributeDefinitions"])
    return f"{index['IndexName']}: {keys}, {_projection_text(index['Projection'])}"


def _projection_text(projection: Mapping[str, Any]) -> str:
    kind = projection["ProjectionType"]
    if kind == "INCLUDE":
        return f"holds keys and {', '.join(sorted(projection['NonKeyAttributes']))}"
    return "holds everything" if kind == "ALL" else "holds keys"
