"""django-bolt on its own server, msgspec, and an asynchronous client of DynamoDB."""

from typing import Annotated, Any

import async_profile
import msgspec
from django_bolt import JSON, BoltAPI
from django_bolt.exceptions import HTTPException, NotFound
from django_bolt.param_functions import Query
from msgspec_profile import ProfileId, ProfileIn

api = BoltAPI(enable_logging=False, compression=False)


@api.get("/profiles")
async def list_profiles(limit: Annotated[int, Query(ge=1, le=1000)] = 100, cursor: str | None = None):
    profiles, link = await async_profile.page(limit, cursor)
    return JSON(profiles, headers={"Link": link} if link else None)


@api.post("/profiles", status_code=201)
async def create_profile(body: ProfileIn) -> dict[str, Any]:
    created = await async_profile.create(msgspec.to_builtins(body))
    if created is None:
        raise HTTPException(409, "taken")
    return created


@api.get("/profiles/{profile_id}")
async def get_profile(profile_id: ProfileId) -> dict[str, Any]:
    profile = await async_profile.find(profile_id)
    if profile is None:
        raise NotFound(detail="no such profile")
    return profile


@api.put("/profiles/{profile_id}")
async def replace_profile(profile_id: ProfileId, body: ProfileIn) -> dict[str, Any]:
    profile = await async_profile.replace(profile_id, msgspec.to_builtins(body))
    if profile is None:
        raise NotFound(detail="no such profile")
    return profile
