"""FastAPI on PynamoDB: PynamoDB blocks, so the operations run in FastAPI's threads."""

import uuid
from typing import Annotated

import pynamodb_profile as profiles
from fastapi import FastAPI, HTTPException, Path, Query, Response
from pydantic_profile import ID, ProfileIn, ProfileOut

app = FastAPI(openapi_url=None)
ProfileId = Annotated[str, Path(pattern=ID)]


@app.get("/profiles", response_model_exclude_none=True)
def list_profiles(
    response: Response, limit: Annotated[int, Query(ge=1, le=1000)] = 100, cursor: str | None = None
) -> list[ProfileOut]:
    found, link = profiles.page(limit, cursor)
    if link:
        response.headers["Link"] = link
    return found  # type: ignore[return-value]  # FastAPI reads attributes


@app.post("/profiles", status_code=201, response_model_exclude_none=True)
def create_profile(body: ProfileIn) -> ProfileOut:
    values = body.model_dump(exclude_none=True)
    values.setdefault("profile_id", str(uuid.uuid4()))
    try:
        return profiles.create(values)  # type: ignore[return-value]
    except profiles.Taken as error:
        raise HTTPException(409, "taken") from error


@app.get("/profiles/{profile_id}", response_model_exclude_none=True)
def get_profile(profile_id: ProfileId) -> ProfileOut:
    try:
        return profiles.find(profile_id)  # type: ignore[return-value]
    except profiles.Profile.DoesNotExist as error:
        raise HTTPException(404, "no such profile") from error


@app.put("/profiles/{profile_id}", response_model_exclude_none=True)
def replace_profile(profile_id: ProfileId, body: ProfileIn) -> ProfileOut:
    try:
        return profiles.replace(profile_id, body.model_dump(exclude_none=True))  # type: ignore[return-value]
    except profiles.Profile.DoesNotExist as error:
        raise HTTPException(404, "no such profile") from error
