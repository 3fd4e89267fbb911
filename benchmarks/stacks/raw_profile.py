"""The four calls for profiles (get, list, replace, create) on an event loop, over raw connections."""

from typing import Any

import floor_profile
from raw_loop import call


async def find(profile_id: str) -> dict[str, Any] | None:
    return floor_profile.found(await call(*floor_profile.getting(profile_id)))


async def page(limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    return floor_profile.paged(await call(*floor_profile.paging(limit, cursor)), limit)


async def create(profile: dict[str, Any]) -> dict[str, Any] | None:
    status, _ = await call(*floor_profile.creating(profile))
    return profile if status == 200 else None


async def replace(profile_id: str, profile: dict[str, Any]) -> dict[str, Any] | None:
    return floor_profile.replaced(await call(*floor_profile.replacing(profile_id, profile)))
