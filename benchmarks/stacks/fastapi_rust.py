"""FastAPI, pydantic, and an asynchronous client of DynamoDB whose core is in Rust."""

from contextlib import asynccontextmanager
from typing import Annotated

import async_profile
from environment import ID
from fastapi import FastAPI, HTTPException, Path, Query, Response
from pydantic_profile import ProfileIn, ProfileOut

ProfileId = Annotated[str, Path(pattern=ID)]


@asynccontextmanager
async def lifespan(_: FastAPI):
    yield
    await async_profile.close()


app = FastAPI(openapi_url=None, lifespan=lifespan)


@app.get("/profiles", response_model_exclude_none=True)
async def list_profiles(
    response: Response, limit: Annotated[int, Query(ge=1, le=1000)] = 100, cursor: str | None = None
) -> list[ProfileOut]:
    profiles, link = await async_profile.page(limit, cursor)
    if link:
        response.headers["Link"] = link
    return profiles  # type: ignore[return-value]  # FastAPI validates them


@app.post("/profiles", status_code=201, response_model_exclude_none=True)
async def create_profile(body: ProfileIn) -> ProfileOut:
    created = await async_profile.create(body.model_dump(exclude_none=True))
    if created is None:
        raise HTTPException(409, "taken")
    return created  # type: ignore[return-value]


@app.get("/profiles/{profile_id}", response_model_exclude_none=True)
async def get_profile(profile_id: ProfileId) -> ProfileOut:
    profile = await async_profile.find(profile_id)
    if profile is None:
        raise HTTPException(404, "no such profile")
    return profile  # type: ignore[return-value]


@app.put("/profiles/{profile_id}", response_model_exclude_none=True)
async def replace_profile(profile_id: ProfileId, body: ProfileIn) -> ProfileOut:
    profile = await async_profile.replace(profile_id, body.model_dump(exclude_none=True))
    if profile is None:
        raise HTTPException(404, "no such profile")
    return profile  # type: ignore[return-value]
