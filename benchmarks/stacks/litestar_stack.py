"""Litestar, msgspec, and an asynchronous client of DynamoDB."""

from typing import Annotated, Any

import async_profile
import msgspec
from litestar import Litestar, Response, get, post, put
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import Parameter
from msgspec_profile import ID, ProfileIn

ProfileId = Annotated[str, Parameter(pattern=ID)]


@get("/profiles")
async def list_profiles(
    limit: Annotated[int, Parameter(ge=1, le=1000)] = 100, cursor: str | None = None
) -> Response[list[dict[str, Any]]]:
    profiles, link = await async_profile.page(limit, cursor)
    return Response(profiles, headers={"Link": link} if link else None)


@post("/profiles")
async def create_profile(data: ProfileIn) -> dict[str, Any]:
    created = await async_profile.create(msgspec.to_builtins(data))
    if created is None:
        raise ClientException("taken", status_code=409)
    return created


@get("/profiles/{profile_id:str}")
async def get_profile(profile_id: ProfileId) -> dict[str, Any]:
    profile = await async_profile.find(profile_id)
    if profile is None:
        raise NotFoundException("no such profile")
    return profile


@put("/profiles/{profile_id:str}")
async def replace_profile(profile_id: ProfileId, data: ProfileIn) -> dict[str, Any]:
    profile = await async_profile.replace(profile_id, msgspec.to_builtins(data))
    if profile is None:
        raise NotFoundException("no such profile")
    return profile


app = Litestar(
    [list_profiles, create_profile, get_profile, replace_profile],
    on_shutdown=[async_profile.close],
    openapi_config=None,
    logging_config=None,
)
