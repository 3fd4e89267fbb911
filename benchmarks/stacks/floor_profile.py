"""The four calls for profiles, with hand-written converters and without validation, for stacks named floor or raw."""

import uuid
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from environment import TABLE

Call = tuple[str, dict[str, Any]]  # DynamoDB's operation and its parameters
Answer = tuple[int, dict[str, Any]]  # status and body

TEXTS = ("profile_id", "name", "email", "created")
NUMBERS = ("age", "view_count")
LISTS = ("tags", "notes")
CHANGEABLE = ("name", "email", "age", "tags", "address", "notes", "view_count")


def from_item(item: dict[str, Any]) -> dict[str, Any]:
    """Returns the profile that an item stores."""
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
    """Returns the item that stores a profile."""
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


def getting(profile_id: str) -> Call:
    return "GetItem", {"TableName": TABLE, "Key": {"profile_id": {"S": profile_id}}}


def paging(limit: int, cursor: str | None) -> Call:
    parameters: dict[str, Any] = {"TableName": TABLE, "Limit": limit}
    if cursor:
        parameters["ExclusiveStartKey"] = {"profile_id": {"S": cursor}}
    return "Scan", parameters


def creating(profile: dict[str, Any]) -> Call:
    """Adds the server's values to a new profile, and returns the call that stores it."""
    profile.setdefault("profile_id", str(uuid.uuid4()))
    profile.setdefault("view_count", 0)
    profile["created"] = datetime.now(timezone.utc).isoformat()
    return "PutItem", {
        "TableName": TABLE,
        "Item": to_item(profile),
        "ConditionExpression": "attribute_not_exists(profile_id)",
    }


def replacing(profile_id: str, profile: dict[str, Any]) -> Call:
    profile.setdefault("view_count", 0)
    item = to_item(profile)
    item.pop("profile_id", None)
    item.pop("created", None)
    set_, removed = [name for name in CHANGEABLE if name in item], [name for name in CHANGEABLE if name not in item]
    expression = "SET " + ",".join(f"#{name}=:{name}" for name in set_)
    if removed:
        expression += " REMOVE " + ",".join(f"#{name}" for name in removed)
    return "UpdateItem", {
        "TableName": TABLE,
        "Key": {"profile_id": {"S": profile_id}},
        "UpdateExpression": expression,
        "ConditionExpression": "attribute_exists(profile_id)",
        "ExpressionAttributeNames": {f"#{name}": name for name in CHANGEABLE},
        "ExpressionAttributeValues": {f":{name}": item[name] for name in set_},
        "ReturnValues": "ALL_NEW",
    }


def found(answer: Answer) -> dict[str, Any] | None:
    """Returns the profile that was read, or None if it doesn't exist."""
    _, content = answer
    return from_item(content["Item"]) if "Item" in content else None


def paged(answer: Answer, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """Returns the profiles, and the Link header for the next page."""
    _, content = answer
    following = content.get("LastEvaluatedKey")
    link = following and f'</profiles?limit={limit}&cursor={quote(following["profile_id"]["S"])}>; rel="next"'
    return [from_item(item) for item in content["Items"]], link


def replaced(answer: Answer) -> dict[str, Any] | None:
    """Returns the profile after its replacement, or None if it didn't exist."""
    status, content = answer
    return from_item(content["Attributes"]) if status == 200 else None
