"""The four calls for profiles with dynamoxy, whose core is in Rust. As in its guide, items are dictionaries."""

from typing import Any

import boto_profile
import dynamoxy
from dynamoxy import F
from environment import ACCESS_KEY, ENDPOINT, REGION, SECRET_KEY, TABLE

client = dynamoxy.Client(
    region=REGION,
    endpoint_url=ENDPOINT,
    credentials=dynamoxy.Credentials(ACCESS_KEY, SECRET_KEY),
    consumed_capacity="NONE",
)
table = client.table(TABLE)
close = client.close

KEY = F("profile_id")
ABSENT, PRESENT = KEY.not_exists(), KEY.exists()
FIELDS = {name: F(name) for name in boto_profile.CHANGEABLE}


async def find(profile_id: str) -> dict[str, Any] | None:
    return await table.get({"profile_id": profile_id})


async def page(limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Returns the profiles, and the Link header for the next page."""
    found = await table.scan().page_size(limit).after(cursor).page()
    return found.items, boto_profile.next_link(limit, found.cursor) if found.cursor else None


async def create(body: dict[str, Any]) -> dict[str, Any] | None:
    profile = boto_profile.new(body)
    try:
        await table.put(profile, condition=ABSENT)
    except dynamoxy.ConditionalCheckFailedError:
        return None
    return profile


async def replace(profile_id: str, body: dict[str, Any]) -> dict[str, Any] | None:
    actions = [field.set(body[name]) if name in body else field.remove() for name, field in FIELDS.items()]
    try:
        return await table.update({"profile_id": profile_id}, *actions, condition=PRESENT)
    except dynamoxy.ConditionalCheckFailedError:
        return None
