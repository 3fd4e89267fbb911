"""The profile's four calls for the floors: converters written by hand, and nothing validated."""

import uuid
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from environment import TABLE
from raw_call import call

TEXTS = ("profile_id", "name", "email", "created")
NUMBERS = ("age", "view_count")
LISTS = ("tags", "notes")
CHANGEABLE = ("name", "email", "age", "tags", "address", "notes", "view_count")


def from_item(item: dict[str, Any]) -> dict[str, Any]:
    """What JSON says of an item."""
    profile: dict[str, Any] = {}
    for name in TEXTS:
        if name in item:
            profile[name] = item[name]["S"]
    for name in NUMBERS:
        if name in item:
            profile[name] = int(item[name]["N"])
    for name in LISTS:
        if name in item:
            profile[name] = [part["S"] for part in item[name]["L"]]
    if "address" in item:
        profile["address"] = {name: part["S"] for name, part in item["address"]["M"].items()}
    return profile


def to_item(profile: dict[str, Any]) -> dict[str, Any]:
    """The item that keeps a profile."""
    item: dict[str, Any] = {}
    for name in TEXTS:
        if name in profile:
            item[name] = {"S": profile[name]}
    for name in NUMBERS:
        if name in profile:
            item[name] = {"N": str(profile[name])}
    for name in LISTS:
        if name in profile:
            item[name] = {"L": [{"S": part} for part in profile[name]]}
    if "address" in profile:
        item["address"] = {"M": {name: {"S": part} for name, part in profile["address"].items()}}
    return item


def find(profile_id: str) -> dict[str, Any] | None:
    _, answer = call("GetItem", {"TableName": TABLE, "Key": {"profile_id": {"S": profile_id}}})
    return from_item(answer["Item"]) if "Item" in answer else None


def page(limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    parameters: dict[str, Any] = {"TableName": TABLE, "Limit": limit}
    if cursor:
        parameters["ExclusiveStartKey"] = {"profile_id": {"S": cursor}}
    _, answer = call("Scan", parameters)
    following = answer.get("LastEvaluatedKey")
    link = following and f'</profiles?limit={limit}&cursor={quote(following["profile_id"]["S"])}>; rel="next"'
    return [from_item(item) for item in answer["Items"]], link


def create(profile: dict[str, Any]) -> dict[str, Any] | None:
    profile.setdefault("profile_id", str(uuid.uuid4()))
    profile.setdefault("view_count", 0)
    profile["created"] = datetime.now(timezone.utc).isoformat()
    status, _ = call(
        "PutItem",
        {"TableName": TABLE, "Item": to_item(profile), "ConditionExpression": "attribute_not_exists(profile_id)"},
    )
    return profile if status == 200 else None


def replace(profile_id: str, profile: dict[str, Any]) -> dict[str, Any] | None:
    profile.setdefault("view_count", 0)
    item = to_item(profile)
    item.pop("profile_id", None)
    item.pop("created", None)
    set_, removed = [name for name in CHANGEABLE if name in item], [name for name in CHANGEABLE if name not in item]
    expression = "SET " + ",".join(f"#{name}=:{name}" for name in set_)
    if removed:
        expression += " REMOVE " + ",".join(f"#{name}" for name in removed)
    status, answer = call(
        "UpdateItem",
        {
            "TableName": TABLE,
            "Key": {"profile_id": {"S": profile_id}},
            "UpdateExpression": expression,
            "ConditionExpression": "attribute_exists(profile_id)",
            "ExpressionAttributeNames": {f"#{name}": name for name in CHANGEABLE},
            "ExpressionAttributeValues": {f":{name}": item[name] for name in set_},
            "ReturnValues": "ALL_NEW",
        },
    )
    return from_item(answer["Attributes"]) if status == 200 else None
