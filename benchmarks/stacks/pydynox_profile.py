"""The four calls for profiles with pydynox, whose core is in Rust. Items are dictionaries."""

from typing import Any

import boto_profile
from environment import ACCESS_KEY, ENDPOINT, REGION, SECRET_KEY, TABLE
from pydynox import DynamoDBClient
from pydynox.exceptions import ConditionalCheckFailedException

client = DynamoDBClient(region=REGION, endpoint_url=ENDPOINT, access_key=ACCESS_KEY, secret_key=SECRET_KEY)


async def close() -> None:
    """Does nothing, because pydynox's client can't be closed."""


async def find(profile_id: str) -> dict[str, Any] | None:
    return await client.get_item(TABLE, {"profile_id": profile_id})


async def page(limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Returns the profiles, and the Link header for the next page."""
    found = client.scan(TABLE, limit=limit, last_evaluated_key={"profile_id": cursor} if cursor else None)
    items = await found.to_list()
    following = found.last_evaluated_key
    return items, boto_profile.next_link(limit, following["profile_id"]) if following else None


async def create(body: dict[str, Any]) -> dict[str, Any] | None:
    profile = boto_profile.new(body)
    try:
        await client.put_item(TABLE, profile, condition_expression="attribute_not_exists(profile_id)")
    except ConditionalCheckFailedException:
        return None
    return profile


async def replace(profile_id: str, body: dict[str, Any]) -> dict[str, Any] | None:
    expression, names, values = boto_profile.replacement(body)
    try:
        return await client.update_item(
            TABLE,
            {"profile_id": profile_id},
            update_expression=expression,
            condition_expression="attribute_exists(profile_id)",
            expression_attribute_names=names,
            expression_attribute_values=values,
            return_values="ALL_NEW",
        )
    except ConditionalCheckFailedException:
        return None
