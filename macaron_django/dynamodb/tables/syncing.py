"""Creates tables, compares them with their schemas, and brings them up to date.

Missing parts are added. Nothing is ever dropped, replaced or emptied. If a difference can be resolved only by such a
change, the difference is reported, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from macaron_django.dynamodb.calls.call_failures import error_code, translated
from macaron_django.dynamodb.calls.retries import TABLE_READY
from macaron_django.dynamodb.tables.table_differences import (
    NOT_THERE,
    Description,
    Table,
    TableDifference,
    billing_mode,
    call,
    describe,
    unless,
)
from macaron_django.dynamodb.tables.table_safeguards import (
    SAFEGUARDS,
    apply_safeguard,
    safeguard_differences,
    wanted_safeguards,
)

__all__ = ["compare_table", "create_table", "item_estimate", "sync_table"]

Progress = Callable[[str], None]

#: AWS's errors for changes that aren't possible while a table is being created.
_NOT_YET = frozenset({"ResourceInUseException", "ContinuousBackupsUnavailableException"})


def create_table(table: Table, *, wait: bool = True, safeguards: bool = True, progress: Progress | None = None) -> bool:
    """Creates the table with its indexes and its time to live, and also with its safeguards if ``safeguards`` is true.
    Returns whether the table was missing.

    With ``wait``, returns when the table can be used. Without ``wait``, AWS refuses some changes because it is still
    creating the table. The next ``sync_table`` makes these changes. A temporary table needs no safeguards:
    deletion protection would even prevent it from being dropped.
    """
    with translated(table.Meta.table_name):
        try:
            _create(table, cast("Any", table.Meta).tags if safeguards else {})
        except PynamoDBException as error:
            if error.cause_response_code == "ResourceInUseException":
                return False
            raise
        if wait:
            _wait(table)
        attribute = table._ttl_attribute()
        if attribute is not None:
            _enable_ttl(table, attribute.attr_name)
        if safeguards and any(wanted_safeguards(table)):
            _protect(table, progress)
    return True


def compare_table(table: Table) -> list[TableDifference]:
    """Returns all differences between a table and its schema. ``sync_table`` can't resolve every kind of difference."""
    with translated(table.Meta.table_name):
        return list(_differences(table, describe(table)))


def sync_table(
    table: Table, *, dry_run: bool = False, wait: bool = True, progress: Progress | None = None
) -> list[TableDifference]:
    """Changes the table to match its schema. Returns the differences that were found.

    DynamoDB adds one index at a time. If ``wait`` is false, this function returns while DynamoDB is still adding the
    first missing index. Call the function again to add the next index. ``progress`` receives a line of text for each
    step and each wait.
    """
    differences = compare_table(table)
    if dry_run or not any(difference.is_applied for difference in differences):
        return differences
    if differences[0].kind == "create":
        create_table(table, wait=wait, progress=progress)  # with its indexes
        return differences
    with translated(table.Meta.table_name):
        for difference in differences:
            if not difference.is_applied:
                continue
            if wait:
                _wait(table, progress)
            elif unready := _unready(describe(table)):
                _tell(progress, f"{table.Meta.table_name}: {', '.join(unready)}; run the command again for the rest")
                return differences
            _apply(table, difference, progress)
        if wait:
            _wait(table, progress)
    return differences


def item_estimate(table: Table) -> int | None:
    """Returns DynamoDB's own count of the table's items; None if DynamoDB doesn't send a count. DynamoDB updates the
    count about every six hours.
    """
    with translated(table.Meta.table_name):
        count: int | None = (describe(table) or {}).get("ItemCount")
    return count


def _create(table: Table, tags: Mapping[str, str]) -> None:
    schema = table._get_schema()
    meta = cast("Any", table.Meta)
    table._get_connection().create_table(
        attribute_definitions=schema["attribute_definitions"],
        key_schema=schema["key_schema"],
        global_secondary_indexes=schema["global_secondary_indexes"],
        local_secondary_indexes=schema["local_secondary_indexes"],
        billing_mode=meta.billing_mode,
        tags=dict(tags),
        read_capacity_units=getattr(meta, "read_capacity_units", None),
        write_capacity_units=getattr(meta, "write_capacity_units", None),
    )


def _protect(table: Table, progress: Progress | None) -> None:
    for difference in safeguard_differences(table, describe(table) or {}):
        if not difference.is_applied:
            _tell(progress, f"{table.Meta.table_name}: {difference.text}")
            continue
        try:
            apply_safeguard(table, difference)
        except ClientError as error:
            if error_code(error) not in _NOT_YET:
                raise
            _tell(progress, f"{table.Meta.table_name}: {difference.subject} can't be set yet; run the command again")


def _differences(table: Table, found: Description | None) -> Iterator[TableDifference]:
    name = table.Meta.table_name
    schema = cast("dict[str, Any]", table._get_schema())
    if found is None:
        yield TableDifference("create", f"table {name}: {_keys(schema['key_schema'], schema['attribute_definitions'])}")
        for index in (*schema["global_secondary_indexes"], *schema["local_secondary_indexes"]):
            yield TableDifference("create", f"index {_index_text(index)}", index["index_name"])
        if (attribute := table._ttl_attribute()) is not None:
            yield TableDifference("create", f"TTL attribute {attribute.attr_name}", "ttl")
        yield from (TableDifference("create", text) for text in wanted_safeguards(table))
        return
    wanted = _keys(schema["key_schema"], schema["attribute_definitions"])
    there = _keys(found["KeySchema"], found["AttributeDefinitions"])
    if wanted != there:
        text = f"table {name} has {there}, but its schema says {wanted}: this change needs a new table"
        yield TableDifference("conflict", text)
        return
    # Safeguards are set first. Indexes are last, because filling them may take hours.
    yield from safeguard_differences(table, found)
    yield from _billing_differences(table, found)
    yield from _ttl_differences(table)
    yield from _index_differences(schema, found)


def _index_differences(schema: Mapping[str, Any], found: Description) -> Iterator[TableDifference]:
    for kind, key in (
        ("GlobalSecondaryIndexes", "global_secondary_indexes"),
        ("LocalSecondaryIndexes", "local_secondary_indexes"),
    ):
        there = {index["IndexName"]: index for index in found.get(kind) or ()}
        for index in schema[key]:
            name, wanted = index["index_name"], _index_text(index)
            present = there.pop(name, None)
            if present is None and kind == "LocalSecondaryIndexes":
                yield TableDifference("conflict", f"local index {wanted} can only be created together with its table")
            elif present is None:
                yield TableDifference("add", f"index {wanted}", name)
            elif (is_now := _found_index_text(present, found)) != wanted:
                yield TableDifference(
                    "conflict", f"index {name} is {is_now}, but its schema says {wanted}: give the index a new name"
                )
        for name in there:
            yield TableDifference("extra", f"index {name} isn't in any schema: left unchanged")


def _billing_differences(table: Table, found: Description) -> Iterator[TableDifference]:
    meta = cast("Any", table.Meta)
    wanted, there = meta.billing_mode, billing_mode(found)
    if wanted != there and not meta.billing_given:
        yield TableDifference("extra", f"billing is {there}, but the schema doesn't mention it: left unchanged")
    elif wanted != there:
        yield TableDifference("change", f"billing: {there} becomes {wanted}", "billing")


def _ttl_differences(table: Table) -> Iterator[TableDifference]:
    attribute = table._ttl_attribute()
    described = unless(NOT_THERE, table, "DescribeTimeToLive").get("TimeToLiveDescription")
    if described is None:
        return  # the engine has no TTL
    enabled = described.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    there = described.get("AttributeName") if enabled else None
    wanted = attribute.attr_name if attribute is not None else None
    if wanted == there:
        return
    if there is None:
        yield TableDifference("change", f"TTL attribute {wanted}", "ttl")
    elif wanted is None:
        yield TableDifference("extra", f"the TTL attribute is {there}, which isn't the schema's `ttl`: left unchanged")
    else:
        yield TableDifference(
            "conflict",
            f"the TTL attribute is {there}, but the schema says {wanted}: disable TTL, wait an hour, sync again",
        )


def _tell(progress: Progress | None, text: str) -> None:
    if progress is not None:
        progress(text)


def _apply(table: Table, difference: TableDifference, progress: Progress | None) -> None:
    _tell(progress, f"{table.Meta.table_name}: {difference.text}")
    if difference.subject in SAFEGUARDS:
        apply_safeguard(table, difference)
    elif difference.kind == "add":
        _add_index(table, difference.subject)
    elif difference.subject == "ttl":
        _enable_ttl(table, difference.text.rsplit(" ", 1)[-1])
    else:
        _change_billing(table)


def _change_billing(table: Table) -> None:
    meta = cast("Any", table.Meta)
    parameters: dict[str, Any] = {"BillingMode": meta.billing_mode}
    if meta.billing_mode == "PROVISIONED":
        parameters["ProvisionedThroughput"] = _units(meta)
        indexes = (describe(table) or {}).get("GlobalSecondaryIndexes") or ()
        if indexes:
            parameters["GlobalSecondaryIndexUpdates"] = [
                {"Update": {"IndexName": index["IndexName"], "ProvisionedThroughput": _units(meta)}}
                for index in indexes
            ]
    call(table, "UpdateTable", **parameters)


def _add_index(table: Table, name: str) -> None:
    schema = cast("dict[str, Any]", table._get_schema())
    index = next(index for index in schema["global_secondary_indexes"] if index["index_name"] == name)
    described = {
        "IndexName": name,
        "KeySchema": sorted(index["key_schema"], key=lambda key: str(key["KeyType"])),
        "Projection": index["projection"],
    }
    # The new index needs units if the table itself is provisioned. The table's billing mode may differ from the
    # schema's.
    found = describe(table) or {}
    if billing_mode(found) == "PROVISIONED":
        own = found["ProvisionedThroughput"]
        units = {name: own[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")}
        meta = cast("Any", table.Meta)
        described["ProvisionedThroughput"] = _units(meta) if meta.billing_mode == "PROVISIONED" else units
    call(
        table,
        "UpdateTable",
        AttributeDefinitions=schema["attribute_definitions"],
        GlobalSecondaryIndexUpdates=[{"Create": described}],
    )


def _units(meta: Any) -> dict[str, int]:
    return {"ReadCapacityUnits": meta.read_capacity_units, "WriteCapacityUnits": meta.write_capacity_units}


def _enable_ttl(table: Table, attribute: str) -> None:
    # TTL can't be set before the table can be used. The next sync finds that it is missing.
    specification = {"AttributeName": attribute, "Enabled": True}
    unless(NOT_THERE | {"ResourceInUseException"}, table, "UpdateTimeToLive", TimeToLiveSpecification=specification)


def _wait(table: Table, progress: Progress | None = None) -> None:
    """Waits until the table and its indexes can be used."""
    for attempt in TABLE_READY:
        unready = _unready(describe(table))
        if not unready:
            return
        if attempt.seconds >= 2:
            _tell(progress, f"{table.Meta.table_name}: {', '.join(unready)} ({attempt.seconds:.0f} s)")


def why_unusable(table: Table) -> str | None:
    """Returns why a table can't be used: it doesn't exist, it isn't ready, or one of its indexes isn't ready. Returns
    None if the table and its indexes can be used.

    Raises ``PersistenceError`` if the table's description can't be read.
    """
    with translated(table.Meta.table_name):
        found = describe(table)
    if found is None:
        return f"the table {table.Meta.table_name} isn't there"
    unready = _unready(found)
    return f"table {table.Meta.table_name}: {', '.join(unready)}" if unready else None


def _unready(found: Description | None) -> list[str]:
    """Returns the parts of a table that can't be used yet, each with its status."""
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
